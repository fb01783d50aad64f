//! Roles that end because their holder was seen to have left the group that goes with them.
//!
//! Only a group that was there before and is not there now is lost: who was granted a role and never
//! was in its group keeps the grant, which gives them nothing yet. Coming back to the group does not
//! bring the role back: somebody has to grant it again.

use std::collections::BTreeSet;

use domain::{ids::PersonId, person::Subject, time::Timestamp};

use super::{ports::Event, state::HttpSettings};
use crate::store::{StoreError, Tx, person};

/// A sign-in as the pool shows it now.
pub(super) struct Seen<'a> {
    /// Which.
    pub(super) subject: &'a Subject,
    /// Whose.
    pub(super) person: &'a PersonId,
    /// Its groups.
    pub(super) groups: &'a BTreeSet<String>,
}

/// Ends what went with groups that are gone since they were last seen, and notes those of now; answers
/// what has to be written down, in this transaction.
pub(super) async fn end_roles(
    settings: &HttpSettings,
    tx: &mut Tx,
    seen: &Seen<'_>,
    now: Timestamp,
) -> Result<Vec<Event>, StoreError> {
    let by_groups = |groups: &BTreeSet<String>| -> BTreeSet<_> {
        let roles = groups.iter().filter_map(|group| settings.roles.get(group));
        roles.copied().collect()
    };
    let before = person::see_groups(tx, seen.subject, seen.groups).await?;
    let mut events = Vec::new();
    for role in by_groups(&before).difference(&by_groups(seen.groups)) {
        if person::end_role(tx, seen.person, *role, now).await? {
            events.push(Event::RoleEnded(seen.person.clone(), *role));
        }
    }
    Ok(events)
}

//! Roles that end because their holder was seen to have left the group that goes with them.
//!
//! Only a group that was there before and is not there now is lost: who was granted a role and never
//! was in its group keeps the grant, which gives them nothing yet. Coming back to the group does not
//! bring the role back: somebody has to grant it again.

use std::collections::BTreeSet;

use domain::{ids::PersonId, time::Timestamp};

use super::{ports::Event, state::HttpSettings};
use crate::store::{StoreError, Tx, person};

/// Ends what went with groups that are gone; answers what has to be written down, in this transaction.
pub(super) async fn end_roles(
    settings: &HttpSettings,
    tx: &mut Tx,
    person: &PersonId,
    (before, groups): (&BTreeSet<String>, &BTreeSet<String>),
    now: Timestamp,
) -> Result<Vec<Event>, StoreError> {
    let by_groups = |groups: &BTreeSet<String>| -> BTreeSet<_> {
        let roles = groups.iter().filter_map(|group| settings.roles.get(group));
        roles.copied().collect()
    };
    let mut events = Vec::new();
    for role in by_groups(before).difference(&by_groups(groups)) {
        if person::end_role(tx, person, *role, now).await? {
            events.push(Event::RoleEnded(person.clone(), *role));
        }
    }
    Ok(events)
}

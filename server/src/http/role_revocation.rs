//! Ends roles whose holder left the Cognito group of the role.
//!
//! Only a group that was present before and is missing now counts. A person who was granted a role and was never in its
//! group keeps the grant, which has no effect yet. Returning to the group does not restore the role: it must be granted
//! again.

use std::collections::BTreeSet;

use domain::{ids::PersonId, person::Subject, time::Timestamp};

use super::state::HttpSettings;
use crate::{
    service::sign_in::SignInEvent,
    store::{StoreError, Tx, person},
};

/// The current state of a sign-in in the pool.
pub(super) struct ObservedGroups<'a> {
    pub(super) subject: &'a Subject,
    pub(super) person: &'a PersonId,
    pub(super) groups: &'a BTreeSet<String>,
}

/// Ends the roles of groups that the person has left, and stores the current groups. Returns the events to record in
/// the same transaction.
pub(super) async fn end_roles(
    settings: &HttpSettings,
    tx: &mut Tx,
    seen: &ObservedGroups<'_>,
    now: Timestamp,
) -> Result<Vec<SignInEvent>, StoreError> {
    let by_groups = |groups: &BTreeSet<String>| -> BTreeSet<_> {
        let roles = groups.iter().filter_map(|group| settings.roles.get(group));
        roles.copied().collect()
    };
    let before = person::see_groups(tx, seen.subject, seen.groups).await?;
    let mut events = Vec::new();
    for role in by_groups(&before).difference(&by_groups(seen.groups)) {
        if person::end_role(tx, seen.person, *role, now).await? {
            events.push(SignInEvent::RoleEnded(seen.person.clone(), *role));
        }
    }
    Ok(events)
}

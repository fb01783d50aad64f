//! Ends roles whose holder left the Cognito group of the role.
//!
//! Only a group that was present before and is missing now counts, and only if no other sign-in of the person was last seen
//! in a group of the role: tidying up a sign-in that joined another one ends nothing of the other. A person who was granted a role and was never in its
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
    let now_held = by_groups(seen.groups);
    let mut left: BTreeSet<_> = by_groups(&before).difference(&now_held).copied().collect();
    if !left.is_empty() && person::is_joined(tx, seen.subject).await? {
        // The roles are those of the person, whose own sign-ins are in the groups.
        left.clear();
    }
    if !left.is_empty() {
        let others = person::groups_of_others(tx, seen.person, seen.subject).await?;
        let kept = by_groups(&others);
        left.retain(|role| !kept.contains(role));
    }
    let mut events = Vec::new();
    for role in &left {
        if person::end_role(tx, seen.person, *role, now).await? {
            events.push(SignInEvent::RoleEnded(seen.person.clone(), *role));
        }
    }
    Ok(events)
}

//! Who decides and administers before and after a change about identities, counting every change under way.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    change::Operation,
    directory::UserStatus,
    ids::PersonId,
    snapshot::Snapshot,
    subject::{
        SubjectState, SubjectStates,
        identity_link::{Controllers, Link},
    },
};

use crate::store::{StoreConnection, StoreError, agreed_link, person};

/// Adds to the states of identities who decides and administers. Reads nothing unless an item takes that from somebody.
pub(super) async fn add(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    operations: &[Operation],
    under_way: &[Operation],
    states: &mut SubjectStates,
) -> Result<(), StoreError> {
    let mut disarmed: BTreeSet<PersonId> = disarmed(operations).collect();
    if disarmed.is_empty() {
        return Ok(());
    }
    disarmed.extend(self::disarmed(under_way));
    let read = Arc::new(controllers(conn, snapshot, &disarmed).await?);
    for state in states.0.values_mut() {
        if let SubjectState::IdentityLink(state) = state {
            state.controllers = Some(Arc::clone(&read));
        }
    }
    Ok(())
}

fn disarmed(operations: &[Operation]) -> impl Iterator<Item = PersonId> {
    let items = operations.iter().filter_map(Operation::links);
    items.filter(Link::disarms).map(|item| item.person.clone())
}

async fn controllers(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    disarmed: &BTreeSet<PersonId>,
) -> Result<Controllers, StoreError> {
    let mut found = Controllers::default();
    let mut held = person::everyone_with_a_role(conn).await?;
    held.retain(|(_, grant)| Controllers::is_of(grant.role));
    let holders = held.iter().map(|(holder, _)| holder.clone()).collect();
    let identities = agreed_link::known_all(conn, &holders).await?;
    for (holder, grant) in held {
        let Some(known) = identities.get(&holder) else {
            continue;
        };
        // A user that the directory did not show is not known to be enabled.
        let user = known.user().and_then(|user| snapshot.user(user));
        if known.sign_ins.is_empty() || user.is_none_or(|user| user.status != UserStatus::Enabled) {
            continue;
        }
        let mut origins = known.sign_ins.iter().map(|one| &one.joined_from);
        let given_back =
            |from: &Option<PersonId>| from.as_ref().is_some_and(|from| disarmed.contains(from));
        let role = grant.role;
        if !disarmed.contains(&holder) && !origins.all(given_back) {
            found.after.entry(role).or_default().insert(holder.clone());
        }
        found.now.entry(role).or_default().insert(holder);
    }
    Ok(found)
}

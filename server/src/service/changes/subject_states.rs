//! Reads the present state of what the items of a change are about, as far as the snapshot does not hold it.
//!
//! Only the subjects of these items are read, those of one kind together. A subject that was not read is missing, never
//! empty, and its item is objected to.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    change::Operation,
    ids::{AccountId, PersonId},
    snapshot::Snapshot,
    subject::{SubjectKey, SubjectKind, SubjectState, SubjectStates, account_classification},
    time::Timestamp,
};

use super::identity_state;
use crate::store::{
    StoreConnection, StoreError,
    declaration::{self, InForce},
    identity,
};

/// Returns the states of the subjects of these items.
pub(super) async fn read(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    requester: &PersonId,
    operations: &[Operation],
    now: Timestamp,
) -> Result<SubjectStates, StoreError> {
    let mut by_kind: BTreeMap<SubjectKind, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        let kind = operation.key().kind();
        by_kind.entry(kind).or_default().push(operation);
    }
    let mut states = SubjectStates::default();
    for (kind, items) in by_kind {
        match kind {
            // The snapshot holds all access.
            SubjectKind::Assignment | SubjectKind::Membership => {}
            SubjectKind::AccountClassification => {
                let accounts = items.iter().filter_map(|item| item.account().cloned());
                add_classifications(conn, snapshot, accounts.collect(), now, &mut states).await?;
            }
            SubjectKind::IdentityLink => {
                add_identities(conn, snapshot, requester, &items, &mut states).await?;
            }
        }
    }
    Ok(states)
}

async fn add_identities(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    requester: &PersonId,
    items: &[&Operation],
    states: &mut SubjectStates,
) -> Result<(), StoreError> {
    let suspended = identity::suspended_users(conn).await?;
    for operation in items {
        if let Some(item) = operation.links()
            && let Some(state) =
                identity_state::read(conn, snapshot, requester, &item, &suspended).await?
        {
            let state = SubjectState::IdentityLink(state);
            states.0.insert(operation.key(), state);
        }
    }
    Ok(())
}

async fn add_classifications(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    accounts: BTreeSet<AccountId>,
    now: Timestamp,
    states: &mut SubjectStates,
) -> Result<(), StoreError> {
    if accounts.is_empty() {
        return Ok(());
    }
    let mut declared = declaration::in_force_of(conn, &accounts).await?;
    declaration::open_texts(conn, declared.values_mut()).await?;
    for account in accounts {
        // An account that the last read does not show is objected to by itself.
        if snapshot.account(&account).is_none() {
            continue;
        }
        let found = declared.remove(&account);
        let state = account_classification::State {
            declared: found.as_ref().map(|one| one.declared),
            content: InForce::content(found.as_ref()),
            declaration: found.and_then(|one| one.proven).map(|(one, _)| one),
            at: now,
        };
        let key = SubjectKey::AccountClassification { account };
        states
            .0
            .insert(key, SubjectState::AccountClassification(state));
    }
    Ok(())
}

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
    let one = [(requester, operations)];
    let states = read_all(conn, snapshot, &one, now).await?.pop();
    Ok(states.unwrap_or_default())
}

/// Returns the states of the subjects of the items of each of these requests.
pub(super) async fn read_all(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    requested: &[(&PersonId, &[Operation])],
    now: Timestamp,
) -> Result<Vec<SubjectStates>, StoreError> {
    let items = requested.iter().flat_map(|(_, operations)| *operations);
    let declared = declared(conn, &classified(items)).await?;
    let mut all = Vec::with_capacity(requested.len());
    for (requester, operations) in requested {
        let mut by_kind: BTreeMap<SubjectKind, Vec<&Operation>> = BTreeMap::new();
        for operation in *operations {
            let kind = operation.key().kind();
            by_kind.entry(kind).or_default().push(operation);
        }
        let mut states = SubjectStates::default();
        for (kind, items) in by_kind {
            match kind {
                // The snapshot holds all access.
                SubjectKind::Assignment | SubjectKind::Membership => {}
                SubjectKind::AccountClassification => {
                    let accounts = classified(items.into_iter());
                    add_classifications(&declared, snapshot, accounts, now, &mut states);
                }
                SubjectKind::IdentityLink => {
                    add_identities(conn, snapshot, requester, &items, &mut states).await?;
                }
            }
        }
        all.push(states);
    }
    Ok(all)
}

/// Returns the accounts that items classify.
fn classified<'i>(items: impl Iterator<Item = &'i Operation>) -> BTreeSet<AccountId> {
    let items = items.filter(|item| item.key().kind() == SubjectKind::AccountClassification);
    items.filter_map(|item| item.account().cloned()).collect()
}

/// Returns the declarations in force of these accounts, with their texts.
async fn declared(
    conn: &mut StoreConnection,
    accounts: &BTreeSet<AccountId>,
) -> Result<BTreeMap<AccountId, InForce>, StoreError> {
    let mut declared = declaration::in_force_of(conn, accounts).await?;
    declaration::open_texts(conn, declared.values_mut()).await?;
    Ok(declared)
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

fn add_classifications(
    declared: &BTreeMap<AccountId, InForce>,
    snapshot: &Snapshot,
    accounts: BTreeSet<AccountId>,
    now: Timestamp,
    states: &mut SubjectStates,
) {
    for account in accounts {
        // An account that the last read does not show is objected to by itself.
        if snapshot.account(&account).is_none() {
            continue;
        }
        let found = declared.get(&account);
        let proven = found.and_then(|one| one.proven.as_ref());
        let state = account_classification::State {
            declared: found.map(|one| one.declared),
            content: InForce::content(found),
            declaration: proven.map(|(one, _)| one.clone()),
            at: now,
        };
        let key = SubjectKey::AccountClassification { account };
        states
            .0
            .insert(key, SubjectState::AccountClassification(state));
    }
}

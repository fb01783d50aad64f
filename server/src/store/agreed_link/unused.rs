//! Identities that nobody ever used. A crawl creates one for each user of the directory, so that access has a person.

use std::collections::BTreeSet;

use domain::ids::PersonId;

use crate::store::{StoreConnection, StoreError, ledger::live};

/// Removes the identities that have no sign-in and no role, and of which the ledger records nothing. For display: a rule
/// counts them too.
pub async fn in_use(
    conn: &mut StoreConnection,
    mut people: BTreeSet<PersonId>,
) -> Result<BTreeSet<PersonId>, StoreError> {
    live::view(conn, |projection| {
        let records = projection.identities().records();
        people.retain(|person| projection.is_in_use(person) || records.contains_key(person));
        people
    })
    .await
}

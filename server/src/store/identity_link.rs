//! The persons of Identity Center users.

use std::collections::BTreeMap;

use domain::{
    ids::{PersonId, UserId},
    ledger::projection::Projection,
    time::Timestamp,
};

use super::{StoreConnection, StoreError, Tx, id, ledger::live};

/// Creates a person for each of these users who has none.
pub async fn ensure_for_users(
    tx: &mut Tx,
    fresh: &[(UserId, PersonId)],
    now: Timestamp,
) -> Result<(), StoreError> {
    for (user, person) in fresh {
        sqlx::query("insert into person (id, user_id, created_at) values ($1, $2, $3) on conflict do nothing")
            .bind(person.as_str())
            .bind(user.as_str())
            .bind(now.0)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// The identity of each Identity Center user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonsOfUsers {
    /// By the user that each identity is linked to.
    pub linked: BTreeMap<UserId, PersonId>,
    /// By every other user that an identity ever was.
    pub others: BTreeMap<UserId, PersonId>,
}

/// Returns the identity of each user, by the ledger. A user that somebody else acts as is theirs, whoever it was before. A row
/// counts only for an identity that nobody uses, such as one that a crawl created.
pub async fn persons_of_users(conn: &mut StoreConnection) -> Result<PersonsOfUsers, StoreError> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("select user_id, id from person where user_id is not null")
            .fetch_all(&mut *conn)
            .await?;
    let mut linked = BTreeMap::new();
    for (user, person) in &rows {
        linked.insert(id("person", user)?, id("person", person)?);
    }
    live::view(conn, |projection| of_users(projection, linked)).await
}

fn of_users(projection: &Projection, mut linked: BTreeMap<UserId, PersonId>) -> PersonsOfUsers {
    linked.retain(|user, person| projection.may_be_user(person, user));
    let mut others = BTreeMap::new();
    for (person, record) in projection.identities().records() {
        let current = record.user();
        if let Some(user) = current
            && (projection.is_in_use(person) || !linked.contains_key(user))
        {
            linked.insert(user.clone(), person.clone());
        }
        let earlier = record.users.keys().filter(|user| Some(*user) != current);
        for user in earlier.filter(|user| projection.holder_of(user, person).is_none()) {
            others.insert(user.clone(), person.clone());
        }
    }
    linked.retain(|user, _| !others.contains_key(user));
    PersonsOfUsers { linked, others }
}

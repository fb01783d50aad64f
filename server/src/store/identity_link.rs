//! The persons of Identity Center users.

use std::collections::BTreeMap;

use domain::{
    ids::{PersonId, UserId},
    time::Timestamp,
};

use super::{StoreConnection, StoreError, Tx, id};

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

/// Returns the identity of each user. A user that somebody else has signed in as is theirs, whoever it was before.
pub async fn persons_of_users(conn: &mut StoreConnection) -> Result<PersonsOfUsers, StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "select distinct u.user_id, u.person_id from identity_user u join person p on p.id = u.person_id \
         where (p.user_id is null or p.user_id <> u.user_id) and not exists (select 1 from person o \
         join subject s on s.person_id = o.id where o.user_id = u.user_id) order by u.user_id, u.person_id",
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut others = BTreeMap::new();
    for (user, person) in &rows {
        others.insert(id("identity_user", user)?, id("identity_user", person)?);
    }
    let mut linked = by_user(conn).await?;
    linked.retain(|user, _| !others.contains_key(user));
    Ok(PersonsOfUsers { linked, others })
}

/// Returns the person that is linked to each Identity Center user.
async fn by_user(conn: &mut StoreConnection) -> Result<BTreeMap<UserId, PersonId>, StoreError> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("select user_id, id from person where user_id is not null")
            .fetch_all(conn)
            .await?;
    rows.iter()
        .map(|(user, person)| Ok((id("person", user)?, id("person", person)?)))
        .collect()
}

//! The persons of Identity Center users.

use std::collections::BTreeMap;

use domain::{
    ids::{PersonId, UserId},
    time::Timestamp,
};
use sqlx::AnyConnection;

use super::{StoreError, Tx, id};

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

/// Returns the person of each Identity Center user.
pub async fn by_user(conn: &mut AnyConnection) -> Result<BTreeMap<UserId, PersonId>, StoreError> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("select user_id, id from person where user_id is not null")
            .fetch_all(conn)
            .await?;
    rows.iter()
        .map(|(user, person)| Ok((id("person", user)?, id("person", person)?)))
        .collect()
}

//! The mappings of tags and OUs, and when each was in force.

use domain::time::Timestamp;
use sqlx::Row as _;

use super::{StoreConnection, StoreError, Tx};

/// Returns the text of the mapping in force; none before the first one.
pub async fn in_force(conn: &mut StoreConnection) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("select document from classification_mapping where until is null")
        .fetch_optional(conn)
        .await?;
    Ok(row.map(|row| row.try_get("document")).transpose()?)
}

/// Puts a mapping in force.
pub async fn activate(
    tx: &mut Tx,
    digest: &str,
    text: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("update classification_mapping set until = $1 where until is null")
        .bind(now.0)
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "insert into classification_mapping (digest, document, since) values ($1, $2, $3) \
         on conflict (digest) do update set since = excluded.since, until = null",
    )
    .bind(digest)
    .bind(text)
    .bind(now.0)
    .execute(tx.conn())
    .await?;
    Ok(())
}

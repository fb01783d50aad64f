//! The names of the row keys with which entries of this database were authenticated. Never a key.

use domain::time::Timestamp;

use super::{LedgerError, forget_projections};
use crate::{
    row_key::RowKeys,
    store::{Store, StoreConnection, StoreError, Tx},
};

/// Returns the names of the keys in use, oldest first.
pub async fn row_key_ids(store: &Store) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> =
        sqlx::query_as("select id from row_key where id <> '' order by first_used_at, id")
            .fetch_all(store.read())
            .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Records that a process uses these keys. Two processes with different keys cannot both be the first.
///
/// # Errors
/// [`LedgerError::OtherRowKey`] if a key that the database names is not among them.
pub async fn register_row_keys(
    tx: &mut Tx,
    keys: &RowKeys,
    now: Timestamp,
) -> Result<(), StoreError> {
    // The row without a name is only a lock.
    sqlx::query(
        "insert into row_key (id, first_used_at) values ('', 0) \
         on conflict (id) do update set first_used_at = 0",
    )
    .execute(tx.conn())
    .await?;
    let used: Vec<(String,)> = sqlx::query_as("select id from row_key where id <> ''")
        .fetch_all(tx.conn())
        .await?;
    let is_known = |id: &str| keys.ids().any(|known| known.as_str() == id);
    if let Some((used,)) = used.into_iter().find(|(id,)| !is_known(id)) {
        let known: Vec<&str> = keys.ids().map(crate::row_key::RowKeyId::as_str).collect();
        let known = known.join(", ");
        return Err(LedgerError::OtherRowKey { used, known }.into());
    }
    sqlx::query(
        "insert into row_key (id, first_used_at) values ($1, $2) on conflict (id) do nothing",
    )
    .bind(keys.id().as_str())
    .bind(now.0)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Forgets all keys, all MACs and what has a MAC over them, so that every entry gets a MAC by another key in the same transaction.
pub async fn forget_row_keys(tx: &mut Tx) -> Result<(), StoreError> {
    for statement in [
        "delete from ledger_mac",
        "delete from row_key where id <> ''",
    ] {
        sqlx::query(statement).execute(tx.conn()).await?;
    }
    forget_projections(tx).await
}

/// Returns whether an entry has a MAC, valid or not.
pub async fn has_macs(conn: &mut StoreConnection) -> Result<bool, StoreError> {
    let found: Option<(i64,)> = sqlx::query_as("select seq from ledger_mac limit 1")
        .fetch_optional(conn)
        .await?;
    Ok(found.is_some())
}

/// Returns the numbers that have a MAC but no entry.
pub async fn macs_of_no_entry(store: &Store) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "select seq from ledger_mac where not exists \
         (select 1 from ledger_entry e where e.seq = ledger_mac.seq) order by seq",
    )
    .fetch_all(store.read())
    .await?;
    Ok(rows.into_iter().map(|(seq,)| seq).collect())
}

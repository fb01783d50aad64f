//! The names of the row keys with which entries of this database were authenticated. Never a key.

use domain::time::Timestamp;

use super::{LedgerError, forget_projections};
use crate::{
    row_key::{RowKeyId, RowKeys},
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

/// Checks that each named key is among the keys of this process.
///
/// # Errors
/// [`LedgerError::OtherRowKey`] if one is not.
pub fn require_known(used: &[String], keys: &RowKeys) -> Result<(), LedgerError> {
    let is_known = |id: &&String| keys.ids().any(|known| known.as_str() == *id);
    let Some(used) = used.iter().find(|id| !is_known(id)) else {
        return Ok(());
    };
    let known: Vec<&str> = keys.ids().map(RowKeyId::as_str).collect();
    Err(LedgerError::OtherRowKey {
        used: used.clone(),
        known: known.join(", "),
    })
}

/// Checks that this process has every key that the database names, and that its key is one of them. Records nothing.
///
/// # Errors
/// [`LedgerError::OtherRowKey`] or [`LedgerError::RowKeyNotUsed`].
pub async fn require_used(store: &Store, keys: &RowKeys) -> Result<(), StoreError> {
    let used = row_key_ids(store).await?;
    require_known(&used, keys)?;
    if used.iter().any(|id| keys.id().as_str() == id) {
        Ok(())
    } else {
        Err(LedgerError::RowKeyNotUsed(keys.id().to_string()).into())
    }
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
    let used: Vec<String> = used.into_iter().map(|(id,)| id).collect();
    require_known(&used, keys)?;
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

/// Returns the names of the keys that made MACs, according to these. Reads every MAC.
pub async fn mac_key_ids(conn: &mut StoreConnection) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> =
        sqlx::query_as("select distinct key_id from ledger_mac order by key_id")
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Returns whether an entry has a MAC, valid or not.
pub async fn has_macs(conn: &mut StoreConnection) -> Result<bool, StoreError> {
    let found: Option<(i64,)> = sqlx::query_as("select seq from ledger_mac limit 1")
        .fetch_optional(conn)
        .await?;
    Ok(found.is_some())
}

/// Returns the numbers that have a MAC but no entry.
pub async fn macs_of_no_entry(conn: &mut StoreConnection) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "select seq from ledger_mac where not exists \
         (select 1 from ledger_entry e where e.seq = ledger_mac.seq) order by seq",
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(seq,)| seq).collect())
}

//! Signed checkpoints. Their size only grows, and a stored one is never overwritten.

use domain::{
    ledger::{Checkpoint, Hash},
    time::Timestamp,
};

use sqlx::{Row as _, any::AnyRow};

use super::{count_of, hash, number};
use crate::store::{Store, StoreConnection, StoreError, Tx};

/// A signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    /// The number of entries that it covers.
    pub size: u64,
    pub root: Hash,
    pub note: String,
    pub signed_at: Timestamp,
}

/// Stores a signed checkpoint. If another replica has already signed the same size, its note is kept.
pub async fn insert_checkpoint(
    tx: &mut Tx,
    checkpoint: &Checkpoint,
    note: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into ledger_checkpoint (size, root, note, signed_at) values ($1, $2, $3, $4) \
         on conflict (size) do nothing",
    )
    .bind(number(checkpoint.size)?)
    .bind(checkpoint.root.hex())
    .bind(note)
    .bind(now.0)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Returns the largest signed checkpoint.
pub async fn newest_checkpoint(store: &Store) -> Result<Option<SignedHead>, StoreError> {
    let row = sqlx::query(
        "select size, root, note, signed_at from ledger_checkpoint order by size desc limit 1",
    )
    .fetch_optional(store.read())
    .await?;
    row.map_or(Ok(None), |row| of_row(&row))
}

/// Returns the checkpoint in the columns `size`, `root`, `note` and `signed_at`; none if they are null.
pub(super) fn of_row(row: &AnyRow) -> Result<Option<SignedHead>, StoreError> {
    let Some(size) = row.try_get::<Option<i64>, _>("size")? else {
        return Ok(None);
    };
    Ok(Some(SignedHead {
        size: count_of("ledger_checkpoint", size)?,
        root: hash("ledger_checkpoint", &row.try_get::<String, _>("root")?)?,
        note: row.try_get("note")?,
        signed_at: Timestamp(row.try_get("signed_at")?),
    }))
}

/// Returns size and note of the checkpoints above a size, smallest first.
pub async fn notes_after(
    conn: &mut StoreConnection,
    above: i64,
    limit: u32,
) -> Result<Vec<(i64, String)>, StoreError> {
    let notes = sqlx::query_as(
        "select size, note from ledger_checkpoint where size > $1 order by size limit $2",
    );
    Ok(notes
        .bind(above)
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await?)
}

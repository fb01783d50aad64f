//! Signed checkpoints. Their size only grows, and a stored one is never overwritten.

use domain::{
    ledger::{Checkpoint, Hash},
    time::Timestamp,
};

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
    let row: Option<(i64, String, String, i64)> = sqlx::query_as(
        "select size, root, note, signed_at from ledger_checkpoint order by size desc limit 1",
    )
    .fetch_optional(store.read())
    .await?;
    row.map(|(size, root, note, signed_at)| {
        Ok(SignedHead {
            size: count_of("ledger_checkpoint", size)?,
            root: hash("ledger_checkpoint", &root)?,
            note,
            signed_at: Timestamp(signed_at),
        })
    })
    .transpose()
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

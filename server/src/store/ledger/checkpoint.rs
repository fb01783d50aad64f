//! Signed heads. They only grow, and one that is stored is never written again.

use domain::{
    ledger::{Checkpoint, Hash},
    time::Timestamp,
};

use super::{count_of, hash, number};
use crate::store::{Store, StoreError, Tx};

/// A signed head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    /// How many entries it covers.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// The signed note.
    pub note: String,
    /// When it was signed.
    pub signed_at: Timestamp,
}

/// Stores a signed head. Another replica may have signed the same size already: its note stays.
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

/// The largest signed head.
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

/// Size and note of signed heads above a size, smallest first.
pub async fn notes_after(
    store: &Store,
    above: i64,
    limit: u32,
) -> Result<Vec<(i64, String)>, StoreError> {
    let notes = sqlx::query_as(
        "select size, note from ledger_checkpoint where size > $1 order by size limit $2",
    );
    Ok(notes
        .bind(above)
        .bind(i64::from(limit))
        .fetch_all(store.read())
        .await?)
}

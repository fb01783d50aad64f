//! The ledger in the database: append, and read back.
//!
//! Whoever appends holds the head row until the transaction ends, so that numbering, chain and
//! commit order are one. Append **last** in a transaction: everybody else who appends waits, and two
//! transactions that lock the head and another row in different order would wait for each other.
//!
//! Never changes or removes an entry, a tree hash or a checkpoint. What may go is personal: the
//! values in `ledger_private`, and with each the search words that came from it ([`erase`]).

mod append;
mod checkpoint;
pub mod proof;
mod read;
pub mod words;

pub use append::{append, append_many};
pub use checkpoint::{SignedHead, insert_checkpoint, newest_checkpoint, notes_after};
pub use read::{
    Head, Indexed, Listed, Stored, StoredPrivate, around, count, entries_after, head, head_and_end,
    leaves_in_tree, listed, newest, of_change, private_of, search, tree_hashes, words_between,
    words_of_nobody,
};
pub use words::{MAX_WORDS, query_words};

use domain::ledger::{Hash, LogName, SealError, tree::TreeError};
use thiserror::Error;

use super::{StoreError, Tx};

/// What keeps an entry out of the ledger.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// The format cannot hold it.
    #[error("the entry cannot be sealed: {0}")]
    Seal(#[from] SealError),
    /// The stored tree is not whole.
    #[error("the ledger's tree: {0}")]
    Tree(#[from] TreeError),
    /// The database belongs to another log.
    #[error("the database holds the log `{found}`, not `{configured}`")]
    OtherLog {
        /// As stored.
        found: String,
        /// As configured.
        configured: LogName,
    },
}

/// Erases the personal values of an entry and the words by which they were found. The entry stays,
/// and still verifies.
pub async fn erase(tx: &mut Tx, seq: u64) -> Result<(), StoreError> {
    let seq = number(seq)?;
    for statement in [
        "delete from ledger_private where seq = $1",
        "delete from ledger_token where seq = $1 and path <> ''",
    ] {
        sqlx::query(statement).bind(seq).execute(tx.conn()).await?;
    }
    Ok(())
}

/// A number as the database holds it.
fn number(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value)
        .map_err(|_| inconsistent("ledger_entry", format!("{value} is no number of an entry")))
}

/// A number from the database.
fn count_of(table: &'static str, value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| inconsistent(table, format!("{value} is negative")))
}

fn hash(table: &'static str, text: &str) -> Result<Hash, StoreError> {
    Hash::parse_hex(text.as_bytes()).ok_or_else(|| inconsistent(table, "not a hash".to_owned()))
}

fn inconsistent(table: &'static str, what: String) -> StoreError {
    StoreError::Inconsistent { table, what }
}

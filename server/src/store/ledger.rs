//! The ledger in the database: append and read.
//!
//! An append locks the head row until the transaction ends, so that numbering, hash chain and commit order agree.
//! Append **last** in a transaction: all other appends wait for it, and two transactions that lock the head and another
//! row in different order would deadlock.
//!
//! Never changes or removes an entry, a tree hash or a checkpoint. Only personal data can be erased: the values in
//! `ledger_private` and the search words that were derived from them ([`erase`]).

mod adopt;
mod append;
mod checkpoint;
mod comments;
mod find;
pub mod index_terms;
mod listed;
pub mod live;
mod mac;
mod of_changes;
mod page;
mod read;
mod results;
mod row_keys;
mod set_aside;
mod stored_projection;
mod tail;
mod verified_end;

pub use adopt::{EntryProof, add_macs, begin_adoption, proven_by_macs};
pub use append::{append, append_many};
pub use checkpoint::{SignedHead, insert_checkpoint, newest_checkpoint, notes_after};
pub use comments::{StoredComment, comments_on, newest_comment};
pub use find::{
    EXAMINED, EntryFilter, Fold, Folding, FoundEntry, FoundKind, Survey, Term, Walk, WalkOrder,
    survey, walk,
};
pub use index_terms::{MAX_WORDS, family_word, outcome_word, query_words};
pub use listed::{Authenticity, ListedEntry, listed, listed_of, of_change, of_changes};
pub use mac::{MacedEntry, StoredMac};
pub use of_changes::decisions_on;
pub(super) use of_changes::{KnownChange, KnownChanges};
pub use page::maced_entries;
pub use read::{
    Head, IndexTerm, StoredEntry, StoredPrivate, entries_after, head, head_and_end, leaves_in_tree,
    private_of, private_of_all, tree_hashes, words_between, words_of_nobody,
};
pub use results::{Later, later};
pub use row_keys::{
    forget_row_keys, has_macs, mac_key_ids, macs_of_no_entry, register_row_keys, require_known,
    require_used, row_key_ids,
};
pub use set_aside::{FalseEnd, documents_digest, false_end, set_aside, set_aside_by};
pub use stored_projection::{
    NotUsed, StoredProjection, forget_projections, store_projection, stored_projections,
};
pub use tail::{CaughtUp, Tail, catch_up, end_at};
pub use verified_end::{EntryFlaw, NotAuthentic, VerifiedEnd};

use domain::ledger::{Hash, LogName, SealError, tree::TreeError};
use thiserror::Error;

use super::{StoreError, Tx};

/// The reason why an entry cannot be appended.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// The entry does not fit the format.
    #[error("the entry cannot be sealed: {0}")]
    Seal(#[from] SealError),
    /// The stored tree is incomplete.
    #[error("the ledger's tree: {0}")]
    Tree(#[from] TreeError),
    /// The database contains another log.
    #[error("the database contains the log `{found}`, but `{configured}` is configured")]
    OtherLog {
        /// The stored name.
        found: String,
        configured: LogName,
    },
    #[error("there is no row key, without which no entry counts and nothing can be appended")]
    NoRowKey,
    /// Another row key authenticated entries of this database.
    #[error(
        "entries of this database have MACs by the row key {used}, but this process has {known}. All replicas share one row \
         key: copy it from a process that runs, or restore it; docs/row-key.md states what to do if it is lost"
    )]
    OtherRowKey {
        /// The name of the key in the database.
        used: String,
        /// The names of the keys of this process.
        known: String,
    },
    /// Only a process that serves puts a key in use.
    #[error(
        "the row key {0} is not in use in this database. Start `leastwise serve` with it first, or name the folder of keys \
         of the server with --keys or LEASTWISE_KEYS"
    )]
    RowKeyNotUsed(String),
    /// What Leastwise wrote is never set aside.
    #[error(
        "entry {seq} was written by Leastwise, and an entry before it was altered or removed. Restore what was altered from a \
         backup: what Leastwise wrote is never set aside"
    )]
    Authentic {
        /// The number of the authentic entry.
        seq: u64,
    },
    /// The end of the ledger was not written by Leastwise, so nothing is appended to it.
    #[error("nothing can be appended to the ledger: {0}. {ADVICE}")]
    NotAuthentic(NotAuthentic),
    /// Rows differ from the ledger, and it grew each time they were read again.
    #[error("the ledger grows too fast to compare rows with it")]
    Busy,
}

/// What to do about an entry that does not count.
pub const ADVICE: &str = "Somebody wrote to this database without Leastwise. Run `leastwise ledger verify`, find out who, \
                          and follow docs/row-key.md";

/// Erases the personal values of an entry and the search words that were derived from them. The entry remains and still
/// verifies. A text of an item that later requests repeat is erased there as well: a copy has the same salt, which no
/// other value has.
pub async fn erase(tx: &mut Tx, seq: u64) -> Result<(), StoreError> {
    let seq = number(seq)?;
    for statement in [
        "delete from ledger_private where salt in (select salt from ledger_private where seq = $1 \
         and (path like '/items/%' or path like '/data/operations/%'))",
        "delete from ledger_private where seq = $1",
        "delete from ledger_token where seq = $1 and path <> ''",
    ] {
        sqlx::query(statement).bind(seq).execute(tx.conn()).await?;
    }
    Ok(())
}

/// Converts a number to the type of the database column.
fn number(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| {
        inconsistent(
            "ledger_entry",
            format!("{value} is not a valid entry number"),
        )
    })
}

/// Converts a number from the database.
fn count_of(table: &'static str, value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| inconsistent(table, format!("{value} is negative")))
}

fn hash(table: &'static str, text: &str) -> Result<Hash, StoreError> {
    Hash::parse_hex(text.as_bytes()).ok_or_else(|| inconsistent(table, "not a hash".to_owned()))
}

fn inconsistent(table: &'static str, what: String) -> StoreError {
    StoreError::Inconsistent { table, what }
}

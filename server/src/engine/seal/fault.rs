//! Why the ledger cannot be signed, or why a process must not start with it.

use std::{io, path::PathBuf};

use domain::ledger::{CheckpointError, tree::TreeError};
use thiserror::Error;

use super::KeyError;
use crate::store::{
    StoreError,
    ledger::{ADVICE, LedgerError, NotAuthentic},
};

/// The reason why nothing was signed, or why the process must not start.
#[derive(Debug, Error)]
pub enum Fault {
    #[error("the ledger cannot be read")]
    Store(#[source] StoreError),
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The copy outside the database cannot be read or written.
    #[error("{path}: {source}")]
    Copy { path: PathBuf, source: io::Error },
    /// No known key signed the checkpoint.
    #[error("the newest checkpoint in {place} is not one of this ledger's: {source}. {LOOK}")]
    Strange {
        /// The file or database that holds the checkpoint.
        place: String,
        source: CheckpointError,
    },
    /// The ledger has fewer entries than were signed: an older backup was restored, or the end was cut off.
    #[error(
        "the ledger has {found} entries, but a checkpoint in {place} covers {promised}. {LOOK}"
    )]
    Shorter {
        /// The file or database that holds the checkpoint.
        place: String,
        /// The number of entries that the checkpoint covers.
        promised: u64,
        /// The number of entries found.
        found: u64,
    },
    /// The history differs from the signed one.
    #[error("the first {size} entries of the ledger are not those that were signed. {LOOK}")]
    Rewritten {
        /// The number of entries that the checkpoint covers.
        size: u64,
    },
    /// An entry was not written by Leastwise. Nothing is signed over it.
    #[error("{0}. {ADVICE}")]
    NotAuthentic(NotAuthentic),
    /// Entries of an earlier version that no checkpoint proves.
    #[error(
        "{count} entries of an earlier version, from entry {first} on, were not signed before it ended, so nothing proves \
         them. Start the earlier version again and stop it in an orderly way, or let two administrators accept them: \
         `leastwise ledger adopt-row-key`, docs/row-key.md"
    )]
    NotProven {
        /// The first of them.
        first: u64,
        count: u64,
    },
    /// The end that a process of this installation verified is not in the database.
    #[error(
        "the ledger does not contain entry {seq} as {path} records it: its end was cut off, or an older backup was \
         restored. Restore the database, or let two administrators accept the loss: `leastwise ledger accept-restore`, \
         docs/row-key.md"
    )]
    CutOff {
        /// The number of the last entry that was verified.
        seq: u64,
        path: PathBuf,
    },
    #[error("the projection of the ledger cannot be written as JSON: {0}")]
    Projection(#[source] io::Error),
    /// The entries, their number and the tree are inconsistent.
    #[error("the ledger is inconsistent: {0}. {LOOK}")]
    NotWhole(String),
}

/// The advice at the end of a fault.
const LOOK: &str = "Do not write to this database. Run `leastwise ledger verify` to find the first altered entry, \
                    and compare with a backup of the database and checkpoints.log";

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Ledger(LedgerError::NotAuthentic(what)) => Self::NotAuthentic(what),
            other => Self::Store(other),
        }
    }
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<TreeError> for Fault {
    fn from(error: TreeError) -> Self {
        Self::NotWhole(error.to_string())
    }
}

//! The result of a verification, for people and programs.
//!
//! A reason must not claim more than is proven. If several entries may be the cause, the first of them is reported and
//! the message states that.

use serde::{Serialize, Serializer};
use thiserror::Error;

use super::Hash;

/// The reason why a log does not verify.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Reason {
    /// The bytes are not a canonical leaf.
    #[error("its bytes are not canonical: byte {offset}, {what}")]
    NotCanonical {
        /// The offset in bytes from the start of the leaf.
        offset: usize,
        /// A description of the error.
        what: &'static str,
    },
    /// The leaf is too long.
    #[error("it has {bytes} bytes, more than a leaf may have")]
    TooLong { bytes: usize },
    /// A member of the envelope is missing or malformed.
    #[error("its `{member}` is missing or malformed")]
    BadEnvelope {
        /// `v`, `log`, `seq` or `prev`.
        member: &'static str,
    },
    /// The content differs from what was recorded, as shown by the next entry's `prev`, the stored hash or a signed
    /// root.
    #[error("it was altered after it was written")]
    Altered,
    /// The entry is at its position but has another number.
    #[error("its number was changed to {found}")]
    Renumbered {
        /// The number of the entry.
        found: u64,
    },
    /// The entry is missing.
    #[error("it is missing: entry {found} is in its place")]
    Deleted {
        /// The number of the entry at its position.
        found: u64,
    },
    /// The entry was moved to a later position.
    #[error("it was moved: entry {found} is in its place")]
    Reordered {
        /// The number of the entry at its position.
        found: u64,
    },
    /// An entry with a lower number occurs again at this position.
    #[error("entry {found} occurs here a second time, or a similar entry was inserted")]
    Inserted {
        /// The number of the entry.
        found: u64,
    },
    /// A signed checkpoint covers missing entries.
    #[error("the last entries are missing: a signed checkpoint covers {promised} entries")]
    Truncated {
        /// The size of the checkpoint.
        promised: u64,
    },
    /// The chain is valid but the root differs from the signed one: the last entry before the checkpoint was altered,
    /// or all entries from some position on were rewritten.
    #[error(
        "the signed root at size {size} differs: this entry or a later one before that size was altered"
    )]
    RootMismatch {
        /// The size of the checkpoint.
        size: u64,
    },
    /// The chain, the tree and the log's own checkpoints are valid but contradict a checkpoint that was kept elsewhere.
    #[error(
        "the log was rewritten: the root of the checkpoint of size {size} that was kept elsewhere differs"
    )]
    Rewritten {
        /// The size of the checkpoint that was kept elsewhere.
        size: u64,
    },
    /// The entry is valid, but a private value stored with it is not the recorded one.
    #[error("the private value at {path} is not the one that was recorded")]
    PrivateValueDiffers {
        /// A JSON Pointer to the value.
        path: String,
    },
    /// All entries are valid, but a checkpoint was not signed by the log.
    #[error("checkpoint {number} is invalid: {why}")]
    BadCheckpoint {
        /// Counted from 1 in the given order; checkpoints that were kept elsewhere follow the log's own.
        number: usize,
        why: String,
    },
}

impl Reason {
    /// Returns a stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotCanonical { .. } => "not_canonical",
            Self::TooLong { .. } => "too_long",
            Self::BadEnvelope { .. } => "bad_envelope",
            Self::Altered => "altered",
            Self::Renumbered { .. } => "renumbered",
            Self::Deleted { .. } => "deleted",
            Self::Reordered { .. } => "reordered",
            Self::Inserted { .. } => "inserted",
            Self::Truncated { .. } => "truncated",
            Self::RootMismatch { .. } => "root_mismatch",
            Self::Rewritten { .. } => "rewritten",
            Self::PrivateValueDiffers { .. } => "private_value_differs",
            Self::BadCheckpoint { .. } => "bad_checkpoint",
        }
    }
}

/// Serializes the code. The message is in [`Reason`]'s `Display`.
impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The number of entries read.
    pub entries: u64,
    /// The `seq` of the first invalid entry. `None` if all entries are valid, also when a checkpoint is not.
    pub first_bad: Option<u64>,
    /// The reason. `None` exactly if the log verifies.
    pub reason: Option<Reason>,
    /// The size of the log's largest own checkpoint that the entries reproduce. Later entries are chained but not
    /// signed.
    pub tree_size: u64,
    /// The root of that checkpoint, or of the empty tree without one.
    pub root: Hash,
}

impl Report {
    /// Returns whether everything that was given is valid.
    pub fn holds(&self) -> bool {
        self.reason.is_none()
    }
}

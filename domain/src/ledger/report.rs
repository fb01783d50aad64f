//! What a verification found, in words that a person and a program can both use.
//!
//! A reason claims no more than what was proven: where the chain and the tree leave several entries
//! possible, the first of them is named and the reason says so.

use serde::{Serialize, Serializer};
use thiserror::Error;

use super::Hash;

/// Why a log does not verify.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Reason {
    /// The bytes are not a canonical leaf.
    #[error("its bytes are not canonical: byte {offset}, {what}")]
    NotCanonical {
        /// Bytes from the start of the leaf.
        offset: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// Longer than any leaf.
    #[error("it has {bytes} bytes, more than a leaf may have")]
    TooLong {
        /// As found.
        bytes: usize,
    },
    /// A member of the envelope is missing or of the wrong form.
    #[error("its `{member}` is missing or malformed")]
    BadEnvelope {
        /// `v`, `log`, `seq` or `prev`.
        member: &'static str,
    },
    /// Its content is not what was recorded: the next entry's `prev`, the stored hash or a signed
    /// root says otherwise.
    #[error("it was altered after it was written")]
    Altered,
    /// It stands where it belongs but carries another number.
    #[error("its number was altered to {found}")]
    Renumbered {
        /// The number it carries.
        found: u64,
    },
    /// The entry is not there.
    #[error("it is missing: entry {found} stands in its place")]
    Deleted {
        /// The number found in its place.
        found: u64,
    },
    /// The entry stands further on.
    #[error("it was moved: entry {found} stands in its place")]
    Reordered {
        /// The number found in its place.
        found: u64,
    },
    /// An entry that has its place further up stands here again.
    #[error("entry {found} stands here a second time, or one like it was put in")]
    Inserted {
        /// The number it carries.
        found: u64,
    },
    /// A signed checkpoint covers entries that are not there.
    #[error("the end is missing: a signed checkpoint covers {promised} entries")]
    Truncated {
        /// The size that was signed.
        promised: u64,
    },
    /// The chain holds but the tree is not the one that was signed: the last entry before the
    /// checkpoint was altered, or everything from some entry on was written anew.
    #[error("the signed root at size {size} is another: an entry from here up to it was altered")]
    RootMismatch {
        /// The checkpoint's size.
        size: u64,
    },
    /// Chain, tree and their own checkpoints hold, but not against a checkpoint that was kept elsewhere.
    #[error(
        "the log was written anew: the checkpoint of size {size} that was kept elsewhere has another root"
    )]
    Rewritten {
        /// The kept checkpoint's size.
        size: u64,
    },
    /// The entry holds; a private value stored beside it is not the one that was recorded.
    #[error("the private value at {path} is not the one that was recorded")]
    PrivateValueDiffers {
        /// A JSON Pointer.
        path: String,
    },
    /// No entry is at fault; a checkpoint is not one that the log signed.
    #[error("checkpoint {number} does not hold: {why}")]
    BadCheckpoint {
        /// Counted from 1, in the order given, those kept elsewhere after the log's own.
        number: usize,
        /// In words.
        why: String,
    },
}

impl Reason {
    /// A word for programs, stable.
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

/// As its code; the sentence is [`Reason`]'s `Display`.
impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// The outcome of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many entries were read.
    pub entries: u64,
    /// The `seq` of the first entry that does not hold; none when all do, or when only a
    /// checkpoint is at fault.
    pub first_bad: Option<u64>,
    /// Why; none exactly when the log verifies.
    pub reason: Option<Reason>,
    /// Size of the largest of the log's own signed trees that the entries reproduce. Entries from
    /// here on are chained but not signed yet.
    pub tree_size: u64,
    /// Its root; that of the empty tree if there is none.
    pub root: Hash,
}

impl Report {
    /// Whether everything that was given holds.
    pub fn holds(&self) -> bool {
        self.reason.is_none()
    }
}

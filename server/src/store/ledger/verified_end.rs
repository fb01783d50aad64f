//! An end of the ledger that was verified, and why an entry behind it does not count.

use domain::ledger::{Hash, projection::EntryPlace};
use thiserror::Error;

/// An end of the ledger up to which every entry was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedEnd {
    /// The number of entries.
    pub size: u64,
    /// The MAC of the last entry; zeros if there is none.
    pub mac: Hash,
    /// The leaf hash of the last entry; zeros if there is none.
    pub leaf: Hash,
}

impl VerifiedEnd {
    /// The end of a log without entries.
    pub const START: Self = Self {
        size: 0,
        mac: Hash::ZERO,
        leaf: Hash::ZERO,
    };

    /// Returns the fault of a head row that states another end; none if it states this one. `stated` is none if the row
    /// cannot be read.
    pub(super) fn differs_from(&self, stated: Option<(u64, Hash)>) -> Option<NotAuthentic> {
        if stated == Some((self.size, self.leaf)) {
            return None;
        }
        Some(NotAuthentic {
            seq: stated.map_or(self.size, |(size, _)| size.min(self.size)),
            why: EntryFlaw::Head,
        })
    }

    /// Returns the place of the last entry.
    pub(super) fn place(&self) -> EntryPlace {
        EntryPlace {
            seq: self.size.saturating_sub(1),
            leaf: self.leaf,
        }
    }
}

/// The first entry that does not count, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("entry {seq} of the ledger {why}")]
pub struct NotAuthentic {
    pub seq: u64,
    pub why: EntryFlaw,
}

/// Why an entry is not authentic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EntryFlaw {
    /// A writer of the database inserted or altered it.
    #[error("has no valid MAC: it was not written by Leastwise")]
    Mac,
    /// It has a valid MAC, but not the one of the place behind the entry before.
    #[error("does not continue the entry before it")]
    Link,
    /// Entries with a greater number exist.
    #[error("is missing")]
    Missing,
    /// This process had verified it as the end, or as a part of the signed log.
    #[error("was altered or removed after it was verified")]
    Altered,
    /// The head row states another end than the entries.
    #[error("is not the end that the head of the ledger states")]
    Head,
}

//! Finds kinds of events by their stored types. A file of its own, so that the table of kinds stays readable.

use super::EventKind;
use crate::ledger::EntryType;

impl EventKind {
    /// Returns the type as it is stored in entries.
    #[expect(
        clippy::missing_panics_doc,
        reason = "a test parses every word of the table"
    )]
    pub fn entry_type(self) -> EntryType {
        EntryType::parse(self.as_str()).expect("the table holds dotted words only")
    }

    /// Finds the kind of an entry. None if a newer version wrote it.
    pub fn of(kind: &EntryType) -> Option<Self> {
        Self::from_word(kind.as_str())
    }

    /// Finds a kind by its stored type.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|kind| kind.as_str() == word).copied()
    }
}

//! The entries about what accounts are classified as by AWS and by the configuration.

use std::collections::BTreeMap;

use domain::{
    classification::Recorded,
    ids::AccountId,
    ledger::{
        EventKind, Outcome,
        projection::classes::{CLASSES, written},
    },
};

use super::{EntryBuilder, Journal};

/// The number of accounts whose classification one entry records, far below the longest leaf.
const CLASSES_IN_ENTRY: usize = 200;

impl Journal {
    /// Another mapping of tags and OUs is in force. `digest` is the SHA-256 of its file, `accounts` the number of
    /// accounts whose classification it changed.
    pub fn classification_mapped(&self, digest: &str, accounts: usize) -> EntryBuilder {
        self.system_entry(EventKind::ClassificationMapped, Outcome::Success)
            .fact("mapping", digest)
            .fact("accounts", accounts)
    }

    /// What AWS was read to classify accounts as. Several entries, so that each stays short.
    pub fn classification_recorded(
        &self,
        classes: &BTreeMap<AccountId, Recorded>,
    ) -> Vec<EntryBuilder> {
        let all: Vec<(&AccountId, Recorded)> = classes
            .iter()
            .map(|(account, class)| (account, *class))
            .collect();
        let entry = |some: &[(&AccountId, Recorded)]| {
            self.system_entry(EventKind::ClassificationRecorded, Outcome::Success)
                .fact("accounts", some.len())
                .fact(CLASSES, written(some.iter().copied()))
        };
        all.chunks(CLASSES_IN_ENTRY).map(entry).collect()
    }
}

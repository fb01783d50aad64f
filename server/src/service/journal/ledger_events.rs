//! The entries about the ledger itself: MACs for earlier entries, entries that were set aside, and a loss that people
//! accepted.

use std::collections::BTreeSet;

use domain::{
    ids::PersonId,
    ledger::{EventKind, Hash, Outcome},
};

use super::{EntryBuilder, Journal};
use crate::service::row_findings::ComparisonResult;

/// Two administrators who agreed on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostAgreement {
    pub proposed_by: PersonId,
    pub confirmed_by: PersonId,
    pub reason: String,
}

impl Journal {
    /// Entries without a MAC got one: those that a checkpoint proves, and those that people accepted.
    pub fn ledger_adopted(
        &self,
        proven: u64,
        accepted: u64,
        agreement: Option<&HostAgreement>,
    ) -> EntryBuilder {
        let entry = self
            .about_ledger(EventKind::LedgerAdopted)
            .fact("proven", proven)
            .fact("accepted", accepted);
        match agreement {
            Some(agreement) => agreed(entry, agreement),
            None => entry,
        }
    }

    /// What Leastwise did not write was moved out of the ledger. `digest` is what people agreed to, `documents` the digest of
    /// the rows that are kept.
    pub fn ledger_set_aside(
        &self,
        from: u64,
        rows: usize,
        (digest, documents): (Hash, Hash),
        agreement: &HostAgreement,
    ) -> EntryBuilder {
        let entry = self
            .about_ledger(EventKind::LedgerSetAside)
            .fact("from", from)
            .fact("rows", rows)
            .fact("digest", digest.hex())
            .fact("documents", documents.hex());
        agreed(entry, agreement)
    }

    /// A comparison found rows that differ from the ledger. Which rows is in the result of the job and in the log: it may name
    /// people.
    pub fn rows_differ(&self, result: &ComparisonResult) -> EntryBuilder {
        let tables: BTreeSet<&str> = result
            .findings
            .iter()
            .map(|finding| finding.table.as_str())
            .collect();
        self.system_entry(EventKind::RowsDiffer, Outcome::Failure)
            .fact("rows", result.differing)
            .fact("tables", tables.into_iter().collect::<Vec<&str>>())
            .fact("digest", result.digest.hex())
    }

    /// People accepted that the end of the ledger is lost.
    pub fn ledger_restore_accepted(
        &self,
        found: u64,
        known: u64,
        agreement: &HostAgreement,
    ) -> EntryBuilder {
        let entry = self
            .about_ledger(EventKind::LedgerRestoreAccepted)
            .fact("entries", found)
            .fact("entries_before", known);
        agreed(entry, agreement)
    }

    fn about_ledger(&self, kind: EventKind) -> EntryBuilder {
        self.system_entry(kind, Outcome::Success)
            .target_id("ledger", self.log().as_str())
    }
}

fn agreed(entry: EntryBuilder, agreement: &HostAgreement) -> EntryBuilder {
    entry
        .justification(&agreement.reason)
        .fact("by", "command_line")
        .fact("proposed_by", agreement.proposed_by.as_str())
        .fact("confirmed_by", agreement.confirmed_by.as_str())
}

//! The entries about the ledger itself: MACs for earlier entries, entries that were set aside, and a loss that people
//! accepted.

use domain::{
    ids::PersonId,
    ledger::{EventKind, Hash, Outcome},
};

use super::{EntryBuilder, Journal};

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

    /// What Leastwise did not write was moved out of the ledger. `digest` is that of `ledger_set_aside`.
    pub fn ledger_set_aside(
        &self,
        from: u64,
        rows: usize,
        digest: Hash,
        agreement: &HostAgreement,
    ) -> EntryBuilder {
        let entry = self
            .about_ledger(EventKind::LedgerSetAside)
            .fact("from", from)
            .fact("rows", rows)
            .fact("digest", digest.hex());
        agreed(entry, agreement)
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

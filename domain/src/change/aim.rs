//! What a change aims at, as far as the changes of one person are counted and folded by it.
//!
//! Grants and removals have allowances of their own: grants never delay a removal. A removal that starts at
//! once has none, because it must not wait. One that waits only because removals add up is counted against no limit: it
//! may wait, and is never refused.

use serde::Serialize;

use super::{Operation, Proposal};
use crate::verdict::{Outcome, Verdict};

/// What the operations of a change do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// At least one item gives access.
    Grant,
    RemoveAssignments,
    RemoveMemberships,
    /// Removes both.
    RemoveBoth,
    /// Gives no access, and at least one item is about something else than access.
    Other,
}

impl Aim {
    pub const ALL: [Self; 5] = [
        Self::Grant,
        Self::RemoveAssignments,
        Self::RemoveMemberships,
        Self::RemoveBoth,
        Self::Other,
    ];

    /// Returns the name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::RemoveAssignments => "remove_assignments",
            Self::RemoveMemberships => "remove_memberships",
            Self::RemoveBoth => "remove_several",
            Self::Other => "other",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|aim| aim.as_str() == word)
    }
}

/// The changes of one person that are limited together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Allowance {
    /// Everything that does not only remove access.
    Grants,
    /// Removals that need an approval, or that a policy blocks.
    Removals,
    /// Removals that need an approval only because of the requester's earlier ones. Not limited.
    RemovalsTogether,
}

impl Allowance {
    /// Returns the name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grants => "grants",
            Self::Removals => "removals",
            Self::RemovalsTogether => "removals_together",
        }
    }
}

impl Proposal {
    /// Whether the change only removes access. Nothing may delay such a change. Everything else counts as giving
    /// access: what is not about access can open the way to it.
    pub fn only_removes(&self) -> bool {
        self.operations.iter().all(Operation::removes)
    }

    pub fn aim(&self) -> Aim {
        let has = |wanted: fn(&Operation) -> bool| self.operations.iter().any(wanted);
        if has(Operation::gives) {
            return Aim::Grant;
        }
        if !self.only_removes() {
            return Aim::Other;
        }
        let assignments = has(|operation| operation.unassigns().is_some());
        let memberships = has(|operation| operation.leaves().is_some());
        match (assignments, memberships) {
            (true, false) => Aim::RemoveAssignments,
            (false, true) => Aim::RemoveMemberships,
            _ => Aim::RemoveBoth,
        }
    }

    /// Returns what the change counts against with this verdict; none for a removal that starts at once.
    pub fn allowance(&self, verdict: &Verdict) -> Option<Allowance> {
        if !self.only_removes() {
            return Some(Allowance::Grants);
        }
        if verdict.is_due_to_earlier_removals() {
            return Some(Allowance::RemovalsTogether);
        }
        (verdict.outcome != Outcome::Allowed).then_some(Allowance::Removals)
    }
}

//! What a change aims at, as far as the changes of one person are counted and folded by it.
//!
//! Grants and removals have allowances of their own: grants never delay a removal. A removal that starts at
//! once has none, because it must not wait. One that waits only because removals add up is counted against no limit: it
//! may wait, and is never refused.

use super::{Operation, Proposal};
use crate::verdict::{Outcome, Verdict};

/// What the operations of a change do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aim {
    /// At least one operation gives access.
    Grant,
    RemoveAssignments,
    RemoveMemberships,
    /// Removes both.
    RemoveBoth,
}

impl Aim {
    pub const ALL: [Self; 4] = [
        Self::Grant,
        Self::RemoveAssignments,
        Self::RemoveMemberships,
        Self::RemoveBoth,
    ];

    /// Returns the name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::RemoveAssignments => "remove_assignments",
            Self::RemoveMemberships => "remove_memberships",
            Self::RemoveBoth => "remove_several",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|aim| aim.as_str() == word)
    }
}

/// The changes of one person that are limited together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Allowance {
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
    /// Whether at least one operation gives access. Otherwise the change only removes access.
    pub fn gives(&self) -> bool {
        self.operations.iter().any(Operation::gives)
    }

    pub fn aim(&self) -> Aim {
        let has = |wanted: fn(&Operation) -> bool| self.operations.iter().any(wanted);
        let assignments = has(|operation| matches!(operation, Operation::Unassign { .. }));
        let memberships = has(|operation| matches!(operation, Operation::RemoveMember { .. }));
        match (self.gives(), assignments, memberships) {
            (true, ..) => Aim::Grant,
            (false, true, false) => Aim::RemoveAssignments,
            (false, false, true) => Aim::RemoveMemberships,
            (false, ..) => Aim::RemoveBoth,
        }
    }

    /// Returns what the change counts against with this verdict; none for a removal that starts at once.
    pub fn allowance(&self, verdict: &Verdict) -> Option<Allowance> {
        if self.aim() == Aim::Grant {
            return Some(Allowance::Grants);
        }
        if verdict.is_due_to_earlier_removals() {
            return Some(Allowance::RemovalsTogether);
        }
        (verdict.outcome != Outcome::Allowed).then_some(Allowance::Removals)
    }
}

//! A reason against an item that needs no policy: it cannot be carried out, or other people must agree.

use crate::verdict::{Persistence, Remedies};

/// Somebody else changed what an item is about.
pub const CHANGED_MEANWHILE: &str = "system.changed-meanwhile";

/// A reason against an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// Stable; begins with `system.`, which is reserved for the program.
    pub rule: &'static str,
    /// The explanation for the requester.
    pub reason: String,
    /// The reference for the assessor.
    pub control: &'static str,
    /// What lifts it; none if nothing does.
    pub remedy: Option<Remedies>,
    /// Whether it goes by itself.
    pub persistence: Persistence,
}

impl Objection {
    /// Returns an objection that nothing lifts.
    pub fn blocks(rule: &'static str, reason: String, control: &'static str) -> Self {
        Self {
            rule,
            reason,
            control,
            remedy: None,
            persistence: Persistence::Lasting,
        }
    }

    /// Returns an objection that approvals by this many other people lift.
    pub fn needs(approvals: u8, rule: &'static str, reason: String, control: &'static str) -> Self {
        Self {
            remedy: Some(Remedies::approvals_of(approvals)),
            ..Self::blocks(rule, reason, control)
        }
    }

    /// Returns an objection that goes by itself, or once somebody corrects what the item rests on.
    #[must_use]
    pub fn passing(self) -> Self {
        Self {
            persistence: Persistence::Passing,
            ..self
        }
    }

    /// Returns the objection to an item whose subject was not read; `what` is a sentence.
    pub fn not_read(what: String) -> Self {
        let reason = format!("{what} Try again.");
        Self::blocks("system.not-read", reason, "PCI 7.2.1").passing()
    }

    /// Returns the objection to an item whose subject somebody else changed; `what` is a sentence.
    pub fn changed_meanwhile(what: String) -> Self {
        let reason = format!("{what} Open the form again and review what it is now.");
        Self::blocks(CHANGED_MEANWHILE, reason, "PCI 6.5.1")
    }
}

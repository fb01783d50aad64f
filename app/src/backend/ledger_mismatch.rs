//! Changes that count only in part: those that differ from the ledger, and those that this version does not understand.

use domain::{
    change::{State, UnreadableCause},
    ids::ChangeId,
    ledger::projection::{ChangeMismatch, DecisionMismatchKind, Misstatement},
    time::Timestamp,
};

use super::{SentencePart, TimelineRow, WithdrawObstacle, obstacle};

/// How a change, or a decision on it, differs from the ledger.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LedgerMismatchView {
    /// How the change differs, if it does.
    pub content: Option<ChangeMismatch>,
    /// What else the database states otherwise than the ledger, which the page shows.
    pub row: Vec<Misstatement>,
    /// The decisions that differ.
    pub decisions: Vec<DecisionMismatchView>,
    /// What follows for the change.
    pub consequence: MismatchConsequence,
}

/// A decision that differs from the ledger.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DecisionMismatchView {
    /// The name of the approver.
    pub approver: String,
    pub kind: DecisionMismatchKind,
}

/// What follows for a change that differs from the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MismatchConsequence {
    Over,
    /// It had started before.
    Started,
    /// It will not start, and nobody can decide on it.
    NeverStarts,
    /// It only removes access and needs no approval, so it is carried out.
    CarriedOut,
    /// It only takes something else away and needs no approval, so it is carried out.
    TakesAway,
    /// A declining decision counts even if only the row or the entry exists.
    DeclineCounts,
    /// An approval does not count without both.
    ApprovalDoesNotCount,
    /// A text that approvers rely on was altered.
    NobodyDecides,
    /// Nothing: the page shows what the ledger records, and that counts.
    LedgerShown,
    /// What follows because it is not understood.
    Unreadable(UnreadableConsequence),
}

/// A change with an item that this version of Leastwise does not understand: it can be seen and withdrawn only.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct UnreadableChangeView {
    pub id: ChangeId,
    /// The name of the requester.
    pub requester: String,
    pub submitted: Timestamp,
    pub state: State,
    pub justification: String,
    pub ticket: Option<String>,
    pub cause: UnreadableCause,
    /// What follows for the change.
    pub consequence: UnreadableConsequence,
    /// The first items, as far as they are understood.
    pub items: Vec<UnreadableItem>,
    /// The number of all items.
    pub total: usize,
    /// The number of those that are not understood.
    pub unknown: usize,
    pub timeline: Vec<TimelineRow>,
    /// Whether the viewer may withdraw it; an error holds the reason why not.
    #[serde(rename = "withdraw_obstacle", serialize_with = "obstacle")]
    pub withdraw: Result<(), WithdrawObstacle>,
    /// Identifies the state that the page shows, as [`ChangeView::live_key`](super::ChangeView::live_key).
    pub live_key: String,
    /// How it differs from the ledger, if it does.
    pub mismatch: Option<LedgerMismatchView>,
}

/// What follows for a change that is not understood as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnreadableConsequence {
    Over,
    /// It had started before, and what was started is carried out.
    Started,
    /// Nobody can decide on it, and it does not start.
    NeverStarts,
}

/// An item of a change that is not understood as a whole.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnreadableItem {
    /// Understood.
    Known(Vec<SentencePart>),
    /// Not understood: the stored document.
    NotUnderstood(String),
}

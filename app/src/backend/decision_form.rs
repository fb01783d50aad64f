//! The form of a decision. This module is the only place that names its fields: the page and the action use these names.

use domain::approval::Decision;

/// The names of the fields, as the browser sends them.
pub mod decision_field {
    /// The decision, as [`decision_word`](super::decision_word) returns it.
    pub const DECISION: &str = "decision";
    pub const REASON: &str = "reason";
    /// The hash of the effect that the page shows.
    pub const EFFECT: &str = "effect";

    /// All fields that the form sends.
    pub const SENT: [&str; 3] = [DECISION, REASON, EFFECT];
    /// The text that the user typed, and which of the two forms it belongs to.
    pub const TYPED: [&str; 2] = [DECISION, REASON];
}

/// The decision that an approver submits.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DecisionInput {
    pub decision: Decision,
    pub reason: String,
    /// The hash of the effect that was shown to the approver.
    pub effect: String,
}

/// Returns the form value of a decision.
pub const fn decision_word(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "approve",
        Decision::Decline => "decline",
    }
}

/// Returns the decision with the given form value.
pub fn decision_of(word: &str) -> Option<Decision> {
    [Decision::Approve, Decision::Decline]
        .into_iter()
        .find(|decision| decision_word(*decision) == word)
}

//! The form of a decision. Its fields are named here only: the page and the action take their names from here.

use domain::approval::Decision;

/// The names of the fields, as the browser sends them.
pub mod decision_field {
    /// [`decision_word`](super::decision_word) of the decision.
    pub const DECISION: &str = "decision";
    /// Why.
    pub const REASON: &str = "reason";
    /// The hash of the effect that the page showed.
    pub const EFFECT: &str = "effect";

    /// Everything that the form sends.
    pub const SENT: [&str; 3] = [DECISION, REASON, EFFECT];
    /// What was typed, and into which of the two forms.
    pub const TYPED: [&str; 2] = [DECISION, REASON];
}

/// What an approver sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionInput {
    /// Yes or no.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// The effect that they looked at.
    pub effect: String,
}

/// A decision, as the form sends it.
pub const fn decision_word(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "approve",
        Decision::Decline => "decline",
    }
}

/// The decision of a word.
pub fn decision_of(word: &str) -> Option<Decision> {
    [Decision::Approve, Decision::Decline]
        .into_iter()
        .find(|decision| decision_word(*decision) == word)
}

//! The answer of the rules: a value, never an error.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// SHA-256 in hex over the text of every rule in force: the version that a verdict is bound to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RulesVersion(pub String);

/// What may happen with a change. Ordered: a later one is stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// At once.
    Allowed,
    /// When enough others agree.
    NeedsApproval,
    /// Never, as it stands.
    Refused,
}

/// What would lift a guardrail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// So many approvals by other people.
    Approvals(u8),
}

/// One rule that was hit, by one or more gains of the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The rule's `@id`.
    pub rule: String,
    /// The rule's `@reason`: what the person reads.
    pub reason: String,
    /// The rule's `@control`: what the assessor reads, e.g. `PCI 7.2.2`.
    pub control: String,
    /// What would lift it; none means that nothing does.
    pub remedy: Option<Remedy>,
    /// Which gains it is about, as indexes into the change's gains.
    pub gains: BTreeSet<usize>,
}

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The strictest of all.
    pub outcome: Outcome,
    /// Approvals needed, when the outcome is *needs approval*: the most that any rule asks.
    pub approvals: u8,
    /// Every rule that was hit, in the order of the rules' text.
    pub hits: Vec<Hit>,
    /// Under which rules.
    pub rules: RulesVersion,
}

impl Verdict {
    /// Nothing was hit.
    pub fn allowed(rules: RulesVersion) -> Self {
        Self {
            outcome: Outcome::Allowed,
            approvals: 0,
            hits: Vec::new(),
            rules,
        }
    }
}

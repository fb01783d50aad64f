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

impl Hit {
    /// What it makes of whatever it stands against.
    pub fn outcome(&self) -> Outcome {
        match self.remedy {
            Some(Remedy::Approvals(_)) => Outcome::NeedsApproval,
            None => Outcome::Refused,
        }
    }
}

/// How many of what exists stand against the rules: the one definition, for rules against one assignment as
/// for assignments, paths and rows. What an approval would make right is not *against* them: it is not
/// approved here, and counted apart. Nothing is counted as both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tally {
    /// What no approval would make right.
    pub against: usize,
    /// What approvals would make right, and nobody gave them.
    pub unapproved: usize,
}

impl Tally {
    /// Counts each by what the rules make of it.
    pub fn of(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let mut tally = Self::default();
        for outcome in outcomes {
            tally.add(outcome, 1);
        }
        tally
    }

    /// Counts so many alike.
    pub fn add(&mut self, outcome: Outcome, count: usize) {
        match outcome {
            Outcome::Refused => self.against += count,
            Outcome::NeedsApproval => self.unapproved += count,
            Outcome::Allowed => {}
        }
    }

    /// Everything that something was said of.
    pub fn all(self) -> usize {
        self.against + self.unapproved
    }
}

impl std::iter::Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            against: sum.against + one.against,
            unapproved: sum.unapproved + one.unapproved,
        })
    }
}

/// What several words about one thing come to: the strictest of them, and *allowed* where nothing was said.
pub fn strictest(outcomes: impl IntoIterator<Item = Outcome>) -> Outcome {
    outcomes.into_iter().max().unwrap_or(Outcome::Allowed)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_approval_lifts_is_counted_apart_from_what_nothing_lifts() {
        use Outcome::{Allowed, NeedsApproval, Refused};
        let tally = Tally::of([Refused, NeedsApproval, Allowed, Refused]);
        assert_eq!((tally.against, tally.unapproved, tally.all()), (2, 1, 3));
        assert_eq!(Tally::of([Allowed]), Tally::default());
        let twice: Tally = [tally, tally].into_iter().sum();
        assert_eq!((twice.against, twice.unapproved), (4, 2));
    }

    #[test]
    fn an_assignment_is_as_bad_as_the_worst_that_is_said_of_it() {
        use Outcome::{Allowed, NeedsApproval, Refused};
        assert_eq!(strictest([NeedsApproval, Refused, Allowed]), Refused);
        assert_eq!(strictest([Allowed, NeedsApproval]), NeedsApproval);
        assert_eq!(strictest([]), Allowed);
    }
}

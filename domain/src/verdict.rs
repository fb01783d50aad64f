//! The verdict on a change: a value, never an error.

mod remedies;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use remedies::{Remedies, Remedy};

/// SHA-256 (hex) of the text of all policies in force: the version that a verdict is bound to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RulesVersion(pub String);

/// The outcome of an evaluation. Ordered from least to most strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The change is carried out at once.
    Allowed,
    /// The change is carried out after the required approvals.
    NeedsApproval,
    /// The change is blocked; no approval permits it.
    Refused,
}

/// A policy that matched, for one or more gains of the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredHit")]
pub struct Hit {
    /// The policy's `@id`.
    pub rule: String,
    /// The policy's `@reason`: the explanation for the requester.
    pub reason: String,
    /// The policy's `@control`: the reference for the assessor, such as `PCI 7.2.2`.
    pub control: String,
    /// What lifts the policy; none if nothing does.
    pub remedy: Option<Remedies>,
    /// The gains it is about, as indexes into `Evaluation::gains`. They are not stored.
    #[serde(skip)]
    pub gains: BTreeSet<usize>,
    /// How many gains of single people these are: one for each person and path.
    pub affected: usize,
    /// How many people lose access together with the requester's earlier removals, if the policy would not match without
    /// these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people_together: Option<usize>,
}

/// The stored form. Earlier versions stored the index of every single gain instead of their number.
#[derive(Deserialize)]
struct StoredHit {
    rule: String,
    reason: String,
    control: String,
    remedy: Option<Remedies>,
    #[serde(default)]
    gains: Vec<usize>,
    #[serde(default)]
    affected: usize,
    #[serde(default)]
    people_together: Option<usize>,
}

impl From<StoredHit> for Hit {
    fn from(stored: StoredHit) -> Self {
        Self {
            rule: stored.rule,
            reason: stored.reason,
            control: stored.control,
            remedy: stored.remedy,
            gains: BTreeSet::new(),
            affected: stored.affected.max(stored.gains.len()),
            people_together: stored.people_together,
        }
    }
}

impl Hit {
    /// Returns the outcome for what the policy matched.
    pub fn outcome(&self) -> Outcome {
        match self.remedy {
            Some(_) => Outcome::NeedsApproval,
            None => Outcome::Refused,
        }
    }
}

/// The number of policy violations and of unapproved items in existing access. The same definition applies to the
/// policies on one assignment and to assignments, paths and rows. What an approval would permit is *unapproved* and not
/// a violation; nothing counts as both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Tally {
    /// Violations: no approval would permit them.
    pub against: usize,
    /// Unapproved: approvals would permit them, and there are none.
    pub unapproved: usize,
}

impl Tally {
    /// Counts a list of outcomes.
    pub fn of(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let mut tally = Self::default();
        for outcome in outcomes {
            tally.add(outcome, 1);
        }
        tally
    }

    /// Adds `count` items of one outcome.
    pub fn add(&mut self, outcome: Outcome, count: usize) {
        match outcome {
            Outcome::Refused => self.against += count,
            Outcome::NeedsApproval => self.unapproved += count,
            Outcome::Allowed => {}
        }
    }

    /// Returns the number of violations and unapproved items together.
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

/// Returns the strictest of several outcomes; *allowed* if there are none.
pub fn strictest(outcomes: impl IntoIterator<Item = Outcome>) -> Outcome {
    outcomes.into_iter().max().unwrap_or(Outcome::Allowed)
}

/// The verdict on a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The strictest outcome of all hits.
    pub outcome: Outcome,
    /// The number of approvals needed if the outcome is *needs approval*: the most that any policy requires.
    pub approvals: u8,
    /// All policies that matched, in the order of the policy text.
    pub hits: Vec<Hit>,
    /// The version of the policies that were evaluated.
    pub rules: RulesVersion,
}

impl Verdict {
    /// Returns the verdict of what matched. The strictest outcome of all hits counts.
    pub fn of(hits: Vec<Hit>, rules: RulesVersion) -> Self {
        let outcome = strictest(hits.iter().map(Hit::outcome));
        let needed = hits.iter().filter_map(|hit| hit.remedy.as_ref());
        let needed = needed.map(Remedies::approvals).max();
        let approvals = match outcome {
            Outcome::NeedsApproval => needed.unwrap_or(0),
            Outcome::Allowed | Outcome::Refused => 0,
        };
        Self {
            outcome,
            approvals,
            hits,
            rules,
        }
    }

    /// Whether whoever approves must have signed in recently, by a policy.
    pub fn needs_step_up(&self) -> bool {
        let mut remedies = self.hits.iter().filter_map(|hit| hit.remedy.as_ref());
        remedies.any(Remedies::need_step_up)
    }

    /// Whether somebody else must approve only because of the requester's earlier removals.
    pub fn is_due_to_earlier_removals(&self) -> bool {
        let due = |hit: &Hit| hit.people_together.is_some();
        self.outcome == Outcome::NeedsApproval && self.hits.iter().all(due)
    }

    /// Returns the verdict without what nothing lifts. An accepted removal that cannot be written now is not blocked
    /// when it starts: AWS decides, and the engine tries again.
    #[must_use]
    pub fn of_accepted_removal(self) -> Self {
        let liftable = |hit: &Hit| hit.remedy.is_some();
        let hits = self.hits.into_iter().filter(liftable).collect();
        Self::of(hits, self.rules)
    }

    /// Returns the verdict if no policy matched.
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
    fn a_verdict_of_an_earlier_version_is_still_read() {
        let earlier = r#"{"rule":"r","reason":"w","control":"c","remedy":null,"gains":[0,1,7]}"#;
        let hit: Hit = serde_json::from_str(earlier).expect("readable");
        assert_eq!(hit.affected, 3);
        let stored = serde_json::to_string(&hit).expect("writable");
        assert_eq!(serde_json::from_str::<Hit>(&stored).expect("readable"), hit);
    }

    #[test]
    fn an_accepted_removal_is_held_by_approvals_only() {
        let hit = |rule: &str, remedy| Hit {
            rule: rule.to_owned(),
            reason: String::new(),
            control: String::new(),
            remedy,
            gains: BTreeSet::new(),
            affected: 0,
            people_together: None,
        };
        let (last, two) = (
            hit("final", None),
            hit("two", Some(Remedies::approvals_of(2))),
        );
        let verdict = |hits: &[&Hit]| {
            let hits = hits.iter().map(|hit| (*hit).clone()).collect();
            Verdict::of(hits, RulesVersion(String::new()))
        };
        let all = verdict(&[&last, &two]);
        assert_eq!((all.outcome, all.approvals), (Outcome::Refused, 0));
        assert_eq!(all.of_accepted_removal(), verdict(&[&two]));
        let held = verdict(&[&two]);
        assert_eq!((held.outcome, held.approvals), (Outcome::NeedsApproval, 2));
        assert_eq!(verdict(&[&last]).of_accepted_removal(), verdict(&[]));
        assert_eq!(verdict(&[]), Verdict::allowed(RulesVersion(String::new())));
    }

    #[test]
    fn an_assignment_is_as_bad_as_the_worst_that_is_said_of_it() {
        use Outcome::{Allowed, NeedsApproval, Refused};
        assert_eq!(strictest([NeedsApproval, Refused, Allowed]), Refused);
        assert_eq!(strictest([Allowed, NeedsApproval]), NeedsApproval);
        assert_eq!(strictest([]), Allowed);
    }
}

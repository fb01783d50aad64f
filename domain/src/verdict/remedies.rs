//! What lifts a guardrail: a list of conditions, all of which must be met. A condition that is not enforced must never be
//! in a list, or it would look met.

use serde::{Deserialize, Serialize};

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// This many approvals by other people.
    Approvals(u8),
    /// Whoever approves has signed in recently, whatever the change concerns.
    StepUp,
}

/// The conditions that lift a guardrail together. Never empty: a guardrail that nothing lifts has no remedies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "StoredRemedies", into = "Vec<Remedy>")]
pub struct Remedies(Vec<Remedy>);

/// The stored form. Earlier versions stored the only condition alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredRemedies {
    All(Vec<Remedy>),
    One(Remedy),
}

impl From<StoredRemedies> for Remedies {
    fn from(stored: StoredRemedies) -> Self {
        match stored {
            StoredRemedies::All(all) => Self(all),
            StoredRemedies::One(one) => Self(vec![one]),
        }
    }
}

impl From<Remedies> for Vec<Remedy> {
    fn from(remedies: Remedies) -> Self {
        remedies.0
    }
}

impl Remedies {
    /// Returns the remedy of this many approvals.
    pub fn approvals_of(count: u8) -> Self {
        Self(vec![Remedy::Approvals(count)])
    }

    /// Adds that whoever approves has signed in recently.
    #[must_use]
    pub fn and_step_up(mut self) -> Self {
        self.0.push(Remedy::StepUp);
        self
    }

    /// Returns the conditions in the order of the policy.
    pub fn list(&self) -> &[Remedy] {
        &self.0
    }

    /// Returns how many approvals are needed. At least one: without approvals nobody would meet the other conditions.
    pub fn approvals(&self) -> u8 {
        let counts = self.0.iter().map(|remedy| match remedy {
            Remedy::Approvals(count) => *count,
            Remedy::StepUp => 1,
        });
        counts.max().unwrap_or(u8::MAX)
    }

    /// Whether the approvals of this many people lift the guardrail. Whether they had signed in recently was checked
    /// when each of them decided.
    pub fn lifted_by(&self, agreed: usize) -> bool {
        agreed >= usize::from(self.approvals())
    }

    /// Whether whoever approves must have signed in recently.
    pub fn need_step_up(&self) -> bool {
        self.0.contains(&Remedy::StepUp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_remedy_of_an_earlier_version_is_a_list_of_one() {
        let earlier: Remedies = serde_json::from_str(r#"{"approvals":2}"#).expect("readable");
        assert_eq!(earlier, Remedies::approvals_of(2));
        let now = serde_json::to_string(&earlier.and_step_up()).expect("writable");
        assert_eq!(now, r#"[{"approvals":2},"step_up"]"#);
        let read: Remedies = serde_json::from_str(&now).expect("readable");
        assert!(read.need_step_up() && read.lifted_by(2) && !read.lifted_by(1));
    }

    #[test]
    fn a_list_without_approvals_is_lifted_by_nobody_alone() {
        let none: Remedies = serde_json::from_str("[]").expect("readable");
        assert!(!none.lifted_by(9));
        let step_up: Remedies = serde_json::from_str(r#"["step_up"]"#).expect("readable");
        assert!(!step_up.lifted_by(0));
    }
}

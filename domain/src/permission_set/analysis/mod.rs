//! What a permission set really allows.
//!
//! Reads every policy of a set that can be read, and says what it could be abused for. What cannot
//! be read or understood is *unknown*, which the guardrails treat as the worst; nothing here ever
//! guesses in favour of a set. No finding means that nothing on the lists was found, not that a set is harmless.

mod json;
mod meaning;
mod pattern;
mod policy;
mod rules;
mod watch;
pub mod words;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use self::{
    meaning::{Meaning, Source},
    policy::Policy,
};
use crate::permission_set::{Boundary, Content};

/// What a set could be abused for. The words are part of the rules' schema: keep them stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Everything, or so nearly everything that the rest is one call away.
    Administrator,
    /// Can give itself or somebody else more.
    Escalation,
    /// Can hand out access in Identity Center or the organization.
    IdentityCenterTakeover,
    /// Can stop, delete or blind logs and guardrails.
    Tampering,
    /// Can read data that could be card data.
    DataRead,
    /// Holds something that could not be read or understood.
    Unknown,
}

impl Risk {
    /// The word for it in rules, the database and the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Escalation => "escalation",
            Self::IdentityCenterTakeover => "identity_center_takeover",
            Self::Tampering => "tampering",
            Self::DataRead => "data_read",
            Self::Unknown => "unknown",
        }
    }
}

/// Which policy of the set a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyRef {
    /// An AWS managed policy, by ARN.
    Managed(String),
    /// A customer-managed policy, by path and name.
    Customer(String),
    /// The inline policy.
    Inline,
}

/// One thing a set could be abused for, and where that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What for.
    pub risk: Risk,
    /// One sentence for people.
    pub reason: String,
    /// In which policy.
    pub policy: PolicyRef,
    /// In which statement, counted from 0, where one is to blame.
    pub statement: Option<usize>,
    /// The actions that make it so, at most ten.
    pub actions: Vec<String>,
    /// How many actions of the same kind there are beside them.
    pub more: usize,
}

impl Finding {
    /// How many actions make it so: the one number for it, wherever it is told.
    pub fn count(&self) -> usize {
        self.actions.len() + self.more
    }
}

/// Everything found in a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Analysis {
    /// In order of risk, then policy, then statement.
    pub findings: Vec<Finding>,
}

impl Analysis {
    /// The risks found, each once.
    pub fn risks(&self) -> BTreeSet<Risk> {
        self.findings.iter().map(|finding| finding.risk).collect()
    }

    /// Whether a risk was found.
    pub fn has(&self, risk: Risk) -> bool {
        self.findings.iter().any(|finding| finding.risk == risk)
    }
}

/// Where the text of AWS managed policies comes from.
pub trait ManagedPolicies {
    /// The JSON of the policy's current version. `None` makes a set that holds it unknown.
    fn document(&self, arn: &str) -> Option<&str>;
}

/// Says what a set's content allows.
pub fn analyse(content: &Content, catalogue: &dyn ManagedPolicies) -> Analysis {
    let mut findings = Vec::new();
    rules::unknown::find_references(content, catalogue, &mut findings);

    let managed = content.managed.iter().filter_map(|arn| {
        let policy = Policy::parse(catalogue.document(arn)?);
        Some(Source {
            name: PolicyRef::Managed(arn.clone()),
            policy,
        })
    });
    let inline = content.inline.iter().map(|text| Source {
        name: PolicyRef::Inline,
        policy: Policy::parse(text),
    });
    let meaning = Meaning::new(
        managed.chain(inline).collect(),
        boundary_of(content, catalogue),
    );
    rules::find(&meaning, &mut findings);

    findings
        .sort_by(|a, b| (a.risk, &a.policy, a.statement).cmp(&(b.risk, &b.policy, b.statement)));
    Analysis { findings }
}

/// The boundary, where all of it is understood. A customer's own is text in each account, which is not read here.
fn boundary_of(content: &Content, catalogue: &dyn ManagedPolicies) -> Option<Policy> {
    let Some(Boundary::Managed(arn)) = &content.boundary else {
        return None;
    };
    let policy = Policy::parse(catalogue.document(arn)?);
    policy.problems.is_empty().then_some(policy)
}

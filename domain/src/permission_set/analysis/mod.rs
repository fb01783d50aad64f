//! Analysis of what a permission set allows.
//!
//! Reads every policy of a set that is available and reports the risks. What cannot be read or understood is *unknown*,
//! which the policies treat like the worst risk; the analysis never assumes in favour of a set. No finding means that
//! no listed action was found, not that a set is harmless.

mod effective_permissions;
mod json;
pub mod labels;
mod pattern;
mod policy;
mod rules;
mod watch;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use self::{
    effective_permissions::{Meaning, Source},
    policy::Policy,
};
use crate::permission_set::{Boundary, Content};

/// A risk of a permission set. The names are part of the Cedar schema: keep them stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Allows everything, or nearly everything, from which its holder can gain the rest.
    Administrator,
    /// Can give more permissions to its holder or to others (privilege escalation).
    Escalation,
    /// Can grant access in Identity Center or the organization.
    IdentityCenterTakeover,
    /// Can stop, delete or tamper with logs and security controls.
    Tampering,
    /// Can read data that could be card data.
    DataRead,
    /// Contains something that could not be read or understood.
    Unknown,
}

impl Risk {
    /// Returns the name of the risk in policies, the database and the ledger.
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

/// The policy of a permission set that a finding is about.
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

/// One risk of a permission set, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub risk: Risk,
    /// One sentence that explains the finding.
    pub reason: String,
    pub policy: PolicyRef,
    /// Index of the statement, counted from 0, if a single one is the cause.
    pub statement: Option<usize>,
    /// The actions that cause the finding, at most ten.
    pub actions: Vec<String>,
    /// The number of further actions of the same kind.
    pub more: usize,
}

impl Finding {
    /// Returns the total number of actions that cause the finding.
    pub fn count(&self) -> usize {
        self.actions.len() + self.more
    }
}

/// All findings about a permission set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Analysis {
    /// Ordered by risk, then policy, then statement.
    pub findings: Vec<Finding>,
}

impl Analysis {
    /// Returns the distinct risks.
    pub fn risks(&self) -> BTreeSet<Risk> {
        self.findings.iter().map(|finding| finding.risk).collect()
    }

    /// Whether a risk was found.
    pub fn has(&self, risk: Risk) -> bool {
        self.findings.iter().any(|finding| finding.risk == risk)
    }
}

/// A source for the text of AWS managed policies.
pub trait ManagedPolicies {
    /// Returns the JSON of the current version of a policy. `None` makes a set that refers to it unknown.
    fn document(&self, arn: &str) -> Option<&str>;
}

/// Analyses the content of a permission set.
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

/// Returns the boundary if it is fully understood. A customer-managed boundary is not, because its text is in each
/// account and is not read.
fn boundary_of(content: &Content, catalogue: &dyn ManagedPolicies) -> Option<Policy> {
    let Some(Boundary::Managed(arn)) = &content.boundary else {
        return None;
    };
    let policy = Policy::parse(catalogue.document(arn)?);
    policy.problems.is_empty().then_some(policy)
}

//! What a permission set allows, as capabilities.
//!
//! Reads every policy of a set that is available and gives each action that it allows its capabilities. What cannot be
//! read or understood is *unknown*, which counts like the worst; an action that nobody has reviewed has what its access
//! level suggests at worst. Never assumes in favour of a set.

mod action_set;
mod age;
mod allowed;
pub mod capability;
pub mod catalogue;
mod finding;
mod glob;
mod json;
pub mod labels;
mod log_bucket;
mod pattern;
mod policy;
pub mod policy_file;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::{
    age::{Age, DataAge},
    capability::Capability,
    catalogue::ActionCatalogue,
    finding::Finding,
    log_bucket::LogBuckets,
};
use self::{
    allowed::{Permissions, Source},
    capability::Need,
    policy::Policy,
};
use crate::permission_set::{Boundary, Content};

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

/// How much of a capability a permission set allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Extent {
    /// Actions of the catalogue.
    pub actions: usize,
    /// Services of these actions.
    pub services: usize,
}

/// Actions of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceActions {
    /// As in `ec2:RunInstances`.
    pub service: String,
    /// Without the service, ordered by name.
    pub actions: Vec<String>,
}

/// What a permission set allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Analysis {
    /// Ordered by capability, then policy, then statement.
    pub findings: Vec<Finding>,
    /// The extent of each capability that is found.
    pub extents: BTreeMap<Capability, Extent>,
    /// What to know about the result: what has no effect, such as an action that does not exist, with its position and a
    /// proposal; and what was not taken into account.
    pub notes: Vec<String>,
}

impl Analysis {
    /// Returns the distinct capabilities.
    pub fn capabilities(&self) -> BTreeSet<Capability> {
        self.extents.keys().copied().collect()
    }

    /// Whether the set has a capability.
    pub fn has(&self, capability: Capability) -> bool {
        self.extents.contains_key(&capability)
    }

    /// Returns what standing access to production PCI needs by the policies that Leastwise brings.
    pub fn standing_in_production_pci(&self) -> Need {
        self.worst(Capability::standing_in_production_pci)
    }

    /// Returns what temporary access to production PCI needs by the policies that Leastwise brings.
    pub fn temporary_in_production_pci(&self) -> Need {
        self.worst(Capability::temporary_in_production_pci)
    }

    fn worst(&self, need: fn(Capability) -> Need) -> Need {
        self.extents
            .keys()
            .map(|capability| need(*capability))
            .max()
            .unwrap_or(Need::TwoApprovals)
    }
}

/// What the analysis knows about AWS and about the organization.
pub trait Catalogue {
    /// Returns the JSON of the current version of an AWS managed policy. `None` makes a set that refers to it unknown.
    fn document(&self, arn: &str) -> Option<&str>;

    /// Returns the actions of AWS.
    fn actions(&self) -> &ActionCatalogue;

    /// Returns which buckets hold logs.
    fn log_buckets(&self) -> &LogBuckets;
}

/// Analyses the content of a permission set.
pub fn analyse(content: &Content, catalogue: &dyn Catalogue) -> Analysis {
    let policies = Policies::of(content, catalogue);
    let permissions = policies.permissions(catalogue);
    let mut findings = Vec::new();
    rules::unknown::find_references(content, catalogue, &mut findings);
    rules::find(&permissions, catalogue.log_buckets(), &mut findings);
    findings.sort_by(|a: &Finding, b| {
        (a.capability, &a.policy, a.statement).cmp(&(b.capability, &b.policy, b.statement))
    });
    Analysis {
        extents: rules::extents(&permissions, &findings),
        notes: rules::notes::of(&permissions, catalogue.log_buckets()),
        findings,
    }
}

/// Returns the names of the actions that rules look for, as `service:Action`. A catalogue without one of them lets a rule find
/// less.
pub fn named_by_rules() -> impl Iterator<Item = &'static str> {
    rules::names()
}

/// Returns the actions that keep a permission set from standing access to production PCI, ordered by service: those with a
/// capability that the policies block there. They can be
/// thousands, so they are no part of an [`Analysis`], of which there is one for each set in memory.
pub fn against_standing(
    content: &Content,
    catalogue: &dyn Catalogue,
    blocked: &BTreeSet<Capability>,
) -> Vec<ServiceActions> {
    let policies = Policies::of(content, catalogue);
    rules::against_standing(&policies.permissions(catalogue), blocked)
}

/// The policies of a permission set that can be read.
struct Policies {
    sources: Vec<Source>,
    boundary: Option<Policy>,
}

impl Policies {
    fn of(content: &Content, catalogue: &dyn Catalogue) -> Self {
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
        Self {
            sources: managed.chain(inline).collect(),
            boundary: boundary_of(content, catalogue),
        }
    }

    fn permissions<'a>(&'a self, catalogue: &'a dyn Catalogue) -> Permissions<'a> {
        Permissions::of(catalogue.actions(), &self.sources, self.boundary.as_ref())
    }
}

/// Returns the boundary if it is fully understood. A customer-managed boundary is not, because its text is in each
/// account and is not read.
fn boundary_of(content: &Content, catalogue: &dyn Catalogue) -> Option<Policy> {
    let Some(Boundary::Managed(arn)) = &content.boundary else {
        return None;
    };
    let policy = Policy::parse(catalogue.document(arn)?);
    policy.problems.is_empty().then_some(policy)
}

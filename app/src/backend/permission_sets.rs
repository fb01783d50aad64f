//! Permission sets: the list, and one permission set with the capabilities of its policies.

use async_trait::async_trait;
use domain::{
    permission_set::{
        Boundary, PolicyText,
        analysis::{Analysis, DataAge, PolicyRef, ServiceActions, capability::ProductionPciNeeds},
    },
    snapshot::{Figure, Knowledge},
    time::Timestamp,
};

use super::{AccountRef, ListPage, PortResult, SetRef};
use crate::lists::ListChoice;

/// A permission set in the list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SetRow {
    pub set: SetRef,
    pub description: Option<String>,
    /// The session duration, in seconds.
    pub session_seconds: u32,
    /// The number of accounts in which it is assigned.
    pub accounts: Figure,
    /// The number of production PCI accounts in which it is assigned.
    pub production_pci: Figure,
    /// The number of its assignments that violate policies in production PCI.
    pub violations: Figure,
    /// The number of people who can use it.
    pub people: Figure,
    /// The number of accounts with an outdated version.
    pub outdated: Figure,
}

/// An account in which a permission set is assigned.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SetAccountRow {
    pub account: AccountRef,
    /// The number of principals assigned.
    pub principals: usize,
    /// The number of people with this access.
    pub people: Figure,
    /// The number of assignments that violate policies. `None` outside production PCI, where the page of the account evaluates
    /// them.
    pub violations: Option<Figure>,
    /// The number of assignments that lack the approval that would permit them. `None` as for violations.
    pub unapproved: Option<Figure>,
    /// Whether the account has an outdated version.
    pub outdated: bool,
    /// When the assignments were last read from AWS.
    pub as_of: Timestamp,
}

/// A permission set, as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SetView {
    pub set: SetRef,
    pub description: Option<String>,
    pub analysis: Analysis,
    /// What it needs in production PCI by the policies.
    pub needs: ProductionPciNeeds,
    /// The actions that keep it from standing access to production PCI.
    pub against_standing: Vec<ServiceActions>,
    /// A note about its permissions boundary, if that is not taken into account.
    pub boundary_note: Option<String>,
    /// Its policies, in the order of the findings.
    pub policies: Vec<PolicyView>,
    pub boundary: Option<Boundary>,
    /// The session duration, in seconds.
    pub session_seconds: u32,
    /// The hash of the content.
    pub hash: String,
    /// The accounts in which it is assigned, production PCI first.
    pub holds: Vec<SetAccountRow>,
    /// Whether these are all its accounts.
    pub assignments: Knowledge,
    /// The number of people who can use it.
    pub people: Figure,
    pub catalogue: CatalogueFacts,
    /// Which data is outdated that it was evaluated with.
    pub outdated: Option<OutdatedData>,
}

/// Data about AWS that is so old that it lacks what AWS has added.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OutdatedData {
    pub warning: String,
    /// The age of the oldest.
    pub oldest: String,
}

/// A policy of a permission set.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PolicyView {
    pub policy: PolicyRef,
    pub body: PolicyBody,
}

/// The text of a policy.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyBody {
    Cut {
        parts: PolicyText,
        /// As AWS stores it.
        text: String,
    },
    /// It is no JSON object.
    AsStored(String),
    /// A customer-managed policy, whose text is in each account.
    InEachAccount,
    /// An AWS managed policy that the catalogue does not have.
    NotInCatalogue,
}

impl PolicyBody {
    /// Cuts a text into statements, if it can be.
    pub fn of(text: &str) -> Self {
        match PolicyText::of(text) {
            Some(parts) => Self::Cut {
                parts,
                text: text.to_owned(),
            },
            None => Self::AsStored(text.to_owned()),
        }
    }
}

/// What the analysis knows about AWS.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CatalogueFacts {
    pub actions: usize,
    pub services: usize,
    /// The number of actions that people have reviewed.
    pub reviewed: usize,
    /// The number of AWS managed policies.
    pub policies: usize,
    pub age: DataAge,
}

/// Reads permission sets.
#[async_trait]
pub trait PermissionSetsPort {
    /// Returns a page of the list.
    async fn permission_sets(&self, choice: &ListChoice) -> PortResult<ListPage<SetRow>>;
    /// Returns one permission set by the last part of its ARN (`ps-…`).
    async fn permission_set(&self, key: &str) -> PortResult<SetView>;
}

//! People: the list, and one person with every path to an account.

use async_trait::async_trait;
use domain::{
    directory::Origin,
    ids::{GroupId, UserId},
    permission_set::analysis::Capability,
    snapshot::{Figure, Knowledge},
    time::Timestamp,
};

use super::{
    AccountRef, ChangeForm, ChangeRow, HitView, ListPage, PortResult, Refused, SetRef, UserRef,
};
use crate::lists::ListChoice;

/// A person in the list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PersonRow {
    pub user: UserRef,
    pub user_name: String,
    /// For display only.
    pub email: Option<String>,
    pub title: Option<String>,
    /// Where the user is managed.
    pub origin: Origin,
    pub groups: Figure,
    /// The number of accounts that they reach.
    pub accounts: Figure,
    /// The number of production PCI accounts that they reach.
    pub production_pci: Figure,
    /// The most dangerous of what they may do in production PCI.
    pub worst: Option<Capability>,
    /// The number of policies that their access to production PCI violates.
    pub violated: Figure,
    /// The number of policies by which that access lacks an approval.
    pub unapproved: Figure,
}

/// A path from a person to an account.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PathRow {
    pub account: AccountRef,
    pub set: SetRef,
    /// The id and name of the group; `None` is a direct assignment.
    pub group: Option<(GroupId, String)>,
    /// When the assignment was first observed.
    pub since: Timestamp,
    /// When the access ends; `None` is standing access.
    pub ends: Option<Timestamp>,
    /// The policy findings on it.
    pub hits: Vec<HitView>,
    /// Why ending this path would always be refused.
    pub refused: Option<Refused>,
    /// The form that has the assignment approved, if that resolves all that policies find in it.
    pub adoption: Option<ChangeForm>,
}

/// A person, as their page shows them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PersonView {
    pub user: UserRef,
    pub user_name: String,
    /// For display only.
    pub email: Option<String>,
    pub title: Option<String>,
    /// Where the user is managed.
    pub origin: Origin,
    /// The id and name of each of their groups.
    pub groups: Vec<(String, String)>,
    /// Their paths, production PCI first.
    pub paths: Vec<PathRow>,
    /// Whether these are all their paths.
    pub known: Knowledge,
    /// Whether it is known what all of them allow, so that the findings are complete.
    pub findings: Knowledge,
    /// The number of accounts that they reach.
    pub accounts: Figure,
    /// The number of production PCI accounts that they reach.
    pub production_pci: Figure,
    /// The latest changes that concern them, newest first, at most ten.
    pub changes: Vec<ChangeRow>,
}

/// Reads people.
#[async_trait]
pub trait PeoplePort {
    /// Returns a page of the list.
    async fn people(&self, choice: &ListChoice) -> PortResult<ListPage<PersonRow>>;
    /// Returns one person. Everyone may see themselves; others require `SeeDirectory` and are `NotFound` without it.
    async fn person(&self, id: &UserId) -> PortResult<PersonView>;
}

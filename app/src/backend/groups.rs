//! Groups: the list, and one group with its members and assignments.

use async_trait::async_trait;
use domain::{
    directory::Origin,
    ids::GroupId,
    snapshot::{Figure, Knowledge},
    time::Timestamp,
};

use super::{AccountRef, ChangeForm, HitView, ListPage, PortResult, Refused, SetRef, UserRef};
use crate::lists::ListChoice;

/// A group in the list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct GroupRow {
    pub id: GroupId,
    pub name: String,
    pub description: Option<String>,
    /// Where its members are managed.
    pub origin: Origin,
    /// The number of members.
    pub members: Figure,
    /// Accounts in which it has an assignment.
    pub accounts: Figure,
    /// Production PCI accounts in which it has an assignment.
    pub production_pci: Figure,
}

/// An assignment of a group.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct GroupAccessRow {
    pub account: AccountRef,
    pub set: SetRef,
    /// When the assignment was first observed.
    pub since: Timestamp,
    /// The policy findings on it.
    pub hits: Vec<HitView>,
    /// Why its removal would always be refused.
    pub refused: Option<Refused>,
    /// The form that has it approved, if that resolves all that policies find.
    pub adoption: Option<ChangeForm>,
}

/// A group, as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct GroupView {
    pub id: GroupId,
    pub name: String,
    pub description: Option<String>,
    /// Where its members are managed.
    pub origin: Origin,
    pub members: Vec<UserRef>,
    /// When its members were last read; `None` if never.
    pub members_as_of: Option<Timestamp>,
    /// Why every change of its members would be refused.
    pub members_fixed: Option<Refused>,
    /// Its assignments, production PCI first.
    pub opens: Vec<GroupAccessRow>,
    /// Whether these are all its assignments.
    pub assignments: Knowledge,
}

/// Reads groups.
#[async_trait]
pub trait GroupsPort {
    /// Returns a page of the list.
    async fn groups(&self, choice: &ListChoice) -> PortResult<ListPage<GroupRow>>;
    async fn group(&self, id: &GroupId) -> PortResult<GroupView>;
}

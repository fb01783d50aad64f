//! Groups: the list, and one group with its members and what it opens.

use async_trait::async_trait;
use domain::{directory::Origin, ids::GroupId, time::Timestamp};

use super::{AccountRef, Answer, HitView, ListQuery, Page, SetRef, UserRef};

/// One group in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// Who keeps its members.
    pub origin: Origin,
    /// How many are in it.
    pub members: usize,
    /// Accounts that it opens.
    pub accounts: usize,
    /// Production PCI accounts that it opens.
    pub production_pci: usize,
}

/// One assignment of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpensRow {
    /// Where.
    pub account: AccountRef,
    /// With what.
    pub set: SetRef,
    /// When it was first seen.
    pub since: Timestamp,
    /// What the guardrails say of it.
    pub hits: Vec<HitView>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who keeps its members.
    pub origin: Origin,
    /// Who is in it.
    pub members: Vec<UserRef>,
    /// When its members were last read.
    pub members_as_of: Option<Timestamp>,
    /// What it opens, production PCI first.
    pub opens: Vec<OpensRow>,
}

/// Asks about groups.
#[async_trait]
pub trait GroupsPort {
    /// The list, by name.
    async fn groups(&self, query: &ListQuery) -> Answer<Page<GroupRow>>;
    /// One group.
    async fn group(&self, id: &GroupId) -> Answer<GroupView>;
}

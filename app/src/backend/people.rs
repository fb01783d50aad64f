//! People: the list, and everything that one of them reaches.

use async_trait::async_trait;
use domain::{directory::Origin, ids::UserId, time::Timestamp};

use super::{AccountRef, Answer, ChangeRow, HitView, ListQuery, Page, SetRef, UserRef};

/// One person in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Who.
    pub user: UserRef,
    /// Sign-in name.
    pub user_name: String,
    /// E-mail; display only.
    pub email: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// Groups they are in.
    pub groups: usize,
    /// Accounts they reach.
    pub accounts: usize,
    /// Production PCI accounts they reach.
    pub production_pci: usize,
}

/// One path by which somebody reaches an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathRow {
    /// Where.
    pub account: AccountRef,
    /// With what.
    pub set: SetRef,
    /// Through which group (id and name); none is a direct assignment.
    pub group: Option<(String, String)>,
    /// When the assignment was first seen.
    pub since: Timestamp,
    /// When it ends; none is standing.
    pub ends: Option<Timestamp>,
    /// What the guardrails say of it.
    pub hits: Vec<HitView>,
}

/// One person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonView {
    /// Who.
    pub user: UserRef,
    /// Sign-in name.
    pub user_name: String,
    /// E-mail; display only.
    pub email: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// Who keeps them.
    pub origin: Origin,
    /// Groups they are in: id and name.
    pub groups: Vec<(String, String)>,
    /// Everything they reach, production PCI first.
    pub paths: Vec<PathRow>,
    /// How many accounts that is.
    pub accounts: usize,
    /// How many of them are production PCI.
    pub production_pci: usize,
    /// Changes about them or by them, newest first, at most ten.
    pub changes: Vec<ChangeRow>,
}

/// Asks about people.
#[async_trait]
pub trait PeoplePort {
    /// The list, by name.
    async fn people(&self, query: &ListQuery) -> Answer<Page<PersonRow>>;
    /// One person. Everyone may see themselves.
    async fn person(&self, id: &UserId) -> Answer<PersonView>;
}

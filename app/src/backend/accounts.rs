//! Accounts: the list, and one account.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    classification::{Classification, Environment, Pci, Reading, Source},
    ids::{AccountId, ChangeId, GroupId},
    snapshot::{Figure, Knowledge},
    time::{Date, Timestamp},
    verdict::Tally,
};

use super::{
    AccountRef, ChangeForm, ChangeRow, Download, FileFormat, HitView, ListPage, PortResult,
    PrincipalRef, Refused, SetRef, UserRef,
};
use crate::lists::ListChoice;

/// Whether the declaration of an account needs attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclarationMark {
    None,
    /// It ends soon, or has ended.
    ToConfirm,
    /// Tags and OUs say something else.
    Otherwise,
}

impl DeclarationMark {
    pub fn of(class: Option<&Classification>, now: Timestamp) -> Self {
        let due = |class: &Classification| class.declared().is_some_and(|one| one.is_due(now));
        match class {
            Some(class) if due(class) => Self::ToConfirm,
            Some(class) if is_declared_otherwise(class) => Self::Otherwise,
            _ => Self::None,
        }
    }
}

/// Whether an account is declared otherwise than its role, tags and OUs say.
pub fn is_declared_otherwise(class: &Classification) -> bool {
    let declared = class.declared().map(|declared| declared.strictness());
    declared.is_some_and(|declared| declared != class.reported())
}

/// An account in the list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AccountRow {
    pub account: AccountRef,
    /// Who answers for it, by the declaration in force.
    pub owner: Option<UserRef>,
    /// People who can reach it.
    pub people: Figure,
    /// Standing assignments.
    pub standing: Figure,
    /// Assignments with policy violations or without a required approval. `None` outside production PCI, where
    /// assignments are evaluated only when the account page is opened.
    pub findings: Option<Figure<Tally>>,
    pub declaration: DeclarationMark,
    /// The end of the declaration in force.
    pub declared_until: Option<Timestamp>,
}

/// The list of accounts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AccountList {
    pub page: ListPage<AccountRow>,
    /// The lines of the mapping that confirm what AWS reports of the accounts that match and wait, for the first of them.
    /// Empty unless the list is of accounts that wait.
    pub confirmations: Vec<String>,
    /// Of those that wait: the last read before AWS reported it, and the first one with it, if that was lately. Empty unless
    /// the list is of accounts that wait.
    pub changed: BTreeMap<AccountId, (Timestamp, Timestamp)>,
}

/// An assignment on the page of an account.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AccessRow {
    pub set: SetRef,
    pub principal: PrincipalRef,
    /// The number of people who reach the account through the assignment.
    pub people: Figure,
    /// When the assignment was first observed.
    pub since: Timestamp,
    /// When the assignment was last read from AWS.
    pub as_of: Timestamp,
    /// When the access ends; `None` is standing access.
    pub ends: Option<Timestamp>,
    /// The latest change that granted this access through Leastwise, if any.
    pub change: Option<ChangeId>,
    /// The date by which somebody reviews it.
    pub review_on: Option<Date>,
    /// Whether the account has an outdated version of the permission set.
    pub outdated: bool,
    /// The policy findings on it.
    pub hits: Vec<HitView>,
    /// The form that removes it.
    pub removal: ChangeForm,
    /// Why that would always be refused.
    pub refused: Option<Refused>,
    /// The form that has it approved, if that resolves all that policies find.
    pub adoption: Option<ChangeForm>,
    /// Why no member of the assigned group can be removed from it.
    pub members_fixed: Option<Refused>,
}

/// Who has access by one path.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessHolder {
    Person(UserRef),
    /// The assignment gives nobody access: its principal is deleted, or a group without members.
    Nobody(PrincipalRef),
}

impl AccessHolder {
    /// Returns the name of the person, or what stands in its place.
    pub fn name(&self) -> &str {
        match self {
            Self::Person(user) | Self::Nobody(PrincipalRef::User(user)) => &user.name,
            Self::Nobody(PrincipalRef::Group { .. }) => "future members",
            Self::Nobody(PrincipalRef::Orphan(principal) | PrincipalRef::NotRead(principal)) => {
                principal.id()
            }
        }
    }
}

/// One path of one person to an account, in the list on its page.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PersonAccessRow {
    pub holder: AccessHolder,
    pub set: SetRef,
    /// The id and name of the group; `None` is a direct assignment.
    pub group: Option<(GroupId, String)>,
    /// When the assignment was first observed.
    pub since: Timestamp,
    /// When the access ends; `None` is standing access.
    pub ends: Option<Timestamp>,
    /// The date by which somebody reviews standing access.
    pub review_on: Option<Date>,
    /// The policy findings on it.
    pub hits: Vec<HitView>,
    /// The latest change that granted this access through Leastwise, if any.
    pub change: Option<ChangeId>,
    /// The form that ends this path.
    pub removal: ChangeForm,
    /// Why that would always be refused.
    pub refused: Option<Refused>,
}

/// Access to an account that ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EndedAccessRow {
    /// Who was assigned, or who left a group that is assigned.
    pub principal: PrincipalRef,
    /// The permission sets that were given.
    pub sets: Vec<SetRef>,
    /// The group that a person left.
    pub left: Option<(GroupId, String)>,
    /// The first read that showed it.
    pub first_seen: Timestamp,
    /// The last read that showed it.
    pub last_seen: Timestamp,
    /// The first read that did not.
    pub gone_by: Timestamp,
}

/// The declaration of an account, as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DeclarationView {
    pub environment: Environment,
    pub pci: Pci,
    pub valid_until: Timestamp,
    /// What its role, tags and OUs say now, if that is something else.
    pub reported: Option<(Environment, Pci)>,
    pub state: DeclarationState,
    /// None if the stored text is not the one that the ledger records.
    pub text: Option<DeclarationText>,
}

/// Whether a declaration counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclarationState {
    Valid,
    /// It counts, and ends soon.
    EndsSoon,
    Ended,
    /// Its row is missing or differs from the ledger.
    Unproven,
    /// A newer version of Leastwise wrote it, and this version does not understand all of it.
    Newer,
}

/// The texts of a declaration, and the change that declared it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DeclarationText {
    pub owner: Option<UserRef>,
    pub purpose: String,
    pub out_of_scope: Option<String>,
    pub change: domain::ids::ChangeId,
}

/// Whether AWS lets Leastwise change the assignments in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountWrites {
    Possible,
    /// It is the management account, in which a delegated administrator cannot change assignments.
    FromItselfOnly,
}

/// How much of the access that ended is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedListed {
    All,
    Latest,
}

/// An account, as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AccountView {
    pub account: AccountRef,
    /// The names of its OUs, from the root down.
    pub units: Vec<String>,
    pub tags: Vec<(String, String)>,
    /// The sources of its environment and of its PCI scope.
    pub sources: (Source, Source),
    /// What its role, tags and OUs say about its classification.
    pub readings: Vec<Reading>,
    /// If a less strict classification waits: the last read before AWS reported it, and the first one with it, if that was
    /// lately.
    pub changed: Option<(Timestamp, Timestamp)>,
    /// The declaration in force, if there is one.
    pub declaration: Option<DeclarationView>,
    /// Its assignments, those with the most policy violations first.
    pub rows: Vec<AccessRow>,
    /// Whether these are all its assignments.
    pub assignments: Knowledge,
    /// Whether everybody behind them and what they allow is known, so that the findings are complete.
    pub findings: Knowledge,
    /// The permission sets that AWS lists in it and does not find, because it is closed or not in the organization.
    pub not_found: Vec<SetRef>,
    /// The number of people who reach it.
    pub people: Figure,
    /// The latest changes that concern it, newest first, at most ten.
    pub changes: Vec<ChangeRow>,
    /// Access that ended within the last 90 days, the latest first, at most twenty.
    pub ended: Vec<EndedAccessRow>,
    /// Whether these are all.
    pub ended_listed: EndedListed,
    pub writes: AccountWrites,
    /// Why every grant on it would be refused.
    pub grants_refused: Option<Refused>,
}

/// Reads accounts.
#[async_trait]
pub trait AccountsPort {
    /// Returns a page of the list.
    async fn accounts(&self, choice: &ListChoice) -> PortResult<AccountList>;
    async fn account(&self, id: &AccountId) -> PortResult<AccountView>;
    /// Returns a page of the paths by which people reach an account.
    async fn account_access(
        &self,
        id: &AccountId,
        choice: &ListChoice,
    ) -> PortResult<ListPage<PersonAccessRow>>;
    /// Returns all chosen paths as a file.
    async fn account_access_file(
        &self,
        id: &AccountId,
        choice: &ListChoice,
        format: FileFormat,
    ) -> PortResult<Download>;
}

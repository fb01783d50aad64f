//! Accounts: the board by classification, and one account.

use async_trait::async_trait;
use domain::{
    classification::{Environment, Pci, Source},
    ids::AccountId,
    snapshot::{Figure, Knowledge},
    time::Timestamp,
    verdict::Tally,
};

use super::{AccountRef, ChangeRow, HitView, ListQuery, PortResult, PrincipalRef, SetRef, UserRef};

/// An account on the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountCard {
    pub account: AccountRef,
    /// People who can reach it.
    pub people: Figure,
    /// Standing assignments.
    pub standing: Figure,
    /// Assignments with policy violations or without a required approval. `None` outside production PCI, where
    /// assignments are evaluated only when the account page is opened.
    pub findings: Option<Figure<Tally>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardCell {
    /// The row.
    pub environment: Environment,
    /// The column.
    pub pci: Pci,
    /// The accounts to show, most exposed first, at most sixty.
    pub accounts: Vec<AccountCard>,
    /// The number of accounts in the cell, including those not shown.
    pub total: usize,
}

/// The board: environment by PCI scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// The cells with at least one account, strictest first.
    pub cells: Vec<BoardCell>,
    /// Accounts that match the filter.
    pub total: usize,
    /// All accounts that were read.
    pub known: usize,
    /// Accounts whose environment or PCI scope nothing classifies, so that the strictest value is assumed.
    pub unclassified: usize,
    /// Accounts whose tags and OUs say different things.
    pub contradictory: usize,
    /// Accounts of which AWS reports a less strict classification than is on record.
    pub waiting: usize,
    /// The lines of the mapping that confirm what AWS reports of the accounts that match and wait, for the first of them.
    pub confirmations: Vec<String>,
}

/// An assignment on the page of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRow {
    pub set: SetRef,
    pub principal: PrincipalRef,
    /// The people who reach the account through the assignment.
    pub people: Vec<UserRef>,
    /// When the assignment was first observed.
    pub since: Timestamp,
    /// When the assignment was last read from AWS.
    pub as_of: Timestamp,
    /// When the access ends; `None` is standing access.
    pub ends: Option<Timestamp>,
    /// The latest change that granted this access through Leastwise, if any.
    pub change: Option<domain::ids::ChangeId>,
    /// Whether the account has an outdated version of the permission set.
    pub outdated: bool,
    /// The policy findings on it.
    pub hits: Vec<HitView>,
    /// The URL of the preview of its removal.
    pub remove_href: String,
}

/// What one source says about the classification of an account, for display.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ReadingRow {
    /// A role, a tag or an OU.
    pub source: String,
    /// None if the source says nothing about it.
    pub environment: Option<String>,
    /// None if the source says nothing about it.
    pub pci: Option<String>,
}

/// An account, as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    pub account: AccountRef,
    /// The names of its OUs, from the root down.
    pub units: Vec<String>,
    pub tags: Vec<(String, String)>,
    /// The sources of its environment and of its PCI scope.
    pub sources: (Source, Source),
    /// What its role, tags and OUs say about its classification.
    pub readings: Vec<ReadingRow>,
    /// Why it is classified as it is.
    pub reason: String,
    /// What to do if it is not classified, or if readings contradict each other.
    pub cures: Vec<String>,
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
    /// Why AWS rejects changes to its assignments by a delegated administrator, where it does.
    pub unmanageable: Option<String>,
}

/// Reads accounts.
#[async_trait]
pub trait AccountsPort {
    async fn board(&self, query: &ListQuery) -> PortResult<Board>;
    async fn account(&self, id: &AccountId) -> PortResult<AccountView>;
}

//! Accounts: the board of classification, and one account.

use async_trait::async_trait;
use domain::{
    classification::{Environment, Pci, Source},
    ids::AccountId,
    org::AccountState,
    time::Timestamp,
    verdict::Tally,
};

use super::{AccountRef, Answer, ChangeRow, HitView, ListQuery, PrincipalRef, SetRef, UserRef};

/// One account on the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountCard {
    /// Which.
    pub account: AccountRef,
    /// People who can reach it.
    pub people: usize,
    /// Assignments without an end.
    pub standing: usize,
    /// Assignments that the guardrails speak against. None where they are asked only when the account
    /// is opened: outside production PCI.
    pub findings: Option<Tally>,
    /// Whether AWS says that it is in use.
    pub live: bool,
}

/// One field of the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardCell {
    /// Its row.
    pub environment: Environment,
    /// Its column.
    pub pci: Pci,
    /// Accounts in it, most exposed first; at most sixty are shown.
    pub accounts: Vec<AccountCard>,
    /// How many there are in all.
    pub total: usize,
}

/// The board: environment by PCI scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// Fields that hold at least one account, strictest first.
    pub cells: Vec<BoardCell>,
    /// Accounts that match the filter.
    pub total: usize,
    /// Accounts in all.
    pub known: usize,
    /// Accounts that nothing classifies, judged as production PCI.
    pub unclassified: usize,
}

/// One assignment on an account's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRow {
    /// With what.
    pub set: SetRef,
    /// Who.
    pub principal: PrincipalRef,
    /// The people who reach the account by it.
    pub people: Vec<UserRef>,
    /// When it was first seen.
    pub since: Timestamp,
    /// When AWS was last asked.
    pub as_of: Timestamp,
    /// When it ends; none is standing.
    pub ends: Option<Timestamp>,
    /// The change that brought it, if one of ours did.
    pub change: Option<domain::ids::ChangeId>,
    /// Whether the account still holds an older content of the set.
    pub outdated: bool,
    /// What the guardrails say of it.
    pub hits: Vec<HitView>,
    /// Where a removal starts: the preview's URL.
    pub remove_href: String,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// Which.
    pub account: AccountRef,
    /// Its state in AWS.
    pub state: AccountState,
    /// Names of the units it is in, from the root down.
    pub units: Vec<String>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Where its classification was learned, environment then PCI.
    pub sources: (Source, Source),
    /// Its assignments, worst first.
    pub rows: Vec<AccessRow>,
    /// How many people reach it.
    pub people: usize,
    /// Changes about it, newest first, at most ten.
    pub changes: Vec<ChangeRow>,
    /// Why nothing can be changed here from a delegated administrator, if so.
    pub unmanageable: Option<String>,
}

/// Asks about accounts.
#[async_trait]
pub trait AccountsPort {
    /// The board.
    async fn board(&self, query: &ListQuery) -> Answer<Board>;
    /// One account.
    async fn account(&self, id: &AccountId) -> Answer<AccountView>;
}

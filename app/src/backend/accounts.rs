//! Accounts: the board by classification, and one account.

use async_trait::async_trait;
use domain::{
    classification::{Classification, Environment, Pci, Reading, Source},
    ids::AccountId,
    snapshot::{Figure, Knowledge},
    time::Timestamp,
    verdict::Tally,
};

use super::{
    AccountRef, ChangeForm, ChangeRow, HitView, ListQuery, PortResult, PrincipalRef, SetRef,
    UserRef,
};

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

/// The numbers of accounts by their declarations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct DeclarationCounts {
    pub declared: usize,
    pub undeclared: usize,
    /// Accounts that are declared otherwise than their role, tags and OUs say.
    pub otherwise: usize,
    /// Accounts whose declaration ends soon or has ended.
    pub to_confirm: usize,
}

impl DeclarationCounts {
    pub fn of(classes: impl Iterator<Item = Classification>, now: Timestamp) -> Self {
        let mut counts = Self::default();
        for class in classes {
            match class.declared() {
                Some(declared) => {
                    counts.declared += 1;
                    counts.to_confirm += usize::from(declared.is_due(now));
                }
                None => counts.undeclared += 1,
            }
            counts.otherwise += usize::from(is_declared_otherwise(&class));
        }
        counts
    }
}

/// An account on the board.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AccountCard {
    pub account: AccountRef,
    /// People who can reach it.
    pub people: Figure,
    /// Standing assignments.
    pub standing: Figure,
    /// Assignments with policy violations or without a required approval. `None` outside production PCI, where
    /// assignments are evaluated only when the account page is opened.
    pub findings: Option<Figure<Tally>>,
    pub declaration: DeclarationMark,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
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
    pub declarations: DeclarationCounts,
    /// The lines of the mapping that confirm what AWS reports of the accounts that match and wait, for the first of them.
    pub confirmations: Vec<String>,
}

/// An assignment on the page of an account.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
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
    /// The form that removes it.
    pub removal: ChangeForm,
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
    pub writes: AccountWrites,
}

/// Reads accounts.
#[async_trait]
pub trait AccountsPort {
    async fn board(&self, query: &ListQuery) -> PortResult<Board>;
    async fn account(&self, id: &AccountId) -> PortResult<AccountView>;
}

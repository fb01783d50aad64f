//! Permission sets: the list, and one set with what it really allows.

use async_trait::async_trait;
use domain::{
    permission_set::{Content, analysis::Finding},
    time::Timestamp,
};

use super::{AccountRef, Answer, ListQuery, Page, SetRef};

/// One set in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetRow {
    /// Which.
    pub set: SetRef,
    /// What it is said to be for.
    pub description: Option<String>,
    /// What it allows, in a few words.
    pub words: String,
    /// Longest role session, in seconds.
    pub session_seconds: u32,
    /// Accounts that hold it.
    pub accounts: usize,
    /// Production PCI accounts that hold it.
    pub production_pci: usize,
    /// People who can use it.
    pub people: usize,
    /// Accounts that hold an older content.
    pub outdated: usize,
}

/// One account that holds a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldsRow {
    /// Which.
    pub account: AccountRef,
    /// Principals assigned.
    pub principals: usize,
    /// People who reach it.
    pub people: usize,
    /// Whether it still holds an older content.
    pub outdated: bool,
    /// When AWS was last asked.
    pub as_of: Timestamp,
}

/// One set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetView {
    /// Which.
    pub set: SetRef,
    /// What it is said to be for.
    pub description: Option<String>,
    /// What it allows, in a few words.
    pub words: String,
    /// What it holds.
    pub content: Content,
    /// Hash of the content.
    pub hash: String,
    /// What it could be abused for, worst first.
    pub findings: Vec<Finding>,
    /// Where it is, production PCI first.
    pub holds: Vec<HoldsRow>,
    /// Which catalogue of AWS managed policies judged it, and its date.
    pub catalogue: String,
}

/// Asks about permission sets.
#[async_trait]
pub trait PermissionSetsPort {
    /// The list, riskiest first.
    async fn permission_sets(&self, query: &ListQuery) -> Answer<Page<SetRow>>;
    /// One set, by the last part of its ARN (`ps-…`).
    async fn permission_set(&self, key: &str) -> Answer<SetView>;
}

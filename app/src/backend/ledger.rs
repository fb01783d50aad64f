//! The ledger: search, one entry, and whether it is whole.

use async_trait::async_trait;
use domain::{ledger::Outcome, time::Timestamp};

use super::{Answer, ListQuery, Page};

/// One entry in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Its number.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// Its type.
    pub kind: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Who, by name where the name is still known.
    pub actor: String,
    /// What it was about, in words.
    pub about: String,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryView {
    /// As in the list.
    pub row: EntryRow,
    /// The leaf, byte for byte, indented for reading.
    pub json: String,
    /// SHA-256 of the leaf (RFC 6962).
    pub leaf_hash: String,
    /// Personal values that were not erased: path and value.
    pub private: Vec<(String, String)>,
    /// Size and root of the newest signed checkpoint that covers it.
    pub checkpoint: Option<(u64, String)>,
    /// Inclusion proof to that checkpoint, hashes from the leaf up; empty where it does not hold.
    pub proof: Vec<String>,
    /// Whether the bytes shown are the ones that were signed.
    pub inclusion: Inclusion,
    /// Numbers before and after, where they exist.
    pub neighbours: (Option<u64>, Option<u64>),
}

/// Whether an entry is in the signed tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inclusion {
    /// Its proof was computed anew and gives the signed root.
    Proven,
    /// No signed checkpoint covers it yet.
    NotSigned,
    /// It is covered, and its bytes do not give the root: they were altered, or the hashes were.
    Altered,
}

/// Whether it is whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerHealth {
    /// How many entries there are.
    pub size: u64,
    /// Size of the newest signed checkpoint.
    pub checkpoint_size: u64,
    /// When it was signed.
    pub signed_at: Option<Timestamp>,
    /// Its root.
    pub root: String,
    /// The public key, as a C2SP vkey.
    pub vkey: String,
}

/// Asks about the ledger.
#[async_trait]
pub trait LedgerPort {
    /// The list, newest first; words search type, actor, target and account.
    async fn entries(&self, query: &ListQuery) -> Answer<Page<EntryRow>>;
    /// One entry.
    async fn entry(&self, seq: u64) -> Answer<EntryView>;
    /// The bytes of one entry as they stand in the tree, not one changed.
    async fn leaf(&self, seq: u64) -> Answer<Vec<u8>>;
    /// Whether it is whole.
    async fn ledger_health(&self) -> Answer<LedgerHealth>;
}

//! The ledger: search, one entry, and its signature status.

use async_trait::async_trait;
use domain::{
    ids::{AccountId, ChangeId, GroupId, UserId},
    ledger::{OcsfActivity, Outcome, Severity},
    time::Timestamp,
};

use super::{ListQuery, Page, PortResult};

/// An entry in the list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EntryRow {
    /// The sequence number.
    pub seq: u64,
    pub at: Timestamp,
    /// The event type, as it is stored.
    pub kind: String,
    /// None if a newer version wrote the entry.
    pub meaning: Option<EntryMeaning>,
    pub outcome: Outcome,
    pub authenticity: EntryAuthenticity,
    pub sentence: Vec<SentencePart>,
    /// The change that the entry belongs to.
    pub change: Option<ChangeId>,
}

/// Whether Leastwise wrote an entry at its place, by the row key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryAuthenticity {
    Authentic,
    /// It was added or altered by somebody else, or is behind such an entry. It does not count.
    NotAuthentic,
}

/// The exact bytes of an entry.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EntryLeaf {
    pub bytes: Vec<u8>,
    pub authenticity: EntryAuthenticity,
}

/// What the event of an entry means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct EntryMeaning {
    /// A short label.
    pub title: &'static str,
    pub severity: Severity,
    pub ocsf: OcsfActivity,
}

/// A part of a sentence about an entry. Names are those that were recorded, or else those of today.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SentencePart {
    Text(String),
    User {
        id: UserId,
        name: String,
    },
    Group {
        id: GroupId,
        name: String,
    },
    Account {
        id: AccountId,
        name: String,
    },
    PermissionSet {
        /// The last part of the ARN.
        key: String,
        name: String,
    },
    Change {
        id: ChangeId,
        name: String,
    },
}

impl SentencePart {
    /// Returns the words without a link.
    pub fn words(&self) -> &str {
        match self {
            Self::Text(words) => words,
            Self::User { name, .. }
            | Self::Group { name, .. }
            | Self::Account { name, .. }
            | Self::PermissionSet { name, .. }
            | Self::Change { name, .. } => name,
        }
    }
}

/// Returns the words of a sentence without its links.
pub fn sentence_words(sentence: &[SentencePart]) -> String {
    sentence.iter().map(SentencePart::words).collect()
}

/// An entry, as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EntryView {
    pub row: EntryRow,
    /// The first page of the items of a change, if the entry states their digest and not the items themselves.
    pub items: Option<EntryItems>,
    /// The JSON of the leaf, indented for display.
    pub json: String,
    /// The leaf hash (SHA-256, RFC 6962).
    pub leaf_hash: String,
    /// Personal values that are not erased, as path and value.
    pub private: Vec<(String, String)>,
    /// The size and root of the newest signed checkpoint that covers the entry.
    pub checkpoint: Option<(u64, String)>,
    /// The inclusion proof for that checkpoint, hashes from the leaf up; empty if it does not verify.
    pub proof: Vec<String>,
    /// Whether the entry matches the signed tree.
    pub inclusion: Inclusion,
    /// The sequence numbers of the previous and next entry, if they exist.
    pub neighbours: (Option<u64>, Option<u64>),
}

/// The items of a change, stored beside the entry of its request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EntryItems {
    pub proven: ItemsProof,
    pub page: Page<EntryItem>,
}

/// An item that is stored beside an entry.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryItem {
    Known(Vec<SentencePart>),
    /// The stored document of one that this version does not understand.
    Newer(String),
}

/// Whether all items of a change hash to the digest in the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemsProof {
    Proven,
    /// An item was altered, added, removed or swapped.
    Altered,
}

/// Whether an entry is in the signed tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Inclusion {
    /// The recomputed proof yields the signed root.
    Proven,
    /// No signed checkpoint covers it yet.
    NotSigned,
    /// A checkpoint covers it, but its bytes do not yield the signed root: the entry or the stored hashes were altered.
    Altered,
}

/// The signature status of the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct LedgerHealth {
    /// The number of entries.
    pub size: u64,
    /// The size of the newest signed checkpoint.
    pub checkpoint_size: u64,
    /// When the newest checkpoint was signed.
    pub signed_at: Option<Timestamp>,
    /// The root of the newest checkpoint.
    pub root: String,
    /// The public key as a C2SP vkey.
    pub vkey: String,
}

/// The filters of the list of entries, as values of `only`.
pub const LEDGER_FILTERS: [&str; 8] = [
    "denied",
    "failed",
    "changes",
    "access",
    "operations",
    "sessions",
    "outside",
    "roles",
];

/// Reads the ledger.
#[async_trait]
pub trait LedgerPort {
    /// Returns a page of the list, newest first. The words match type, actor, target and account.
    async fn entries(&self, query: &ListQuery) -> PortResult<Page<EntryRow>>;
    async fn entry(&self, seq: u64) -> PortResult<EntryView>;
    /// Returns a page of the items that are stored beside an entry.
    async fn entry_items(&self, seq: u64, page: usize) -> PortResult<EntryItems>;
    /// Returns the exact bytes of the leaf of one entry.
    async fn leaf(&self, seq: u64) -> PortResult<EntryLeaf>;
    /// Returns the signature status.
    async fn ledger_health(&self) -> PortResult<LedgerHealth>;
}

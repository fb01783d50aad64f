//! The ledger: its list, one entry, and its signature status.

use async_trait::async_trait;
use domain::{
    ids::{AccountId, ChangeId, GroupId, PersonId, UserId},
    ledger::{Category, OcsfActivity, Outcome, Severity},
    time::Timestamp,
};

use super::{Download, FileFormat, ListPage, Page, PortResult};
use crate::lists::ListChoice;

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
    /// Who did it, or who saw what was done outside Leastwise, in words.
    pub actor: String,
    pub person: Option<PersonId>,
    /// The account that it is about.
    pub account: Option<AccountId>,
    pub ticket: Option<String>,
    /// What became of something that was pending when it was recorded, if it is known.
    pub result: Option<EntryResult>,
    /// The leaf hash (SHA-256, RFC 6962) in hex.
    pub leaf_hash: String,
}

impl EntryRow {
    /// Whether Leastwise wrote it at its place.
    pub fn is_authentic(&self) -> bool {
        self.authenticity == EntryAuthenticity::Authentic
    }

    /// Whether it records what was done outside Leastwise, so that its actor only saw it.
    pub fn is_outside(&self) -> bool {
        let family = self.kind.split('.').next().unwrap_or_default();
        Category::Drift.families().contains(&family)
    }

    /// Returns who did it, in words. Of what was done outside Leastwise nobody knows who did it.
    pub fn by(&self) -> String {
        if self.is_outside() {
            format!("not known, seen by {}", self.actor)
        } else {
            self.actor.clone()
        }
    }
}

/// What became of something that was pending, by a later entry.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EntryResult {
    /// The number of the later entry.
    pub seq: u64,
    pub outcome: Outcome,
    /// One word or two, such as *Verified*.
    pub label: &'static str,
}

/// A row of the list of entries.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryLine {
    Entry(Box<EntryRow>),
    Folded(FoldedEntries),
}

impl EntryLine {
    /// Returns the entry; none for a row that stands for several.
    pub fn entry(self) -> Option<EntryRow> {
        match self {
            Self::Entry(entry) => Some(*entry),
            Self::Folded(_) => None,
        }
    }
}

/// What folded entries have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FoldedAs {
    /// Crawls that found nothing new.
    Crawls,
    /// What Leastwise recorded by itself before anybody had signed in.
    Setup,
    /// Sign-ins that succeeded.
    SignIns,
    /// Links of identities to their Identity Center users.
    Links,
}

/// Entries in one row, one after the other in the list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FoldedEntries {
    pub fold: FoldedAs,
    pub count: usize,
    /// The smallest and the largest number.
    pub first: u64,
    pub last: u64,
    pub from: Timestamp,
    pub until: Timestamp,
    /// The list with each of them, at this place.
    pub href: String,
}

/// A page of the list of entries.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EntryPage {
    pub list: ListPage<EntryLine>,
    /// The words of the search that more names contain than are looked for.
    pub short_words: Vec<String>,
    pub health: LedgerHealth,
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

    /// Returns it without the id that tells a user apart from a person of the same name: lists have no room for ids, and the
    /// page of the entry has them.
    #[must_use]
    pub fn without_id(&self) -> Self {
        match self {
            Self::User { id, name } => {
                let short = name.strip_suffix(&format!(" ({id})")).unwrap_or(name);
                Self::User {
                    id: id.clone(),
                    name: short.to_owned(),
                }
            }
            other => other.clone(),
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
    /// The sign-in of who did it, if there was one.
    pub sign_in: Option<RecordedSignIn>,
    /// What the entry is about, and where more about it is.
    pub related: Vec<RelatedEntries>,
    /// The first page of the items of a change, if the entry states their digest and not the items themselves.
    pub items: Option<EntryItems>,
    /// The bytes of the leaf, as they are signed.
    pub leaf: String,
    /// The JSON of the leaf, indented for display.
    pub json: String,
    /// The leaf hash (SHA-256, RFC 6962).
    pub leaf_hash: String,
    /// Personal values that are not erased, as path and value.
    pub private: Vec<(String, String)>,
    /// The newest signed checkpoint that covers the entry.
    pub checkpoint: Option<CoveringCheckpoint>,
    /// The inclusion proof for that checkpoint, hashes from the leaf up; empty if it does not verify.
    pub proof: Vec<String>,
    /// Whether the entry matches the signed tree.
    pub inclusion: Inclusion,
    /// The previous and the next entry, if they exist.
    pub neighbours: (Option<EntryRow>, Option<EntryRow>),
}

/// The sign-in of an actor, as the entry records it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RecordedSignIn {
    pub issuer: String,
    pub subject: String,
}

/// A signed checkpoint that covers an entry.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CoveringCheckpoint {
    /// The number of entries that it covers.
    pub size: u64,
    /// In hex.
    pub root: String,
    pub signed_at: Timestamp,
}

/// Something that an entry is about: its page, and the entries about it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RelatedEntries {
    pub relation: EntryRelation,
    pub name: String,
    /// The address of its page; none if it has none.
    pub page: Option<String>,
    /// The address of the list of entries about it.
    pub entries: String,
}

/// How something belongs to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryRelation {
    /// Who did it.
    Actor,
    /// The person or user that it is about.
    Person,
    Group,
    Account,
    PermissionSet,
    Change,
    Session,
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

/// Reads the ledger.
#[async_trait]
pub trait LedgerPort {
    /// Returns a page of the list.
    async fn entries(&self, choice: &ListChoice) -> PortResult<EntryPage>;
    /// Returns all entries that are chosen as a file, in JSON with their proofs, and records that. `Denied::Conflict` if
    /// there are too many for one request.
    async fn entries_file(&self, choice: &ListChoice, format: FileFormat) -> PortResult<Download>;
    async fn entry(&self, seq: u64) -> PortResult<EntryView>;
    /// Returns a page of the items that are stored beside an entry.
    async fn entry_items(&self, seq: u64, page: usize) -> PortResult<EntryItems>;
    /// Returns the exact bytes of the leaf of one entry.
    async fn leaf(&self, seq: u64) -> PortResult<EntryLeaf>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_id_behind_a_name_is_left_out() {
        const ID: &str = "00000000-0000-4000-8000-000000000001";
        let user = |name: String| SentencePart::User {
            id: UserId::parse(ID).unwrap(),
            name,
        };
        let short = |name: String| user(name).without_id().words().to_owned();
        assert_eq!(short(format!("Ann Lee ({ID})")), "Ann Lee");
        assert_eq!(short(format!("user {ID}")), format!("user {ID}"));
        assert_eq!(short("Ann (Lee)".to_owned()), "Ann (Lee)");
    }
}

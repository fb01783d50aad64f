//! The items of a change beside the ledger: the digest by which the entry of the request proves them.
//!
//! The parent module specifies the digest. It is computed over the documents as they are stored, never over what is read
//! from them, so that neither a later version nor another order of members makes an item count as altered. A document holds
//! the hash of each text that somebody typed; the text is a private value of the entry, and can be erased.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Entry, EventKind, Hash, PrivateValue};
use crate::change::{Operation, StoredItem};

/// The member of `data` that holds the digest.
pub const ITEMS: &str = "items";
/// The member of `data` that holds the items themselves, if there are few of them.
pub const OPERATIONS: &str = "operations";
/// The items of an entry are in the entry itself up to this many bytes.
pub const WHOLE_BYTES: usize = 8_192;

/// Computes a digest item by item, in ascending order of their numbers.
#[derive(Debug, Clone)]
pub struct ItemsHasher {
    sha256: Sha256,
    count: u64,
}

impl Default for ItemsHasher {
    fn default() -> Self {
        Self {
            sha256: Sha256::new_with_prefix(b"leastwise-items-v1\0"),
            count: 0,
        }
    }
}

impl ItemsHasher {
    pub fn add(&mut self, item: &StoredItem) {
        let StoredItem {
            number,
            version,
            document,
        } = item;
        let head = format!("{number} {version} {}\n", document.len());
        self.sha256.update(head);
        self.sha256.update(document);
        self.sha256.update("\n");
        self.count += 1;
    }

    pub fn finish(self) -> ItemsDigest {
        ItemsDigest {
            count: self.count,
            digest: Hash(self.sha256.finalize().into()),
        }
    }
}

/// The number of the items of a change and the hash of their stored documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemsDigest {
    pub count: u64,
    pub digest: Hash,
}

impl ItemsDigest {
    /// Returns the digest of items in ascending order of their numbers.
    pub fn of<'a>(items: impl IntoIterator<Item = &'a StoredItem>) -> Self {
        let mut hasher = ItemsHasher::default();
        for item in items {
            hasher.add(item);
        }
        hasher.finish()
    }
}

/// What the entry of a request states about the items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordedItems {
    /// The items themselves: an entry of an earlier version, whose change has no rows of items.
    Whole(Vec<Value>),
    /// The digest of their rows.
    Digest {
        digest: ItemsDigest,
        /// The first of them, for lists.
        first: Value,
    },
    /// Nothing that is understood. No row matches it.
    Unreadable,
}

/// The items of a change as they are in the database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemRows {
    /// The items in the row of the change, as earlier versions stored them.
    pub inline: Option<Vec<Value>>,
    /// The rows of items, in ascending order of their numbers.
    pub rows: Vec<StoredItem>,
}

impl ItemRows {
    /// Returns the items, wherever they are.
    pub fn items(&self) -> Vec<StoredItem> {
        let inline = self.inline.iter().flatten();
        let inline = (0..).zip(inline).map(|(number, value)| StoredItem {
            number,
            version: 1,
            document: value.to_string(),
        });
        inline.chain(self.rows.iter().cloned()).collect()
    }
}

impl RecordedItems {
    /// Returns what the entry of a request states; none for another entry.
    pub fn of(entry: &Entry) -> Option<Self> {
        let kind = EventKind::of(&entry.kind)?;
        matches!(kind, EventKind::ChangeSubmitted | EventKind::ChangeRefused)
            .then(|| Self::stated(entry))
    }

    fn stated(entry: &Entry) -> Self {
        let whole = entry.data.get(OPERATIONS);
        let Some(items) = entry.data.get(ITEMS) else {
            return match whole.and_then(Value::as_array) {
                Some(whole) if !whole.is_empty() => Self::Whole(whole.clone()),
                _ => Self::Unreadable,
            };
        };
        let first = items
            .get("first")
            .or_else(|| whole.and_then(|whole| whole.get(0)));
        match (ItemsDigest::deserialize(items), first) {
            (Ok(digest), Some(first)) if digest.count > 0 => Self::Digest {
                digest,
                first: first.clone(),
            },
            _ => Self::Unreadable,
        }
    }

    /// Returns the number of items. None if it is not stated.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Whole(items) => u64::try_from(items.len()).ok(),
            Self::Digest { digest, .. } => Some(digest.count),
            Self::Unreadable => None,
        }
    }

    /// Returns the first item.
    pub fn first(&self) -> Option<&Value> {
        match self {
            Self::Whole(items) => items.first(),
            Self::Digest { first, .. } => Some(first),
            Self::Unreadable => None,
        }
    }

    /// Returns whether the entry records exactly these items.
    pub fn proves(&self, found: &ItemRows) -> bool {
        match self {
            Self::Whole(items) => found.rows.is_empty() && found.inline.as_ref() == Some(items),
            Self::Digest { digest, .. } => {
                found.inline.is_none() && ItemsDigest::of(&found.rows) == *digest
            }
            Self::Unreadable => false,
        }
    }
}

/// Returns the digest of the items of an entry that does not hold the items themselves: they are exported beside it.
pub fn stored_beside(entry: &Entry) -> Option<ItemsDigest> {
    if entry.data.contains_key(OPERATIONS) {
        return None;
    }
    match RecordedItems::of(entry)? {
        RecordedItems::Digest { digest, .. } => Some(digest),
        RecordedItems::Whole(_) | RecordedItems::Unreadable => None,
    }
}

/// The beginning of the path of a private value in an item beside an entry.
const BESIDE: &str = "/items/";
/// The beginning of the path of a private value in an item in an entry.
const INSIDE: &str = "/data/operations/";

/// Whether a private value is a text of an item.
pub fn is_item_text(value: &PrivateValue) -> bool {
    value.path.starts_with(BESIDE) || value.path.starts_with(INSIDE)
}

/// Returns the number of the item beside the entry whose text a private value is, and its JSON Pointer in the document.
pub fn text_beside(value: &PrivateValue) -> Option<(i64, &str)> {
    let place = value.path.strip_prefix(BESIDE)?;
    let (number, _) = place.split_once('/')?;
    Some((number.parse().ok()?, &place[number.len()..]))
}

/// Whether the document of an item holds the hash of a private value at this JSON Pointer.
pub fn holds_text(item: &StoredItem, pointer: &str, value: &PrivateValue) -> bool {
    let document: Value = serde_json::from_str(&item.document).unwrap_or(Value::Null);
    let hash = document.pointer(pointer).and_then(|text| text.get("h"));
    let hash = hash.and_then(Value::as_str);
    hash.and_then(|hash| Hash::parse_hex(hash.as_bytes())) == Some(value.hash())
}

/// Returns the texts of items that are known, each once however many items hold it, with its place in the entry that
/// states `items`, or beside it.
pub fn texts(operations: &[Operation], items: &[StoredItem]) -> Vec<PrivateValue> {
    let place = if are_inside(items) { INSIDE } else { BESIDE };
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (number, operation) in operations.iter().enumerate() {
        for (pointer, text) in operation.clone().private() {
            if let Some((salt, value)) = text.opened()
                && seen.insert(text.hash())
            {
                found.push(PrivateValue {
                    path: format!("{place}{number}{pointer}"),
                    salt,
                    value: value.to_owned(),
                });
            }
        }
    }
    found
}

fn are_inside(items: &[StoredItem]) -> bool {
    let bytes: usize = items.iter().map(|item| item.document.len()).sum();
    bytes <= WHOLE_BYTES
}

/// Returns the facts of an entry about the items of a change: the digest, how many there are of each kind, and the items
/// themselves, if there are few, or the first of them.
pub fn facts(items: &[StoredItem]) -> Vec<(&'static str, Value)> {
    let documents: Vec<Value> = items
        .iter()
        .map(|item| serde_json::from_str(&item.document).unwrap_or(Value::Null))
        .collect();
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for document in &documents {
        let kind = document.get("kind").and_then(Value::as_str);
        *kinds.entry(kind.unwrap_or("unknown")).or_default() += 1;
    }
    let ItemsDigest { count, digest } = ItemsDigest::of(items);
    let mut stated = serde_json::json!({
        "count": count,
        "digest": digest.hex(),
        "kinds": kinds,
    });
    if are_inside(items) {
        return vec![(ITEMS, stated), (OPERATIONS, documents.into())];
    }
    stated["first"] = documents.into_iter().next().unwrap_or(Value::Null);
    vec![(ITEMS, stated)]
}

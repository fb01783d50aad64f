//! The entries that two administrators set aside: a row that agrees with one of them is known, and has no effect.
//!
//! What was set aside is in a table that anybody with the database can write to. It counts here only as the entry that records
//! it states it.

use domain::ledger::{Entry, EventKind, Hash, PrivateValue, Salt, projection::EntryPlace};
use serde::Deserialize;

use super::replay::Replay;
use crate::store::{
    StoreConnection, StoreError,
    ledger::{documents_digest, set_aside_by},
};

/// The type of the entry that records what was set aside.
pub(super) const RECORDED: &str = EventKind::LedgerSetAside.as_str();

/// A row that was set aside.
#[derive(Deserialize)]
#[serde(tag = "table", rename_all = "snake_case")]
enum Document {
    LedgerEntry {
        seq: i64,
        leaf: Option<String>,
    },
    LedgerPrivate {
        seq: i64,
        path: String,
        salt: String,
        value: String,
    },
    #[serde(other)]
    Other,
}

/// What was set aside, as far as the ledger states it.
#[derive(Default)]
pub(super) struct SetAside(Vec<(EntryPlace, Entry, Vec<PrivateValue>)>);

impl SetAside {
    /// Reads what the entries record.
    pub async fn read(snapshot: &mut StoreConnection, replay: &Replay) -> Result<Self, StoreError> {
        let mut all = Vec::new();
        for (seq, entry) in &replay.set_aside {
            let stated = entry
                .data
                .get("documents")
                .and_then(|stated| stated.as_str());
            let documents = set_aside_by(snapshot, *seq).await?;
            if stated == Some(documents_digest(&documents).hex().as_str()) {
                all.extend(entries(&documents));
            }
        }
        Ok(Self(all))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what the ledger would say with these entries.
    pub fn applied_to(&self, mut replay: Replay) -> Replay {
        for (place, entry, values) in &self.0 {
            replay.apply(*place, entry, values);
        }
        replay
    }
}

/// Returns the entries among the documents, in the order of their numbers. What cannot be read explains nothing.
fn entries(documents: &[String]) -> Vec<(EntryPlace, Entry, Vec<PrivateValue>)> {
    let parsed: Vec<Document> = documents
        .iter()
        .filter_map(|text| serde_json::from_str(text).ok())
        .collect();
    let values = |of: i64| {
        let private = parsed.iter().filter_map(|document| match document {
            Document::LedgerPrivate {
                seq,
                path,
                salt,
                value,
            } if *seq == of => Some(PrivateValue {
                path: path.clone(),
                salt: Salt(Hash::parse_hex(salt.as_bytes())?.0),
                value: value.clone(),
            }),
            _ => None,
        });
        private.collect()
    };
    let mut found: Vec<_> = parsed
        .iter()
        .filter_map(|document| match document {
            Document::LedgerEntry {
                seq,
                leaf: Some(leaf),
            } => {
                let (_, entry) = Entry::parse(leaf.as_bytes()).ok()?;
                let place = EntryPlace {
                    seq: u64::try_from(*seq).ok()?,
                    leaf: Hash::leaf(leaf.as_bytes()),
                };
                Some((place, entry, values(*seq)))
            }
            _ => None,
        })
        .collect();
    found.sort_by_key(|(place, ..)| place.seq);
    found
}

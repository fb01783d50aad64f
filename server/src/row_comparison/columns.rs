//! Compares the columns beside an entry with the entry.
//!
//! These columns are not signed, but pages find the entries of a change by them, and the server ignores an entry with
//! another hash in the tree. Entries that cannot be parsed are reported by the verifier.

use std::{borrow::Cow, collections::BTreeMap};

use domain::ledger::{Entry, Hash};
use serde::Deserialize;

use super::difference::Difference;
use crate::store::ledger::StoredEntry;

/// The members of an entry that columns repeat.
#[derive(Deserialize)]
struct Leaf<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    change_id: Option<Cow<'a, str>>,
}

/// Returns a difference for each column that differs from its entry. `hash` is the leaf hash; `entry` is none if the leaf
/// cannot be parsed as a whole.
pub(super) fn compare(
    stored: &StoredEntry,
    hash: &Hash,
    entry: Option<&Entry>,
    in_tree: &BTreeMap<u64, Hash>,
) -> impl Iterator<Item = Difference> {
    let seq = stored.seq;
    differing(stored, hash, entry, in_tree)
        .into_iter()
        .map(move |column| Difference::ColumnDiffers { seq, column })
}

fn differing(
    stored: &StoredEntry,
    hash: &Hash,
    entry: Option<&Entry>,
    in_tree: &BTreeMap<u64, Hash>,
) -> Vec<&'static str> {
    let Some(text) = stored.leaf.as_deref() else {
        return Vec::new();
    };
    let members = entry.map(|entry| Leaf {
        kind: Cow::Borrowed(entry.kind.as_str()),
        change_id: entry
            .change_id
            .as_ref()
            .map(|id| Cow::Borrowed(id.as_str())),
    });
    let Some(leaf) = members.or_else(|| serde_json::from_str(text).ok()) else {
        return Vec::new();
    };
    let mut columns = Vec::new();
    for (column, beside, stated) in [
        ("type", &stored.kind, Some(leaf.kind.as_ref())),
        ("change_id", &stored.change, leaf.change_id.as_deref()),
    ] {
        if beside.as_deref() != stated {
            columns.push(column);
        }
    }
    let kept = u64::try_from(stored.seq)
        .ok()
        .and_then(|seq| in_tree.get(&seq));
    if kept != Some(hash) {
        columns.push("hash (of ledger_hash)");
    }
    columns
}

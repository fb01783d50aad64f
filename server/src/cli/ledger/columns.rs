//! Compares the columns beside an entry with the entry.
//!
//! These columns are not signed, but the server uses them to find the entries of decisions, roles, access windows and
//! sessions: it would miss an entry with another type, or with another hash in the tree. Entries that cannot be parsed
//! are reported by the verifier.

use std::{borrow::Cow, collections::BTreeMap};

use domain::ledger::Hash;
use serde::Deserialize;

use super::rows::Difference;
use crate::store::ledger::StoredEntry;

/// The members of an entry that columns repeat.
#[derive(Deserialize)]
struct Leaf<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    change_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    target: Option<About<'a>>,
    #[serde(borrow)]
    actor: Option<By<'a>>,
    #[serde(borrow)]
    data: Option<Facts<'a>>,
}

#[derive(Deserialize)]
struct About<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct By<'a> {
    #[serde(borrow)]
    session: Option<Cow<'a, str>>,
}

/// A `grant` that is not text counts as absent, as in the column.
#[derive(Deserialize)]
struct Facts<'a> {
    #[serde(borrow)]
    grant: Option<Cow<'a, str>>,
}

/// Returns a difference for each column that differs from its entry.
pub(super) fn compare(
    stored: &StoredEntry,
    in_tree: &BTreeMap<u64, Hash>,
) -> impl Iterator<Item = Difference> {
    let seq = stored.seq;
    differing(stored, in_tree)
        .into_iter()
        .map(move |column| Difference::ColumnDiffers { seq, column })
}

fn differing(stored: &StoredEntry, in_tree: &BTreeMap<u64, Hash>) -> Vec<&'static str> {
    let Some(text) = stored.leaf.as_deref() else {
        return Vec::new();
    };
    let Ok(leaf) = serde_json::from_str::<Leaf<'_>>(text) else {
        return Vec::new();
    };
    let target = leaf.target.as_ref().and_then(|target| target.id.as_deref());
    let session = leaf
        .actor
        .as_ref()
        .and_then(|actor| actor.session.as_deref());
    let grant = leaf.data.as_ref().and_then(|facts| facts.grant.as_deref());
    let mut columns = Vec::new();
    for (column, beside, stated) in [
        ("type", &stored.kind, Some(leaf.kind.as_ref())),
        ("change_id", &stored.change, leaf.change_id.as_deref()),
        ("target_id", &stored.target, target),
        ("grant_id", &stored.grant, grant),
        ("session", &stored.session, session),
    ] {
        if beside.as_deref() != stated {
            columns.push(column);
        }
    }
    let kept = u64::try_from(stored.seq)
        .ok()
        .and_then(|seq| in_tree.get(&seq));
    if kept != Some(&Hash::leaf(text.as_bytes())) {
        columns.push("hash (of ledger_hash)");
    }
    columns
}

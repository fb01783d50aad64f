//! The items of changes in a bundle: `items.jsonl`, verified by the digests in the entries.

use serde::{Deserialize, Serialize};

use super::{BundleError, ENTRIES, parse_line};
use crate::{
    change::StoredItem,
    ids::ChangeId,
    ledger::{
        Entry,
        items::{ItemsDigest, ItemsHasher, stored_beside},
        projection::{REFUSED, SUBMITTED},
    },
};

/// The file name of the items that are stored beside their entries. The file is absent if there are none.
pub const ITEMS: &str = "items.jsonl";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemLine {
    seq: u64,
    number: i64,
    version: i64,
    document: String,
}

/// Returns a line of `items.jsonl`, including the line feed. Lines are in ascending order of `seq` and `number`.
pub fn item_line(seq: u64, item: &StoredItem) -> Result<String, serde_json::Error> {
    let line = ItemLine {
        seq,
        number: item.number,
        version: item.version,
        document: item.document.clone(),
    };
    serde_json_canonicalizer::to_string(&line).map(|text| text + "\n")
}

/// An entry whose items in the bundle differ from the digest that it states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemsDiffer {
    pub seq: u64,
    pub change: Option<ChangeId>,
    /// The number of items in the bundle.
    pub found: u64,
}

/// Compares the items of a bundle with the digests in its entries, in one pass over both. Whether the entries are valid is
/// found by [`verify`](super::verify).
///
/// # Errors
/// Returns an error for a line that cannot be read, a malformed line of `items.jsonl`, or one of an entry that needs none.
pub fn verify_items<L, I, E>(
    entries: impl IntoIterator<Item = Result<L, E>>,
    items: impl IntoIterator<Item = Result<I, E>>,
) -> Result<Vec<ItemsDiffer>, BundleError<E>>
where
    L: AsRef<[u8]>,
    I: AsRef<str>,
{
    let mut lines = (1..).zip(items);
    let mut ahead = next(&mut lines)?;
    let mut differ = Vec::new();
    for (seq, line) in (0..).zip(entries) {
        let leaf = line.map_err(|error| BundleError::Read {
            file: ENTRIES,
            error,
        })?;
        let needed = needed(leaf.as_ref());
        let mut hasher = ItemsHasher::default();
        while let Some((_, line)) = ahead.take_if(|(_, line)| needed.is_some() && line.seq == seq) {
            hasher.add(&StoredItem {
                number: line.number,
                version: line.version,
                document: line.document,
            });
            ahead = next(&mut lines)?;
        }
        let found = hasher.finish();
        if let Some((change, _)) = needed.filter(|(_, stated)| *stated != found) {
            differ.push(ItemsDiffer {
                seq,
                change,
                found: found.count,
            });
        }
    }
    match ahead {
        None => Ok(differ),
        Some((line, item)) => Err(BundleError::Malformed {
            file: ITEMS,
            line,
            why: format!(
                "entry {} states no digest of items, or the lines are not in ascending order of seq",
                item.seq
            ),
        }),
    }
}

/// Returns the digest that the items of an entry must have. None if the entry needs no items, or cannot be read.
fn needed(leaf: &[u8]) -> Option<(Option<ChangeId>, ItemsDigest)> {
    // Most entries concern something else, and parsing is expensive.
    let text = std::str::from_utf8(leaf).ok()?;
    if ![SUBMITTED, REFUSED].iter().any(|kind| text.contains(kind)) {
        return None;
    }
    let (_, entry) = Entry::parse(leaf).ok()?;
    let digest = stored_beside(&entry)?;
    Some((entry.change_id, digest))
}

fn next<I: AsRef<str>, E>(
    lines: &mut impl Iterator<Item = (u64, Result<I, E>)>,
) -> Result<Option<(u64, ItemLine)>, BundleError<E>> {
    let Some((number, text)) = lines.next() else {
        return Ok(None);
    };
    let text = text.map_err(|error| BundleError::Read { file: ITEMS, error })?;
    Ok(Some((number, parse_line(ITEMS, number, text.as_ref())?)))
}

//! The items of changes in a bundle: `items.jsonl`, verified by the digests in the entries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{BundleError, ENTRIES, PRIVATE, PrivateLine, parse_line};
use crate::{
    change::StoredItem,
    ids::ChangeId,
    ledger::{
        Entry, PrivateValue,
        items::{ItemsDigest, ItemsHasher, holds_text, stored_beside, text_beside},
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

/// The texts of the items beside entries, by entry and item. There are few, because every text is stored once.
#[derive(Debug, Default)]
pub struct ItemTexts(BTreeMap<(u64, i64), Vec<PrivateValue>>);

impl ItemTexts {
    /// Collects them from the lines of `private.jsonl`.
    ///
    /// # Errors
    /// Returns an error for a line that cannot be read or is malformed.
    pub fn read<P: AsRef<str>, E>(
        lines: impl IntoIterator<Item = Result<P, E>>,
    ) -> Result<Self, BundleError<E>> {
        let mut all = Self::default();
        for (number, line) in (1..).zip(lines) {
            let line = line.map_err(|error| BundleError::Read {
                file: PRIVATE,
                error,
            })?;
            let line: PrivateLine = parse_line(PRIVATE, number, line.as_ref())?;
            let (seq, value) = (line.seq, line.value());
            if let Some((item, _)) = text_beside(&value) {
                all.0.entry((seq, item)).or_default().push(value);
            }
        }
        Ok(all)
    }

    /// Takes the texts of an item, and keeps those that differ from it.
    fn compare(&mut self, seq: u64, item: &StoredItem) {
        let at = (seq, item.number);
        if let Some(mut texts) = self.0.remove(&at) {
            texts.retain(|text| {
                !text_beside(text).is_some_and(|(_, pointer)| holds_text(item, pointer, text))
            });
            if !texts.is_empty() {
                self.0.insert(at, texts);
            }
        }
    }

    /// Returns the entry and the path of each text that is left.
    fn differing(self) -> impl Iterator<Item = TextDiffers> {
        self.0.into_iter().flat_map(|((seq, _), texts)| {
            let paths = texts.into_iter().map(|text| text.path);
            paths.map(move |path| TextDiffers { seq, path })
        })
    }
}

/// A text that is not the one of the item at its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextDiffers {
    pub seq: u64,
    pub path: String,
}

/// What differs between the entries of a bundle and the items beside them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ItemFindings {
    pub items: Vec<ItemsDiffer>,
    pub texts: Vec<TextDiffers>,
}

/// An entry whose items in the bundle differ from the digest that it states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemsDiffer {
    pub seq: u64,
    pub change: Option<ChangeId>,
    /// The number of items in the bundle.
    pub found: u64,
}

/// Compares the items of a bundle with the digests in its entries, in one pass over both, and their texts with them. Whether the entries are valid is
/// found by [`verify`](super::verify).
///
/// # Errors
/// Returns an error for a line that cannot be read, a malformed line of `items.jsonl`, or one of an entry that needs none.
pub fn verify_items<L, I, E>(
    entries: impl IntoIterator<Item = Result<L, E>>,
    items: impl IntoIterator<Item = Result<I, E>>,
    mut texts: ItemTexts,
) -> Result<ItemFindings, BundleError<E>>
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
            let item = StoredItem {
                number: line.number,
                version: line.version,
                document: line.document,
            };
            hasher.add(&item);
            texts.compare(seq, &item);
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
        None => Ok(ItemFindings {
            items: differ,
            texts: texts.differing().collect(),
        }),
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

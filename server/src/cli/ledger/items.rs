//! Compares the stored items of changes with the entries of their requests.
//!
//! Other processes may store changes during the verification. Items never change, so rows that were read before the
//! entries must match them, and an entry must match the rows that were read before or after it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::ChangeId,
    ledger::{
        PrivateValue,
        items::{ItemRows, ItemsDigest, RecordedItems, holds_text, text_beside},
        projection::ReadChange,
    },
};
use serde_json::Value;

use super::{LedgerCommandError, rows::Difference};
use crate::store::{
    Store,
    change::{inline_items, item_digests, item_of},
};

/// The items of all changes at one point in time.
pub(super) struct ItemsOfChanges {
    /// The digest of the rows of items, by change.
    rows: BTreeMap<String, ItemsDigest>,
    /// The items in the rows of changes of earlier versions; none if the row cannot be read.
    inline: BTreeMap<String, Option<Vec<Value>>>,
}

impl ItemsOfChanges {
    pub(super) async fn read(store: &Store) -> Result<Self, LedgerCommandError> {
        Ok(Self {
            rows: item_digests(store).await?,
            inline: inline_items(store).await?,
        })
    }
}

/// Returns the texts of the items beside an entry that differ from these items.
pub(super) async fn differing_texts(
    store: &Store,
    seq: i64,
    change: Option<&ChangeId>,
    values: &[PrivateValue],
) -> Result<Vec<Difference>, LedgerCommandError> {
    let mut found = Vec::new();
    for value in values {
        let Some((number, pointer)) = text_beside(value) else {
            continue;
        };
        let item = match change {
            Some(change) => item_of(store, change, number).await?,
            None => None,
        };
        if !item.is_some_and(|item| holds_text(&item, pointer, value)) {
            let what = format!("{} of entry {seq}", value.path);
            found.push(Difference::ItemTextDiffers(what));
        }
    }
    Ok(found)
}

pub(super) fn compare(
    before: &ItemsOfChanges,
    after: &ItemsOfChanges,
    changes: &BTreeMap<ChangeId, ReadChange>,
    found: &mut BTreeSet<Difference>,
) {
    let recorded = |id: &str| {
        let id = ChangeId::parse(id).ok()?;
        let request = changes.get(&id)?.decisions.history.submitted.as_ref()?;
        Some(&request.items)
    };
    for (id, rows) in &before.rows {
        let change = format!("change {id}");
        match recorded(id) {
            None => found.insert(Difference::ItemsWithoutEntry(change)),
            Some(RecordedItems::Digest { digest, .. })
                if digest == rows && !before.inline.contains_key(id) =>
            {
                false
            }
            Some(_) => found.insert(Difference::ItemsDiffer(change)),
        };
    }
    for (id, inline) in &before.inline {
        let stored = ItemRows {
            inline: inline.clone(),
            rows: Vec::new(),
        };
        if recorded(id).is_some_and(|recorded| !recorded.proves(&stored)) {
            found.insert(Difference::InlineItemsDiffer(format!("change {id}")));
        }
    }
    for (id, read) in changes {
        let request = read.decisions.history.submitted.as_ref();
        let stated =
            request.is_some_and(|asked| matches!(asked.items, RecordedItems::Digest { .. }));
        let there = |items: &ItemsOfChanges| items.rows.contains_key(id.as_str());
        if stated && !there(before) && !there(after) {
            found.insert(Difference::ItemsWithoutRow(format!("change {id}")));
        }
    }
}

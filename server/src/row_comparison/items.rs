//! Compares the stored items of changes with the entries of their requests.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::ChangeId,
    ledger::{
        PrivateValue,
        items::{ItemRows, ItemsDigest, RecordedItems, holds_text, text_beside},
        projection::ReadChange,
    },
};

use super::difference::Difference;
use crate::store::{
    StoreConnection, StoreError,
    change::{InlineItems, VerifiedRow, item_of},
};

/// The digest of the rows of items, by change.
pub(super) type Digests = BTreeMap<String, ItemsDigest>;

/// Returns the texts of the items beside an entry that differ from these items.
pub(super) async fn differing_texts(
    snapshot: &mut StoreConnection,
    seq: i64,
    change: Option<&ChangeId>,
    values: &[PrivateValue],
) -> Result<Vec<Difference>, StoreError> {
    let mut found = Vec::new();
    for value in values {
        let Some((number, pointer)) = text_beside(value) else {
            continue;
        };
        let item = match change {
            Some(change) => item_of(snapshot, change, number).await?,
            None => None,
        };
        if !item.is_some_and(|item| holds_text(&item, pointer, value)) {
            let what = format!("{} of entry {seq}", value.path);
            found.push(Difference::ItemTextDiffers(what));
        }
    }
    Ok(found)
}

/// Compares the rows of items, and the items in the rows of changes.
pub(super) fn compare(
    rows: &Digests,
    inline: &[VerifiedRow],
    changes: &BTreeMap<ChangeId, ReadChange>,
    found: &mut BTreeSet<Difference>,
) {
    let recorded = |id: &str| {
        let id = ChangeId::parse(id).ok()?;
        let request = changes.get(&id)?.decisions.history.submitted.as_ref()?;
        Some(&request.items)
    };
    let inline = inline
        .iter()
        .filter(|row| row.inline_items != InlineItems::None);
    let inline: BTreeMap<&str, &InlineItems> = inline
        .map(|row| (row.id.as_str(), &row.inline_items))
        .collect();
    for (id, rows) in rows {
        let change = format!("change {id}");
        match recorded(id) {
            None => found.insert(Difference::ItemsWithoutEntry(change)),
            Some(RecordedItems::Digest { digest, .. })
                if digest == rows && !inline.contains_key(id.as_str()) =>
            {
                false
            }
            Some(_) => found.insert(Difference::ItemsDiffer(change)),
        };
    }
    for (id, inline) in inline {
        let stored = ItemRows {
            inline: match inline {
                InlineItems::Items(items) => Some(items.clone()),
                InlineItems::None | InlineItems::Unreadable => None,
            },
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
        if stated && !rows.contains_key(id.as_str()) {
            found.insert(Difference::ItemsWithoutRow(format!("change {id}")));
        }
    }
}

//! The items of a change that are stored beside the entry of its request, whose digest the entry states.

use app::backend::{EntryItem, EntryItems, ITEMS_PER_PAGE, ItemsProof, Page};
use domain::{
    change::{Operation, StoredItem},
    ledger::{
        Entry,
        items::{ItemRows, OPERATIONS, RecordedItems},
    },
    snapshot::Snapshot,
};

use crate::{
    service::{
        changes::{PersonNames, descriptions},
        existing,
    },
    store::{Store, StoreError, change},
};

/// Returns a page of the items of a change whose entry states their digest and not the items themselves.
pub(super) async fn items(
    store: &Store,
    snapshot: &Snapshot,
    leaf: &str,
    page: usize,
) -> Result<Option<EntryItems>, StoreError> {
    let Ok((_, entry)) = Entry::parse(leaf.as_bytes()) else {
        return Ok(None);
    };
    let recorded = RecordedItems::of(&entry);
    let (Some(recorded), Some(change)) = (recorded, &entry.change_id) else {
        return Ok(None);
    };
    if entry.data.contains_key(OPERATIONS) || !matches!(recorded, RecordedItems::Digest { .. }) {
        return Ok(None);
    }
    let found = ItemRows {
        inline: None,
        rows: change::items_of(store, change).await?,
    };
    let total = found.rows.len();
    let number = existing(page, total, ITEMS_PER_PAGE);
    let rows = found.rows.iter().skip((number - 1) * ITEMS_PER_PAGE);
    let rows = rows.take(ITEMS_PER_PAGE);
    let known: Vec<Operation> = rows.clone().filter_map(StoredItem::read).collect();
    let mut conn = store.connection().await?;
    let people = PersonNames::new(snapshot)
        .of_items(&mut conn, &known)
        .await?;
    let line = |item: &StoredItem| match item.read() {
        Some(operation) => EntryItem::Known(descriptions::operation(snapshot, &people, &operation)),
        None => EntryItem::Newer(item.document.clone()),
    };
    Ok(Some(EntryItems {
        proven: if recorded.proves(&found) {
            ItemsProof::Proven
        } else {
            ItemsProof::Altered
        },
        page: Page {
            rows: rows.map(line).collect(),
            number,
            total,
            size: ITEMS_PER_PAGE,
        },
    }))
}

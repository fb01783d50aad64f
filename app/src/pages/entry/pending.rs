//! What is pending of a change, by item, on the page of an entry whose outcome no later entry states yet. It is the state of
//! now, not part of the entry, and says so.

use domain::{ids::ChangeId, ledger::Outcome};
use leptos::prelude::*;

use crate::{
    backend::{Denied, EntryView, ITEMS_PER_PAGE, OperationRow, Page, PortResult, sentence_words},
    components::{
        Column, Narrow, PagePosition, Section, StatusBadge, Table, operation_status, pages,
    },
    pages::change::item_words,
    routes::Visit,
};

/// The name of the page of items in the URL.
const PAGE: &str = "pending";

/// The items of a change that is under way.
pub(super) struct PendingItems {
    change: ChangeId,
    page: Page<OperationRow>,
}

/// Reads the items of the change of an entry, if the entry is about a change and its outcome is pending still.
pub(super) async fn read(visit: &Visit, entry: &EntryView) -> PortResult<Option<PendingItems>> {
    let row = &entry.row;
    let is_open = row.outcome == Outcome::Pending && row.result.is_none();
    let about_change = row.kind.starts_with("change.");
    let Some(change) = row.change.clone().filter(|_| is_open && about_change) else {
        return Ok(None);
    };
    let number = visit.query(PAGE).parse().unwrap_or(1);
    match visit.backend.change_items(&change, number).await {
        Ok(page) => Ok(Some(PendingItems { change, page })),
        // The row of the change is gone, or of a newer version: the page of the change says so.
        Err(Denied::NotFound | Denied::NotUnderstood(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Renders the items with their progress.
pub(super) fn section(pending: PendingItems, seq: u64) -> AnyView {
    let PendingItems { change, page } = pending;
    let place = PagePosition::of(page.number, ITEMS_PER_PAGE, page.rows.len(), page.total);
    let pager = (page.rows.len() < page.total).then(|| {
        pages(place, "items", move |page| {
            format!("/ledger/{seq}?{PAGE}={page}#pending")
        })
    });
    let rows = page
        .rows
        .into_iter()
        .map(|row| {
            let label = item_words(&row);
            view! {
                <tr>
                    <td data-label="Now"><StatusBadge status=operation_status(row.status) label /></td>
                    <th scope="row">{sentence_words(&row.what)}</th>
                </tr>
            }
        })
        .collect_view();
    let actions = view! { <a href=format!("/changes/{change}")>"Open the change"</a> }.into_any();
    view! {
        <section id="pending">
            <Section title="What is pending" detail="by item, as of now; not part of the entry" actions>
                <Table caption="What is pending, by item" columns=vec![Column::new("Now"), Column::new("Item")] narrow=Narrow::Cards>{rows}</Table>
                {pager}
            </Section>
        </section>
    }
    .into_any()
}

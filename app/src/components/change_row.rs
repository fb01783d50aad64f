//! A table of changes.

use domain::{change::State, time::Timestamp};
use leptos::prelude::*;

use super::{AccountNames, Column, LedgerMismatchMark, StatusBadge, Table, Time, state_status};
use crate::backend::ChangeRow;

/// The number of accounts named in a row.
const NAMED: usize = 3;

#[component]
pub fn ChangeTable(
    rows: Vec<ChangeRow>,
    /// The time of the request.
    now: Timestamp,
) -> impl IntoView {
    let columns = vec![
        Column::new("Change"),
        Column::new("State"),
        Column::new("Accounts").wide_only(),
        Column::new("Requested by").wide_only(),
        Column::new("Requested"),
    ];
    let rows = rows.into_iter().map(|row| line(row, now)).collect_view();
    view! { <Table caption="Changes" columns id="changes">{rows}</Table> }.into_any()
}

fn line(row: ChangeRow, now: Timestamp) -> impl IntoView {
    let (title, href) = row.link();
    let newest = row
        .folded
        .is_some()
        .then(|| view! { <p class="text-muted text-xs">"Newest: " {row.title.to_string()}</p> });
    let items = (row.folded.is_none() && row.items > 1)
        .then(|| view! { <p class="text-muted text-xs">{format!("{} items", row.items)}</p> });
    let (have, need) = row.approvals;
    let waiting = (row.state == State::Waiting && need > 0).then(|| {
        view! { <span class="text-muted text-xs">{format!("{have} of {need}")} ", decision due " <Time at=row.decide_by now /></span> }
    });
    let total = row.accounts.len();
    let state = row.state_words();
    let accounts = row.accounts.into_iter().take(NAMED).collect();
    view! {
        <tr>
            <th scope="row"><a href=href data-item>{title}</a> {newest} {items}</th>
            <td>
                <span class="inline-flex flex-wrap items-center gap-x-2">
                    <StatusBadge status=state_status(row.state) label=state />
                    {waiting}
                    <LedgerMismatchMark comparison=row.ledger />
                </span>
            </td>
            <td data-wide><AccountNames accounts total /></td>
            <td data-wide>{row.requester}</td>
            <td><Time at=row.submitted now /></td>
        </tr>
    }
}

//! The history of a change, oldest first, with the ledger number of each entry.

use domain::time::Timestamp;
use leptos::prelude::*;

use super::{ExactTime, not_authentic};
use crate::backend::TimelineRow;

#[component]
pub fn Timeline(
    rows: Vec<TimelineRow>,
    /// Whether the numbers link to the ledger, for users who may open it.
    linked: bool,
    /// The time of the request.
    now: Timestamp,
) -> impl IntoView {
    let items = rows
        .into_iter()
        .map(|row| item(row, linked, now))
        .collect_view();
    view! { <ol data-lines data-timeline>{items}</ol> }.into_any()
}

fn item(row: TimelineRow, linked: bool, now: Timestamp) -> impl IntoView {
    let number = format!("#{}", row.seq);
    let number = if linked {
        view! { <a href=format!("/ledger/{}", row.seq) class="font-mono text-xs">{number}</a> }
            .into_any()
    } else {
        view! { <span class="font-mono text-xs text-muted">{number}</span> }.into_any()
    };
    view! {
        <li>
            <div class="flex flex-wrap items-baseline justify-between gap-x-4">
                <span>{not_authentic(row.authenticity)} <span class="font-medium">{row.what}</span> {row.account.map(|name| format!(": {name}"))} {row.who.map(|who| format!(" by {who}"))}</span>
                <span class="text-muted text-xs inline-flex gap-x-2"><ExactTime at=row.at now /> {number}</span>
            </div>
            {row.note.map(|note| view! { <p class="mt-1 max-w-[72ch] whitespace-pre-wrap break-words">{note}</p> })}
            {row.aws_request_id.map(|id| view! { <p class="text-muted text-xs">"AWS request " <code>{id}</code></p> })}
        </li>
    }
}

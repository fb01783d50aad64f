//! A change that differs from the ledger: the notice on its page, and the mark in lists. Displays differences and never
//! finds them.

use leptos::prelude::*;

use super::{Notice, Status, StatusBadge};
use crate::backend::{LedgerComparison, LedgerMismatchView};

/// What differs, what follows, and whom to call.
#[component]
pub fn LedgerMismatchNotice(mismatch: LedgerMismatchView) -> impl IntoView {
    let LedgerMismatchView {
        differences,
        consequence,
    } = mismatch;
    let differences = differences
        .into_iter()
        .map(|difference| view! { <li>{difference}</li> })
        .collect_view();
    view! {
        <Notice status=Status::Danger title="This change does not match the ledger">
            <ul>{differences}</ul>
            <p class="mt-2 font-semibold">{consequence}</p>
            <p class="mt-2">
                "Somebody may have edited the database. Call an administrator of Leastwise, and do not modify the database. On the host, "
                <code>"leastwise ledger verify"</code>
                " names every difference. Request the change again when the cause is known."
            </p>
        </Notice>
    }
    .into_any()
}

/// The mark of such a change in a list; empty for others.
#[component]
pub fn LedgerMismatchMark(comparison: LedgerComparison) -> impl IntoView {
    match comparison {
        LedgerComparison::Matches => None,
        LedgerComparison::Differs => {
            Some(view! { <StatusBadge status=Status::Danger label="Does not match the ledger" /> })
        }
    }
}

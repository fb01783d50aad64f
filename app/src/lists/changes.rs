//! The list of changes. The store filters and sorts it, because there may be more than fit in memory.

use domain::ids::{AccountId, PersonId};
use leptos::prelude::*;

use super::{
    Bound, Cell, Column, Direction, DrawContext, Filter, FilterOption, List, Paging, Sort, id,
};
use crate::{
    backend::{ChangeRow, LedgerComparison},
    components::{AccountNames, LedgerMismatchMark, StatusBadge, Time, state_glyph, state_status},
};

/// The number of accounts named in a row.
const NAMED: usize = 3;

/// The filters and values to which other pages lead.
pub const STATE: &str = "state";
pub const REQUESTER: &str = "requester";
/// The requester who looks at the list.
pub const ME: &str = "me";
pub const ALARM: &str = "alarm";
/// Changes that raised an alarm: they remove oversight access, or the access of many people.
pub const RAISED: &str = "raised";
pub const ACCOUNT: &str = "account";
pub const FROM: &str = "from";
pub const UNTIL: &str = "until";

/// The columns by which the store sorts.
pub const SUBMITTED: &str = "submitted";
pub const DECIDE_BY: &str = "decide_by";

const fn column(key: &'static str, label: &'static str) -> Column<(), ChangeRow> {
    Column::new(key, label)
}

pub static CHANGES: List<(), ChangeRow> = List {
    path: "/changes",
    nouns: ("change", "changes"),
    order: "Newest first",
    default: Some(Sort {
        column: SUBMITTED,
        direction: Direction::Descending,
    }),
    columns: &[
        column("change", "Change")
            .always()
            .cell(title)
            .value(|row| Cell::Text(row.title.to_string())),
        column("id", "ID")
            .on_request()
            .cell(|row, _| id(row.id.to_string(), "the ID"))
            .value(|row| Cell::Text(row.id.to_string())),
        column(STATE, "State")
            .sorts_in_store()
            .cell(state)
            .value(|row| row.state.as_str().into()),
        column("accounts", "Accounts")
            .in_table()
            .cell(|row, _| {
                let total = row.accounts.len();
                let accounts = row.accounts.iter().take(NAMED).cloned().collect();
                view! { <AccountNames accounts total /> }.into_any()
            })
            .value(|row| {
                let ids: Vec<String> = row.accounts.iter().map(|one| one.id.to_string()).collect();
                Cell::Text(ids.join(" "))
            }),
        column("items", "Items")
            .numeric()
            .on_request()
            .cell(|row, _| row.items.to_string().into_any())
            .value(|row| Cell::Number(u64::try_from(row.items).unwrap_or(u64::MAX))),
        column(REQUESTER, "Requested by")
            .in_table()
            .cell(|row, _| row.requester.clone().into_any())
            .value(|row| Cell::Text(row.requester.clone())),
        column(SUBMITTED, "Requested")
            .newest_first()
            .sorts_in_store()
            .cell(|row, context| view! { <Time at=row.submitted now=context.now /> }.into_any())
            .value(|row| Cell::Time(row.submitted)),
        column(DECIDE_BY, "Decision due")
            .newest_first()
            .on_request()
            .sorts_in_store()
            .cell(|row, context| view! { <Time at=row.decide_by now=context.now /> }.into_any())
            .value(|row| Cell::Time(row.decide_by)),
        column("approvals", "Approvals").value(|row| Cell::Number(u64::from(row.approvals.0))),
        column("approvals_needed", "Approvals needed")
            .value(|row| Cell::Number(u64::from(row.approvals.1))),
        column("matches_ledger", "Matches the ledger")
            .value(|row| Cell::YesNo(row.ledger == LedgerComparison::Matches)),
    ],
    filters: &[
        Filter::options(
            STATE,
            "State",
            &[
                FilterOption::in_store("waiting", "Waiting for approval"),
                FilterOption::in_store("approved", "Approved"),
                FilterOption::in_store("applying", "Applying"),
                FilterOption::in_store("verified", "Verified"),
                FilterOption::in_store("refused", "Blocked"),
                FilterOption::in_store("declined", "Declined"),
                FilterOption::in_store("expired", "Expired"),
                FilterOption::in_store("withdrawn", "Withdrawn"),
                FilterOption::in_store("failed", "Failed"),
            ],
        ),
        Filter::offered(
            REQUESTER,
            "Requested by",
            |value| value == ME || PersonId::parse(value).is_ok(),
            |(), _| true,
        ),
        Filter::options(
            ALARM,
            "Alarm",
            &[FilterOption::in_store(RAISED, "With an alarm")],
        ),
        Filter::offered(
            ACCOUNT,
            "Account",
            |value| AccountId::parse(value).is_ok(),
            |(), _| true,
        ),
        Filter::day(FROM, "Requested from", Bound::From, |()| None),
        Filter::day(UNTIL, "Requested until", Bound::Until, |()| None),
    ],
    text: |()| "",
    paging: Paging::ByNumber,
};

fn title(row: &ChangeRow, _: &DrawContext) -> AnyView {
    let (title, href) = row.link();
    let newest = row.folded.is_some().then(|| {
        view! { <span class="block text-muted text-xs font-normal">"Newest: " {row.title.to_string()}</span> }
    });
    let items = (row.folded.is_none() && row.items > 1).then(|| {
        view! { <span class="block text-muted text-xs font-normal">{format!("{} items", row.items)}</span> }
    });
    view! { <span class="block"><a href=href data-item>{title}</a> {newest} {items}</span> }
        .into_any()
}

fn state(row: &ChangeRow, context: &DrawContext) -> AnyView {
    let (have, need) = row.approvals;
    let waits = row.state == domain::change::State::Waiting && need > 0;
    let waiting = waits.then(|| {
        view! {
            <span class="text-muted text-xs">{format!("{have} of {need}")} ", decision due " <Time at=row.decide_by now=context.now /></span>
        }
    });
    view! {
        <span class="inline-flex flex-wrap items-center gap-x-2">
            <StatusBadge status=state_status(row.state) label=row.state_words() glyph=state_glyph(row.state) />
            {waiting}
            <LedgerMismatchMark comparison=row.ledger />
        </span>
    }
    .into_any()
}

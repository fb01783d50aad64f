//! How far each item of a change is. Folded while nobody decided, because nothing is under way.

use domain::{change::State, time::Timestamp};
use leptos::prelude::*;

use crate::{
    backend::{
        ChangeView, ITEMS_PER_PAGE, ItemProgress, OperationRow, OperationStatus, StepState,
        sentence_words,
    },
    components::{
        AbsoluteTime, Column, FollowUpItemLink, Narrow, PagePosition, RemainingPathList, SagaSteps,
        Section, StatusBadge, StepsShown, Table, operation_status, pages, progress_words,
        state_glyph,
    },
};

/// Where the items of a change are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Items {
    /// As the progress of a change that was begun.
    UnderWay,
    /// Behind a fold of the record: nothing was sent, or the steps of the change say all about its only item.
    Folded,
}

impl Items {
    pub(super) fn of(view: &ChangeView) -> Self {
        match view.row.state {
            State::Verified if is_told(view) => Self::Folded,
            State::Approved | State::Applying | State::Verified | State::Failed => Self::UnderWay,
            State::Waiting
            | State::Refused
            | State::Declined
            | State::Expired
            | State::Withdrawn => Self::Folded,
        }
    }
}

fn count_words(total: usize) -> String {
    match total {
        1 => "1 item".to_owned(),
        total => format!("{total} items"),
    }
}

/// Renders one page of the items behind a fold, and links to the others.
pub(super) fn fold(view: ChangeView, number: usize, now: Timestamp) -> AnyView {
    let total = view.row.items;
    let pager = pager(&view, number);
    // The header leads to the rows.
    let open = number > 1 || view.follow_ups.more > 0;
    let count = match view.operations.as_slice() {
        [only] if total == 1 && view.row.state != State::Waiting => {
            format!("1 item: {}", item_words(only))
        }
        _ => count_words(total),
    };
    let table = table(view.operations, total, now);
    view! {
        <details data-fold-row id="items" open=open>
            <summary><b>"Items"</b> <span>{count}</span></summary>
            {table}
            {pager}
        </details>
    }
    .into_any()
}

/// Renders one page of the items as progress, and links to the others.
pub(super) fn section(view: ChangeView, number: usize, now: Timestamp) -> AnyView {
    let total = view.row.items;
    let (count, pager) = (count_words(total), pager(&view, number));
    let table = table(view.operations, total, now);
    view! {
        <section id="items"><Section title="Progress" detail=count>{table} {pager}</Section></section>
    }
    .into_any()
}

fn pager(view: &ChangeView, number: usize) -> AnyView {
    let path = format!("/changes/{}", view.row.id);
    items_pager(number, view.operations.len(), view.row.items, &path)
}

/// Whether the steps of the change say all about its only item: it is done, and nothing is left to say.
fn is_told(view: &ChangeView) -> bool {
    let told = |row: &OperationRow| {
        let remaining = &row.remaining;
        row.status == OperationStatus::Done
            && row.steps.is_empty()
            && remaining.paths.is_empty()
            && remaining.more == 0
    };
    view.row.items == 1 && view.operations.iter().all(told)
}

fn table(operations: Vec<OperationRow>, total: usize, now: Timestamp) -> impl IntoView {
    let columns = vec![
        // The first column, so that it is visible on a small screen without scrolling.
        Column::new("Status"),
        Column::new("Item"),
        Column::new("Confirmed at"),
    ];
    let steps_shown = if total == 1 {
        StepsShown::Open
    } else {
        StepsShown::AsNeeded
    };
    let rows = operations
        .into_iter()
        .enumerate()
        .map(|(place, row)| {
            let label = item_words(&row);
            let glyph = match row.progress {
                ItemProgress::NotStarted(state) => state_glyph(state),
                _ => None,
            };
            let remaining = view! { <RemainingPathList remaining=row.remaining /> };
            let id = format!("steps-{place}");
            view! {
                <tr>
                    <td data-label="Status">
                        <StatusBadge status=operation_status(row.status) label glyph />
                        {remaining}
                    </td>
                    <th scope="row" data-item data-label="Item">
                        <span>{sentence_words(&row.what)}</span>
                        <SagaSteps id steps=row.steps shown=steps_shown now />
                        {row.follow_up.map(|link| view! { <FollowUpItemLink link /> })}
                    </th>
                    <td data-label="Confirmed">{row.verified.map(|at| view! { <AbsoluteTime at now /> })}</td>
                </tr>
            }
        })
        .collect_view();
    view! { <Table caption="Items of this change" columns narrow=Narrow::Cards>{rows}</Table> }
}

/// Returns the progress of an item. Why a step failed is said beside the step.
pub(in crate::pages) fn item_words(row: &OperationRow) -> String {
    let any = |state| row.steps.iter().any(|step| step.state == state);
    match (any(StepState::Failed), any(StepState::Done)) {
        (true, true) => "Carried out in part".to_owned(),
        (true, false) => "Not carried out".to_owned(),
        (false, _) => progress_words(&row.progress),
    }
}

/// Links to the other pages of items, if there are any.
pub(in crate::pages) fn items_pager(
    number: usize,
    shown: usize,
    total: usize,
    path: &str,
) -> AnyView {
    if shown >= total {
        return ().into_any();
    }
    let place = PagePosition::of(number, ITEMS_PER_PAGE, shown, total);
    let path = path.to_owned();
    pages(place, "items", move |page| {
        format!("{path}?items={page}#items")
    })
}

//! A short list of changes, for pages about another object.

use domain::{change::State, time::Timestamp};
use leptos::prelude::*;

use super::{Glyph, LedgerMismatchMark, Status, StatusBadge, Time};
use crate::backend::{ChangeRow, OperationStatus};

/// Returns the badge status for the state of a change.
pub const fn state_status(state: State) -> Status {
    match state {
        State::Refused | State::Declined | State::Failed => Status::Danger,
        State::Waiting => Status::Pending,
        State::Approved | State::Applying => Status::Info,
        State::Verified => Status::Ok,
        State::Expired | State::Withdrawn => Status::Off,
    }
}

/// Returns the icon of a state that is told by another than that of its status: an approval is missing.
pub const fn state_glyph(state: State) -> Option<Glyph> {
    match state {
        State::Waiting => Some(Glyph::Approval),
        _ => None,
    }
}

/// Returns the badge status for the status of an operation.
pub const fn operation_status(status: OperationStatus) -> Status {
    match status {
        OperationStatus::Waiting => Status::Pending,
        OperationStatus::Running => Status::Info,
        OperationStatus::Done => Status::Ok,
        OperationStatus::Failed => Status::Danger,
        OperationStatus::Over => Status::Off,
    }
}

#[component]
pub fn RecentChanges(
    changes: Vec<ChangeRow>,
    /// The time of the request.
    now: Timestamp,
) -> impl IntoView {
    let lines = changes
        .into_iter()
        .map(|change| view! { <RecentChange change now /> })
        .collect_view();
    view! { <ul data-lines>{lines}</ul> }.into_any()
}

/// One change of such a list.
#[component]
pub fn RecentChange(
    change: ChangeRow,
    /// The names of those who approved it, if they are to be shown.
    #[prop(optional)]
    approved_by: Vec<String>,
    /// The time of the request.
    now: Timestamp,
) -> impl IntoView {
    let (title, href) = change.link();
    let (have, need) = change.approvals;
    let approvals = (change.state == State::Waiting)
        .then(|| view! { " · " {format!("{have} of {need} approvals")} " · decision due " <Time at=change.decide_by now /> });
    let approved_by = (!approved_by.is_empty()).then(|| {
        let names = approved_by.join(", ");
        view! { <p class="text-muted text-xs">"Approved by " {names}</p> }
    });
    view! {
        <li>
            <div class="flex items-start justify-between gap-x-3">
                <a href=href>{title}</a>
                <StatusBadge status=state_status(change.state) label=change.state_words() glyph=state_glyph(change.state) />
            </div>
            <p class="text-muted text-xs">{change.requester} ", " <Time at=change.submitted now /> {approvals}</p>
            {approved_by}
            <LedgerMismatchMark comparison=change.ledger />
        </li>
    }
    .into_any()
}

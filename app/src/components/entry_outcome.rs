//! The outcome of an entry of the ledger. What was pending when it was recorded shows what became of it, with a link to the
//! entry that states it.

use domain::ledger::Outcome;
use leptos::prelude::*;

use super::{Status, StatusBadge};
use crate::backend::EntryResult;

/// The outcome as a badge.
#[component]
pub fn EntryOutcome(
    outcome: Outcome,
    /// What became of it, if it was pending and that is known.
    result: Option<EntryResult>,
) -> impl IntoView {
    let Some(EntryResult {
        seq,
        outcome,
        label,
    }) = result
    else {
        let label = match outcome {
            Outcome::Success => "Success",
            Outcome::Failure => "Failure",
            Outcome::Denied => "Denied",
            Outcome::Pending => "Pending",
        };
        return view! { <StatusBadge status=status(outcome) label /> }.into_any();
    };
    let href = format!("/ledger/{seq}");
    let status = match label {
        "Declined" => Status::Danger,
        "Withdrawn" | "Expired" => Status::Off,
        _ => status(outcome),
    };
    // The entry itself was recorded before.
    let label = format!("Later {}", label.to_lowercase());
    view! {
        <span data-outcome>
            <StatusBadge status label />
            <a href=href class="text-xs">{format!("entry {seq}")}</a>
        </span>
    }
    .into_any()
}

const fn status(outcome: Outcome) -> Status {
    match outcome {
        Outcome::Success => Status::Ok,
        Outcome::Failure | Outcome::Denied => Status::Danger,
        Outcome::Pending => Status::Pending,
    }
}

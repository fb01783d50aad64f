//! What the guardrails say of something that exists: a status in the row, and behind it every reason with
//! the control that an assessor asks about. Shows a verdict, never makes one.

use domain::verdict::Outcome;
use leptos::prelude::*;

use super::{Status, StatusBadge};
use crate::backend::HitView;

/// Status and words for what stands against access that exists.
pub fn held_words(hits: &[HitView]) -> (Status, String) {
    let refused = hits
        .iter()
        .filter(|hit| hit.outcome == Outcome::Refused)
        .count();
    match (hits.len(), refused) {
        (0, _) => (Status::Ok, "Within the rules".to_owned()),
        (_, 0) => (Status::Pending, "Not approved here".to_owned()),
        (_, 1) => (Status::Danger, "Against 1 rule".to_owned()),
        (_, refused) => (Status::Danger, format!("Against {refused} rules")),
    }
}

/// For a cell: the status, which opens to the reasons.
#[component]
pub fn Hits(
    /// What the guardrails say.
    hits: Vec<HitView>,
) -> impl IntoView {
    let (status, label) = held_words(&hits);
    if hits.is_empty() {
        return view! { <StatusBadge status label /> }.into_any();
    }
    view! {
        <details data-fold>
            <summary><StatusBadge status label /></summary>
            <ul>
                {hits
                    .into_iter()
                    .map(|hit| view! { <li><HitWords hit /></li> })
                    .collect_view()}
            </ul>
        </details>
    }
    .into_any()
}

/// One reason, with its control.
#[component]
pub fn HitWords(
    /// Which.
    hit: HitView,
) -> impl IntoView {
    view! { {hit.reason} " " <span data-control title=format!("Rule {}", hit.rule)>{hit.control}</span> }.into_any()
}

//! The notice on an undecided change that can no longer be approved, because what it is about has changed.

use leptos::prelude::*;

use super::{Notice, Status};

/// Empty if nothing speaks against the change for good.
#[component]
pub fn ObsoleteNotice(
    /// One sentence each.
    reasons: Vec<String>,
) -> impl IntoView {
    if reasons.is_empty() {
        return ().into_any();
    }
    let items = reasons
        .into_iter()
        .map(|reason| view! { <li>{reason}</li> })
        .collect_view();
    view! {
        <Notice status=Status::Danger title="This change can no longer be approved">
            <ul data-plain>{items}</ul>
            <p>"It can be declined, or withdrawn by its requester. Request it again on what is there now."</p>
        </Notice>
    }
    .into_any()
}

//! The notice on an undecided change that cannot be approved, for good or for now, because of what it is about or who
//! requested it.

use leptos::prelude::*;

use super::{Notice, Status};
use crate::backend::AgainstApproval;

/// Empty if nothing speaks against the change.
#[component]
pub fn AgainstApprovalNotice(reasons: Vec<AgainstApproval>) -> impl IntoView {
    let (mut lasting, mut passing) = (Vec::new(), Vec::new());
    for reason in reasons {
        match reason {
            AgainstApproval::Lasting(reason) => lasting.push(reason),
            AgainstApproval::Passing(reason) => passing.push(reason),
        }
    }
    // Waiting for the rest to pass is of no use.
    if !lasting.is_empty() {
        lasting.extend(passing);
        return notice(
            Status::Danger,
            "This change can no longer be approved",
            "It can be declined, or withdrawn by its requester. Request it again on what is there now.",
            lasting,
        );
    }
    if passing.is_empty() {
        return ().into_any();
    }
    notice(
        Status::Pending,
        "This change cannot be approved now",
        "It waits, and can be approved once this is otherwise.",
        passing,
    )
}

fn notice(
    status: Status,
    title: &'static str,
    cure: &'static str,
    reasons: Vec<String>,
) -> AnyView {
    let items = reasons
        .into_iter()
        .map(|reason| view! { <li>{reason}</li> })
        .collect_view();
    view! {
        <Notice status title>
            <ul data-plain>{items}</ul>
            <p>{cure}</p>
        </Notice>
    }
    .into_any()
}

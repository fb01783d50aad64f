//! The notices on an undecided change: that it cannot be approved, for good or for now, because of what it is about or who
//! requested it, and that other policies are in force than those that evaluated it.

use leptos::prelude::*;

use super::{Notice, Status};
use crate::backend::AgainstApproval;

/// Empty if nothing speaks against the change.
#[component]
pub fn AgainstApprovalNotice(reasons: Vec<AgainstApproval>) -> impl IntoView {
    let (mut lasting, mut passing, mut policies) = (Vec::new(), Vec::new(), None);
    for reason in reasons {
        match reason {
            AgainstApproval::Lasting(reason) => lasting.push(reason),
            AgainstApproval::Passing(reason) => passing.push(reason),
            AgainstApproval::EarlierPolicies => policies = Some(earlier_policies()),
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
    let waits = !passing.is_empty();
    let waits = waits.then(|| {
        notice(
            Status::Pending,
            "This change cannot be approved now",
            "It waits, and can be approved once this is otherwise.",
            passing,
        )
    });
    view! {
        {policies}
        {waits}
    }
    .into_any()
}

fn earlier_policies() -> AnyView {
    view! {
        <Notice status=Status::Pending title="The policies changed after this was evaluated">
            <p>
                "The result below is that of the earlier policies. A decision evaluates the change again by the policies in force."
            </p>
        </Notice>
    }
    .into_any()
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

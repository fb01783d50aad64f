//! The steps of an item: what each of them does, how far it is, and when a read showed it done. Folded beside an item that
//! is done or waits, because a change can have 2,000 items.

use domain::time::Timestamp;
use leptos::prelude::*;

use super::{AbsoluteTime, Status, StatusBadge};
use crate::backend::{StepState, StepView};

/// Whether the steps are shown at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepsShown {
    Open,
    /// Open only if a step is under way or failed.
    AsNeeded,
}

/// The steps of one item. Nothing for access, which has none.
#[component]
pub fn SagaSteps(
    /// Unique on the page, so that a live page keeps what is unfolded.
    id: String,
    steps: Vec<StepView>,
    shown: StepsShown,
    now: Timestamp,
) -> impl IntoView {
    if steps.is_empty() {
        return ().into_any();
    }
    let done = steps.iter().filter(|step| step.state == StepState::Done);
    let summary = match (done.count(), steps.len()) {
        (done, 1) => format!("{done} of 1 step done"),
        (done, all) => format!("{done} of {all} steps done"),
    };
    let speaks = |step: &StepView| {
        matches!(
            step.state,
            StepState::Intended | StepState::NotDone | StepState::Failed
        )
    };
    let open = shown == StepsShown::Open || steps.iter().any(speaks);
    let lines = steps.into_iter().map(|step| line(step, now)).collect_view();
    view! {
        <details data-fold data-steps id=id open=open>
            <summary>{summary}</summary>
            <ol>{lines}</ol>
        </details>
    }
    .into_any()
}

fn line(step: StepView, now: Timestamp) -> impl IntoView {
    let (status, label) = match step.state {
        StepState::Waiting => (Status::Pending, "Waiting"),
        StepState::Intended => (Status::Info, "Begun"),
        StepState::NotDone => (Status::Info, "Not done yet, tried again"),
        StepState::Done => (Status::Ok, "Done"),
        StepState::Failed => (Status::Danger, "Failed"),
        StepState::NotReached => (Status::Off, "Not carried out"),
    };
    let name = step.name.words();
    let (first, rest) = name.split_at(1);
    let name = format!("{}{rest}", first.to_uppercase());
    let time = match (step.verified, step.intended) {
        (Some(at), _) => Some(view! { "Checked by reading: " <AbsoluteTime at now /> }.into_any()),
        (None, Some(at)) if step.state != StepState::NotReached => {
            Some(view! { "Last attempt: " <AbsoluteTime at now /> }.into_any())
        }
        _ => None,
    };
    let attempts = (step.attempt > 1).then(|| format!("{} attempts", step.attempt));
    let details = [time, attempts.map(IntoAny::into_any)];
    let details = details
        .into_iter()
        .flatten()
        .map(|detail| view! { <span>{detail}</span> })
        .collect_view();
    view! {
        <li>
            <span data-step-name>{name}</span>
            <StatusBadge status label />
            <span data-step-detail>{details}</span>
            {step.reason.map(|reason| view! { <p>{reason}</p> })}
        </li>
    }
}

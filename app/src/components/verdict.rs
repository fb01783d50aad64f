//! The verdict on a change: the outcome, every reason with its control, and the approvals required. Displays a verdict
//! and never makes one.

use domain::verdict::{Hit, Outcome, Verdict};
use leptos::prelude::*;

use super::{Notice, PolicyReason, Status};
use crate::backend::PolicyTitles;

/// The maximum number of approvers named; the rest is counted.
const NAMED: usize = 8;

/// Returns the badge status for an outcome.
pub const fn outcome_status(outcome: Outcome) -> Status {
    match outcome {
        Outcome::Allowed => Status::Ok,
        Outcome::NeedsApproval => Status::Pending,
        Outcome::Refused => Status::Danger,
    }
}

/// Whether somebody has yet to decide, for the wording of the verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tense {
    /// The change is a preview, or waits for a decision.
    #[default]
    Open,
    /// The change was decided, or needed no decision.
    Over,
}

/// Returns the status of the notice. Approvals that are no longer awaited are not pending.
const fn verdict_status(outcome: Outcome, tense: Tense) -> Status {
    match (outcome, tense) {
        (Outcome::NeedsApproval, Tense::Over) => Status::Off,
        _ => outcome_status(outcome),
    }
}

/// A notice with the verdict.
#[component]
pub fn VerdictBox(
    verdict: Verdict,
    /// The short names of its policies.
    titles: PolicyTitles,
    /// The number of gains, to show how many of them a reason applies to.
    gains: usize,
    /// The names of the people who can approve; `None` if they are not to be shown.
    #[prop(optional)]
    approvers: Option<Vec<String>>,
    /// The number of approvals that were given and count.
    #[prop(optional)]
    given: u8,
    #[prop(optional)] tense: Tense,
) -> impl IntoView {
    let people = |n: u8| {
        if n == 1 {
            "1 other person".to_owned()
        } else {
            format!("{n} other people")
        }
    };
    let title = match (verdict.outcome, tense) {
        (Outcome::Allowed, Tense::Open) => "No approval needed; applies on submit".to_owned(),
        (Outcome::Allowed, Tense::Over) => "No approval needed".to_owned(),
        (Outcome::NeedsApproval, Tense::Open) => {
            let needs = format!("Needs approval by {}", people(verdict.approvals));
            match given {
                0 => needs,
                1 => format!("{needs}: 1 has approved"),
                some => format!("{needs}: {some} have approved"),
            }
        }
        (Outcome::NeedsApproval, Tense::Over) => {
            format!("Needed approval by {}", people(verdict.approvals))
        }
        (Outcome::Refused, _) => "Blocked by policy; cannot be approved".to_owned(),
    };
    // Reasons without a remedy come first: only a different change avoids them.
    let (finals, lifted): (Vec<Hit>, Vec<Hit>) = verdict
        .hits
        .into_iter()
        .partition(|hit| hit.remedy.is_none());
    let reasons = finals
        .into_iter()
        .chain(lifted)
        .map(|hit| {
            let title = titles.get(&hit.rule).unwrap_or(&hit.rule).clone();
            reason(hit, title, gains, tense)
        })
        .collect_view();
    let who = approvers
        .filter(|_| verdict.outcome == Outcome::NeedsApproval)
        .map(|approvers| who(approvers, verdict.approvals.saturating_sub(given)));
    view! {
        <Notice status=verdict_status(verdict.outcome, tense) title>
            <ul data-policies>{reasons}</ul>
            {who}
        </Notice>
    }
    .into_any()
}

fn reason(hit: Hit, title: String, gains: usize, tense: Tense) -> impl IntoView {
    let applies_to = (1..gains).contains(&hit.affected).then(|| {
        format!(
            "Applies to {} of the {gains} gains listed below.",
            hit.affected
        )
    });
    let requires = match tense {
        Tense::Open => "Requires",
        Tense::Over => "Required",
    };
    let remedy = hit.remedy.map(|remedies| {
        let approvals = match remedies.approvals() {
            1 => "1 approval".to_owned(),
            n => format!("{n} approvals"),
        };
        let recent = if remedies.need_step_up() {
            " by people who signed in recently"
        } else {
            ""
        };
        format!("{requires} {approvals}{recent}.")
    });
    view! {
        <li><PolicyReason rule=hit.rule title reason=hit.reason control=hit.control applies_to remedy /></li>
    }
}

fn who(approvers: Vec<String>, needed: u8) -> AnyView {
    if approvers.len() < usize::from(needed) {
        let few = match approvers.as_slice() {
            [] => "No one can approve this now.".to_owned(),
            few => format!("Only {} can approve this now.", few.join(", ")),
        };
        return view! {
            <p class="mt-2">{few} " The requester and the people who gain access cannot approve. An administrator must appoint more approvers."</p>
        }
        .into_any();
    }
    let more = approvers.len().saturating_sub(NAMED);
    let shown: Vec<String> = approvers.into_iter().take(NAMED).collect();
    let shown = shown.join(", ");
    let more = (more > 0).then(|| format!(" and {more} more"));
    view! { <p class="mt-2">"Eligible approvers (MFA required): " {shown} {more}</p> }.into_any()
}

//! What the rules say of a change: the outcome, every reason with its control, and what would help.
//! Shows a verdict; never makes one.

use domain::verdict::{Hit, Outcome, Remedy, Verdict};
use leptos::prelude::*;

use super::{Notice, Status};

/// Approvers who are named; the others are counted.
const NAMED: usize = 8;

/// The colour for an outcome.
pub const fn outcome_status(outcome: Outcome) -> Status {
    match outcome {
        Outcome::Allowed => Status::Ok,
        Outcome::NeedsApproval => Status::Pending,
        Outcome::Refused => Status::Danger,
    }
}

/// Whether what a verdict asks for is still to come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tense {
    /// Nothing was carried out yet.
    #[default]
    Open,
    /// It was decided.
    Over,
}

/// The box.
#[component]
pub fn VerdictBox(
    /// What the rules said.
    verdict: Verdict,
    /// How many gains there are, to say which of them a reason is about.
    gains: usize,
    /// Who could approve, by name; left out where it is no longer, or not here, the question.
    #[prop(optional)]
    approvers: Option<Vec<String>>,
    /// Whether the change is still open.
    #[prop(optional)]
    tense: Tense,
) -> impl IntoView {
    let people = |n: u8| {
        if n == 1 {
            "1 other person".to_owned()
        } else {
            format!("{n} other people")
        }
    };
    let title = match (verdict.outcome, tense) {
        (Outcome::Allowed, Tense::Open) => "Allowed: it is carried out at once".to_owned(),
        (Outcome::Allowed, Tense::Over) => "Allowed without approval".to_owned(),
        (Outcome::NeedsApproval, Tense::Open) => {
            format!("Needs approval by {}", people(verdict.approvals))
        }
        (Outcome::NeedsApproval, Tense::Over) => {
            format!("Needed approval by {}", people(verdict.approvals))
        }
        (Outcome::Refused, _) => {
            "Refused by the rules: nobody can approve it as it stands".to_owned()
        }
    };
    // What nothing lifts comes first: it is what must change.
    let (finals, lifted): (Vec<Hit>, Vec<Hit>) = verdict
        .hits
        .into_iter()
        .partition(|hit| hit.remedy.is_none());
    let reasons = finals
        .into_iter()
        .chain(lifted)
        .map(|hit| reason(hit, gains))
        .collect_view();
    let who = approvers
        .filter(|_| verdict.outcome == Outcome::NeedsApproval)
        .map(|approvers| who(approvers, verdict.approvals));
    view! {
        <Notice status=outcome_status(verdict.outcome) title>
            <ul>{reasons}</ul>
            {who}
        </Notice>
    }
    .into_any()
}

fn reason(hit: Hit, gains: usize) -> impl IntoView {
    let some = (gains > 1 && hit.gains.len() < gains && !hit.gains.is_empty())
        .then(|| format!(" This is about {} of {gains} gains.", hit.gains.len()));
    let remedy = match hit.remedy {
        Some(Remedy::Approvals(1)) => Some(" One approval lifts it.".to_owned()),
        Some(Remedy::Approvals(n)) => Some(format!(" {n} approvals lift it.")),
        None => None,
    };
    view! {
        <li>
            {hit.reason} {remedy} {some} " " <span data-control title=format!("Rule {}", hit.rule)>{hit.control}</span>
        </li>
    }
}

fn who(approvers: Vec<String>, needed: u8) -> AnyView {
    if approvers.len() < usize::from(needed) {
        let few = match approvers.as_slice() {
            [] => "Nobody could approve this now.".to_owned(),
            few => format!("Only {} could approve this now.", few.join(", ")),
        };
        return view! {
            <p class="mt-2">{few} " Whoever asks or gains may not. An administrator must name more approvers."</p>
        }
        .into_any();
    }
    let more = approvers.len().saturating_sub(NAMED);
    let shown: Vec<String> = approvers.into_iter().take(NAMED).collect();
    let shown = shown.join(", ");
    let more = (more > 0).then(|| format!(" and {more} more"));
    view! { <p class="mt-2">"May approve, signed in with a second factor: " {shown} {more} "."</p> }
        .into_any()
}

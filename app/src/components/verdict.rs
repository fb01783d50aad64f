//! The verdict on a change: the outcome, every reason with its control, and the approvals required. Displays a verdict
//! and never makes one.

use domain::verdict::{Hit, Outcome, Remedies, Verdict};
use leptos::prelude::*;

use super::{
    Glyph, LineShown, Notice, PolicyLine, PolicyWords, ReasonParts, Status, cure_line,
    ways_out::ways_out,
};
use crate::backend::{PolicyTitles, WaysOut};

/// The maximum number of approvers named; the rest is counted.
pub(super) const NAMED: usize = 8;
/// The maximum number of cures that policies state; each policy has its own below.
const CURES: usize = 3;

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

/// A notice with the verdict: what it is, then one line for each policy, which opens to its reason.
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
    /// What would lift a block.
    #[prop(optional)]
    ways_out: WaysOut,
) -> impl IntoView {
    let outcome = verdict.outcome;
    let title = title(&verdict, given, tense);
    let approvals = verdict.approvals;
    // Reasons without a remedy block: only a different change avoids them.
    let (finals, lifted): (Vec<Hit>, Vec<Hit>) = verdict
        .hits
        .into_iter()
        .partition(|hit| hit.remedy.is_none());
    let lines = |hits: Vec<Hit>, shown: LineShown| {
        let lines = hits.into_iter().map(|hit| {
            let words = words(hit, &titles, gains, approvals);
            view! { <li><PolicyLine words shown /></li> }
        });
        view! { <ul data-policies>{lines.collect_view()}</ul> }.into_any()
    };
    if outcome == Outcome::Refused {
        return refused(title, (finals, lifted), ways_out, tense, lines);
    }
    let reasons = (!lifted.is_empty()).then(|| lines(lifted, LineShown::Folded));
    let who = approvers
        .filter(|_| outcome == Outcome::NeedsApproval)
        .map(|approvers| eligible_approvers(approvers, approvals.saturating_sub(given)));
    view! {
        <Notice status=verdict_status(outcome, tense) title>
            {reasons}
            {who}
        </Notice>
    }
    .into_any()
}

/// Renders that a change is blocked: what would be possible, and every policy that blocks it.
fn refused(
    title: String,
    (mut finals, lifted): (Vec<Hit>, Vec<Hit>),
    ways: WaysOut,
    tense: Tense,
    lines: impl Fn(Vec<Hit>, LineShown) -> AnyView,
) -> AnyView {
    let all = match finals.len() {
        1 => "1 policy blocks this".to_owned(),
        count => format!("{count} policies block this"),
    };
    // The only one is the whole reason.
    let shown = match finals.len() {
        1 => LineShown::Open,
        _ => LineShown::Folded,
    };
    // What the requester can state goes before what only another request avoids.
    finals.sort_by_key(|hit| Some(&hit.rule) != ways.dated.as_ref());
    let told = ways.approvals.is_some();
    let cures = (tense == Tense::Open).then(|| {
        if !ways.ways.is_empty() {
            ways_out(ways)
        } else if shown == LineShown::Open {
            // Its line states its cure.
            ().into_any()
        } else {
            stated(&finals)
        }
    });
    let finals = lines(finals, shown);
    let needs = lifted.iter().filter_map(|hit| hit.remedy.as_ref());
    let needs = needs.map(Remedies::approvals).max();
    let also = needs.filter(|_| !told).map(|needs| {
        let words = format!(
            "If it were allowed, it would need approval by {}.",
            people(needs)
        );
        view! { <p data-also>{words}</p> }
    });
    view! {
        <Notice status=outcome_status(Outcome::Refused) title>
            {cures}
            <div data-blocking>
                <p>{all}</p>
                {finals}
            </div>
            {also}
        </Notice>
    }
    .into_any()
}

/// The verdict on a preview in one line.
pub struct VerdictLine {
    pub status: Status,
    pub glyph: Glyph,
    pub words: String,
}

/// Returns the verdict on a preview in one line.
pub fn verdict_line(verdict: &Verdict) -> VerdictLine {
    VerdictLine {
        status: outcome_status(verdict.outcome),
        glyph: match verdict.outcome {
            Outcome::Allowed => Glyph::Check,
            Outcome::NeedsApproval => Glyph::Approval,
            Outcome::Refused => Glyph::Cross,
        },
        words: title(verdict, 0, Tense::Open),
    }
}

pub(super) fn people(count: u8) -> String {
    if count == 1 {
        "1 other person".to_owned()
    } else {
        format!("{count} other people")
    }
}

fn title(verdict: &Verdict, given: u8, tense: Tense) -> String {
    match (verdict.outcome, tense) {
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
    }
}

/// Returns what a policy says. `approvals` is what the verdict says already.
pub(super) fn words(hit: Hit, titles: &PolicyTitles, gains: usize, approvals: u8) -> PolicyWords {
    let applies_to = (1..gains).contains(&hit.affected).then(|| {
        format!(
            "Applies to {} of the {gains} gains listed below.",
            hit.affected
        )
    });
    let remedy = hit.remedy.and_then(|remedies| {
        let count = match remedies.approvals() {
            1 => "1 approval".to_owned(),
            n => format!("{n} approvals"),
        };
        match (remedies.need_step_up(), remedies.approvals() == approvals) {
            (true, _) => Some(format!(
                "Requires {count} by people who signed in recently."
            )),
            (false, true) => None,
            (false, false) => Some(format!("Requires {count}.")),
        }
    });
    PolicyWords {
        title: titles.get(&hit.rule).unwrap_or(&hit.rule).clone(),
        rule: hit.rule,
        reason: hit.reason,
        control: hit.control,
        applies_to,
        remedy,
    }
}

/// Renders the cures that the policies state, each once, where no evaluation showed what helps.
fn stated(finals: &[Hit]) -> AnyView {
    let mut cures: Vec<String> = Vec::new();
    for hit in finals {
        let cure = ReasonParts::of(&hit.reason).cure;
        if !cure.is_empty() && !cures.contains(&cure) {
            cures.push(cure);
        }
    }
    cures.truncate(CURES);
    let lines = cures.into_iter().map(cure_line).collect_view();
    view! { <div data-cures>{lines}</div> }.into_any()
}

/// Renders who can approve, as far as approvals are awaited.
pub fn eligible_approvers(approvers: Vec<String>, needed: u8) -> AnyView {
    if approvers.len() < usize::from(needed) {
        let few = match approvers.as_slice() {
            [] => "No one can approve this now.".to_owned(),
            few => format!("Only {} can approve this now.", few.join(", ")),
        };
        return view! {
            <p>{few} " The requester and the people who gain access cannot approve. An administrator must appoint more approvers."</p>
        }
        .into_any();
    }
    let more = approvers.len().saturating_sub(NAMED);
    let shown: Vec<String> = approvers.into_iter().take(NAMED).collect();
    let shown = shown.join(", ");
    let more = (more > 0).then(|| format!(" and {more} more"));
    view! { <p>"Eligible approvers (MFA required): " {shown} {more}</p> }.into_any()
}

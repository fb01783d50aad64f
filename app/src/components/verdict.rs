//! The verdict on a change: the outcome, every reason with its control, and the approvals required. Displays a verdict
//! and never makes one.

use domain::{
    grant::Term,
    verdict::{Hit, Outcome, Remedies, Verdict},
};
use leptos::prelude::*;

use super::{
    Calm, Glyph, Notice, PolicyLine, PolicyReason, PolicyWords, Status, WayChoice,
    ways_out::ways_out,
};
use crate::backend::{PolicyTitles, WayOut, WaysOut};

/// The maximum number of approvers named; the rest is counted.
pub(super) const NAMED: usize = 8;

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

/// A notice with the verdict: what it is, and each policy with its reason: in one sentence if it blocks, else in a line that
/// opens to it.
#[component]
pub fn VerdictBox(
    verdict: Verdict,
    /// The short names of its policies.
    titles: PolicyTitles,
    /// The number of gains, to show how many of them a reason applies to.
    gains: usize,
    /// The number of policies by which it was evaluated; none if others are in force by now.
    policies: Option<usize>,
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
    /// What chooses it.
    #[prop(optional)]
    choice: WayChoice,
    /// How long the access and the last session in it take together, where that is a reason of a block.
    #[prop(optional_no_strip)]
    lasts: Option<String>,
    /// How long the access is asked for, if that is the same for all of it.
    #[prop(optional_no_strip)]
    term: Option<Term>,
) -> impl IntoView {
    let outcome = verdict.outcome;
    let title = title(&verdict, given, tense);
    let approvals = verdict.approvals;
    // Reasons without a remedy block: only a different change avoids them.
    let (finals, lifted): (Vec<Hit>, Vec<Hit>) = verdict
        .hits
        .into_iter()
        .partition(|hit| hit.remedy.is_none());
    let told = |hit: Hit| words(hit, &titles, gains, approvals);
    if outcome == Outcome::Refused {
        let also = also_needs(&lifted).filter(|_| ways_out.approvals.is_none());
        let ways = (ways_out, choice, term);
        return refused(title, (finals, lasts), also, ways, told);
    }
    let reasons = (!lifted.is_empty()).then(|| {
        let lines = lifted.into_iter().map(|hit| {
            let words = told(hit);
            view! { <li><PolicyLine words /></li> }
        });
        view! { <ul data-policies>{lines.collect_view()}</ul> }
    });
    let who = approvers
        .filter(|_| outcome == Outcome::NeedsApproval)
        .map(|approvers| eligible_approvers(approvers, approvals.saturating_sub(given)));
    let glyph = missing_approval(outcome, tense);
    view! {
        <Notice status=verdict_status(outcome, tense) title glyph>
            {reasons}
            {who}
            <p data-hint>{none_blocks(policies, tense)}</p>
        </Notice>
    }
    .into_any()
}

/// Returns the icon of an approval that is missing.
fn missing_approval(outcome: Outcome, tense: Tense) -> Option<Glyph> {
    (outcome == Outcome::NeedsApproval && tense == Tense::Open).then_some(Glyph::Approval)
}

/// Returns that no policy blocks a change that was evaluated by so many of them.
fn none_blocks(policies: Option<usize>, tense: Tense) -> String {
    match (policies, tense) {
        (Some(all), Tense::Open) => format!("None of the {all} policies in force blocks this."),
        (Some(all), Tense::Over) => {
            format!("None of the {all} policies blocked this when it was evaluated.")
        }
        (None, _) => "No policy blocked this when it was evaluated.".to_owned(),
    }
}

/// Renders the policies of a change that none blocks: that this was checked, and those that ask for approval.
pub(super) fn checked_policies(policies: Option<usize>, tense: Tense, asking: AnyView) -> AnyView {
    view! {
        <Calm>{none_blocks(policies, tense)}</Calm>
        {asking}
    }
    .into_any()
}

/// The number of policies that block a change and are not folded.
const BLOCKING: usize = 3;

/// Renders that a change is blocked: what its numbers exceed, each policy that blocks it, the gravest first, and in a box of its own
/// what would be possible. One policy is said in full, several by their titles, which open to the reasons. Cures follow only if no
/// evaluation showed what helps.
fn refused(
    title: String,
    (mut finals, lasts): (Vec<Hit>, Option<String>),
    also: Option<String>,
    (ways, choice, term): (WaysOut, WayChoice, Option<Term>),
    told: impl Fn(Hit) -> PolicyWords,
) -> AnyView {
    let count = finals.len();
    let all = match count {
        1 => "1 policy blocks this:".to_owned(),
        count => format!("{count} policies block this:"),
    };
    // The policies are in the order of their text, the gravest first. What the numbers of the request exceed goes before them,
    // and a date that is missing goes behind them, unless to state one is enough.
    let (limit, dated) = (ways.session_limit.clone(), ways.dated.clone());
    let a_date_helps = ways.ways.contains(&WayOut::ReviewDate);
    finals.sort_by_key(|hit| match Some(&hit.rule) {
        rule if rule == limit.as_ref() => 0,
        rule if rule == dated.as_ref() && a_date_helps => 0,
        rule if rule == dated.as_ref() => 2,
        _ => 1,
    });
    let exceeds = finals.iter().any(|hit| Some(&hit.rule) == limit.as_ref());
    let numbers = lasts.filter(|_| exceeds).map(|lasts| {
        let others = others_block(&ways, count.saturating_sub(1));
        let others = others.map(|words| view! { <p data-in-numbers>{words}</p> });
        view! {
            <p data-in-numbers><b>{lasts}</b> " AWS does not end a running session."</p>
            {others}
        }
    });
    let helped = !ways.ways.is_empty();
    let words_of = |hit: Hit| {
        let words = told(hit);
        if helped { words.without_cure() } else { words }
    };
    let in_full = count == 1 && numbers.is_none();
    // A fold is worth it for more than one.
    let shown = if count == BLOCKING + 1 {
        count
    } else {
        BLOCKING
    };
    let rest = finals.split_off(count.min(shown));
    let rest: Vec<PolicyWords> = rest.into_iter().map(&words_of).collect();
    let more = format!("{} more policies", rest.len());
    let lines = finals.into_iter().map(|hit| {
        let words = words_of(hit);
        let line = if in_full {
            view! { <PolicyReason words /> }.into_any()
        } else {
            view! { <PolicyLine words /> }.into_any()
        };
        view! { <li>{line}</li> }
    });
    let lines = lines.collect_view();
    let rest = (!rest.is_empty()).then(|| {
        let lines = rest
            .into_iter()
            .map(|words| view! { <li><PolicyReason words /></li> });
        view! {
            <details data-fold data-more-policies>
                <summary><span>{more}</span></summary>
                <ul data-policies>{lines.collect_view()}</ul>
            </details>
        }
    });
    let ways = helped.then(|| ways_out(ways, &choice, term));
    view! {
        <Notice status=outcome_status(Outcome::Refused) title glyph=Glyph::Cross>
            {numbers}
            <div data-blocking>
                <p>{all}</p>
                <ul data-policies>{lines}</ul>
                {rest}
            </div>
            {also.map(|words| view! { <p data-also>{words}</p> })}
        </Notice>
        {ways}
    }
    .into_any()
}

/// Returns that shorter sessions lift no block, where an evaluation found nothing but other permission sets, because so many other
/// policies block the request as well.
fn others_block(ways: &WaysOut, others: usize) -> Option<String> {
    let only_sets = matches!(ways.ways.as_slice(), [WayOut::OtherSet { .. }]);
    let policies = match others {
        1 => "1 other policy still blocks this".to_owned(),
        others => format!("{others} other policies still block this"),
    };
    (only_sets && others > 0).then(|| format!("With shorter sessions, {policies}."))
}

/// Returns the approvals that a blocked change would need besides; none if it would need none.
fn also_needs(lifted: &[Hit]) -> Option<String> {
    let needs = lifted.iter().filter_map(|hit| hit.remedy.as_ref());
    let needs = needs.map(Remedies::approvals).max()?;
    Some(format!(
        "If it were allowed, it would need approval by {}.",
        people(needs)
    ))
}

/// The verdict on a preview in one line.
pub(super) struct VerdictLine {
    pub status: Status,
    pub glyph: Glyph,
    pub words: String,
}

/// Returns the verdict on a preview in one line.
pub(super) fn verdict_line(verdict: &Verdict) -> VerdictLine {
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
    view! { <p>"Eligible approvers (MFA required, checked at sign-in): " {shown} {more}</p> }
        .into_any()
}

//! The approval of a change in one card: what it needs and why, who has decided, and who still may; and in one line below its steps
//! that the viewer does not decide it.

use domain::{
    approval::{ApproverRefusal, Decision},
    change::State,
    time::Timestamp,
    verdict::{Outcome, Verdict},
};
use leptos::prelude::*;

use super::{
    ExactTime, Glyph, Icon, PolicyLine, Section, Status, StatusBadge, Tense, clock_time,
    eligible_approvers, entry_link, obstacle_words, verdict,
};
use crate::backend::{
    ApprovalView, ChangeView, DecisionObstacle, Preview, RecordedFactor, TimelineRow,
};

/// Renders the card. None for a change that needed no approval, or that no approval permits.
pub fn approval_card(view: &ChangeView, now: Timestamp) -> Option<AnyView> {
    let waiting = view.row.state == State::Waiting;
    let needs = needs(&view.preview.verdict, view.row.state, view.row.approvals.0);
    if needs.is_none() && view.approvals.is_empty() {
        return None;
    }
    let tense = if waiting { Tense::Open } else { Tense::Over };
    let policies = needs.is_some().then(|| policies(&view.preview, tense));
    let decided = (!view.approvals.is_empty()).then(|| decided(view, now));
    let may = waiting.then(|| may_approve(view));
    let rows = [
        ("Policies", policies),
        ("Decided", decided),
        ("May approve", may),
    ];
    let rows = rows.into_iter().filter_map(|(term, row)| {
        row.map(|row| view! { <div><h3>{term}</h3> <div>{row}</div></div> })
    });
    let rows = rows.collect_view();
    let detail = needs.unwrap_or_default();
    let status = waiting.then_some(Status::Pending.token());
    let card = view! { <Section title="Approval" detail>{rows}</Section> };
    Some(view! { <div data-approval data-status=status>{card}</div> }.into_any())
}

/// Returns how many approvals a change needs or needed.
fn needs(verdict: &Verdict, state: State, given: u8) -> Option<String> {
    if verdict.outcome != Outcome::NeedsApproval {
        return None;
    }
    let by = verdict::people(verdict.approvals);
    Some(match (state, given) {
        (State::Waiting, 0) => format!("Needs approval by {by}"),
        (State::Waiting, 1) => format!("Needs approval by {by}: 1 has approved"),
        (State::Waiting, some) => format!("Needs approval by {by}: {some} have approved"),
        _ => format!("Needed approval by {by}"),
    })
}

/// Renders that no policy blocks the change, and those that need the approvals.
fn policies(preview: &Preview, tense: Tense) -> AnyView {
    let Preview {
        verdict,
        policy_titles,
        gainers,
        ..
    } = preview;
    let lines = verdict.hits.iter().map(|hit| {
        let words = verdict::words(hit.clone(), policy_titles, gainers.rows, verdict.approvals);
        view! { <li><PolicyLine words /></li> }
    });
    let lines = view! { <ul data-policies>{lines.collect_view()}</ul> };
    verdict::checked_policies(preview.policies, tense, lines.into_any())
}

fn decided(view: &ChangeView, now: Timestamp) -> AnyView {
    let lines = view.approvals.iter().map(|given| {
        let entry = view.timeline.iter().find(|row| row.records(given));
        decision(given, entry, now)
    });
    view! { <ul data-lines>{lines.collect_view()}</ul> }.into_any()
}

fn decision(given: &ApprovalView, entry: Option<&TimelineRow>, now: Timestamp) -> AnyView {
    let (status, glyph, did) = match given.decision {
        Decision::Approve => (Status::Ok, Glyph::Check, " approved"),
        Decision::Decline => (Status::Danger, Glyph::Cross, " declined"),
    };
    let own = given
        .own
        .then(|| view! { " " <span class="text-muted">"(you)"</span> });
    let factor = entry.and_then(|entry| factor_words(entry.factor, given.at));
    let factor = factor.map(|words| view! { " · " {words} });
    let entry = entry.map(|entry| view! { " " <span data-keep>{entry_link(entry.seq)}</span> });
    let void = (!given.counts)
        .then(|| view! { <StatusBadge status=Status::Off label="Void: no longer counts" /> });
    let at = given.at;
    view! {
        <li data-given data-status=status.token()>
            <Icon glyph />
            <div>
                <p><b>{given.approver.clone()}</b> {did} {own} {void}</p>
                <p data-recorded><ExactTime at now /> {factor} {entry}</p>
                <p data-reason-given>{given.reason.clone()}</p>
            </div>
        </li>
    }
    .into_any()
}

/// Returns how the decider signed in, as the entry records it.
fn factor_words(factor: RecordedFactor, decided: Timestamp) -> Option<String> {
    match factor {
        RecordedFactor::NotRecorded => None,
        RecordedFactor::Proven(None) => Some("signed in with MFA".to_owned()),
        RecordedFactor::Proven(Some(at)) => {
            Some(format!("signed in with MFA {}", clock_time(at, decided)))
        }
    }
}

/// How the viewer is named.
const YOU: &str = "You";

/// Renders who may approve, the viewer first.
fn may_approve(view: &ChangeView) -> AnyView {
    let (have, need) = view.row.approvals;
    let mut approvers = view.preview.approvers.clone();
    let missing = need.saturating_sub(have);
    if approvers.len() < usize::from(missing) {
        return eligible_approvers(approvers, missing);
    }
    let own = view.own_name.as_ref();
    let own = own.and_then(|own| approvers.iter().position(|name| name == own));
    if let Some(own) = own {
        approvers.remove(own);
        approvers.insert(0, YOU.to_owned());
    }
    let more = approvers.len().saturating_sub(verdict::NAMED);
    let named = approvers.into_iter().take(verdict::NAMED);
    let named: Vec<String> = named.collect();
    let named = named.join(", ");
    let more = (more > 0).then(|| format!(" and {more} more"));
    view! {
        <p>{named} {more}</p>
        <p data-hint>"MFA is checked at sign-in: nobody approves without a second factor."</p>
    }
    .into_any()
}

/// Renders that the viewer does not decide a change that waits, and why. None for who decides it.
pub fn not_the_viewers(view: &ChangeView) -> Option<AnyView> {
    let obstacle = view.decide.err()?;
    if view.row.state != State::Waiting {
        return None;
    }
    let others = who_can(&view.preview.approvers);
    let (words, why) = match (view.withdraw, obstacle, others) {
        (Ok(()), _, Some(others)) => ("You requested this.", format!("{others} can decide it.")),
        (Ok(()), _, None) => ("You requested this.", "Other people decide it.".to_owned()),
        // That only approvers can is said by their names.
        (Err(_), DecisionObstacle::Viewer(ApproverRefusal::NotApprover), Some(others)) => {
            ("You cannot decide this.", format!("{others} can."))
        }
        (Err(_), obstacle, _) => (
            "You cannot decide this.",
            obstacle_words(obstacle).to_owned(),
        ),
    };
    Some(
        view! { <p data-not-yours><Icon glyph=Glyph::Info /> <span><b>{words}</b> " " {why}</span></p> }
            .into_any(),
    )
}

/// Names who can decide, such as *Ann, Bob or Cas*; none if nobody can, or they are too many for a sentence.
fn who_can(approvers: &[String]) -> Option<String> {
    match approvers.split_last()? {
        (only, []) => Some(only.clone()),
        (last, rest) if rest.len() < verdict::NAMED => {
            Some(format!("{} or {last}", rest.join(", ")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::time::Duration;

    use super::*;

    #[test]
    fn who_can_decide_is_named_as_long_as_a_sentence_holds_them() {
        let said = |count: usize| {
            let names: Vec<String> = (1..=count).map(|number| format!("P{number}")).collect();
            who_can(&names)
        };
        assert_eq!(said(0), None);
        assert_eq!(said(1).as_deref(), Some("P1"));
        assert_eq!(said(3).as_deref(), Some("P1, P2 or P3"));
        assert_eq!(said(verdict::NAMED + 1), None);
    }

    #[test]
    fn a_second_factor_is_told_only_if_the_entry_records_it() {
        let decided = Timestamp(1_795_425_245_000);
        let said = |factor| factor_words(factor, decided);
        assert_eq!(said(RecordedFactor::NotRecorded), None);
        assert_eq!(
            said(RecordedFactor::Proven(None)).as_deref(),
            Some("signed in with MFA")
        );
        assert_eq!(
            said(RecordedFactor::Proven(Some(decided - Duration::minutes(5)))).as_deref(),
            Some("signed in with MFA 09:09 UTC")
        );
    }
}

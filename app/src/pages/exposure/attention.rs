//! What needs somebody to act, one line each with the one thing to do about it, the most urgent first: what is overdue, then what
//! nobody agreed to. What waits for others is last, and what was mended is not there any more.

use domain::{snapshot::Figure, time::Timestamp};
use leptos::prelude::*;

use super::{
    drift::{DriftList, drift_lines},
    line::{Line, account_facts, account_name, code, principal, principal_facts},
};
use crate::{
    backend::{
        ACCOUNT, AssignmentRow, Attention, CLASSIFY, ChangeRow, LooserAccount, OverdueRow,
        ReviewRow,
    },
    components::{
        AbsoluteTime, AccountStateMark, EnvironmentBadge, Glyph, Icon, LinkButton, PciBadge,
        RowAction, Section, Status, clamped, classification_words, directory_link,
        environment_words, seen_between,
    },
    lists::{
        ListChoice,
        access::{REVIEWED, TERM},
        accounts::{ACCOUNTS, CLASSIFICATION, DECLARATION, TO_CONFIRM, WAITING},
        changes::{CHANGES, STATE},
        people::{PEOPLE, PRODUCTION_PCI, REACH},
    },
    pages::Proposing,
};

/// The number of changes listed that wait for the viewer.
const DECISIONS: usize = 5;

/// How the viewer may act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    pub proposing: Proposing,
    /// The changes that need the viewer's decision, oldest first; `None` for who has no inbox.
    pub decides: Option<Vec<ChangeRow>>,
}

/// Renders the section.
pub(super) fn attention(
    mut attention: Attention,
    drift: DriftList,
    acting: Acting,
    disabled_people: Figure,
    now: Timestamp,
) -> AnyView {
    let disabled = disabled(disabled_people);
    let mine = acting.decides.as_ref().map_or(0, Vec::len);
    let others = if mine == 0 { attention.waiting } else { 0 };
    let others = (others > 0).then_some(others);
    attention.waiting = mine;
    if attention.is_empty() && drift.count == 0 && disabled.is_none() {
        return view! {
            <p data-all-clear><Icon glyph=Glyph::Check /> <span>"Nothing needs action."</span> {others.map(others_link)}</p>
        }
        .into_any();
    }
    let Attention {
        waiting: _,
        overdue,
        overdue_count,
        orphans,
        orphan_count,
        reviews,
        review_count,
        looser,
        looser_count,
        to_confirm,
    } = attention;
    let Acting { proposing, decides } = acting;
    let overdue_more = more(overdue_count, overdue.len(), "more removal", "/changes");
    let reviews_more = more(review_count, reviews.len(), "more review", "/accounts");
    let looser_more = more(
        looser_count.known().unwrap_or_default(),
        looser.len(),
        "more account",
        ListChoice::only(CLASSIFICATION, WAITING).href(ACCOUNTS.path),
    );
    let orphans_more = match orphan_count {
        Figure::Known(count) => more(
            count,
            orphans.len(),
            "more orphaned assignment",
            "/accounts?policy=system.orphan",
        ),
        Figure::NotKnown => Some(
            Line {
                mark: (Glyph::Warning, Status::Pending),
                what: "It is not known whether there are orphaned assignments.".into_any(),
                facts: Vec::new(),
                action: None,
            }
            .draw(),
        ),
    };
    view! {
        <Section title="Needs action">
            <ul data-lines data-attention>
                {overdue.into_iter().map(|row| late(row, now)).collect_view()}
                {overdue_more}
                {drift_lines(drift, proposing, now)}
                {decisions(decides, now)}
                {looser.into_iter().map(|row| loosened(row, proposing, now)).collect_view()}
                {looser_more}
                {orphans.iter().map(|row| orphan(row, proposing)).collect_view()}
                {orphans_more}
                {reviews.into_iter().map(|row| review(row, now)).collect_view()}
                {reviews_more}
                {disabled}
                {(to_confirm > 0).then(|| confirm(to_confirm))}
                {others.map(others_decide)}
            </ul>
        </Section>
    }
    .into_any()
}

/// Renders how many are not listed, with the page that has them.
fn more(count: usize, listed: usize, noun: &str, href: impl Into<String>) -> Option<AnyView> {
    let more = count.saturating_sub(listed);
    let plural = if more == 1 { "" } else { "s" };
    let words = format!("and {more} {noun}{plural}");
    let href: String = href.into();
    (more > 0)
        .then(|| view! { <li data-rest-of><span></span><a href=href>{words}</a></li> }.into_any())
}

fn late(row: OverdueRow, now: Timestamp) -> AnyView {
    let OverdueRow { what, href, due } = row;
    Line {
        mark: (Glyph::Warning, Status::Danger),
        what: view! { {what} " should be gone" }.into_any(),
        facts: vec![
            view! { "since " <AbsoluteTime at=due now /> }.into_any(),
            "Leastwise tries again. Remove it in AWS if it cannot wait.".into_any(),
        ],
        action: Some(view! { <LinkButton href>"View access"</LinkButton> }.into_any()),
    }
    .draw()
}

/// Renders the changes that wait for the viewer.
fn decisions(decides: Option<Vec<ChangeRow>>, now: Timestamp) -> AnyView {
    let mine = decides.unwrap_or_default();
    let more = (mine.len() > DECISIONS)
        .then(|| view! { <li data-rest-of><span></span><a href="/inbox">"All that wait for you"</a></li> });
    let lines = mine.into_iter().take(DECISIONS);
    let lines = lines.map(|change| decision(change, now)).collect_view();
    view! { {lines} {more} }.into_any()
}

/// Returns how many changes wait for others, and where they are.
fn others_wait(changes: usize) -> (String, String) {
    let words = match changes {
        1 => "1 change waits for approval".to_owned(),
        some => format!("{some} changes wait for approval"),
    };
    (words, ListChoice::only(STATE, "waiting").href(CHANGES.path))
}

/// Renders how many changes wait for others, where nothing else needs action.
fn others_link(changes: usize) -> AnyView {
    let (words, href) = others_wait(changes);
    view! { <a href=href>{words}</a> }.into_any()
}

/// Renders how many changes wait for others: the last line, because they are no task of the viewer.
fn others_decide(changes: usize) -> AnyView {
    let (words, href) = others_wait(changes);
    Line {
        mark: (Glyph::Approval, Status::Off),
        what: words.into_any(),
        facts: vec!["Other people decide.".into_any()],
        action: Some(view! { <LinkButton href>"View changes"</LinkButton> }.into_any()),
    }
    .draw()
}

fn decision(change: ChangeRow, now: Timestamp) -> AnyView {
    let (title, _) = change.link();
    let href = format!("/inbox?id={}", change.id);
    let (have, need) = change.approvals;
    let object = title.clone();
    let action =
        view! { <LinkButton href>"Decide" <span class="sr-only">": " {object}</span></LinkButton> };
    Line {
        mark: (Glyph::Approval, Status::Pending),
        what: clamped(title),
        facts: vec![
            view! { "requested by " {change.requester} }.into_any(),
            format!("{have} of {need} approvals").into_any(),
            view! { "decision due " <AbsoluteTime at=change.decide_by now /> }.into_any(),
        ],
        action: Some(action.into_any()),
    }
    .draw()
}

fn loosened(row: LooserAccount, proposing: Proposing, now: Timestamp) -> AnyView {
    let LooserAccount { account, changed } = row;
    let class = account.class;
    let recorded = class.strictness();
    let reported = class.waiting.unwrap_or(recorded);
    // A scope that stays is not said twice.
    let (said, recorded) = if reported.1 == recorded.1 {
        (environment_words(reported.0), environment_words(recorded.0))
    } else {
        (
            classification_words(reported),
            classification_words(recorded),
        )
    };
    let object = account.name.clone();
    let action = if proposing == Proposing::Offered {
        let form = format!("{CLASSIFY}?{ACCOUNT}={}", account.id);
        view! { <LinkButton href=form>"Classify" <span class="sr-only">" " {object}</span></LinkButton> }.into_any()
    } else {
        let href = ListChoice::only(CLASSIFICATION, WAITING).href(ACCOUNTS.path);
        view! { <LinkButton href>"View" <span class="sr-only">" " {object}</span></LinkButton> }
            .into_any()
    };
    let marks = view! {
        <span class="inline-flex flex-wrap items-center gap-x-1">
            <EnvironmentBadge environment=class.environment /> <PciBadge pci=class.pci /> <AccountStateMark state=account.state />
        </span>
    };
    let cure = ListChoice::only(CLASSIFICATION, WAITING).href(ACCOUNTS.path);
    let in_effect =
        view! { "until that is " <a href=cure>"confirmed"</a> ", it counts as " {recorded} };
    let facts = [
        Some(marks.into_any()),
        Some(code(account.id.to_string())),
        Some(in_effect.into_any()),
        changed.map(|(after, by)| seen_between(after, by, now)),
    ];
    Line {
        mark: (Glyph::Clock, Status::Pending),
        what: view! { "AWS now reports " {account_name(&account)} " as " {said} }.into_any(),
        facts: facts.into_iter().flatten().collect(),
        action: Some(action),
    }
    .draw()
}

fn review(row: ReviewRow, now: Timestamp) -> AnyView {
    let ReviewRow { assignment, on } = row;
    let has_passed = domain::time::Date::of(now).is_some_and(|today| on < today);
    let (when, status) = if has_passed {
        (format!(" was to be reviewed by {on}"), Status::Danger)
    } else {
        (format!(" is to be reviewed by {on}"), Status::Pending)
    };
    let page = format!("/accounts/{}", assignment.account.id);
    let href = ListChoice::only(TERM, REVIEWED).href(&page);
    let whom = principal(&assignment.principal);
    Line {
        mark: (Glyph::Reviews, status),
        what: view! { {of_assignment(&assignment)} " for " {whom} {when} }.into_any(),
        facts: assignment_facts(&assignment),
        action: Some(view! { <LinkButton href>"Review access"</LinkButton> }.into_any()),
    }
    .draw()
}

fn orphan(row: &AssignmentRow, proposing: Proposing) -> AnyView {
    let object = format!("of {} from {}", row.set.name, row.account.name);
    let (href, refused) = (row.removal.href(), row.refused.clone());
    let action = (proposing == Proposing::Offered)
        .then(|| view! { <RowAction label="Remove assignment" object href refused /> }.into_any());
    let whom = principal(&row.principal);
    Line {
        mark: (Glyph::Diamond, Status::Drift),
        what: view! { {of_assignment(row)} " for " {whom} " gives nobody access" }.into_any(),
        facts: assignment_facts(row),
        action,
    }
    .draw()
}

/// Renders how many disabled users still have access to production PCI. How many there are may not be known.
fn disabled(people: Figure) -> Option<AnyView> {
    let what = match people {
        Figure::Known(0) | Figure::NotKnown => return None,
        Figure::Known(1) => "1 disabled user is still assigned to production PCI".to_owned(),
        Figure::Known(some) => {
            format!("{some} disabled users are still assigned to production PCI")
        }
    };
    let reaching = ListChoice::only(REACH, PRODUCTION_PCI);
    let href = reaching.toggled("status", "disabled").href(PEOPLE.path);
    let line = Line {
        mark: (Glyph::Warning, Status::Pending),
        what: what.into_any(),
        facts: vec!["The access works again as soon as somebody enables the user.".into_any()],
        action: Some(view! { <LinkButton href>"View people"</LinkButton> }.into_any()),
    };
    Some(line.draw())
}

/// Renders how many declarations end soon or have ended.
fn confirm(accounts: usize) -> AnyView {
    let title = if accounts == 1 {
        "The declaration of 1 account ends within 30 days, or has ended".to_owned()
    } else {
        format!("The declarations of {accounts} accounts end within 30 days, or have ended")
    };
    let href = ListChoice::only(DECLARATION, TO_CONFIRM).href(ACCOUNTS.path);
    Line {
        mark: (Glyph::Clock, Status::Pending),
        what: title.into_any(),
        facts: vec!["Afterwards a declaration makes no account less strict.".into_any()],
        action: Some(view! { <LinkButton href>"View accounts"</LinkButton> }.into_any()),
    }
    .draw()
}

fn of_assignment(row: &AssignmentRow) -> AnyView {
    let href = format!("/permission-sets/{}", row.set.key());
    let set = directory_link(href, row.set.name.clone());
    view! { {set} " on " {account_name(&row.account)} }.into_any()
}

fn assignment_facts(row: &AssignmentRow) -> Vec<AnyView> {
    let mut facts = account_facts(&row.account);
    facts.extend(principal_facts(&row.principal));
    facts
}

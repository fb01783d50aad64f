//! What needs somebody to act, one line each with the one thing to do about it, the most urgent first. What was mended is not
//! there any more.

use domain::{snapshot::Figure, time::Timestamp};
use leptos::prelude::*;

use super::drift::{DriftList, drift_lines};
use crate::{
    backend::{
        ACCOUNT, AssignmentRow, Attention, CLASSIFY, ChangeRow, LooserAccount, OverdueRow,
        ReviewRow,
    },
    components::{
        AbsoluteTime, AccountLink, Glyph, Icon, LinkButton, PrincipalLink, RowAction, Section,
        Status, Time, classification_words, directory_link,
    },
    lists::{
        ListChoice,
        access::{REVIEWED, TERM},
        accounts::{ACCOUNTS, CLASSIFICATION, DECLARATION, TO_CONFIRM, WAITING},
        changes::{CHANGES, STATE},
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
    attention: Attention,
    drift: DriftList,
    acting: Acting,
    now: Timestamp,
) -> AnyView {
    if attention.is_empty() && drift.count == 0 {
        return view! {
            <p data-all-clear><Icon glyph=Glyph::Check /> <span>"Nothing needs action."</span></p>
        }
        .into_any();
    }
    let Attention {
        waiting,
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
        Figure::NotKnown => Some(line(
            (Glyph::Warning, Status::Pending),
            "It is not known whether there are orphaned assignments.".into_any(),
            None,
        )),
    };
    view! {
        <Section title="Needs action">
            <ul data-lines data-attention>
                {overdue.into_iter().map(|row| late(row, now)).collect_view()}
                {overdue_more}
                {decisions(waiting, decides, now)}
                {looser.into_iter().map(|row| loosened(row, proposing, now)).collect_view()}
                {looser_more}
                {drift_lines(drift, proposing, now)}
                {orphans.into_iter().map(|row| orphan(row, proposing)).collect_view()}
                {orphans_more}
                {reviews.into_iter().map(|row| review(row, now)).collect_view()}
                {reviews_more}
                {(to_confirm > 0).then(|| confirm(to_confirm))}
            </ul>
        </Section>
    }
    .into_any()
}

/// Renders one thing. Its icon says how urgent it is.
fn line((glyph, status): (Glyph, Status), words: AnyView, action: Option<AnyView>) -> AnyView {
    view! {
        <li data-status=status.token()>
            <Icon glyph />
            <div>{words}</div>
            {action}
        </li>
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
    let words = view! {
        <b>{what}</b>
        " should be gone since "
        <Time at=due now />
        <span class="block text-muted text-xs">"Leastwise tries again. Remove it in AWS if it cannot wait."</span>
    };
    let action = view! { <LinkButton href>"View access"</LinkButton> };
    let mark = (Glyph::Warning, Status::Danger);
    line(mark, words.into_any(), Some(action.into_any()))
}

/// Renders the changes that wait for the viewer, and how many wait for others: those are no task of the viewer, so there is
/// no button.
fn decisions(waiting: usize, decides: Option<Vec<ChangeRow>>, now: Timestamp) -> AnyView {
    let mine = decides.unwrap_or_default();
    let others = if mine.is_empty() { waiting } else { 0 };
    let more = (mine.len() > DECISIONS)
        .then(|| view! { <li data-rest-of><span></span><a href="/inbox">"All that wait for you"</a></li> });
    let lines = mine.into_iter().take(DECISIONS);
    let lines = lines.map(|change| decision(change, now)).collect_view();
    let others = (others > 0).then(|| {
        let words = if others == 1 {
            "1 change".to_owned()
        } else {
            format!("{others} changes")
        };
        let verb = if others == 1 { "waits" } else { "wait" };
        let href = ListChoice::only(STATE, "waiting").href(CHANGES.path);
        let words =
            view! { <a href=href>{words}</a> {format!(" {verb} for a decision of other people")} };
        line((Glyph::Clock, Status::Off), words.into_any(), None)
    });
    view! { {lines} {more} {others} }.into_any()
}

fn decision(change: ChangeRow, now: Timestamp) -> AnyView {
    let (title, _) = change.link();
    let href = format!("/inbox?id={}", change.id);
    let (have, need) = change.approvals;
    let object = title.clone();
    let words = view! {
        <b>{title}</b>
        <span class="block text-muted text-xs">
            {change.requester} " · " {format!("{have} of {need} approvals")} " · decision due " <Time at=change.decide_by now />
        </span>
    };
    let action =
        view! { <LinkButton href>"Decide" <span class="sr-only">": " {object}</span></LinkButton> };
    let mark = (Glyph::Clock, Status::Pending);
    line(mark, words.into_any(), Some(action.into_any()))
}

fn loosened(row: LooserAccount, proposing: Proposing, now: Timestamp) -> AnyView {
    let LooserAccount { account, changed } = row;
    let class = account.class;
    let said = class.waiting.map(classification_words).unwrap_or_default();
    let recorded = classification_words(class.strictness());
    let form = format!("{CLASSIFY}?{ACCOUNT}={}", account.id);
    let object = account.name.clone();
    let action = (proposing == Proposing::Offered).then(|| {
        view! { <LinkButton href=form>"Classify" <span class="sr-only">" " {object}</span></LinkButton> }.into_any()
    });
    let changed = changed.map(|(after, by)| {
        view! { ". It changed between " <AbsoluteTime at=after now /> " and " <AbsoluteTime at=by now /> }
    });
    let href = ListChoice::only(CLASSIFICATION, WAITING).href(ACCOUNTS.path);
    let words = view! {
        <AccountLink account />
        <span class="block text-muted text-xs">
            {format!("AWS says {said}; on record, and in effect until that is confirmed: {recorded}")}
            {changed} ". " <a href=href>"How to confirm it"</a>
        </span>
    };
    line((Glyph::Diamond, Status::Pending), words.into_any(), action)
}

fn review(row: ReviewRow, now: Timestamp) -> AnyView {
    let ReviewRow { assignment, on } = row;
    let has_passed = domain::time::Date::of(now).is_some_and(|today| on < today);
    let (when, status) = if has_passed {
        (format!("was to be reviewed by {on}"), Status::Danger)
    } else {
        (format!("is to be reviewed by {on}"), Status::Pending)
    };
    let page = format!("/accounts/{}", assignment.account.id);
    let href = ListChoice::only(TERM, REVIEWED).href(&page);
    let words = view! { {of_assignment(assignment)} <span>{when}</span> };
    let action = view! { <LinkButton href>"Review access"</LinkButton> };
    let mark = (Glyph::Reviews, status);
    line(mark, words.into_any(), Some(action.into_any()))
}

fn orphan(row: AssignmentRow, proposing: Proposing) -> AnyView {
    let object = format!("{} from {}", row.set.name, row.account.name);
    let (href, refused) = (row.removal.href(), row.refused.clone());
    let action = (proposing == Proposing::Offered)
        .then(|| view! { <RowAction label="Remove" object href refused /> }.into_any());
    let words = view! { {of_assignment(row)} <span>"gives nobody access"</span> };
    line((Glyph::Drift, Status::Pending), words.into_any(), action)
}

/// Renders how many declarations end soon or have ended.
fn confirm(accounts: usize) -> AnyView {
    let title = if accounts == 1 {
        "The declaration of 1 account ends within 30 days, or has ended".to_owned()
    } else {
        format!("The declarations of {accounts} accounts end within 30 days, or have ended")
    };
    let href = ListChoice::only(DECLARATION, TO_CONFIRM).href(ACCOUNTS.path);
    let words = view! {
        {title}
        <span class="block text-muted text-xs">"Afterwards a declaration makes no account less strict."</span>
    };
    let action = view! { <LinkButton href>"View accounts"</LinkButton> };
    let mark = (Glyph::Clock, Status::Pending);
    line(mark, words.into_any(), Some(action.into_any()))
}

fn of_assignment(row: AssignmentRow) -> AnyView {
    let set = directory_link(format!("/permission-sets/{}", row.set.key()), row.set.name);
    view! { {set} " on " <AccountLink account=row.account /> " for " <PrincipalLink principal=row.principal /> " " }
        .into_any()
}

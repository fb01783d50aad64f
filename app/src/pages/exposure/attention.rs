//! What needs somebody to act, one line each with the button that does it. What was mended is not there any more.

use domain::{snapshot::Figure, time::Timestamp};
use leptos::prelude::*;

use crate::{
    backend::{AssignmentRow, Attention, OverdueRow, ReviewRow},
    components::{
        AccountLink, ButtonKind, Glyph, Icon, LinkButton, PrincipalLink, RowAction, Section, Time,
        directory_link,
    },
    lists::{
        ListChoice,
        access::{REVIEWED, TERM},
        changes::{CHANGES, STATE},
    },
    pages::Proposing,
};

/// How the viewer may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acting {
    pub proposing: Proposing,
    pub deciding: Deciding,
}

/// Whether the viewer has an inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deciding {
    Offered,
    NotAllowed,
}

/// Renders the section. `drift` is the number of changes outside Leastwise, which have a section of their own below.
pub(super) fn attention(
    attention: Attention,
    drift: usize,
    acting: Acting,
    now: Timestamp,
) -> AnyView {
    if attention.is_empty() && drift == 0 {
        return view! {
            <p data-all-clear><Icon glyph=Glyph::Check /> <span>"Nothing needs action."</span></p>
        }
        .into_any();
    }
    if attention.is_empty() {
        return ().into_any();
    }
    let Attention {
        waiting,
        overdue,
        overdue_count,
        orphans,
        orphan_count,
        reviews,
        review_count,
    } = attention;
    let overdue_more = more(overdue_count, overdue.len(), "more removal", "/changes");
    let reviews_more = more(review_count, reviews.len(), "more review", "/accounts");
    let orphans_more = match orphan_count {
        Figure::Known(count) => more(
            count,
            orphans.len(),
            "more orphaned assignment",
            "/accounts?policy=system.orphan",
        ),
        Figure::NotKnown => Some(line(
            Glyph::Warning,
            "It is not known whether there are orphaned assignments.".into_any(),
            None,
        )),
    };
    view! {
        <Section title="Needs action">
            <ul data-lines data-attention>
                {overdue.into_iter().map(|row| late(row, now)).collect_view()}
                {overdue_more}
                {(waiting > 0).then(|| decisions(waiting, acting.deciding))}
                {reviews.into_iter().map(|row| review(row, now)).collect_view()}
                {reviews_more}
                {orphans.into_iter().map(|row| orphan(row, acting.proposing)).collect_view()}
                {orphans_more}
            </ul>
        </Section>
    }
    .into_any()
}

fn line(glyph: Glyph, words: AnyView, action: Option<AnyView>) -> AnyView {
    view! {
        <li>
            <Icon glyph />
            <div>{words}</div>
            {action}
        </li>
    }
    .into_any()
}

/// Renders how many are not listed, with the page that has them.
fn more(count: usize, listed: usize, noun: &str, href: &'static str) -> Option<AnyView> {
    let more = count.saturating_sub(listed);
    let plural = if more == 1 { "" } else { "s" };
    let words = format!("and {more} {noun}{plural}");
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
    line(Glyph::Warning, words.into_any(), Some(action.into_any()))
}

fn decisions(waiting: usize, deciding: Deciding) -> AnyView {
    let words = if waiting == 1 {
        "1 change waits for a decision".to_owned()
    } else {
        format!("{waiting} changes wait for a decision")
    };
    let action = match deciding {
        Deciding::Offered => {
            view! { <LinkButton href="/inbox" kind=ButtonKind::Secondary>"Open the inbox"</LinkButton> }
        }
        Deciding::NotAllowed => {
            let href = ListChoice::only(STATE, "waiting").href(CHANGES.path);
            view! { <LinkButton href kind=ButtonKind::Secondary>"View changes"</LinkButton> }
        }
    };
    line(Glyph::Clock, words.into_any(), Some(action.into_any()))
}

fn review(row: ReviewRow, now: Timestamp) -> AnyView {
    let ReviewRow { assignment, on } = row;
    let has_passed = domain::time::Date::of(now).is_some_and(|today| on < today);
    let when = if has_passed {
        format!("was to be reviewed by {on}")
    } else {
        format!("is to be reviewed by {on}")
    };
    let page = format!("/accounts/{}", assignment.account.id);
    let href = ListChoice::only(TERM, REVIEWED).href(&page);
    let words = view! { {of_assignment(assignment)} <span>{when}</span> };
    let action = view! { <LinkButton href>"Review access"</LinkButton> };
    line(Glyph::Reviews, words.into_any(), Some(action.into_any()))
}

fn orphan(row: AssignmentRow, proposing: Proposing) -> AnyView {
    let object = format!("{} from {}", row.set.name, row.account.name);
    let (href, refused) = (row.removal.href(), row.refused.clone());
    let action = (proposing == Proposing::Offered)
        .then(|| view! { <RowAction label="Remove" object href refused /> }.into_any());
    let words = view! { {of_assignment(row)} <span>"gives nobody access"</span> };
    line(Glyph::Drift, words.into_any(), action)
}

fn of_assignment(row: AssignmentRow) -> AnyView {
    let set = directory_link(format!("/permission-sets/{}", row.set.key()), row.set.name);
    view! { {set} " on " <AccountLink account=row.account /> " for " <PrincipalLink principal=row.principal /> " " }
        .into_any()
}

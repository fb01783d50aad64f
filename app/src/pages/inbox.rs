//! Changes that need the viewer's decision: the list on the left, the selected change on the right. The selection is
//! part of the URL, so that it works without JavaScript and survives a reload.

use domain::{
    authorize::{Action, Denial},
    ids::ChangeId,
    time::Timestamp,
    verdict::Outcome,
};
use leptos::prelude::*;

use crate::{
    backend::{ChangeView, InboxPosition, PortResult},
    components::{
        AgainstApprovalNotice, Crumb, EffectPaging, EffectSection, Empty, FreshnessNotice, Glyph,
        LedgerMismatchMark, LedgerMismatchNotice, LinkButton, LinkEvidenceSection, Notice,
        PageHeader, PagePosition, ReportConsequence, SecondFactorNotice, Section, SetsShown,
        ShownEffect, Status, Time, VerdictBox, approval_card, decision_bar, decision_context,
        discussion, gained_sets, list_href, pages, question_notice, request_summary, risk_marks,
        stepper,
    },
    routes::{FormState, Page, Visit},
};

use super::list_query;

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let place = match ChangeId::parse(visit.query("id")) {
        Ok(id) => InboxPosition::Change(id),
        Err(_) => InboxPosition::Page(list_query(&visit).page),
    };
    let waiting = visit.backend.inbox(place).await?;
    let wanted = visit.query("id").to_owned();
    let at = waiting
        .rows
        .iter()
        .position(|view| view.row.id.as_str() == wanted);
    let at = at.unwrap_or(0);
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    let barred = visit.backend.may(Action::Decide).err();
    let form = visit.form;
    Ok(Page::new("Inbox", move || {
        let place = (&waiting).into();
        let (total, waiting) = (waiting.total, waiting.rows);
        let detail = match total {
            0 => "Changes that need your decision appear here.".to_owned(),
            1 => "1 change needs your decision.".to_owned(),
            n => format!("{n} changes need your decision, oldest first."),
        };
        // The only one that waits is the page.
        let list = (total > 1).then(|| list(&waiting, at, place, now));
        let turn = turn(&waiting, at, place);
        let view = waiting.into_iter().nth(at);
        let header = match (&view, turn) {
            (Some(view), None) => only_header(view),
            (_, Some(actions)) => {
                let detail = view! { {detail} }.into_any();
                view! { <PageHeader title="Inbox" detail actions /> }.into_any()
            }
            (None, None) => {
                let detail = view! { {detail} }.into_any();
                view! { <PageHeader title="Inbox" detail /> }.into_any()
            }
        };
        let place = if list.is_some() {
            Chosen::OfList
        } else {
            Chosen::Only
        };
        let chosen = view.map(|view| chosen(view, place, &form, now));
        view! {
            {header}
            <FreshnessNotice freshness now />
            {barred.filter(|denial| *denial != Denial::NoMfa || chosen.is_none()).map(why_not)}
            {match chosen {
                Some(chosen) => view! {
                    <div data-inbox>
                        {list.map(|list| view! { <div data-several>{list}</div> })}
                        <div>{chosen}</div>
                    </div>
                }.into_any(),
                None => view! {
                    <Empty title="No changes need your decision" icon=Glyph::Inbox>
                        "Changes that you requested or that give you access are decided by others and do not appear here. "
                        <a href="/changes?state=waiting">"View all waiting changes"</a>
                    </Empty>
                }.into_any(),
            }}
        }
        .into_any()
    }))
}

/// Renders why an approver cannot decide any change, and what to do about it.
fn why_not(denial: Denial) -> AnyView {
    match denial {
        Denial::NoMfa => view! { <SecondFactorNotice return_to="/inbox" /> }.into_any(),
        Denial::Role | Denial::NotLinked | Denial::Suspended => {
            view! { <Notice status=Status::Pending title="You cannot decide changes">{denial.reason()}</Notice> }
                .into_any()
        }
    }
}

/// Renders the header of a page with the only change that waits.
fn only_header(view: &ChangeView) -> AnyView {
    let (title, item) = (
        view.row.title.to_string(),
        format!("/inbox?id={}", view.row.id),
    );
    let crumbs = vec![Crumb::new("/inbox", "Inbox")];
    let (marks, actions) = (risk_marks(view), full_record(view));
    view! { <PageHeader title item crumbs marks actions /> }.into_any()
}

/// Links to the page of a change.
fn full_record(view: &ChangeView) -> AnyView {
    let href = format!("/changes/{}", view.row.id);
    view! { <a href=href data-record>"Full record"</a> }.into_any()
}

fn list(waiting: &[ChangeView], at: usize, place: PagePosition, now: Timestamp) -> AnyView {
    let items = waiting
        .iter()
        .enumerate()
        .map(|(place, view)| {
            let row = &view.row;
            let (have, need) = row.approvals;
            view! {
                <li>
                    <a href=format!("/inbox?id={}", row.id) data-item aria-current=(place == at).then_some("true")>{row.title.to_string()}</a>
                    {risk_marks(view)}
                    <p class="text-muted text-xs">{row.requester.clone()} " · " {format!("{have} of {need} approvals")}</p>
                    <p class="text-muted text-xs">"Decision due " <Time at=row.decide_by now /></p>
                    <LedgerMismatchMark comparison=row.ledger />
                </li>
            }
        })
        .collect_view();
    let paging = pages(place, "changes", |page| list_href("/inbox", "", None, page));
    let paging = (place.total > waiting.len()).then_some(paging);
    view! { <Section title="Waiting"><ul data-lines data-waiting>{items}</ul>{paging}</Section> }
        .into_any()
}

/// Renders which of the changes is shown, with the way to the one before and the one after it, where the list has no room.
fn turn(waiting: &[ChangeView], at: usize, place: PagePosition) -> Option<AnyView> {
    if place.total < 2 {
        return None;
    }
    let number = place.number.saturating_sub(1) * place.size + at + 1;
    let of_change = |view: &ChangeView| format!("/inbox?id={}", view.row.id);
    let of_page = |page: usize| list_href("/inbox", "", None, page);
    let before = at.checked_sub(1).and_then(|before| waiting.get(before));
    let before = before
        .map(of_change)
        .or_else(|| (place.number > 1).then(|| of_page(place.number - 1)));
    let after = waiting.get(at + 1).map(of_change);
    let after = after.or_else(|| (place.number < place.pages).then(|| of_page(place.number + 1)));
    let turn = view! {
        <nav data-turn aria-label="Changes that wait for you">
            <span>{format!("{number} of {}", place.total)}</span>
            {before.map(|href| view! { <LinkButton href>"Previous"</LinkButton> })}
            {after.map(|href| view! { <LinkButton href>"Next"</LinkButton> })}
        </nav>
    };
    Some(turn.into_any())
}

/// Whether the list of the changes is shown beside the chosen one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chosen {
    OfList,
    Only,
}

fn chosen(mut view: ChangeView, chosen: Chosen, form: &FormState, now: Timestamp) -> AnyView {
    let header = (chosen == Chosen::OfList).then(|| {
        let (title, marks, record) = (
            view.row.title.to_string(),
            risk_marks(&view),
            full_record(&view),
        );
        view! {
            <header data-chosen>
                <div>
                    <h2>{title}</h2>
                    <div class="flex flex-wrap items-center gap-x-3 gap-y-1">{marks}</div>
                </div>
                {record}
            </header>
        }
    });
    let bar = decision_bar(&view, form, now);
    let request = request_summary(&view, now);
    let comments = discussion(&view, form, now);
    let question = question_notice(&view);
    let steps = stepper(&view, now);
    let approval = approval_card(&view, now);
    let context = decision_context(&view, now);
    let report = view.preview.report;
    let report = report.map(|difference| view! { <ReportConsequence difference /> });
    let effect = ShownEffect::of(&mut view.preview, EffectPaging::Counted);
    let ChangeView {
        preview,
        mismatch,
        against,
        ..
    } = view;
    // No approval permits it, so that no card names approvals.
    let blocked = (preview.verdict.outcome == Outcome::Refused).then(|| {
        let (titles, gains) = (preview.policy_titles.clone(), preview.gainers.rows);
        let policies = preview.policies;
        view! { <VerdictBox verdict=preview.verdict.clone() titles gains policies /> }
    });
    view! {
        {header}
        {steps}
        {mismatch.map(|mismatch| view! { <LedgerMismatchNotice mismatch /> })}
        <AgainstApprovalNotice reasons=against />
        {blocked}
        {question}
        {report}
        {request}
        <EffectSection effect />
        {gained_sets(preview.sets, SetsShown::Open)}
        {preview.evidence.into_iter().map(|evidence| view! { <LinkEvidenceSection evidence now /> }).collect_view()}
        {approval}
        {context}
        {comments}
        {bar}
    }
    .into_any()
}

//! Changes that need the viewer's decision: the list on the left, the selected change on the right. The selection is
//! part of the URL, so that it works without JavaScript and survives a reload.

use domain::{
    authorize::{Action, Denial},
    ids::ChangeId,
    time::Timestamp,
};
use leptos::prelude::*;

use crate::{
    backend::{ChangeView, InboxPosition, PortResult, gains_and_losses},
    components::{
        AccountLink, AgainstApprovalNotice, DecisionForms, Definition, DefinitionList, DiffView,
        Empty, FreshnessNotice, Glyph, LedgerMismatchMark, LedgerMismatchNotice, LinkButton,
        LinkEvidenceSection, Notice, PageHeader, PagePosition, SecondFactorNotice, Section, Status,
        SubjectEffects, Time, VerdictBox, gained_sets, list_href, pages,
    },
    routes::{Page, Visit},
};

use super::list_query;

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let place = match ChangeId::parse(visit.query("id")) {
        Ok(id) => InboxPosition::Change(id),
        Err(_) => InboxPosition::Page(list_query(&visit).page),
    };
    let waiting = visit.backend.inbox(place).await?;
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    let barred = visit.backend.may(Action::Decide).err();
    let wanted = visit.query("id").to_owned();
    let form = visit.form;
    Ok(Page::new("Inbox", move || {
        let place = (&waiting).into();
        let (total, waiting) = (waiting.total, waiting.rows);
        let at = waiting
            .iter()
            .position(|view| view.row.id.as_str() == wanted)
            .unwrap_or(0);
        let detail = match total {
            0 => "Changes that need your decision appear here.".to_owned(),
            1 => "1 change needs your decision.".to_owned(),
            n => format!("{n} changes need your decision, oldest first."),
        };
        let list = list(&waiting, at, place, now);
        let chosen = waiting
            .into_iter()
            .nth(at)
            .map(|view| chosen(view, form, now));
        view! {
            <PageHeader title="Inbox" detail=view! { {detail} }.into_any() />
            <FreshnessNotice freshness now />
            {barred.filter(|denial| *denial != Denial::NoMfa || chosen.is_none()).map(why_not)}
            {match chosen {
                Some(chosen) => view! {
                    <div class="grid grid-cols-1 lg:grid-cols-3 gap-x-6">
                        <div>{list}</div>
                        <div class="lg:col-span-2 min-w-0">{chosen}</div>
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
                    <p class="text-muted text-xs">
                        {row.requester.clone()} " " <Time at=row.submitted now /> " · " {format!("{have} of {need} approvals")}
                        " · decision due " <Time at=row.decide_by now />
                    </p>
                    <LedgerMismatchMark comparison=row.ledger />
                </li>
            }
        })
        .collect_view();
    let paging = pages(place, "changes", |page| list_href("/inbox", "", None, page));
    view! { <Section title="Waiting"><ul data-lines>{items}</ul>{paging}</Section> }.into_any()
}

fn chosen(view: ChangeView, form: crate::routes::FormState, now: Timestamp) -> AnyView {
    let ChangeView {
        row,
        justification,
        ticket,
        preview,
        decide,
        step_up,
        mismatch,
        against,
        ..
    } = view;
    let (gains, losses) = (preview.gainers.rows, preview.losers.rows);
    let given = row.approvals.0;
    let detail = gains_and_losses(preview.gainers, preview.losers);
    let href = format!("/changes/{}", row.id);
    let actions = view! { <LinkButton href>"Open change"</LinkButton> };
    view! {
        <Section title=row.title.to_string() actions=actions.into_any()>
            <div data-body>
                <DefinitionList>
                    <Definition term="Justification"><span class="whitespace-pre-wrap break-words">{justification}</span></Definition>
                    <Definition term="Requested by">{row.requester.clone()} " " <Time at=row.submitted now /></Definition>
                    <Definition term="Ticket">{ticket.unwrap_or_else(|| "None".into())}</Definition>
                    {preview.review_on.map(|date| view! { <Definition term="Review date">{date.to_string()}</Definition> })}
                    <Definition term="Accounts">
                        {row.accounts.iter().cloned().map(|account| view! { <div><AccountLink account /></div> }).collect_view()}
                    </Definition>
                </DefinitionList>
            </div>
        </Section>
        {mismatch.map(|mismatch| view! { <LedgerMismatchNotice mismatch /> })}
        <AgainstApprovalNotice reasons=against />
        <VerdictBox verdict=preview.verdict titles=preview.policy_titles gains given />
        {preview.evidence.into_iter().map(|evidence| view! { <LinkEvidenceSection evidence now /> }).collect_view()}
        {(gains + losses > 0 || preview.other_count == 0).then(|| view! { <Section title="Who gains and loses access" detail><DiffView gained=preview.gained gains lost=preview.lost losses /></Section> })}
        {(preview.other_count > 0).then(|| view! { <Section title="What changes"><SubjectEffects rows=preview.others total=preview.other_count /></Section> })}
        {gained_sets(preview.sets)}
        <Section title="Your decision">
            <div data-body><DecisionForms id=row.id effect=preview.effect may=decide step_up form /></div>
        </Section>
    }
    .into_any()
}

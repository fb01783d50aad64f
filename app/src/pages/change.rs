//! A change: its effect, decisions, progress and history. Also the result page of every action on the change.

use domain::{
    approval::{ApproverRefusal, Decision},
    authorize::Action,
    time::Timestamp,
};
use leptos::prelude::*;

use crate::{
    backend::{
        AffectedPeople, ApprovalView, ChangeView, DecisionObstacle, Denied, EffectPage, EffectRow,
        ITEMS_PER_PAGE, OperationRow, PortResult, StepState, SubjectEffectRow, decision_field,
        gains_and_losses, sentence_words, state_words,
    },
    components::{
        AbsoluteTime, AccountLink, AgainstApprovalNotice, BadgeWeight, Column, Crumb,
        DecisionForms, Definition, DefinitionList, DiffView, ErrorSummary, FollowUpItemLink,
        FollowUpLinks, LedgerMismatchNotice, LinkEvidenceSection, Notice, PageHeader, PagePosition,
        RemainingPathList, SagaSteps, Section, Status, StatusBadge, StepsShown, SubjectEffects,
        Table, Tense, Time, Timeline, VerdictBox, WithdrawForm, decision_errors, gained_sets,
        list_href, live_words, operation_status, pages, progress_words, state_status,
    },
    islands::live_status::LiveStatus,
    routes::{FormState, Page, Visit},
};

use super::{list_query, unreadable_change};

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let id = visit.param("id")?;
    let mut view = match visit.backend.change(&id).await {
        Err(Denied::NotUnderstood(_)) => return unreadable_change::page(&visit, &id).await,
        found => found?,
    };
    let items_page = visit.query("items").parse().unwrap_or(1);
    let items_page = if items_page > 1 {
        let items = visit.backend.change_items(&id, items_page).await?;
        view.operations = items.rows;
        items.number
    } else {
        1
    };
    let page = list_query(&visit).page;
    let shown = if page > 1 {
        let shown = visit.backend.effect(&id, page).await?;
        (view.preview.gained, view.preview.lost) = (shown.gained, shown.lost);
        view.preview.others = shown.others;
        shown.number
    } else {
        1
    };
    let ledger = visit.backend.may(Action::SeeLedger).is_ok();
    let decides = visit.backend.may(Action::SeeInbox).is_ok();
    let now = visit.backend.now();
    let form = visit.form;
    Ok(Page::new(view.row.title.to_string(), move || {
        let row = view.row.clone();
        let errors = decision_errors(&form, &view);
        let marks = view! { <StatusBadge status=state_status(row.state) label=state_words(row.state) weight=BadgeWeight::Pill /> };
        let detail = view! { "Requested by " {row.requester.clone()} " " <Time at=row.submitted now /> ". " {live(&view)} };
        let follow_ups = view! { <FollowUpLinks follow_ups=view.follow_ups.clone() /> };
        let actions = view! { {follow_ups} <WithdrawForm id=row.id.clone() may=view.withdraw /> };
        view! {
            <PageHeader
                title=row.title.to_string()
                crumbs=vec![Crumb::new("/changes", "Changes")]
                marks=marks.into_any()
                detail=detail.into_any()
                actions=actions.into_any()
            />
            <ErrorSummary errors=errors />
            {view.mismatch.clone().map(|mismatch| view! { <LedgerMismatchNotice mismatch /> })}
            <AgainstApprovalNotice reasons=view.against.clone() />
            {typed(&view, &form)}
            {view.result.clone().map(|result| view! { <Notice status=Status::Danger title=result /> })}
            {body(view, Shown { effect: shown, items: items_page }, &form, decides, ledger, now)}
        }
        .into_any()
    }))
}

/// Shows the comment of a decision that came too late, so that the text is not lost (UI-19).
fn typed(view: &ChangeView, form: &FormState) -> Option<AnyView> {
    let words = form
        .value(decision_field::REASON)
        .filter(|words| !view.may_decline() && !words.trim().is_empty())?;
    let notice = view! {
        <Notice status=Status::Off title="Your comment was not submitted">
            <p class="whitespace-pre-wrap break-words">{words}</p>
        </Notice>
    };
    Some(notice.into_any())
}

/// Renders the live state, unless the state is terminal.
fn live(view: &ChangeView) -> Option<AnyView> {
    let state = view.row.state;
    (!state.is_terminal()).then(|| {
        let url = format!("/events/changes/{}", view.row.id);
        view! {
            <LiveStatus url state=view.live_key.clone() text=live_words(&view.live) />
            <noscript>" " <a href="">"Reload to see how far it is."</a></noscript>
        }
        .into_any()
    })
}

/// The pages of the lists that are shown, from 1.
struct Shown {
    effect: usize,
    items: usize,
}

fn body(
    view: ChangeView,
    shown: Shown,
    form: &FormState,
    decides: bool,
    ledger: bool,
    now: Timestamp,
) -> AnyView {
    let ChangeView {
        row,
        justification,
        ticket,
        preview,
        approvals,
        operations,
        timeline,
        decide,
        step_up,
        ..
    } = view;
    let (gainers, losers) = (preview.gainers, preview.losers);
    let gains = gainers.rows;
    let changed = row.id.clone();
    let open = !row.state.is_terminal();
    let undecided = row.state == domain::change::State::Waiting;
    let effect = preview.effect.clone();
    let (id, form) = (row.id.clone(), form.clone());
    let (have, need) = row.approvals;
    let panel = (decides && row.state == domain::change::State::Waiting).then(move || {
        let forms = if decide == Err(DecisionObstacle::Viewer(ApproverRefusal::AlreadyDecided)) {
            let title = format!("Your decision is recorded. Approvals: {have} of {need}");
            view! { <Notice status=Status::Ok title>"The change starts when all approvals are given."</Notice> }
                .into_any()
        } else {
            view! { <DecisionForms id effect may=decide step_up form /> }.into_any()
        };
        view! {
            <section id="decision">
                <Section title="Your decision">
                    <div data-body>{forms}</div>
                </Section>
            </section>
        }
    });
    let given = (!approvals.is_empty()).then(|| decisions(approvals, now));
    let (row_items, items_path) = (row.items, format!("/changes/{}", row.id));
    let facts = view! {
        <DefinitionList>
            <Definition term="Justification">
                <span class="whitespace-pre-wrap break-words">{justification}</span>
            </Definition>
            <Definition term="Ticket">{ticket.unwrap_or_else(|| "None".into())}</Definition>
            {preview.review_on.map(|date| view! { <Definition term="Review date">{date.to_string()}</Definition> })}
            <Definition term="Requested by">{row.requester}</Definition>
            <Definition term="Requested"><AbsoluteTime at=row.submitted now /></Definition>
            {(need > 0).then(|| view! { <Definition term="Approvals">{format!("{have} of {need}")}</Definition> })}
            {(row.state == domain::change::State::Waiting).then(|| view! { <Definition term="Decision due"><AbsoluteTime at=row.decide_by now /></Definition> })}
            {(!row.accounts.is_empty()).then(|| view! {
                <Definition term="Accounts">
                    {row.accounts.into_iter().map(|account| view! { <div><AccountLink account /></div> }).collect_view()}
                </Definition>
            })}
            <Definition term="Change"><code>{row.id.to_string()}</code></Definition>
        </DefinitionList>
    };
    view! {
        {panel}
        <section id="items"><Section title="Progress">{progress(operations, row_items, shown.items, &items_path, now)}</Section></section>
        {if undecided {
            view! { <VerdictBox verdict=preview.verdict titles=preview.policy_titles gains approvers=preview.approvers given=have /> }
        } else {
            view! { <VerdictBox verdict=preview.verdict titles=preview.policy_titles gains tense=Tense::Over /> }
        }}
        {preview.evidence.into_iter().map(|evidence| view! { <LinkEvidenceSection evidence now /> }).collect_view()}
        {effect_rows(preview.gained, preview.lost, (gainers, losers), (preview.others, preview.other_count), shown.effect, format!("/changes/{changed}"))}
        {open.then(|| gained_sets(preview.sets))}
        {given}
        <Section title="Request"><div data-body>{facts}</div></Section>
        <Section title="History" detail="from the ledger"><Timeline rows=timeline linked=ledger now /></Section>
    }
    .into_any()
}

/// Renders one page of the gains and losses, and links to the others.
fn effect_rows(
    gained: Vec<EffectRow>,
    lost: Vec<EffectRow>,
    (gainers, losers): (AffectedPeople, AffectedPeople),
    (others, other_count): (Vec<SubjectEffectRow>, usize),
    number: usize,
    path: String,
) -> AnyView {
    let (gains, losses) = (gainers.rows, losers.rows);
    let shown = gained.len() + lost.len() + others.len();
    let total = gains + losses + other_count;
    let detail = gains_and_losses(gainers, losers);
    let href = move |page| format!("{}#effect", list_href(&path, "", None, page));
    let pager = if shown < total {
        let place = PagePosition::of(number, EffectPage::SIZE, shown, total);
        pages(place, "effects", href)
    } else {
        ().into_any()
    };
    if other_count == 0 {
        return view! {
            <section id="effect">
                <Section title="Who gains and loses access" detail><DiffView gained gains lost losses pager /></Section>
            </section>
        }
        .into_any();
    }
    // A change of something else can have an effect on access as well.
    let access = (gains + losses > 0).then(|| {
        view! { <Section title="Who gains and loses access" detail><DiffView gained gains lost losses /></Section> }
    });
    view! {
        <section id="effect">
            {access}
            <Section title="What changes"><SubjectEffects rows=others total=other_count pager /></Section>
        </section>
    }
    .into_any()
}

/// Renders one page of the items, and links to the others.
fn progress(
    operations: Vec<OperationRow>,
    total: usize,
    number: usize,
    path: &str,
    now: Timestamp,
) -> impl IntoView + use<> {
    let pager = items_pager(number, operations.len(), total, path);
    let columns = vec![
        // The first column, so that it is visible on a small screen without scrolling.
        Column::new("Status"),
        Column::new("Item"),
        Column::new("Confirmed at").wide_only(),
        Column::new("AWS request ID").wide_only(),
    ];
    let steps_shown = if total == 1 {
        StepsShown::Open
    } else {
        StepsShown::AsNeeded
    };
    let rows = operations
        .into_iter()
        .map(|row| {
            let label = item_words(&row);
            let remaining = view! { <RemainingPathList remaining=row.remaining /> };
            view! {
                <tr>
                    <td>
                        <StatusBadge status=operation_status(row.status) label />
                        {remaining}
                    </td>
                    <th scope="row" data-item>
                        <span>{sentence_words(&row.what)}</span>
                        <SagaSteps steps=row.steps shown=steps_shown now />
                        {row.follow_up.map(|link| view! { <FollowUpItemLink link /> })}
                    </th>
                    <td data-wide>{row.verified.map(|at| view! { <AbsoluteTime at now /> })}</td>
                    <td data-wide><span class="font-mono text-xs">{row.aws_request_id}</span></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table caption="Items of this change" columns>{rows}</Table>
        {pager}
    }
}

/// Returns the progress of an item. Why a step failed is said beside the step.
fn item_words(row: &OperationRow) -> String {
    let any = |state| row.steps.iter().any(|step| step.state == state);
    match (any(StepState::Failed), any(StepState::Done)) {
        (true, true) => "Carried out in part".to_owned(),
        (true, false) => "Not carried out".to_owned(),
        (false, _) => progress_words(&row.progress),
    }
}

/// Links to the other pages of items, if there are any.
pub(super) fn items_pager(number: usize, shown: usize, total: usize, path: &str) -> AnyView {
    if shown >= total {
        return ().into_any();
    }
    let place = PagePosition::of(number, ITEMS_PER_PAGE, shown, total);
    let path = path.to_owned();
    pages(place, "items", move |page| {
        format!("{path}?items={page}#items")
    })
}

fn decisions(approvals: Vec<ApprovalView>, now: Timestamp) -> impl IntoView {
    let items = approvals
        .into_iter()
        .map(|approval| {
            let (status, word) = match approval.decision {
                Decision::Approve => (Status::Ok, "Approved"),
                Decision::Decline => (Status::Danger, "Declined"),
            };
            let void = (!approval.counts)
                .then(|| view! { <StatusBadge status=Status::Off label="Void: no longer counts" /> });
            view! {
                <li>
                    <div class="flex flex-wrap items-baseline gap-x-3">
                        <StatusBadge status label=word />
                        <span class="font-medium">{approval.approver}</span>
                        <span class="text-muted text-xs"><AbsoluteTime at=approval.at now /></span>
                        {void}
                    </div>
                    <p class="mt-1 max-w-[72ch] whitespace-pre-wrap break-words">{approval.reason}</p>
                </li>
            }
        })
        .collect_view();
    view! { <Section title="Decisions"><ul data-lines>{items}</ul></Section> }
}

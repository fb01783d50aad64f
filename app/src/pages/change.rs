//! A change, for somebody who decides in ten seconds: what state it is in, who asks and why, what exactly changes, what the
//! policies say, and one reason with two buttons. Also the result page of every action on the change.
//!
//! Everything that can change is one region, which a live page replaces as a whole, so that no part is newer than another.

mod details;
mod progress;

use domain::{authorize::Action, change::State, time::Timestamp, verdict::Outcome};
use leptos::prelude::*;

use crate::{
    backend::{
        ChangeView, Denied, FollowUps, GivenAccess, LiveProgress, PortResult, WaysOut,
        decision_field,
    },
    components::{
        AbsoluteTime, AgainstApprovalNotice, BadgeWeight, Crumb, EffectPaging, EffectSection,
        EffectTense, ErrorSummary, FollowUpLinks, LedgerMismatchNotice, LinkEvidenceSection,
        Notice, PageHeader, ReportConsequence, Section, SetsShown, ShownEffect, Status,
        StatusBadge, Tense, VerdictBox, WayChoice, WithdrawForm, approval_card, comment_fold,
        decision_bar, decision_context, decision_errors, discussion, gained_sets, live_words,
        not_the_viewers, question_notice, request_summary, risk_marks, risk_words, state_glyph,
        state_status, stepper,
    },
    islands::live_status::LiveStatus,
    routes::{FormState, Page, Visit},
};

use super::{list_query, unreadable_change};

pub(super) use progress::{item_words, items_pager};

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
    let viewer = Viewing {
        effect: shown,
        items: items_page,
        ledger: visit.backend.may(Action::SeeLedger).is_ok(),
        decides: visit.backend.may(Action::SeeInbox).is_ok(),
        now: visit.backend.now(),
    };
    let form = visit.form;
    Ok(Page::new(view.row.title.to_string(), move || {
        let live = live(&view);
        let key = view.live_key.clone();
        view! {
            {live}
            <div data-live-page data-key=key>{region(view, &viewer, &form)}</div>
        }
        .into_any()
    }))
}

/// What the viewer looks at, and what they may see and do besides.
struct Viewing {
    /// The page of the effect, from 1.
    effect: usize,
    /// The page of the items, from 1.
    items: usize,
    /// Whether the viewer may open the ledger.
    ledger: bool,
    /// Whether the viewer decides changes at all.
    decides: bool,
    now: Timestamp,
}

/// Follows the change, unless its state is terminal. What it says is for screen readers: the page shows the same.
fn live(view: &ChangeView) -> Option<AnyView> {
    (!view.row.state.is_terminal()).then(|| {
        let url = format!("/events/changes/{}", view.row.id);
        view! {
            <div class="sr-only"><LiveStatus url state=view.live_key.clone() text=live_words(&view.live) /></div>
        }
        .into_any()
    })
}

fn region(view: ChangeView, viewing: &Viewing, form: &FormState) -> AnyView {
    let now = viewing.now;
    let header = header(&view);
    let notices = notices(&view, form);
    let steps = stepper(&view, now);
    // Anyone who decides changes is told so in the bar.
    let not_yours = (!viewing.decides).then(|| not_the_viewers(&view)).flatten();
    let approval = approval_card(&view, now);
    let decides = viewing.decides && view.row.state == State::Waiting;
    let reload = (!view.row.state.is_terminal()).then(|| {
        view! { <noscript><p class="mb-4"><a href="">"Reload to see how far it is."</a></p></noscript> }
    });
    let bar = decides.then(|| decision_bar(&view, form, now));
    view! {
        {header}
        {steps}
        {not_yours}
        {reload}
        {notices}
        {body(view, viewing, form, approval)}
        {bar}
    }
    .into_any()
}

fn header(view: &ChangeView) -> AnyView {
    let row = &view.row;
    let marks = view! {
        <StatusBadge status=state_status(row.state) label=row.state_words() weight=BadgeWeight::Pill glyph=state_glyph(row.state) />
        {risk_marks(view)}
    };
    let follow_ups = has_header_follow_ups(view).then(|| follow_ups(view));
    // An empty place for buttons would be a gap.
    let actions = (follow_ups.is_some() || view.withdraw.is_ok()).then(|| {
        view! { {follow_ups} <WithdrawForm id=row.id.clone() may=view.withdraw /> }.into_any()
    });
    let under_way = matches!(row.state, State::Approved | State::Applying);
    let now = match &view.live {
        LiveProgress::State(_) => None,
        live if under_way => Some(live_words(live)),
        _ => None,
    };
    let (title, crumbs) = (
        row.title.to_string(),
        vec![Crumb::new("/changes", "Changes")],
    );
    let marks = marks.into_any();
    let detail = now.map(|now| view! { <span data-live-line>{now}</span> }.into_any());
    match (detail, actions) {
        (Some(detail), Some(actions)) => {
            view! { <PageHeader title crumbs marks detail actions /> }.into_any()
        }
        (Some(detail), None) => view! { <PageHeader title crumbs marks detail /> }.into_any(),
        (None, Some(actions)) => view! { <PageHeader title crumbs marks actions /> }.into_any(),
        (None, None) => view! { <PageHeader title crumbs marks /> }.into_any(),
    }
}

/// Whether the follow-ups of a change are in its header. Those of a change that was carried out are with its effect.
fn has_header_follow_ups(view: &ChangeView) -> bool {
    view.row.state != State::Verified && has_follow_ups(view)
}

fn has_follow_ups(view: &ChangeView) -> bool {
    let FollowUps {
        links,
        more,
        no_undo,
    } = &view.follow_ups;
    !links.is_empty() || *more > 0 || no_undo.is_some()
}

fn follow_ups(view: &ChangeView) -> AnyView {
    let (follow_ups, state) = (view.follow_ups.clone(), view.row.state);
    view! { <FollowUpLinks follow_ups state /> }.into_any()
}

/// Renders what is to be known before anything else: errors, what stands against the change, an open question.
fn notices(view: &ChangeView, form: &FormState) -> AnyView {
    let errors = decision_errors(form, view);
    view! {
        <ErrorSummary errors=errors />
        {kept_draft()}
        {view.mismatch.clone().map(|mismatch| view! { <LedgerMismatchNotice mismatch /> })}
        <AgainstApprovalNotice reasons=view.against.clone() />
        {typed(view, form)}
        {view.result.clone().map(|result| view! { <Notice status=Status::Danger title=result /> })}
        {question_notice(view)}
    }
    .into_any()
}

/// What a live page shows when it replaces the region below somebody who types: hidden until then.
fn kept_draft() -> AnyView {
    view! {
        <div data-kept-draft hidden>
            <Notice status=Status::Off title="Your text was not sent, because the form is no longer there">
                <p data-kept-text class="whitespace-pre-wrap break-words"></p>
            </Notice>
        </div>
        <div data-effect-changed hidden>
            <Notice status=Status::Pending title="What this change does is different now. Review it again before you decide." />
        </div>
    }
    .into_any()
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

/// Renders what the change is, in one order for everybody: what is requested and what it does, what the policies and the approvers
/// say, and what it can be compared with. What a change that is over did comes first.
fn body(
    mut view: ChangeView,
    viewing: &Viewing,
    form: &FormState,
    approval: Option<AnyView>,
) -> AnyView {
    let (now, state) = (viewing.now, view.row.state);
    let report = view.preview.report;
    let report = report.map(|difference| view! { <ReportConsequence difference /> });
    let request = request_summary(&view, now);
    let context = decision_context(&view, now);
    // Nobody waits for an answer any more.
    let (comments, comment_fold) = if state.is_terminal() && view.comments.is_empty() {
        (None, comment_fold(&view, form))
    } else {
        (Some(discussion(&view, form, now)), None)
    };
    let foot = (state == State::Verified && has_follow_ups(&view))
        .then(|| view! { {still_there(&view, now)} {follow_ups(&view)} }.into_any());
    let effect = effect(&mut view, viewing);
    let effect = view! { <section id="effect"><EffectSection effect foot /></section> };
    let (result, effect) = if state == State::Verified {
        (Some(effect), None)
    } else {
        (None, Some(effect))
    };
    let sets = std::mem::take(&mut view.preview.sets);
    // What a change that is over allows is read less often than who decided it.
    let (open_sets, folded_sets) = if state.is_terminal() {
        (None, Some(gained_sets(sets, SetsShown::Folded)))
    } else {
        (Some(gained_sets(sets, SetsShown::Open)), None)
    };
    let evidence = std::mem::take(&mut view.preview.evidence);
    let evidence = evidence
        .into_iter()
        .map(|evidence| view! { <LinkEvidenceSection evidence now /> })
        .collect_view();
    // No approval permits it, so that no card names approvals.
    let blocked = view.preview.verdict.outcome == Outcome::Refused;
    let blocked =
        (blocked && matches!(state, State::Refused | State::Waiting)).then(|| verdict(&view));
    let facts = details::facts(&view, now);
    let history = details::history(
        &view.row.id.clone(),
        std::mem::take(&mut view.timeline),
        viewing.ledger,
        now,
    );
    let (progress, items) = match progress::Items::of(&view) {
        progress::Items::UnderWay => (Some(progress::section(view, viewing.items, now)), None),
        progress::Items::Folded => (None, Some(progress::fold(view, viewing.items, now))),
    };
    view! {
        {blocked}
        {progress}
        {report}
        {result}
        {request}
        {effect}
        {open_sets}
        {evidence}
        {approval}
        {context}
        {comments}
        <Section title="Record">
            {folded_sets}
            {items}
            {facts}
            {history}
            {comment_fold}
        </Section>
    }
    .into_any()
}

/// Renders whether AWS still has what a change gave, as of the newest read; none if that read is older than its verification.
fn still_there(view: &ChangeView, now: Timestamp) -> Option<AnyView> {
    let GivenAccess {
        as_of,
        present,
        total,
    } = view.given?;
    let verified = view.operations.iter().filter_map(|row| row.verified).max();
    if verified.is_none_or(|verified| as_of < verified) {
        return None;
    }
    let risk = risk_words(&view.preview.gained).filter(|_| present > 0);
    let (status, label) = match present {
        0 => (Status::Off, "No longer in AWS".to_owned()),
        all if all == total => (Status::Ok, "Still in AWS".to_owned()),
        some => (
            Status::Info,
            format!("{some} of {total} assignments are still in AWS"),
        ),
    };
    Some(
        view! {
            <span data-still>
                <StatusBadge status label />
                <span class="text-muted">"read " <AbsoluteTime at=as_of now /></span>
                {risk.map(|words| view! { <span data-stands>{words}</span> })}
            </span>
        }
        .into_any(),
    )
}

/// Takes the effect out of a change, in the tense of its state.
fn effect(view: &mut ChangeView, viewing: &Viewing) -> ShownEffect {
    let paging = EffectPaging::Linked {
        number: viewing.effect,
        path: format!("/changes/{}", view.row.id),
    };
    let effect = ShownEffect::of(&mut view.preview, paging);
    match view.row.state {
        State::Refused | State::Declined | State::Expired | State::Withdrawn => {
            effect.told(EffectTense::Never)
        }
        State::Verified => effect.told(EffectTense::Past),
        State::Waiting | State::Approved | State::Applying | State::Failed => effect,
    }
}

/// Renders why a change is blocked, with links to what is possible instead if one form requests all of it.
fn verdict(view: &ChangeView) -> AnyView {
    let preview = &view.preview;
    let (verdict, titles) = (preview.verdict.clone(), preview.policy_titles.clone());
    let (gains, policies) = (preview.gainers.rows, preview.policies);
    let (ways_out, choice) = match view.follow_ups.only_form() {
        Some(form) => (
            preview.ways_out.clone(),
            WayChoice::Linked(Box::new(form.clone())),
        ),
        None => (WaysOut::default(), WayChoice::default()),
    };
    let tense = if view.row.state == State::Waiting {
        Tense::Open
    } else {
        Tense::Over
    };
    view! { <VerdictBox verdict titles gains policies tense ways_out choice /> }.into_any()
}

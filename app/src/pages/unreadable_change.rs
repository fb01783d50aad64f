//! A change that this version of Leastwise does not understand, because a newer version requested it or somebody edited the
//! database: which of the two, what is known of it, and the button to withdraw it. Never a decision.

use domain::{authorize::Action, change::UnreadableCause, ids::ChangeId};
use leptos::prelude::*;

use crate::{
    backend::{
        ChangeTitle, PortResult, UnreadableChangeView, UnreadableItem, sentence_words, state_words,
    },
    components::{
        AbsoluteTime, BadgeWeight, Column, Crumb, Definition, DefinitionList, LedgerMismatchNotice,
        Notice, PageHeader, Section, Status, StatusBadge, Table, Time, Timeline, WithdrawForm,
        state_glyph, state_status, unreadable_words,
    },
    islands::live_status::LiveStatus,
    routes::{Page, Visit},
};

use super::change::items_pager;

/// Builds the page.
pub async fn page(visit: &Visit, id: &ChangeId) -> PortResult<Page> {
    let mut view = visit.backend.unreadable_change(id).await?;
    let number = visit.query("items").parse().unwrap_or(1);
    let number = if number > 1 {
        let page = visit.backend.unreadable_items(id, number).await?;
        view.items = page.rows;
        page.number
    } else {
        1
    };
    let ledger = visit.backend.may(Action::SeeLedger).is_ok();
    let now = visit.backend.now();
    Ok(Page::new(title(&view).to_string(), move || {
        let marks = view! { <StatusBadge status=state_status(view.state) label=state_words(view.state) weight=BadgeWeight::Pill glyph=state_glyph(view.state) /> };
        let live = (!view.state.is_terminal()).then(|| {
            let url = format!("/events/changes/{}", view.id);
            view! { <div class="sr-only"><LiveStatus url state=view.live_key.clone() text=state_words(view.state).to_owned() /></div> }
        });
        let detail = view! { "Requested by " {view.requester.clone()} " " <Time at=view.submitted now /> "." };
        let path = format!("/changes/{}", view.id);
        let actions = view! { <WithdrawForm id=view.id.clone() may=view.withdraw /> };
        let explanation = explanation(&view);
        let notice = match view.mismatch.clone() {
            Some(mismatch) => view! { <LedgerMismatchNotice mismatch /> }.into_any(),
            None => view! {
                <Notice status=Status::Pending title=cause(view.cause)>
                    <p>{explanation}</p>
                </Notice>
            }
            .into_any(),
        };
        let key = view.live_key.clone();
        view! {
            {live}
            <div data-live-page data-key=key>
            <PageHeader
                title=title(&view).to_string()
                crumbs=vec![Crumb::new("/changes", "Changes")]
                marks=marks.into_any()
                detail=detail.into_any()
                actions=actions.into_any()
            />
            {notice}
            <section id="items">
                <Section title="Items">{items(&view.items)} {items_pager(number, view.items.len(), view.total, &path)}</Section>
            </section>
            <Section title="Request">
                <div data-body>
                    <DefinitionList>
                        <Definition term="Justification">
                            <span class="whitespace-pre-wrap break-words">{view.justification.clone()}</span>
                        </Definition>
                        <Definition term="Ticket">{view.ticket.clone().unwrap_or_else(|| "None".into())}</Definition>
                        <Definition term="Requested by">{view.requester.clone()}</Definition>
                        <Definition term="Requested"><AbsoluteTime at=view.submitted now /></Definition>
                        <Definition term="Change"><code>{view.id.to_string()}</code></Definition>
                    </DefinitionList>
                </div>
            </Section>
            <Section title="History" detail="from the ledger"><Timeline rows=view.timeline.clone() linked=ledger now /></Section>
            </div>
        }
        .into_any()
    }))
}

fn title(view: &UnreadableChangeView) -> ChangeTitle {
    ChangeTitle::NotUnderstood { items: view.total }
}

/// Says how much of the change is understood, and what follows.
fn explanation(view: &UnreadableChangeView) -> String {
    let what = match (view.unknown, view.total) {
        (_, 1) => "its item is of a kind or version that this version does not know".to_owned(),
        (1, total) => format!(
            "one of its {total} items is of a kind or version that this version does not know"
        ),
        (unknown, total) => format!(
            "{unknown} of its {total} items are of a kind or version that this version does not know"
        ),
    };
    format!(
        "{}: {what}. {}",
        cause(view.cause),
        unreadable_words(view.consequence)
    )
}

/// Says why a change is not understood.
fn cause(cause: UnreadableCause) -> &'static str {
    match cause {
        UnreadableCause::NewerVersion => "A newer version of Leastwise requested this change",
        UnreadableCause::Altered => {
            "The items of this change are not those that the ledger records"
        }
    }
}

fn items(items: &[UnreadableItem]) -> impl IntoView + use<> {
    let rows = items
        .iter()
        .map(|item| match item {
            UnreadableItem::Known(item) => {
                view! { <tr><th scope="row">{sentence_words(item)}</th></tr> }.into_any()
            }
            UnreadableItem::NotUnderstood(document) => view! {
                <tr><th scope="row">"Not understood: " <code class="break-all">{document.clone()}</code></th></tr>
            }
            .into_any(),
        })
        .collect_view();
    view! { <Table caption="Items of this change" columns=vec![Column::new("Item")]>{rows}</Table> }
}

//! The list of changes: all changes for users who may see them, else the user's own.

use domain::{authorize::Action, change::State};
use leptos::prelude::*;

use crate::{
    backend::{
        ALARM_BY, ChangeRow, ListQuery, Page as Rows, PortResult, REFUSED_BY, RequesterFilter,
        WITH_ALARM, state_words,
    },
    components::{
        ButtonKind, ChangeTable, Chip, Empty, EmptyFiltered, Glyph, LinkButton, ListBar,
        PageHeader, Section, list_href, pages,
    },
    routes::{Page, Visit},
};

use super::filters::{UnknownFilter, known_query};

/// The states by which the list can be filtered, in the order of the lifecycle.
const STATES: [State; 9] = [
    State::Waiting,
    State::Approved,
    State::Applying,
    State::Verified,
    State::Refused,
    State::Declined,
    State::Expired,
    State::Withdrawn,
    State::Failed,
];

/// The filter for the viewer's own changes.
const MINE: &str = "mine";

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let (query, unknown) = known_query(&visit, |only| {
        [MINE, WITH_ALARM].contains(&only)
            || STATES.iter().any(|state| state.as_str() == only)
            || of_one(only).is_some()
    });
    let rows = visit.backend.changes(&query).await?;
    let sees_all = visit.backend.may(Action::SeeChanges).is_ok();
    let proposes = visit.backend.may(Action::ProposeOwn).is_ok();
    let now = visit.backend.now();
    Ok(Page::new("Changes", move || {
        let detail = if sees_all {
            "All requested changes, in any state."
        } else {
            "All changes that you requested, in any state."
        };
        let new = proposes
            .then(|| view! { <LinkButton href="/changes/new" kind=ButtonKind::Primary icon=Glyph::Plus>"Request a change"</LinkButton> });
        view! {
            <PageHeader title="Changes" detail=view! { {detail} }.into_any() actions=view! { {new} }.into_any() />
            {unknown.map(UnknownFilter::notice)}
            {draw(query, rows, sees_all, now)}
        }
        .into_any()
    }))
}

fn draw(
    query: ListQuery,
    rows: Rows<ChangeRow>,
    sees_all: bool,
    now: domain::time::Timestamp,
) -> AnyView {
    if rows.total == 0 && query.words.is_empty() && query.only.is_none() {
        return view! {
            <Empty title="No changes yet" icon=Glyph::Changes>
                "Requested changes appear here, including those that are blocked by policy."
            </Empty>
        }
        .into_any();
    }
    let mut chips = vec![Chip::new("", "All")];
    if sees_all {
        chips.push(Chip::new(MINE, "Requested by me"));
        chips.push(Chip::new(WITH_ALARM, "With an alarm"));
    }
    chips.extend(STATES.map(|state| Chip::new(state.as_str(), state_words(state))));
    // A filter that a row of the list leads to has a chip only while it is chosen.
    let of_one = query
        .only
        .as_ref()
        .and_then(|only| Some((only, of_one(only)?)));
    if let Some((only, what)) = of_one {
        let label = match rows.rows.first() {
            Some(row) => format!("{what}, by {}", row.requester),
            None => format!("{what}, by one person"),
        };
        chips.push(Chip::new(only.clone(), label));
    }
    let bar = view! { <ListBar path="/changes" query=query.clone() chips label="Search changes" /> };
    if rows.total == 0 {
        return view! { {bar} <EmptyFiltered noun="changes" clear_href="/changes" /> }.into_any();
    }
    let place = (&rows).into();
    // A row that stands for several changes is not counted as one change.
    let folded = rows.rows.iter().any(|row| row.folded.is_some());
    let noun = if folded { "rows" } else { "changes" };
    view! {
        {bar}
        <Section title="Newest first">
            <ChangeTable rows=rows.rows now />
            {pages(place, noun, move |page| list_href("/changes", &query.words, query.only.as_deref(), page))}
        </Section>
    }
    .into_any()
}

/// Returns the label of a filter that shows some changes of one requester.
fn of_one(only: &str) -> Option<&'static str> {
    let is = |filter: RequesterFilter| filter.requester(only).is_some();
    if is(REFUSED_BY) {
        Some("Blocked")
    } else if is(ALARM_BY) {
        Some("With an alarm")
    } else {
        None
    }
}

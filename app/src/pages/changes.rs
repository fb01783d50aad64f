//! The list of changes: all of them for who may see all, their own for everybody else.

use domain::{authorize::Action, change::State};
use leptos::prelude::*;

use crate::{
    backend::{Answer, ChangeRow, ListQuery, Page as Rows, state_words},
    components::{
        ButtonKind, ChangeTable, Chip, Empty, EmptyFiltered, Glyph, LinkButton, ListBar,
        PageHeader, Section, list_href, pages,
    },
    routes::{Page, Visit},
};

use super::list_query;

/// States that the list can be narrowed to, in the order of a change's life.
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

/// Makes the page.
pub async fn page(visit: Visit) -> Answer<Page> {
    let mut query = list_query(&visit);
    let known = |only: &String| only == "mine" || STATES.iter().any(|state| state.as_str() == only);
    query.only = query.only.filter(known);
    let rows = visit.backend.changes(&query).await?;
    let sees_all = visit.backend.may(Action::SeeChanges).is_ok();
    let proposes = visit.backend.may(Action::ProposeOwn).is_ok();
    let now = visit.backend.now();
    Ok(Page::new("Changes", move || {
        let detail = if sees_all {
            "Everything that was asked for, whatever became of it."
        } else {
            "Everything that you asked for, whatever became of it."
        };
        let new = proposes
            .then(|| view! { <LinkButton href="/changes/new" kind=ButtonKind::Primary icon=Glyph::Plus>"New change"</LinkButton> });
        view! {
            <PageHeader title="Changes" detail=view! { {detail} }.into_any() actions=view! { {new} }.into_any() />
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
                "What somebody asks for appears here, also when the rules refuse it."
            </Empty>
        }
        .into_any();
    }
    let mut chips = vec![Chip::new("", "All")];
    if sees_all {
        chips.push(Chip::new("mine", "Asked by me"));
    }
    chips.extend(STATES.map(|state| Chip::new(state.as_str(), state_words(state))));
    let bar = view! { <ListBar path="/changes" query=query.clone() chips label="Search changes" table=None /> };
    if rows.total == 0 {
        return view! { {bar} <EmptyFiltered noun="changes" clear_href="/changes" /> }.into_any();
    }
    let place = (&rows).into();
    view! {
        {bar}
        <Section title="Newest first">
            <ChangeTable rows=rows.rows now />
            {pages(place, "changes", move |page| list_href("/changes", &query.words, query.only.as_deref(), page))}
        </Section>
    }
    .into_any()
}

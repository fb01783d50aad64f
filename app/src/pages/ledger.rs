//! The ledger: its signature status, and every entry, newest first. Entries are shown as recorded, without evaluation.

use domain::{ledger::Outcome, time::Timestamp};
use leptos::prelude::*;

use crate::{
    backend::{EntryRow, LEDGER_FILTERS, LedgerHealth, ListQuery, Page as Rows, PortResult},
    components::{
        Column, Definition, DefinitionList, Empty, EmptyFiltered, EntrySentence, Glyph, ListBar,
        Notice, PageHeader, Section, Status, StatusBadge, Table, Time, list_href, not_authentic,
        pages,
    },
    routes::{Page, Visit},
};

use super::filters::{UnknownFilter, known_query};

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let (query, unknown) = known_query(&visit, |only| LEDGER_FILTERS.contains(&only));
    let entries = visit.backend.entries(&query).await?;
    let health = visit.backend.ledger_health().await?;
    let now = visit.backend.now();
    Ok(Page::new("Ledger", move || {
        view! {
            <PageHeader title="Ledger" detail=view! { "All requests, decisions, operations and observations. Any alteration of an entry can be detected." }.into_any() />
            {unknown.map(UnknownFilter::notice)}
            {health_box(health, now)}
            {draw(query, entries, now)}
        }
        .into_any()
    }))
}

/// Renders what a third party needs to verify the ledger independently.
fn health_box(health: LedgerHealth, now: Timestamp) -> AnyView {
    let LedgerHealth {
        size,
        checkpoint_size,
        signed_at,
        root,
        vkey,
    } = health;
    let waiting = size.saturating_sub(checkpoint_size);
    let status = match (signed_at, waiting) {
        (None, _) => {
            view! { <StatusBadge status=Status::Pending label="No checkpoint signed yet" /> }
        }
        (Some(_), 0) => {
            view! { <StatusBadge status=Status::Ok label="Every entry is covered by a signed checkpoint" /> }
        }
        (Some(_), 1) => {
            view! { <StatusBadge status=Status::Pending label="1 entry waits for the next checkpoint" /> }
        }
        (Some(_), some) => {
            view! { <StatusBadge status=Status::Pending label=format!("{some} entries wait for the next checkpoint") /> }
        }
    };
    let signed = signed_at.map(|at| {
        view! {
            <Definition term="Signed checkpoint">{checkpoint_size} " entries, " <Time at now /></Definition>
            <Definition term="Root"><code class="select-all break-all">{root}</code></Definition>
        }
    });
    view! {
        <Section title="Proof" actions=status.into_any()>
            <div data-body>
                <DefinitionList>
                    <Definition term="Entries">{size}</Definition>
                    {signed}
                    <Definition term="Verifier key"><code class="select-all break-all">{vkey}</code></Definition>
                </DefinitionList>
                <p class="text-muted mt-4 max-w-[80ch]">
                    "To verify the ledger yourself: "
                    <code class="select-all">"leastwise ledger verify"</code>
                    " recomputes every hash and checks every signature. Store the verifier key and a checkpoint where the operators of Leastwise cannot write: with them, even a completely rewritten ledger is detected."
                </p>
            </div>
        </Section>
    }
    .into_any()
}

fn draw(query: ListQuery, entries: Rows<EntryRow>, now: Timestamp) -> AnyView {
    if entries.total == 0 && query.words.is_empty() {
        return view! { <Empty title="No entries yet" icon=Glyph::Ledger>"The first entry is recorded when Leastwise starts."</Empty> }
            .into_any();
    }
    let place = (&entries).into();
    let bar = view! { <ListBar path="/ledger" query=query.clone() label="Search the ledger" /> };
    if entries.total == 0 {
        return view! { {bar} <EmptyFiltered noun="entries" clear_href="/ledger" /> }.into_any();
    }
    if entries.rows.is_empty() {
        return view! { {bar} <Notice status=Status::Info title="This page is beyond the end of the list"><a href="/ledger">"View the newest entries"</a></Notice> }
            .into_any();
    }
    let columns = vec![
        Column::new("Entry").numeric(),
        Column::new("Time"),
        Column::new("Event"),
        Column::new("Outcome"),
        Column::new("Type").wide_only(),
    ];
    let rows = entries
        .rows
        .into_iter()
        .map(|entry| row(entry, now))
        .collect_view();
    view! {
        {bar}
        <Section title="Entries" detail="newest first">
            <Table caption="Entries of the ledger" columns id="entries">{rows}</Table>
            {pages(place, "entries", move |page| list_href("/ledger", &query.words, None, page))}
        </Section>
    }
    .into_any()
}

fn row(entry: EntryRow, now: Timestamp) -> impl IntoView {
    let EntryRow {
        seq,
        at,
        kind,
        outcome,
        authenticity,
        sentence,
        ..
    } = entry;
    view! {
        <tr>
            <th scope="row" data-numeric><a href=format!("/ledger/{seq}")>{seq}</a></th>
            <td class="whitespace-nowrap"><Time at now /></td>
            <td>{not_authentic(authenticity)} <EntrySentence sentence /></td>
            <td>{outcome_badge(outcome)}</td>
            <td data-wide class="text-muted"><code>{kind}</code></td>
        </tr>
    }
}

/// Renders the outcome of an entry as a badge.
pub fn outcome_badge(outcome: Outcome) -> AnyView {
    let (status, label) = match outcome {
        Outcome::Success => (Status::Ok, "Success"),
        Outcome::Failure => (Status::Danger, "Failure"),
        Outcome::Denied => (Status::Danger, "Denied"),
        Outcome::Pending => (Status::Pending, "Pending"),
    };
    view! { <StatusBadge status label /> }.into_any()
}

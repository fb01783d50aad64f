//! An entry of the ledger: what happened, who did it, what it is about, the bytes as they are signed, and what their proof
//! proves.

mod pending;
mod proof;

use domain::{
    ledger::{EventKind, Outcome},
    time::Timestamp,
};
use leptos::prelude::*;

use crate::{
    backend::{
        EntryAuthenticity, EntryItem, EntryItems, EntryMeaning, EntryRelation, EntryResult,
        EntryRow, EntryView, Inclusion, ItemsProof, PortResult, RecordedSignIn, RelatedEntries,
        sentence_words,
    },
    components::{
        Column, Crumb, Definition, DefinitionList, EntryOutcome, Glyph, Icon, LinkButton, Notice,
        PageHeader, Section, StampedTime, Status, Table, capitalized, directory_link,
    },
    islands::local_times::LocalTimes,
    routes::{Page, Visit},
};

use self::{
    pending::PendingItems,
    proof::{Proven, proven},
};
use super::change::items_pager;

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let seq: u64 = visit.param("seq")?;
    let mut entry = visit.backend.entry(seq).await?;
    let items_page = visit.query("items").parse().unwrap_or(1);
    if items_page > 1 && entry.items.is_some() {
        entry.items = Some(visit.backend.entry_items(seq, items_page).await?);
    }
    let pending = pending::read(&visit, &entry).await?;
    let now = visit.backend.now();
    Ok(Page::new(format!("Entry {seq}"), move || {
        draw(entry, pending, now)
    }))
}

fn draw(entry: EntryView, pending: Option<PendingItems>, now: Timestamp) -> AnyView {
    let EntryView {
        row,
        sign_in,
        related,
        items,
        leaf,
        json,
        leaf_hash,
        private,
        checkpoint,
        proof,
        inclusion,
        neighbours,
    } = entry;
    let seq = row.seq;
    let actions =
        view! { {neighbour(neighbours.0, "Older entry")} {neighbour(neighbours.1, "Newer entry")} }
            .into_any();
    view! {
        <PageHeader
            title=sentence_words(&row.sentence)
            crumbs=vec![Crumb::new("/ledger", "Ledger")]
            detail=view! { {format!("Entry {seq} · ")} <StampedTime at=row.at now /> }.into_any()
            actions
        />
        {warnings(row.authenticity, inclusion)}
        {facts(row, sign_in, related, pending.as_ref())}
        {pending.map(|pending| pending::section(pending, seq))}
        {items.map(|items| stored_items(items, &format!("/ledger/{seq}")))}
        {personal(private)}
        {proven(Proven { seq, leaf, json, leaf_hash, checkpoint, proof, inclusion }, now)}
        <LocalTimes />
    }
    .into_any()
}

/// Renders that the entry does not count, or was altered.
fn warnings(authenticity: EntryAuthenticity, inclusion: Inclusion) -> AnyView {
    let altered = (inclusion == Inclusion::Altered).then(|| {
        view! {
            <Notice status=Status::Danger title="This entry was altered after it was written">
                "Its bytes do not match the signed root, so this page cannot be trusted. Do not modify the database. Run leastwise ledger verify with a checkpoint that is stored outside this system."
            </Notice>
        }
    });
    let forged = (authenticity == EntryAuthenticity::NotAuthentic).then(|| {
        view! {
            <Notice status=Status::Danger title="This entry is not authentic">
                "Leastwise did not write it at this place, or it was altered, or it is behind such an entry. It counts for nothing. Run leastwise ledger verify on the host, and follow docs/row-key.md."
            </Notice>
        }
    });
    view! { {forged} {altered} }.into_any()
}

/// Renders the link to the entry before or after this one.
fn neighbour(row: Option<EntryRow>, word: &'static str) -> Option<AnyView> {
    let row = row?;
    let (href, title) = (
        format!("/ledger/{}", row.seq),
        sentence_words(&row.sentence),
    );
    Some(
        view! { <span title=title><LinkButton href>{word} " " {row.seq}</LinkButton></span> }
            .into_any(),
    )
}

/// Renders what is recorded besides the sentence, and what the entry is about, as one list: who did it first.
fn facts(
    row: EntryRow,
    sign_in: Option<RecordedSignIn>,
    related: Vec<RelatedEntries>,
    pending: Option<&PendingItems>,
) -> AnyView {
    let (doer, about): (Vec<_>, Vec<_>) = related
        .into_iter()
        .partition(|one| matches!(one.relation, EntryRelation::Actor | EntryRelation::Session));
    let (by, sign_in) = match sign_in {
        // Who did it is told by the sign-in.
        Some(sign_in) if doer.is_empty() && !row.is_outside() => {
            (Some(unlinked(&row, sign_in)), None)
        }
        other => {
            let by = doer.is_empty();
            let by = by.then(|| fact("Who did it", capitalized(&row.by()).into_any()));
            (by, other)
        }
    };
    let EntryRow {
        kind,
        meaning,
        outcome,
        result,
        ticket,
        ..
    } = row;
    let sign_in = sign_in.map(|RecordedSignIn { issuer, subject }| {
        let value = view! {
            <code class="select-all break-all">{subject}</code>
            <p class="text-muted break-all">"at " {issuer}</p>
        };
        fact("Sign-in", value.into_any())
    });
    let ticket = ticket.map(|ticket| fact("Ticket", ticket.into_any()));
    let outcome = fact("Outcome", outcome_words(outcome, result, pending));
    let doer = doer
        .into_iter()
        .map(|one| related_line(one, &kind))
        .collect_view();
    let about = about
        .into_iter()
        .map(|one| related_line(one, &kind))
        .collect_view();
    view! {
        <Section title="Facts">
            <ul data-related>
                {by} {doer} {sign_in} {about}
                {outcome} {ticket}
            </ul>
            <div data-note>
                <details data-fold>
                    <summary>"Classification for other programs (OCSF)"</summary>
                    <div class="mt-2">
                        <DefinitionList>
                            <Definition term="Type"><code>{kind}</code></Definition>
                            {meaning.map(classes)}
                        </DefinitionList>
                    </div>
                </details>
            </div>
        </Section>
    }
    .into_any()
}

/// Renders who did it by the sign-in, if no identity is on record.
fn unlinked(row: &EntryRow, sign_in: RecordedSignIn) -> AnyView {
    let RecordedSignIn { issuer, subject } = sign_in;
    // The actor of a sign-in without a name is its id.
    let who = if row.actor.starts_with("the sign-in ") {
        "The sign-in ".to_owned()
    } else {
        format!("{}, with the sign-in ", capitalized(&row.actor))
    };
    let value = view! {
        <p>{who} <code class="select-all break-all">{subject}</code> ", not linked to a person at that time"</p>
        <p class="text-muted break-all">"at " {issuer}</p>
    };
    fact("Who did it", value.into_any())
}

/// Renders a fact with its label.
fn fact(label: &'static str, value: AnyView) -> AnyView {
    view! {
        <li>
            <span class="text-muted">{label}</span>
            <div class="min-w-0">{value}</div>
        </li>
    }
    .into_any()
}

/// Renders the outcome, and what became of what was pending.
fn outcome_words(
    outcome: Outcome,
    result: Option<EntryResult>,
    pending: Option<&PendingItems>,
) -> AnyView {
    match (outcome, result) {
        (Outcome::Pending, Some(result)) => view! {
            "Pending when it was recorded. " <a href=format!("/ledger/{}", result.seq) class="underline">{format!("Entry {}", result.seq)}</a>
            {format!(" states what became of it: {}.", result.label.to_lowercase())}
        }
        .into_any(),
        (Outcome::Pending, None) => {
            let items = pending.map(|_| view! { <a href="#pending" class="underline">"What is pending"</a> });
            view! { <EntryOutcome outcome result=None /> " No later entry states what became of it yet. " {items} }.into_any()
        }
        (outcome, result) => view! { <EntryOutcome outcome result /> }.into_any(),
    }
}

/// Returns what something is to an event of this kind.
fn relation_words(relation: EntryRelation, kind: &str) -> &'static str {
    match relation {
        // Both are a person, and only one of them did it.
        EntryRelation::Person if kind == EventKind::SubjectAssigned.as_str() => "Assigned to",
        EntryRelation::Actor => "Who did it",
        EntryRelation::Person => "Person",
        EntryRelation::Group => "Group",
        EntryRelation::Account => "Account",
        EntryRelation::PermissionSet => "Permission set",
        EntryRelation::Change => "Change",
        EntryRelation::Session => "Session",
    }
}

/// Renders something that the entry is about, with the entries about it.
fn related_line(one: RelatedEntries, kind: &str) -> AnyView {
    let RelatedEntries {
        relation,
        name,
        page,
        entries,
    } = one;
    let term = relation_words(relation, kind);
    let label = format!("Entries: {} {name}", term.to_lowercase());
    let name = match page {
        Some(href) => directory_link(href, name),
        None => view! { <span>{name}</span> }.into_any(),
    };
    view! {
        <li>
            <span class="text-muted">{term}</span>
            <span class="break-all">{name}</span>
            <a href=entries aria-label=label><Icon glyph=Glyph::Ledger /> "Entries"</a>
        </li>
    }
    .into_any()
}

/// Renders how other programs classify the event.
fn classes(known: EntryMeaning) -> AnyView {
    let EntryMeaning {
        title,
        severity,
        ocsf,
    } = known;
    view! {
        <Definition term="Event">{title}</Definition>
        <Definition term="Severity">{severity.as_str()}</Definition>
        <Definition term="OCSF class">{ocsf.class_name()} " (" {ocsf.class_uid} ", activity " {ocsf.activity_id} ")"</Definition>
    }
    .into_any()
}

/// Renders one page of the items that the entry proves by their digest.
fn stored_items(items: EntryItems, path: &str) -> AnyView {
    let EntryItems { proven, page } = items;
    let altered = (proven == ItemsProof::Altered).then(|| {
        view! {
            <Notice status=Status::Danger title="The items do not match this entry">
                "Their digest differs from the recorded one, so what is listed below is not what was requested. Do not modify the database, and run leastwise ledger verify."
            </Notice>
        }
    });
    let pager = items_pager(page.number, page.rows.len(), page.total, path);
    let first = (page.number - 1) * page.size + 1;
    let rows = page
        .rows
        .into_iter()
        .zip(first..)
        .map(|(item, number)| {
            let words = match item {
                EntryItem::Known(item) => sentence_words(&item),
                EntryItem::Newer(document) => document,
            };
            view! { <tr><td>{number}</td><th scope="row" class="break-all">{words}</th></tr> }
        })
        .collect_view();
    view! {
        <section id="items">
            <Section title="Items" detail="stored beside the ledger, which holds their digest">
                {altered}
                <Table caption="Items of the change" columns=vec![Column::new("Number"), Column::new("Item")]>{rows}</Table>
                {pager}
            </Section>
        </section>
    }
    .into_any()
}

/// Renders the personal values of the entry, which the ledger holds only as salted hashes, unless they were erased.
fn personal(private: Vec<(String, String)>) -> AnyView {
    if private.is_empty() {
        return ().into_any();
    }
    let rows = private
        .into_iter()
        .map(|(path, value)| view! { <tr><th scope="row"><code>{path}</code></th><td class="break-all">{value}</td></tr> })
        .collect_view();
    view! {
        <Section title="Personal values" detail="stored outside the ledger, which holds only their salted hashes">
            <Table caption="Personal values" columns=vec![Column::new("Field"), Column::new("Value")]>{rows}</Table>
        </Section>
    }
    .into_any()
}

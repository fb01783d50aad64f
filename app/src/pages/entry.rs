//! An entry of the ledger: its content and its inclusion proof.

use domain::time::Timestamp;
use leptos::prelude::*;

use crate::{
    backend::{
        EntryAuthenticity, EntryItem, EntryItems, EntryMeaning, EntryView, Inclusion, ItemsProof,
        PortResult, sentence_words,
    },
    components::{
        Column, Crumb, Definition, DefinitionList, EntrySentence, ExactTime, Glyph, LinkButton,
        Notice, PageHeader, Section, Status, Table,
    },
    routes::{Page, Visit},
};

use super::{change::items_pager, ledger::outcome_badge};

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let seq: u64 = visit.param("seq")?;
    let mut entry = visit.backend.entry(seq).await?;
    let items_page = visit.query("items").parse().unwrap_or(1);
    if items_page > 1 && entry.items.is_some() {
        entry.items = Some(visit.backend.entry_items(seq, items_page).await?);
    }
    let now = visit.backend.now();
    Ok(Page::new(format!("Entry {seq}"), move || draw(entry, now)))
}

fn draw(entry: EntryView, now: Timestamp) -> AnyView {
    let EntryView {
        row,
        items,
        json,
        leaf_hash,
        private,
        checkpoint,
        proof,
        inclusion,
        neighbours: (before, after),
    } = entry;
    let raw = format!("/ledger/{}/leaf.json", row.seq);
    let title = row
        .meaning
        .map_or("An event of a newer version of Leastwise", |known| {
            known.title
        });
    let actions = view! {
        <LinkButton href=raw icon=Glyph::Download>"Download raw bytes"</LinkButton>
        {before.map(|seq| view! { <LinkButton href=format!("/ledger/{seq}")>"Previous entry"</LinkButton> })}
        {after.map(|seq| view! { <LinkButton href=format!("/ledger/{seq}")>"Next entry"</LinkButton> })}
    }
    .into_any();
    let altered = (inclusion == Inclusion::Altered).then(|| {
        view! {
            <Notice status=Status::Danger title="This entry was altered after it was written">
                "Its bytes do not match the signed root, so this page cannot be trusted. Do not modify the database. Run leastwise ledger verify with a checkpoint that is stored outside this system."
            </Notice>
        }
    });
    let forged = (row.authenticity == EntryAuthenticity::NotAuthentic).then(|| {
        view! {
            <Notice status=Status::Danger title="This entry is not authentic">
                "Leastwise did not write it at this place, or it was altered, or it is behind such an entry. It counts for nothing. Run leastwise ledger verify on the host, and follow docs/row-key.md."
            </Notice>
        }
    });
    view! {
        <PageHeader
            title=format!("Entry {}", row.seq)
            crumbs=vec![Crumb::new("/ledger", "Ledger")]
            marks=outcome_badge(row.outcome)
            detail=view! { {title} }.into_any()
            actions
        />
        {forged}
        {altered}
        <Section title="Event">
            <div data-body>
                <DefinitionList>
                    <Definition term="Time"><ExactTime at=row.at now /></Definition>
                    <Definition term="Event"><EntrySentence sentence=row.sentence /></Definition>
                    <Definition term="Type"><code>{row.kind}</code></Definition>
                    {row.change.map(|id| view! { <Definition term="Change"><a href=format!("/changes/{id}")>{id.to_string()}</a></Definition> })}
                    {row.meaning.map(classes)}
                </DefinitionList>
            </div>
        </Section>
        <Section title="Recorded entry" detail="RFC 8785 JSON, indented for display">
            <pre data-body tabindex="0" role="region" aria-label="The entry as JSON"><code>{json}</code></pre>
        </Section>
        {items.map(|items| stored_items(items, &format!("/ledger/{}", row.seq)))}
        {personal(private)}
        {proven(row.seq, leaf_hash, checkpoint, proof, inclusion)}
    }
    .into_any()
}

/// Renders how other programs classify the event.
fn classes(known: EntryMeaning) -> AnyView {
    let EntryMeaning { severity, ocsf, .. } = known;
    view! {
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

fn proven(
    seq: u64,
    leaf_hash: String,
    checkpoint: Option<(u64, String)>,
    proof: Vec<String>,
    inclusion: Inclusion,
) -> AnyView {
    let body = match checkpoint {
        Some(_) if inclusion == Inclusion::Altered => view! {
            <Notice status=Status::Danger title="The proof does not verify">
                "The leaf hash above does not match the signed tree."
            </Notice>
        }
        .into_any(),
        None => view! {
            <Notice status=Status::Pending title="Not covered by a signed checkpoint yet">
                "The next one is signed within a minute and will cover this entry."
            </Notice>
        }
        .into_any(),
        Some((size, root)) => {
            let alone = proof.is_empty();
            let steps = proof
                .into_iter()
                .map(|hash| view! { <li><code class="break-all">{hash}</code></li> })
                .collect_view();
            view! {
                <DefinitionList>
                    <Definition term="Checkpoint">{size} " entries"</Definition>
                    <Definition term="Root"><code class="select-all break-all">{root}</code></Definition>
                </DefinitionList>
                <h3 class="mt-4">"Inclusion proof"</h3>
                <p class="text-muted max-w-[80ch]">
                    {format!("For leaf {seq} in a tree of size {size}, from the leaf up. Combined as specified in RFC 6962, the hashes yield the root.")}
                </p>
                {if alone {
                    view! { <p>"The leaf is the whole tree: its hash is the root."</p> }.into_any()
                } else {
                    view! { <ol class="mt-2 pl-6">{steps}</ol> }.into_any()
                }}
            }
            .into_any()
        }
    };
    view! {
        <Section title="Proof">
            <div data-body>
                <DefinitionList>
                    <Definition term="Leaf hash"><code class="select-all break-all">{leaf_hash}</code></Definition>
                </DefinitionList>
                <div class="mt-4">{body}</div>
            </div>
        </Section>
    }
    .into_any()
}

//! One entry of the ledger: what it says, byte for byte, and the proof that it is in the tree.

use domain::time::Timestamp;
use leptos::prelude::*;

use crate::{
    backend::{Answer, EntryView, Inclusion},
    components::{
        Column, Crumb, Definition, DefinitionList, ExactTime, Glyph, LinkButton, Notice,
        PageHeader, Section, Status, Table,
    },
    routes::{Page, Visit},
};

use super::ledger::outcome_badge;

/// Makes the page.
pub async fn page(visit: Visit) -> Answer<Page> {
    let seq: u64 = visit.param("seq")?;
    let entry = visit.backend.entry(seq).await?;
    let now = visit.backend.now();
    Ok(Page::new(format!("Entry {seq}"), move || draw(entry, now)))
}

fn draw(entry: EntryView, now: Timestamp) -> AnyView {
    let EntryView {
        row,
        json,
        leaf_hash,
        private,
        checkpoint,
        proof,
        inclusion,
        neighbours: (before, after),
    } = entry;
    let raw = format!("/ledger/{}/leaf.json", row.seq);
    let actions = view! {
        <LinkButton href=raw icon=Glyph::Download>"Raw bytes"</LinkButton>
        {before.map(|seq| view! { <LinkButton href=format!("/ledger/{seq}")>"Previous entry"</LinkButton> })}
        {after.map(|seq| view! { <LinkButton href=format!("/ledger/{seq}")>"Next entry"</LinkButton> })}
    }
    .into_any();
    let altered = (inclusion == Inclusion::Altered).then(|| {
        view! {
            <Notice status=Status::Danger title="This entry was altered after it was written">
                "Its bytes do not give the root that was signed. Nothing on this page can be believed. Keep the database as it is, and run leastwise ledger verify with a checkpoint that was kept elsewhere."
            </Notice>
        }
    });
    view! {
        <PageHeader
            title=format!("Entry {}", row.seq)
            crumbs=vec![Crumb::new("/ledger", "Ledger")]
            marks=outcome_badge(row.outcome)
            detail=view! { <code>{row.kind}</code> }.into_any()
            actions
        />
        {altered}
        <Section title="What happened">
            <div data-body>
                <DefinitionList>
                    <Definition term="When"><ExactTime at=row.at now /></Definition>
                    <Definition term="Who">{row.actor}</Definition>
                    <Definition term="About">{row.about}</Definition>
                </DefinitionList>
            </div>
        </Section>
        <Section title="As it was written down" detail="RFC 8785 JSON, indented for reading">
            <pre data-body tabindex="0" role="region" aria-label="The entry as JSON"><code>{json}</code></pre>
        </Section>
        {personal(private)}
        {proven(row.seq, leaf_hash, checkpoint, proof, inclusion)}
    }
    .into_any()
}

/// Values that the entry holds as salted hashes only, while they are not erased.
fn personal(private: Vec<(String, String)>) -> AnyView {
    if private.is_empty() {
        return ().into_any();
    }
    let rows = private
        .into_iter()
        .map(|(path, value)| view! { <tr><th scope="row"><code>{path}</code></th><td class="break-all">{value}</td></tr> })
        .collect_view();
    view! {
        <Section title="Personal values" detail="kept beside the ledger, which holds only their salted hashes">
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
            <Notice status=Status::Danger title="Its proof does not hold">
                "The leaf hash above is not the one in the signed tree."
            </Notice>
        }
        .into_any(),
        None => view! {
            <Notice status=Status::Pending title="Not under a signed checkpoint yet">
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
                    {format!("For leaf {seq} in a tree of {size}, from the leaf up. Hashed together as RFC 6962 says, they give the root.")}
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

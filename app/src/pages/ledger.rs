//! The ledger: its signature status in one line, the list of its entries, and below it how to verify them. Entries are shown as
//! recorded, without evaluation.

use domain::time::Timestamp;
use leptos::prelude::*;

use crate::{
    backend::{EntryPage, LedgerHealth, PortResult},
    components::{
        Definition, DefinitionList, Empty, Glyph, ListView, Notice, PageHeader, Status,
        StatusBadge, Time,
    },
    islands::{local_times::LocalTimes, new_entries::NewEntries},
    lists::{
        ListChoice,
        entries::{ENTRIES, LEDGER, WHAT, day},
    },
    routes::{Page, Visit},
};

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let (choice, dropped) = ListChoice::parse(&ENTRIES, &visit.url);
    let EntryPage {
        list,
        short_words,
        health,
    } = visit.backend.entries(&choice).await?;
    let context = super::draw_context(&visit);
    let (now, size) = (context.now, health.size);
    Ok(Page::new("Ledger", move || {
        let newest = choice.at(1).href(LEDGER);
        let quick = quick_filters(&choice);
        let list = ListView {
            list: &ENTRIES,
            choice,
            dropped,
            page: list,
            context,
        };
        let body = if list.is_empty() {
            view! { <Empty title="No entries yet" icon=Glyph::Ledger>"The first entry is recorded when Leastwise starts."</Empty> }
            .into_any()
        } else {
            list.draw_under(day)
        };
        let (status, signed) = signature(&health);
        // To wait for a signature is normal.
        let glyph = (status == Status::Off).then_some(Glyph::Clock);
        view! {
            <PageHeader title="Ledger" detail=view! {
                "All requests, decisions, operations and observations. Any alteration after a "
                <a href="#checkpoints" class="underline">"checkpoint that you keep"</a>
                " can be detected."
            }.into_any() marks=view! { <p><StatusBadge status label=signed glyph /></p> }.into_any() />
            {short(&short_words)}
            <p data-new><NewEntries url="/events/ledger".into() size newest /></p>
            <div data-with-search>{quick} {body}</div>
            {proof(health, now)}
            <LocalTimes />
        }
        .into_any()
    }))
}

/// What happened to access: in Leastwise, and outside of it.
const ACCESS: [&str; 2] = ["access", "drift"];

/// Renders the choices that are made most often as links.
fn quick_filters(choice: &ListChoice) -> AnyView {
    let what = choice.values(WHAT);
    let is_access = what.len() == ACCESS.len() && ACCESS.iter().all(|one| what.contains(one));
    let all = choice.without(WHAT);
    let access = ACCESS
        .iter()
        .fold(all.clone(), |choice, value| choice.toggled(WHAT, value));
    let is_all = what.is_empty().then_some("true");
    let is_access = is_access.then_some("true");
    view! {
        <ul data-chips data-quick aria-label="Quick filters">
            <li><a href=all.href(LEDGER) aria-current=is_all>"All events"</a></li>
            <li><a href=access.href(LEDGER) aria-current=is_access>"Access changes"</a></li>
        </ul>
    }
    .into_any()
}

/// Says that a search does not cover all names that contain its words.
fn short(words: &[String]) -> Option<AnyView> {
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("\u{201c}{word}\u{201d}"))
        .collect();
    (!words.is_empty()).then(|| {
        view! {
            <Notice status=Status::Drift title=format!("Many names contain {}", words.join(" and "))>
                "Entries are found by the first 20 people, groups, accounts and permission sets with each of these words in a name. Type more of the name to find the others."
            </Notice>
        }
        .into_any()
    })
}

/// Returns how much of the ledger is signed.
fn signature(health: &LedgerHealth) -> (Status, String) {
    let waiting = health.size.saturating_sub(health.checkpoint_size);
    match (health.signed_at, waiting) {
        (None, _) => (Status::Pending, "No checkpoint signed yet".to_owned()),
        (Some(_), 0) => (
            Status::Ok,
            "Every entry is covered by a signed checkpoint".to_owned(),
        ),
        (Some(_), 1) => (
            Status::Off,
            "1 entry waits for the next checkpoint".to_owned(),
        ),
        (Some(_), some) => (
            Status::Off,
            format!("{some} entries wait for the next checkpoint"),
        ),
    }
}

/// Renders what a third party needs to verify the ledger independently, folded.
fn proof(health: LedgerHealth, now: Timestamp) -> AnyView {
    let LedgerHealth {
        size,
        checkpoint_size,
        signed_at,
        root,
        vkey,
    } = health;
    let signed = signed_at.map(|at| {
        view! {
            <Definition term="Signed checkpoint">{checkpoint_size} " entries, " <Time at now /></Definition>
            <Definition term="Root"><code class="select-all break-all">{root}</code></Definition>
        }
    });
    view! {
        <details data-card data-fold-card>
            <summary><span>"Proof"</span> <span class="text-muted">"Checkpoint, verifier key, and how to verify the ledger yourself"</span></summary>
            <div data-body>
                <DefinitionList>
                    <Definition term="Entries">{size}</Definition>
                    {signed}
                    <Definition term="Verifier key"><code class="select-all break-all">{vkey}</code></Definition>
                </DefinitionList>
                <p id="checkpoints" class="text-muted mt-4 max-w-[80ch]">
                    "To verify the ledger yourself: "
                    <code class="select-all">"leastwise ledger verify --checkpoint FILE"</code>
                    " recomputes every hash, checks every signature, and compares the ledger with a checkpoint that you kept. Keep the verifier key and a checkpoint where the operators of Leastwise cannot write: with them, even a completely rewritten ledger is detected. The JSON export of this list has the bytes and the proof of each entry."
                </p>
            </div>
        </details>
    }
    .into_any()
}

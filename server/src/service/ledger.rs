//! The ledger for display: the list, one entry with its proof, and its health.
//!
//! Every read is recorded before anything is shown; if recording fails, nothing is shown.

mod item;
mod recorded_words;
mod sentence;

use std::collections::BTreeMap;

use app::backend::{
    Denied, EntryAuthenticity, EntryItem, EntryItems, EntryLeaf, EntryMeaning, EntryRow, EntryView,
    ITEMS_PER_PAGE, Inclusion, ItemsProof, LedgerHealth, LedgerPort, ListQuery, Page, PortResult,
};
use async_trait::async_trait;
use domain::{
    authorize::Action,
    change::{Operation, StoredItem},
    ids::PersonId,
    ledger::{
        Entry, EventKind, Hash,
        items::{ItemRows, OPERATIONS, RecordedItems},
        tree::{self, Need},
    },
    snapshot::Snapshot,
    subject::Part,
};

use self::sentence::EntryContext;
use super::{
    Service, broken,
    changes::{PersonNames, descriptions},
    existing, names,
};
use crate::store::{
    Store, StoreError, change,
    ledger::{self, Authenticity, LedgerError, ListedEntry, SignedHead},
    person,
};

/// The number of rows on one page.
const PAGE: u32 = 50;

/// The values of `only`, and the index words that they stand for (see `store::ledger`).
const NARROWINGS: &[(&str, &str)] = &[
    ("denied", "outcome:denied"),
    ("failed", "outcome:failure"),
    ("changes", "type:change"),
    ("access", "type:grant"),
    ("operations", "type:operation"),
    ("sessions", "type:session"),
    ("outside", "type:outside"),
    ("roles", "type:role"),
];

#[async_trait]
impl LedgerPort for Service {
    async fn entries(&self, query: &ListQuery) -> PortResult<Page<EntryRow>> {
        self.reading_ledger().await?;
        let read_model = self.app_state.read_model();
        let found = list(&self.app_state.store, &read_model.snapshot, query).await;
        found.map_err(broken)
    }

    async fn entry(&self, seq: u64) -> PortResult<EntryView> {
        self.reading_ledger().await?;
        let read_model = self.app_state.read_model();
        let found = view(&self.app_state.store, &read_model.snapshot, seq).await;
        found.map_err(broken)?.ok_or(Denied::NotFound)
    }

    async fn entry_items(&self, seq: u64, page: usize) -> PortResult<EntryItems> {
        self.reading_ledger().await?;
        // The database holds no larger number.
        if i64::try_from(seq).is_err() {
            return Err(Denied::NotFound);
        }
        let store = &self.app_state.store;
        let listed = ledger::listed(store, seq).await.map_err(broken)?;
        let listed = listed.ok_or(Denied::NotFound)?;
        let read_model = self.app_state.read_model();
        let found = items(store, &read_model.snapshot, &listed.leaf, page).await;
        found.map_err(broken)?.ok_or(Denied::NotFound)
    }

    async fn leaf(&self, seq: u64) -> PortResult<EntryLeaf> {
        self.reading_ledger().await?;
        // The database holds no larger number.
        if i64::try_from(seq).is_err() {
            return Err(Denied::NotFound);
        }
        let found = ledger::listed(&self.app_state.store, seq).await;
        let listed = found.map_err(broken)?.ok_or(Denied::NotFound)?;
        Ok(EntryLeaf {
            authenticity: authenticity(&listed),
            bytes: listed.leaf.into_bytes(),
        })
    }

    async fn ledger_health(&self) -> PortResult<LedgerHealth> {
        self.allowed(Action::SeeLedger)?;
        let vkey = self.app_state.vkey.get().map_or("", String::as_str);
        health(&self.app_state.store, vkey).await.map_err(broken)
    }
}

impl Service {
    /// Checks the right to read entries, and records the read.
    async fn reading_ledger(&self) -> PortResult<()> {
        self.allowed(Action::SeeLedger)?;
        let journal = &self.app_state.journal;
        let entry = journal.ledger_viewed(&self.who());
        journal.note(entry).await.map_err(broken)
    }
}

async fn list(
    store: &Store,
    snapshot: &Snapshot,
    query: &ListQuery,
) -> Result<Page<EntryRow>, StoreError> {
    let mut words: Vec<String> = NARROWINGS
        .iter()
        .filter(|(name, _)| query.only.as_deref() == Some(name))
        .map(|(_, word)| (*word).to_owned())
        .collect();
    words.extend(ledger::query_words(&query.words));
    let entries = if words.is_empty() {
        ledger::head(store).await?.map_or(0, |head| head.size)
    } else {
        ledger::count(store, &words).await?
    };
    let total = usize::try_from(entries).unwrap_or(usize::MAX);
    let size = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let number = existing(query.page, total, size);
    let skip = u64::try_from((number - 1) * size).unwrap_or(entries);
    let rows = if words.is_empty() {
        ledger::newest(store, entries.saturating_sub(skip), PAGE).await?
    } else {
        ledger::search(store, &words, skip, PAGE).await?
    };
    let rows = rows.iter().map(ReadEntry::of);
    let rows = rows.collect::<Result<Vec<ReadEntry<'_>>, StoreError>>()?;
    let usernames = usernames(store, snapshot, &rows).await?;
    Ok(Page {
        rows: rows
            .into_iter()
            .map(|read| read.row(snapshot, &usernames))
            .collect(),
        number,
        total,
        size,
    })
}

async fn view(
    store: &Store,
    snapshot: &Snapshot,
    seq: u64,
) -> Result<Option<EntryView>, StoreError> {
    // The database holds no larger number.
    let Ok(number) = i64::try_from(seq) else {
        return Ok(None);
    };
    let Some(listed) = ledger::listed(store, seq).await? else {
        return Ok(None);
    };
    let private = ledger::private_of(&mut store.connection().await?, number, number).await?;
    let private = private.into_iter().map(|found| found.value);
    let covering = ledger::newest_checkpoint(store)
        .await?
        .filter(|signed| signed.size > seq);
    let leaf = Hash::leaf(listed.leaf.as_bytes());
    let (inclusion, proof) = match &covering {
        Some(signed) => included(store, signed, seq, leaf).await?,
        None => (Inclusion::NotSigned, Vec::new()),
    };
    let read = ReadEntry::of(&listed)?;
    let usernames = usernames(store, snapshot, std::slice::from_ref(&read)).await?;
    Ok(Some(EntryView {
        row: read.row(snapshot, &usernames),
        items: items(store, snapshot, &listed.leaf, 1).await?,
        json: indented(&listed.leaf),
        leaf_hash: leaf.hex(),
        private: private.map(|value| (value.path, value.value)).collect(),
        checkpoint: covering.map(|signed| (signed.size, signed.root.hex())),
        proof: proof.into_iter().map(Hash::hex).collect(),
        inclusion,
        neighbours: ledger::around(store, seq).await?,
    }))
}

/// Returns the inclusion proof if it verifies. It is computed from the displayed bytes, so that *proven* refers to them.
async fn included(
    store: &Store,
    signed: &SignedHead,
    seq: u64,
    leaf: Hash,
) -> Result<(Inclusion, Vec<Hash>), StoreError> {
    let need = Need::Inclusion {
        size: signed.size,
        index: seq,
    };
    let hashes = ledger::tree_hashes(store, &[need]).await?;
    let proof = tree::prove_inclusion(&hashes, signed.size, seq).map_err(LedgerError::from)?;
    match tree::verify_inclusion(&proof, signed.size, signed.root, seq, leaf) {
        Ok(()) => Ok((Inclusion::Proven, proof)),
        Err(_) => Ok((Inclusion::Altered, Vec::new())),
    }
}

/// Returns the size of the ledger and of the newest checkpoint. `vkey` is the verifier key of the current signer.
async fn health(store: &Store, vkey: &str) -> Result<LedgerHealth, StoreError> {
    let size = ledger::head(store).await?.map_or(0, |head| head.size);
    let signed = ledger::newest_checkpoint(store).await?;
    Ok(LedgerHealth {
        size,
        checkpoint_size: signed.as_ref().map_or(0, |signed| signed.size),
        signed_at: signed.as_ref().map(|signed| signed.signed_at),
        root: signed.map_or(Hash::EMPTY_TREE, |signed| signed.root).hex(),
        vkey: vkey.to_owned(),
    })
}

/// Returns whether an entry counts, for its row.
pub(super) fn authenticity(listed: &ListedEntry) -> EntryAuthenticity {
    match listed.authenticity {
        Authenticity::Authentic => EntryAuthenticity::Authentic,
        Authenticity::NotAuthentic => EntryAuthenticity::NotAuthentic,
    }
}

/// A listed entry that was parsed, with what its change was requested to do.
struct ReadEntry<'a> {
    listed: &'a ListedEntry,
    entry: Entry,
    items: RequestedItems,
}

impl<'a> ReadEntry<'a> {
    fn of(listed: &'a ListedEntry) -> Result<Self, StoreError> {
        let (_, entry) =
            Entry::parse(listed.leaf.as_bytes()).map_err(|error| StoreError::Inconsistent {
                table: "ledger_entry",
                what: format!("entry {}: {error}", listed.seq),
            })?;
        Ok(Self {
            listed,
            entry,
            items: request(listed.request.as_deref()),
        })
    }

    /// Returns the people whom the entry may name by a username: those without a name in the directory, and the identities
    /// that its first item is about.
    fn people(&self, snapshot: &Snapshot) -> impl Iterator<Item = PersonId> {
        let target = self.entry.target.as_ref();
        let target = target.and_then(|target| PersonId::parse(target.id.as_deref()?).ok());
        let first = self.items.first.as_ref();
        let parts = first.map_or_else(Vec::new, |first| first.subject().thing());
        let of_items = parts.into_iter().filter_map(|part| match part {
            Part::Person(person) => Some(person),
            _ => None,
        });
        let actor = self.entry.actor.person_id.clone();
        let is_unnamed = |person: &PersonId| names::person_name(snapshot, person).is_none();
        let unnamed = actor.into_iter().chain(target).filter(is_unnamed);
        unnamed.chain(of_items)
    }

    fn row(self, snapshot: &Snapshot, usernames: &BTreeMap<PersonId, String>) -> EntryRow {
        let Self {
            listed,
            entry,
            items,
        } = self;
        let context = EntryContext {
            listed,
            entry: &entry,
            items: &items,
            snapshot,
            usernames,
        };
        EntryRow {
            seq: listed.seq,
            at: entry.occurred_at,
            kind: entry.kind.as_str().to_owned(),
            meaning: EventKind::of(&entry.kind).map(|kind| meaning(kind, &entry)),
            outcome: entry.outcome,
            authenticity: authenticity(listed),
            sentence: context.sentence(),
            change: entry.change_id,
        }
    }
}

/// Returns the usernames of the people whom entries name.
async fn usernames(
    store: &Store,
    snapshot: &Snapshot,
    entries: &[ReadEntry<'_>],
) -> Result<BTreeMap<PersonId, String>, StoreError> {
    let people = entries.iter().flat_map(|entry| entry.people(snapshot));
    person::usernames(&mut store.connection().await?, &people.collect()).await
}

/// What a change was requested to do, from the leaf of its request.
#[derive(Default)]
pub(super) struct RequestedItems {
    /// None if it cannot be read.
    pub count: Option<u64>,
    /// The first item, if this version understands it.
    pub first: Option<Operation>,
}

fn request(leaf: Option<&str>) -> RequestedItems {
    let entry = leaf.and_then(|leaf| Entry::parse(leaf.as_bytes()).ok());
    let Some(recorded) = entry.and_then(|(_, entry)| RecordedItems::of(&entry)) else {
        return RequestedItems::default();
    };
    RequestedItems {
        count: recorded.count(),
        first: recorded.first().and_then(|first| {
            let first = ItemRows {
                inline: Some(vec![first.clone()]),
                rows: Vec::new(),
            };
            first.items().first().and_then(StoredItem::read)
        }),
    }
}

/// Returns a page of the items of a change whose entry states their digest and not the items themselves.
async fn items(
    store: &Store,
    snapshot: &Snapshot,
    leaf: &str,
    page: usize,
) -> Result<Option<EntryItems>, StoreError> {
    let Ok((_, entry)) = Entry::parse(leaf.as_bytes()) else {
        return Ok(None);
    };
    let recorded = RecordedItems::of(&entry);
    let (Some(recorded), Some(change)) = (recorded, &entry.change_id) else {
        return Ok(None);
    };
    if entry.data.contains_key(OPERATIONS) || !matches!(recorded, RecordedItems::Digest { .. }) {
        return Ok(None);
    }
    let found = ItemRows {
        inline: None,
        rows: change::items_of(store, change).await?,
    };
    let total = found.rows.len();
    let number = existing(page, total, ITEMS_PER_PAGE);
    let rows = found.rows.iter().skip((number - 1) * ITEMS_PER_PAGE);
    let rows = rows.take(ITEMS_PER_PAGE);
    let known: Vec<Operation> = rows.clone().filter_map(StoredItem::read).collect();
    let mut conn = store.connection().await?;
    let people = PersonNames::new(snapshot)
        .of_items(&mut conn, &known)
        .await?;
    let line = |item: &StoredItem| match item.read() {
        Some(operation) => EntryItem::Known(descriptions::operation(snapshot, &people, &operation)),
        None => EntryItem::Newer(item.document.clone()),
    };
    Ok(Some(EntryItems {
        proven: if recorded.proves(&found) {
            ItemsProof::Proven
        } else {
            ItemsProof::Altered
        },
        page: Page {
            rows: rows.map(line).collect(),
            number,
            total,
            size: ITEMS_PER_PAGE,
        },
    }))
}

fn meaning(kind: EventKind, entry: &Entry) -> EntryMeaning {
    let meaning = kind.meaning();
    EntryMeaning {
        title: meaning.title,
        severity: meaning.severity,
        ocsf: meaning.ocsf.of(entry),
    }
}

/// Indents JSON for display. Text that is not JSON is returned as it is.
fn indented(leaf: &str) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(leaf);
    value
        .ok()
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or_else(|| leaf.to_owned())
}

#[cfg(test)]
mod tests {
    use app::backend::LEDGER_FILTERS;

    use super::*;

    #[test]
    fn the_page_knows_each_filter_of_the_list() {
        let names: Vec<&str> = NARROWINGS.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, LEDGER_FILTERS);
    }
}

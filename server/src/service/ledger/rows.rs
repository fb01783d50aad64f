//! Entries as rows: parsed, with the names of the people whom they state, their sentences, and what became of them.

use std::collections::{BTreeMap, BTreeSet};

use app::backend::{EntryAuthenticity, EntryMeaning, EntryResult, EntryRow};
use domain::{
    change::{Operation, StoredItem},
    ids::PersonId,
    ledger::{
        Entry, EventKind, Hash,
        items::{ItemRows, RecordedItems},
    },
    snapshot::Snapshot,
    subject::Part,
};

use super::{results::results, sentence::EntryContext};
use crate::{
    service::names,
    store::{
        Store, StoreError,
        ledger::{Authenticity, ListedEntry},
        person,
    },
};

/// Returns the rows of these entries, in their order.
pub(super) async fn rows(
    store: &Store,
    snapshot: &Snapshot,
    listed: &[ListedEntry],
) -> Result<Vec<EntryRow>, StoreError> {
    let read: Vec<ReadEntry<'_>> = listed
        .iter()
        .map(ReadEntry::of)
        .collect::<Result<_, StoreError>>()?;
    let entries: Vec<(u64, &Entry)> = read
        .iter()
        .map(|one| (one.listed.seq, &one.entry))
        .collect();
    let mut results = results(store, &entries).await?;
    let people: BTreeSet<PersonId> = read.iter().flat_map(|one| one.people(snapshot)).collect();
    let usernames = person::usernames(&mut store.connection().await?, &people).await?;
    let rows = read.into_iter().map(|one| {
        let result = results.remove(&one.listed.seq);
        one.row(snapshot, &usernames, result)
    });
    Ok(rows.collect())
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

    fn row(
        self,
        snapshot: &Snapshot,
        usernames: &BTreeMap<PersonId, String>,
        result: Option<EntryResult>,
    ) -> EntryRow {
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
            actor: context.actor().words().to_owned(),
            person: entry.actor.person_id,
            account: entry.target.and_then(|target| target.account_id),
            ticket: entry.ticket,
            result,
            leaf_hash: Hash::leaf(listed.leaf.as_bytes()).hex(),
            change: entry.change_id,
        }
    }
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

/// Returns whether an entry counts, for its row.
pub(in crate::service) fn authenticity(listed: &ListedEntry) -> EntryAuthenticity {
    match listed.authenticity {
        Authenticity::Authentic => EntryAuthenticity::Authentic,
        Authenticity::NotAuthentic => EntryAuthenticity::NotAuthentic,
    }
}

fn meaning(kind: EventKind, entry: &Entry) -> EntryMeaning {
    let meaning = kind.meaning();
    EntryMeaning {
        title: meaning.title,
        severity: meaning.severity,
        ocsf: meaning.ocsf.of(entry),
    }
}

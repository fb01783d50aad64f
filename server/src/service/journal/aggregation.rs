//! Counts repetitions of an event by the same person for one minute instead of recording each.
//!
//! The first one is recorded immediately, so a single event is never delayed or lost. A crash can lose only the number
//! of repetitions within the last minute. The table is bounded: when it is full, further events are counted together by
//! type.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

use domain::{
    ids::PersonId,
    ledger::{Entry, EntryType},
    time::{Duration, Timestamp},
};

use super::private;

/// The fact of a counted entry that states whose events it counts, if they are not only those of its actor.
pub const COUNTED_FOR: &str = "counted_for";
/// The value of [`COUNTED_FOR`] for events of any number of people and programs.
pub const EVERYBODY: &str = "everybody";

/// How long repetitions are counted together.
const WINDOW: Duration = Duration::minutes(1);
/// The maximum number of distinct events counted separately in one window.
const MOST: usize = 256;
/// The maximum number of entries kept while the database is unavailable. The oldest are kept, because they carry more
/// information.
const UNWRITTEN: usize = 1_000;
/// The maximum number of addresses kept per count.
const ADDRESSES: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum By {
    Person(PersonId),
    Stranger,
    /// All persons together, because the table is full.
    Everybody,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Same {
    kind: EntryType,
    by: By,
    reason: Option<String>,
}

#[derive(Debug)]
struct Counted {
    since: Timestamp,
    count: u64,
    /// The latest repetition; none if the event occurred only once.
    latest: Option<Entry>,
    addresses: BTreeSet<IpAddr>,
}

/// The events that were recorded in the current minute, and their repetitions.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    counted: HashMap<Same, Counted>,
    /// Entries that the database did not accept.
    unwritten: Vec<Entry>,
}

impl Repeats {
    /// Counts an event and returns the entries to append now.
    pub(super) fn take(
        &mut self,
        entry: Entry,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Vec<Entry> {
        let mut write = self.due(now);
        let person = entry.actor.person_id.clone();
        let mut same = Same {
            kind: entry.kind.clone(),
            by: person.map_or(By::Stranger, By::Person),
            reason: entry.reason.clone(),
        };
        if self.counted.len() >= MOST && !self.counted.contains_key(&same) {
            same = Same {
                by: By::Everybody,
                reason: None,
                ..same
            };
        }
        if let Some(counted) = self.counted.get_mut(&same) {
            counted.count += 1;
            counted.latest = Some(entry);
            counted
                .addresses
                .extend(address.filter(|_| counted.addresses.len() < ADDRESSES));
        } else {
            write.push(entry);
            let counted = Counted {
                since: now,
                count: 0,
                latest: None,
                addresses: BTreeSet::new(),
            };
            self.counted.insert(same, counted);
        }
        write
    }

    /// Closes the windows that are over and returns their entries.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<Entry> {
        self.end(|counted| now.since(counted.since) >= WINDOW)
    }

    /// Closes all windows and returns their entries.
    pub(super) fn all(&mut self) -> Vec<Entry> {
        self.end(|_| true)
    }

    /// Keeps entries that could not be appended for the next attempt.
    pub(super) fn give_back(&mut self, entries: Vec<Entry>) {
        self.unwritten.extend(entries);
        self.unwritten.truncate(UNWRITTEN);
    }

    fn end(&mut self, over: impl Fn(&Counted) -> bool) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self
            .counted
            .extract_if(|_, counted| over(counted))
            .filter_map(|(same, counted)| counted.entry(&same.by))
            .collect();
        entries.append(&mut self.unwritten);
        entries.sort_by(|a, b| {
            (a.occurred_at, a.kind.as_str()).cmp(&(b.occurred_at, b.kind.as_str()))
        });
        entries
    }
}

impl Counted {
    fn entry(self, by: &By) -> Option<Entry> {
        let mut entry = self.latest?;
        if *by == By::Everybody {
            entry.data.insert(COUNTED_FOR.to_owned(), EVERYBODY.into());
        }
        entry.data.insert("count".to_owned(), self.count.into());
        entry
            .data
            .insert("counted_since".to_owned(), self.since.rfc3339().into());
        if !self.addresses.is_empty() {
            let addresses: Vec<String> = self.addresses.iter().map(IpAddr::to_string).collect();
            entry
                .private
                .insert("addresses".to_owned(), private(&addresses.join(" ")));
        }
        Some(entry)
    }
}

//! Repeats of one event by one person, counted for a minute instead of written each time.
//!
//! The first is written at once, so nothing that happens once waits or is lost. What a crash can
//! lose is how often it was repeated within the last minute. The table is bounded: when strangers
//! fill it, further ones are counted together by type.

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

/// How long repeats are counted together.
const WINDOW: Duration = Duration::minutes(1);
/// How many are told apart in one window.
const MOST: usize = 256;
/// How many entries are kept while the database takes none; the first ones, for they tell more.
const UNWRITTEN: usize = 1_000;
/// How many addresses are kept with a count.
const ADDRESSES: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum By {
    Person(PersonId),
    Stranger,
    /// The table was full.
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
    /// The latest of them; none if only the first happened.
    latest: Option<Entry>,
    addresses: BTreeSet<IpAddr>,
}

/// What was written in the running minute, and how often it came again.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    counted: HashMap<Same, Counted>,
    /// Given back because the database did not take them.
    unwritten: Vec<Entry>,
}

impl Repeats {
    /// Takes an event; answers what must be written now.
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

    /// Ends the windows that are over.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<Entry> {
        self.end(|counted| now.since(counted.since) >= WINDOW)
    }

    /// Ends every window.
    pub(super) fn all(&mut self) -> Vec<Entry> {
        self.end(|_| true)
    }

    /// Keeps what could not be written for the next time.
    pub(super) fn give_back(&mut self, entries: Vec<Entry>) {
        self.unwritten.extend(entries);
        self.unwritten.truncate(UNWRITTEN);
    }

    fn end(&mut self, over: impl Fn(&Counted) -> bool) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self
            .counted
            .extract_if(|_, counted| over(counted))
            .filter_map(|(_, counted)| counted.entry())
            .collect();
        entries.append(&mut self.unwritten);
        entries.sort_by(|a, b| {
            (a.occurred_at, a.kind.as_str()).cmp(&(b.occurred_at, b.kind.as_str()))
        });
        entries
    }
}

impl Counted {
    fn entry(self) -> Option<Entry> {
        let mut entry = self.latest?;
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

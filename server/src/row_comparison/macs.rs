//! Checks the MAC of each entry, if the row key is known.
//!
//! An entry without a valid MAC was not written by a process that has the row key. It does not count.

use domain::ledger::{Hash, LogName};

use super::difference::Difference;
use crate::{row_key::RowKeys, store::ledger::StoredEntry};

/// The maximum number of entries to list.
const NAMED: usize = 20;

/// The differences found so far.
pub struct MacCheck<'a> {
    keys: Option<&'a RowKeys>,
    log: &'a LogName,
    /// The MAC of the entry before; none if it is not known.
    prev: Option<Hash>,
    /// The number of the next entry.
    next: u64,
    first: Option<u64>,
    named: Vec<Difference>,
    more: usize,
}

impl<'a> MacCheck<'a> {
    pub fn new(keys: Option<&'a RowKeys>, log: &'a LogName) -> Self {
        Self {
            keys,
            log,
            prev: Some(Hash::ZERO),
            next: 0,
            first: None,
            named: Vec::new(),
            more: 0,
        }
    }

    /// Checks the next entry. `leaf` is its leaf hash.
    pub fn entry(&mut self, stored: &StoredEntry, leaf: &Hash) {
        let Some(keys) = self.keys else {
            return;
        };
        let seq = stored.seq;
        let place = u64::try_from(seq).ok().filter(|_| stored.leaf.is_some());
        let mac = stored
            .mac
            .as_ref()
            .filter(|mac| place.is_some_and(|seq| mac.authenticates(keys, self.log, seq, leaf)));
        let Some(mac) = mac else {
            self.not_authentic(seq);
            self.name(format!(
                "entry {seq} has no valid MAC, so Leastwise did not write it, or it was altered"
            ));
            // The next one may still state the MAC that this one had.
            self.prev = None;
            self.next = place.map_or(self.next, |seq| seq.saturating_add(1));
            return;
        };
        if self.prev.is_some_and(|prev| prev != mac.prev) {
            let missing = place.is_some_and(|seq| seq > self.next);
            let (first, what) = if missing {
                let next = self.next;
                (
                    next,
                    format!("entry {next} is missing: entry {seq} follows"),
                )
            } else {
                let what = "has a valid MAC, but does not continue the entry before it";
                (place.unwrap_or(0), format!("entry {seq} {what}"))
            };
            self.first.get_or_insert(first);
            self.name(what);
        }
        self.prev = Some(mac.mac);
        self.next = place.map_or(self.next, |seq| seq.saturating_add(1));
    }

    fn not_authentic(&mut self, seq: i64) {
        // A negative number was inserted manually, before the first entry.
        self.first.get_or_insert(u64::try_from(seq).unwrap_or(0));
    }

    /// Returns the first entry that is not authentic: it and those after it do not count.
    pub fn first(&self) -> Option<u64> {
        self.first
    }

    /// Reports a MAC of an entry number that does not exist.
    pub fn no_entry(&mut self, seq: i64) {
        self.name(format!(
            "there is a MAC of entry {seq}, which does not exist"
        ));
    }

    fn name(&mut self, what: String) {
        if self.named.len() < NAMED {
            self.named.push(Difference::NotAuthentic(what));
        } else {
            self.more += 1;
        }
    }

    pub fn finish(mut self) -> Vec<Difference> {
        if self.more > 0 {
            let more = format!("and {} more of this kind", self.more);
            self.named.push(Difference::NotAuthentic(more));
        }
        self.named
    }
}

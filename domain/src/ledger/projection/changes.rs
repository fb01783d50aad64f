//! The projection of changes: all that the entries say of those that have not ended, and where to read it of the others.
//!
//! Nothing decides on a change that has ended, but pages show it. It keeps the numbers of its entries and the hash over
//! their leaves, so that what is read again is never anything but what was applied.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    APPROVED, ChangeHistory, ChangeRecord, DECLINED, Decisions, Entry, EntryPlace, Lifecycle,
    Outcome, RecordedDecision, SENT_BACK, change_history, subject,
};
use crate::{
    approval::Decision,
    ids::{ChangeId, EffectHash},
    ledger::Hash,
    shared_map::SharedMap,
};

/// The entries of one change that were applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeEntries {
    numbers: Vec<u64>,
    /// The hash of the digest before the last entry and of its leaf hash, from zeros.
    digest: Hash,
}

impl Default for ChangeEntries {
    fn default() -> Self {
        Self {
            numbers: Vec::new(),
            digest: Hash::ZERO,
        }
    }
}

impl ChangeEntries {
    fn add(&mut self, place: EntryPlace) {
        self.numbers.push(place.seq);
        self.digest = Hash::of([self.digest.0, place.leaf.0].as_flattened());
    }

    /// Returns the numbers of the entries, in ascending order.
    pub fn numbers(&self) -> &[u64] {
        &self.numbers
    }

    /// Returns what the entries say. `leaf` returns the leaf of a number. None if a leaf is missing, or is another one than
    /// the applied one.
    pub fn read<'a>(&self, leaf: impl Fn(u64) -> Option<&'a [u8]>) -> Option<ReadChange> {
        let (mut found, mut read) = (Self::default(), ReadChange::default());
        for seq in &self.numbers {
            let leaf = leaf(*seq)?;
            found.add(EntryPlace {
                seq: *seq,
                leaf: Hash::leaf(leaf),
            });
            let (_, entry) = Entry::parse(leaf).ok()?;
            read.decisions.apply(&entry);
            read.record.apply(*seq, &entry);
        }
        (found.digest == self.digest).then_some(read)
    }
}

/// A change whose entries were read again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadChange {
    pub decisions: Decisions,
    pub record: ChangeRecord,
}

/// A change that has not ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenChange {
    entries: ChangeEntries,
    pub decisions: Decisions,
}

impl OpenChange {
    pub fn entries(&self) -> &ChangeEntries {
        &self.entries
    }
}

/// A change according to its entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordedChange {
    Open(Arc<OpenChange>),
    /// It was applied or never will be.
    Ended(Arc<ChangeEntries>),
}

impl Default for RecordedChange {
    fn default() -> Self {
        Self::Open(Arc::default())
    }
}

impl RecordedChange {
    fn apply(&mut self, place: EntryPlace, entry: &Entry) {
        match self {
            Self::Open(open) => {
                let open = Arc::make_mut(open);
                open.entries.add(place);
                open.decisions.apply(entry);
                if open.decisions.history.lifecycle == Lifecycle::Ended {
                    let mut entries = std::mem::take(&mut open.entries);
                    entries.numbers.shrink_to_fit();
                    *self = Self::Ended(Arc::new(entries));
                }
            }
            Self::Ended(entries) => Arc::make_mut(entries).add(place),
        }
    }
}

/// All changes, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes(SharedMap<ChangeId, RecordedChange>);

impl Changes {
    pub(super) fn apply(&mut self, place: EntryPlace, entry: &Entry) {
        if let Some(change) = concerned(entry) {
            self.0.or_default(change.clone()).apply(place, entry);
        }
    }

    /// Whether no entry said anything of a change since the other one was this one's copy. The copy must be kept: an entry
    /// that comes then makes another projection of changes.
    pub fn is_shared_with(&self, other: &Self) -> bool {
        self.0.is_shared_with(&other.0)
    }

    /// Returns what is known of a change.
    pub fn get(&self, change: &ChangeId) -> Option<&RecordedChange> {
        self.0.get(change)
    }

    /// Returns all that is known of a change that has not ended.
    pub fn open(&self, change: &ChangeId) -> Option<&Decisions> {
        match self.0.get(change)? {
            RecordedChange::Open(open) => Some(&open.decisions),
            RecordedChange::Ended(_) => None,
        }
    }
}

/// All that the entries say of every change, for a verification, which compares it with all rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllChanges(BTreeMap<ChangeId, ReadChange>);

impl AllChanges {
    /// Applies the next entry, and returns its change if it says something of one.
    pub fn apply(&mut self, seq: u64, entry: &Entry) -> Option<&ReadChange> {
        let change = self.0.entry(concerned(entry)?.clone()).or_default();
        change.decisions.apply(entry);
        change.record.apply(seq, entry);
        Some(change)
    }

    /// Returns the changes by id.
    pub fn by_id(&self) -> &BTreeMap<ChangeId, ReadChange> {
        &self.0
    }
}

/// Returns the change of which an entry says something.
fn concerned(entry: &Entry) -> Option<&ChangeId> {
    let change = entry.change_id.as_ref()?;
    (change_history::concerns_history(entry) || decision(entry).is_some()).then_some(change)
}

impl Decisions {
    fn apply(&mut self, entry: &Entry) {
        if change_history::concerns_history(entry) {
            self.history.apply(entry);
        }
        if entry.kind.as_str() == SENT_BACK {
            self.round += 1;
        }
        if let Some(mut decision) = decision(entry) {
            decision.round = self.round;
            self.given.push(decision);
        }
    }

    /// What is known of a change whose entries cannot be read again as they were: that it has ended.
    pub fn unproven_end() -> Self {
        Self {
            history: ChangeHistory {
                lifecycle: Lifecycle::Ended,
                ..ChangeHistory::default()
            },
            ..Self::default()
        }
    }
}

/// Returns the decision that an entry records, of the first round.
pub(super) fn decision(entry: &Entry) -> Option<RecordedDecision> {
    let decision = match entry.kind.as_str() {
        APPROVED => Decision::Approve,
        DECLINED => Decision::Decline,
        _ => return None,
    };
    let effect = entry.data.get("effect")?.as_str()?;
    let approver = entry.actor.person_id.clone()?;
    (entry.outcome == Outcome::Success).then(|| RecordedDecision {
        approver,
        subject: subject(entry),
        decision,
        effect: EffectHash(effect.to_owned()),
        round: 0,
        at: entry.occurred_at,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{
        ids::PersonId,
        ledger::{Actor, ActorKind, EventKind, LogName, Position},
        time::Timestamp,
    };

    const CHANGE: &str = "00000004-0000-4000-8000-000000000001";

    fn entry(kind: EventKind) -> Entry {
        let mut actor = Actor::new(ActorKind::Human);
        actor.person_id = Some(PersonId::parse("00000003-0000-4000-8000-000000000001").unwrap());
        let mut entry = Entry::new(kind.entry_type(), Timestamp(1), Outcome::Success, actor);
        entry.change_id = Some(ChangeId::parse(CHANGE).unwrap());
        entry.after = Some(Hash::of(b"effect"));
        entry.data.insert("effect".into(), "e".into());
        entry
    }

    /// The leaves of these entries, every third number.
    fn leaves(kinds: &[EventKind]) -> HashMap<u64, Vec<u8>> {
        let sealed = kinds.iter().enumerate().map(|(at, kind)| {
            let seq = at as u64 * 3;
            let log = LogName::parse("leastwise.example/test").unwrap();
            let prev = Hash::ZERO;
            let sealed = entry(*kind).seal(&Position { log, seq, prev }).unwrap();
            (seq, sealed.leaf)
        });
        sealed.collect()
    }

    #[test]
    fn a_change_that_ended_is_what_its_entries_say_and_nothing_else() {
        let kinds = [
            EventKind::ChangeSubmitted,
            EventKind::ChangeSentBack,
            EventKind::ChangeApproved,
            EventKind::ChangeStarted,
            EventKind::ChangeVerified,
            // Nothing writes it, and it counts as it does for a change that is read as a whole.
            EventKind::ChangeDeclined,
        ];
        let mut leaves = leaves(&kinds);
        let (mut changes, mut all) = (Changes::default(), AllChanges::default());
        let id = ChangeId::parse(CHANGE).unwrap();
        for at in 0..kinds.len() as u64 {
            let leaf = &leaves[&(at * 3)];
            let (position, entry) = Entry::parse(leaf).unwrap();
            let place = EntryPlace {
                seq: position.seq,
                leaf: Hash::leaf(leaf),
            };
            changes.apply(place, &entry);
            all.apply(at * 3, &entry);
            if at < 4 {
                let read = all.by_id().get(&id).map(|read| &read.decisions);
                assert_eq!(changes.open(&id), read);
            }
        }
        let Some(RecordedChange::Ended(entries)) = changes.get(&id) else {
            panic!("it has ended");
        };
        assert_eq!(entries.numbers(), [0, 3, 6, 9, 12, 15]);
        let read = |leaves: &HashMap<u64, Vec<u8>>| {
            entries.read(|seq| leaves.get(&seq).map(Vec::as_slice))
        };
        assert_eq!(read(&leaves).as_ref(), all.by_id().get(&id));
        let swapped = leaves[&6].clone();
        let approved = leaves.insert(6, leaves[&15].clone()).unwrap();
        assert_eq!(read(&leaves), None, "another entry in its place");
        leaves.insert(6, approved);
        leaves.insert(15, swapped);
        assert_eq!(read(&leaves), None, "an entry of another place");
        leaves.remove(&15);
        assert_eq!(read(&leaves), None, "an entry is missing");
    }
}

//! What all entries say, in full: what has ended as well.

use std::collections::BTreeMap;

use domain::ledger::{
    Entry, Hash, PrivateValue,
    projection::{AllChanges, EntryPlace, Projection, RecordedText},
};

/// What all entries say.
#[derive(Default)]
pub(super) struct Replay {
    /// As a process has it in memory.
    pub projection: Projection,
    pub changes: AllChanges,
    /// SHA-256 of the texts that belong to entries about changes and are still held, by the number of the entry.
    pub texts: BTreeMap<u64, Hash>,
    /// The entries that record what was set aside.
    pub set_aside: BTreeMap<u64, Entry>,
}

impl Replay {
    /// Applies the next entry, with the values that are stored beside it.
    pub fn apply(&mut self, place: EntryPlace, entry: &Entry, values: &[PrivateValue]) {
        self.projection.apply(place, entry);
        if entry.kind.as_str() == super::set_aside::RECORDED {
            self.set_aside.insert(place.seq, entry.clone());
        }
        let Some(change) = self.changes.apply(place.seq, entry) else {
            return;
        };
        let mut texts = change.record.texts().filter(|text| text.seq == place.seq);
        if let Some(held) = texts.next().and_then(|text| text.among(values)) {
            self.texts
                .insert(place.seq, Hash::of(held.value.as_bytes()));
        }
    }

    /// Returns the SHA-256 of a text. None if nothing is recorded, or if the text was erased: then any row is as good.
    pub fn text(&self, recorded: Option<&RecordedText>) -> Option<Hash> {
        self.texts.get(&recorded?.seq).copied()
    }
}

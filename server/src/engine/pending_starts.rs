//! What approved changes wait for before they start: the latest reason of each, for its page.
//!
//! Kept in memory only: after a start, the engine tries again within seconds and the reason is recorded again. Contains
//! no error text, because requesters see it. Nothing is decided by it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

pub use domain::engine::StartDependency;
use domain::{ids::ChangeId, time::Timestamp};

/// What a change waits for, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingStart {
    pub awaited: StartDependency,
    /// When the missing requirement was first recorded.
    pub since: Timestamp,
}

/// The waiting changes.
#[derive(Debug, Default)]
pub struct PendingStarts(Mutex<HashMap<ChangeId, PendingStart>>);

/// Whether a recorded reason is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteOutcome {
    /// The reason is new, so the page must be updated.
    New,
    /// The reason was recorded before.
    Known,
}

impl PendingStarts {
    /// Records what a change waits for. The time of an unchanged reason is kept.
    pub fn note(&self, change: &ChangeId, awaited: StartDependency, now: Timestamp) -> NoteOutcome {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all
            .get(change)
            .is_some_and(|known| known.awaited == awaited)
        {
            return NoteOutcome::Known;
        }
        let waiting = PendingStart {
            awaited,
            since: now,
        };
        all.insert(change.clone(), waiting);
        NoteOutcome::New
    }

    /// Removes a change that has started or ended.
    pub fn forget(&self, change: &ChangeId) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(change);
    }

    /// Returns what a change waits for, if anything.
    pub fn of(&self, change: &ChangeId) -> Option<PendingStart> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(change).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_keeps_its_time_until_another_takes_its_place_and_goes_when_it_is_forgotten() {
        let change = ChangeId::parse("3e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b").unwrap();
        let room = PendingStarts::default();
        assert_eq!(room.of(&change), None);
        assert_eq!(
            room.note(&change, StartDependency::Aws, Timestamp(1)),
            NoteOutcome::New
        );
        assert_eq!(
            room.note(&change, StartDependency::Aws, Timestamp(2)),
            NoteOutcome::Known
        );
        assert_eq!(room.of(&change).unwrap().since, Timestamp(1));
        assert_eq!(
            room.note(&change, StartDependency::Crawl, Timestamp(3)),
            NoteOutcome::New
        );
        let now = room.of(&change).unwrap();
        assert_eq!(
            (now.awaited, now.since),
            (StartDependency::Crawl, Timestamp(3))
        );
        room.forget(&change);
        assert_eq!(room.of(&change), None);
    }
}

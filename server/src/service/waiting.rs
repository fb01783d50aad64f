//! What approved changes wait for before they start: the latest reason of each, for its page.
//!
//! In memory only: after a start the engine asks anew within seconds and the reason is back. Holds no text of
//! an error, because requesters read it. Nothing is decided by it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::{ids::ChangeId, time::Timestamp};

/// What has to happen before a change can be judged for the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Awaited {
    /// A crawl that reads every list: what was read last is too old, or has holes.
    Crawl,
    /// AWS, which does not let what the change rests on be read.
    Aws,
    /// The user pool, which does not say whether those who approved still may.
    Pool,
    /// The database.
    Store,
}

impl Awaited {
    /// What its page says.
    pub fn words(self) -> &'static str {
        match self {
            Self::Crawl => {
                "Waits for the next full read of AWS: what was read last is too old or not whole, so nothing starts on it"
            }
            Self::Aws => {
                "Waits for AWS, which does not answer what this rests on; it is asked again every few seconds"
            }
            Self::Pool => {
                "Waits for the user pool, which does not say whether those who approved still may; it is asked again every few seconds"
            }
            Self::Store => {
                "Waits for the database, which did not answer; it is asked again every few seconds"
            }
        }
    }
}

/// What a change waits for, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// For what.
    pub awaited: Awaited,
    /// Since it was first found to be missing.
    pub since: Timestamp,
}

/// The changes that wait.
#[derive(Debug, Default)]
pub struct WaitingRoom(Mutex<HashMap<ChangeId, Waiting>>);

/// Whether a reason is the one that was known already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// The page has to say something else from now on.
    New,
    /// It says it already.
    Known,
}

impl WaitingRoom {
    /// Notes what a change waits for; the same thing is waited for since it was first noted.
    pub fn note(&self, change: &ChangeId, awaited: Awaited, now: Timestamp) -> Noted {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all
            .get(change)
            .is_some_and(|known| known.awaited == awaited)
        {
            return Noted::Known;
        }
        let waiting = Waiting {
            awaited,
            since: now,
        };
        all.insert(change.clone(), waiting);
        Noted::New
    }

    /// It waits no longer: it starts, or is over.
    pub fn forget(&self, change: &ChangeId) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(change);
    }

    /// What a change waits for, if it does.
    pub fn of(&self, change: &ChangeId) -> Option<Waiting> {
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
        let room = WaitingRoom::default();
        assert_eq!(room.of(&change), None);
        assert_eq!(room.note(&change, Awaited::Aws, Timestamp(1)), Noted::New);
        assert_eq!(room.note(&change, Awaited::Aws, Timestamp(2)), Noted::Known);
        assert_eq!(room.of(&change).unwrap().since, Timestamp(1));
        assert_eq!(room.note(&change, Awaited::Crawl, Timestamp(3)), Noted::New);
        let now = room.of(&change).unwrap();
        assert_eq!((now.awaited, now.since), (Awaited::Crawl, Timestamp(3)));
        room.forget(&change);
        assert_eq!(room.of(&change), None);
    }
}

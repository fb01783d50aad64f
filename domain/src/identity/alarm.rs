//! The alarm that many identities differ from the directory at once.
//!
//! A directory that is provisioned again gives identities other users with the same external ids. That is one event:
//! nobody is suspended because of it, and somebody looks at it on the host. The alarm never excuses anything else. A
//! difference of another time, and one that leaves no other user, suspends as if there were no alarm.

use serde::{Deserialize, Serialize};

use super::{IdentityRecord, LinkDifference};
use crate::time::{Duration, Timestamp};

/// Differences within this time count as differences at once.
pub const AT_ONCE: Duration = Duration::hours(1);

/// What to do about identities that differ at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkReaction {
    /// Suspend each of them.
    Suspend,
    /// So many differ that the directory was probably provisioned again: raise the alarm.
    RaiseAlarm,
}

/// Returns the number of identities that may differ at once before it counts as one event: `percent` of the linked
/// identities, at least one.
pub fn tolerated(linked: usize, percent: u8) -> usize {
    (linked.saturating_mul(usize::from(percent)) / 100).max(1)
}

/// Decides what to do when `differing` identities differ at once.
pub fn reaction(differing: usize, linked: usize, percent: u8) -> LinkReaction {
    if differing > tolerated(linked, percent) {
        LinkReaction::RaiseAlarm
    } else {
        LinkReaction::Suspend
    }
}

/// The alarm that many identities differed at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityAlarm {
    pub at: Timestamp,
    /// How many identities differed.
    pub differing: u64,
    /// How many identities were linked.
    pub linked: u64,
}

/// A difference of an identity that belongs to an alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmInclusion {
    pub at: Timestamp,
    pub difference: LinkDifference,
}

/// What to do about one identity that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceReaction {
    Suspend,
    /// Record that the difference belongs to the alarm. It suspends nobody, and `identity confirm --all` may confirm it.
    Include,
    /// Everything is recorded already.
    Keep,
}

impl IdentityAlarm {
    pub fn new(at: Timestamp, differing: usize, linked: usize) -> Self {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Self {
            at,
            differing: count(differing),
            linked: count(linked),
        }
    }

    /// Returns the difference of an identity that is recorded as part of this alarm, and that nobody has confirmed since.
    pub fn difference_of<'a>(&self, record: &'a IdentityRecord) -> Option<&'a LinkDifference> {
        let included = record.included.as_ref().filter(|part| part.at >= self.at);
        included.map(|part| &part.difference)
    }

    /// Whether a difference is recorded as part of this alarm. Another difference of the same identity is not.
    pub fn includes(&self, record: &IdentityRecord, difference: &LinkDifference) -> bool {
        self.difference_of(record) == Some(difference)
    }

    /// Whether a difference that is first seen at `now` belongs to the event behind this alarm: another user has the
    /// external id, as after each provisioning, and it was there in time.
    fn covers(&self, difference: &LinkDifference, now: Timestamp) -> bool {
        difference.other().is_some() && now <= self.at + AT_ONCE
    }
}

/// Decides about one identity that differs, while `alarm` is on or without an alarm. However many identities are
/// suspended while it is on, it stays the same alarm.
pub fn difference_reaction(
    alarm: Option<&IdentityAlarm>,
    record: &IdentityRecord,
    difference: &LinkDifference,
    now: Timestamp,
) -> DifferenceReaction {
    let included = alarm.filter(|alarm| alarm.includes(record, difference));
    if included.is_some() {
        return DifferenceReaction::Keep;
    }
    let covering = alarm.filter(|alarm| alarm.covers(difference, now));
    match (&record.suspended, covering) {
        (None, None) => DifferenceReaction::Suspend,
        (None, Some(_)) => DifferenceReaction::Include,
        // The first identities of the event are suspended before there are enough of them for an alarm.
        (Some(suspension), Some(alarm)) if suspension.at >= alarm.at - AT_ONCE => {
            DifferenceReaction::Include
        }
        (Some(_), _) => DifferenceReaction::Keep,
    }
}

//! Concurrency limits, intervals and timeouts of the engine.
//!
//! The defaults come from reference/aws.md 1.2, 1.5 and 3.5. They are configurable so that tests and a sandbox that
//! runs faster than AWS can scale them; their ratios matter, not their absolute values.

use std::collections::BTreeMap;

use super::resource::{AccessResource, CallPriority, ConcurrencyScope};
use crate::time::Duration;

/// Limits, intervals and timeouts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pacing {
    /// The number of resources with an operation in flight at once. AWS allows 15 unfinished writes.
    pub slots: usize,
    /// The number of slots reserved for revocations.
    pub reserved: usize,
    /// The delay of the first poll after AWS accepts a write.
    pub poll_first: Duration,
    /// The interval of later polls. 15 writes in flight cost 3 calls per second.
    pub poll_every: Duration,
    /// How long a write may stay unfinished before its outcome counts as unknown.
    pub deadline: Duration,
    /// How long a call may wait in the shell. It must not be sent later.
    pub send_within: Duration,
    /// How long a create request of unknown outcome is only observed, not repeated. Longer than `send_within`, the SDK
    /// timeout and the usual AWS delay together.
    pub doubt_create: Duration,
    /// The same for a delete request, which is urgent and safe to repeat.
    pub doubt_delete: Duration,
    /// The maximum age of the read that precedes a create request.
    pub read_age: Duration,
    /// How long to wait for the answer to a read or poll before it is requested again.
    pub answer_within: Duration,
    /// The number of attempts to grant access while AWS reports a conflict or throttling.
    pub busy_tries: u32,
    /// The number of attempts to grant access after other failures.
    pub grant_tries: u32,
    /// The number of concurrent reads, beyond one per slot, from which re-reads of settled resources are postponed.
    pub watches: usize,
    /// The number of sagas with a read or a step in flight at once. They use none of `slots`.
    pub sagas: usize,
    /// How long a step of unknown outcome may still take effect, counted from its intent. Longer than `send_within` and
    /// the timeout of the write together.
    pub doubt_step: Duration,
    /// The number of attempts of a step that is refused, or that no read shows.
    pub step_tries: u32,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            slots: 15,
            reserved: 5,
            poll_first: Duration::seconds(2),
            poll_every: Duration::seconds(5),
            deadline: Duration::minutes(5),
            send_within: Duration::seconds(10),
            doubt_create: Duration::seconds(30),
            doubt_delete: Duration::seconds(20),
            read_age: Duration::minutes(1),
            answer_within: Duration::minutes(2),
            busy_tries: 20,
            grant_tries: 5,
            watches: 4,
            sagas: 4,
            doubt_step: Duration::seconds(30),
            step_tries: 8,
        }
    }
}

/// When a removed resource is read again, counted from the read that showed it absent.
pub const REREADS: [Duration; 3] = [
    Duration::minutes(1),
    Duration::minutes(5),
    Duration::minutes(60),
];

/// Returns when an alarm is due, counted from when the removal was due: 60 s, 10 min, then every hour.
pub fn alarm_after(alarm: u32) -> Duration {
    match alarm {
        0 => Duration(0),
        1 => Duration::minutes(1),
        2 => Duration::minutes(10),
        n => Duration::hours(i64::from(n) - 2),
    }
}

/// The slots in use, by lane.
#[derive(Debug, Default)]
pub(super) struct Slots {
    busy: BTreeMap<ConcurrencyScope, (AccessResource, CallPriority)>,
    grants: usize,
}

impl Slots {
    /// Returns whether the lane is free and the share of the class is not exhausted.
    pub fn free(&self, key: &AccessResource, class: CallPriority, pacing: &Pacing) -> bool {
        let share = match class {
            CallPriority::Revoke => true,
            CallPriority::Grant | CallPriority::Watch => {
                self.grants + pacing.reserved < pacing.slots
            }
        };
        share && !self.full(pacing) && !self.busy.contains_key(&key.lane())
    }

    /// Takes a slot that is free. An operation that was in flight before a restart takes one regardless of the limits.
    pub fn hold(&mut self, key: &AccessResource, class: CallPriority) {
        if class != CallPriority::Revoke {
            self.grants += 1;
        }
        self.busy.insert(key.lane(), (key.clone(), class));
    }

    /// Releases the slot of the resource.
    pub fn release(&mut self, key: &AccessResource) {
        let lane = key.lane();
        if self
            .busy
            .get(&lane)
            .is_some_and(|(holder, _)| holder == key)
            && let Some((_, class)) = self.busy.remove(&lane)
            && class != CallPriority::Revoke
        {
            self.grants -= 1;
        }
    }

    /// Returns whether no slot is in use.
    pub fn idle(&self) -> bool {
        self.busy.is_empty()
    }

    /// Returns whether all slots are in use.
    pub fn full(&self, pacing: &Pacing) -> bool {
        self.busy.len() >= pacing.slots
    }
}

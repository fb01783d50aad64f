//! How fast, how many at once, how long until doubt turns into another look.
//!
//! The figures come from reference/aws.md 1.2, 1.5 and 3.5. They are values, so that a test or a
//! sandbox that runs faster than AWS can scale them; their order of size is what is promised.

use std::collections::BTreeMap;

use super::key::{Class, Key, Lane};
use crate::time::Duration;

/// The figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pacing {
    /// Keys at work at the same time: AWS allows 15 unfinished writes.
    pub slots: usize,
    /// How many of them are kept for revocations.
    pub reserved: usize,
    /// First poll after acceptance.
    pub poll_first: Duration,
    /// Every later one; 15 in flight then cost 3 calls a second.
    pub poll_every: Duration,
    /// How long an accepted write may stay unfinished before it is observed instead.
    pub deadline: Duration,
    /// How long a call may wait in the shell before it must not be sent any more.
    pub send_within: Duration,
    /// How long a create of unknown outcome is only observed, never repeated. Longer than
    /// `send_within`, the SDK's time-out and AWS's usual delay together.
    pub doubt_create: Duration,
    /// The same for a delete, which is urgent and harmless to repeat.
    pub doubt_delete: Duration,
    /// How old a read may be for a create to rest on it.
    pub read_age: Duration,
    /// When a read or poll without an answer is asked again.
    pub answer_within: Duration,
    /// Tries of a grant that AWS calls busy.
    pub busy_tries: u32,
    /// Tries of a grant that fails otherwise.
    pub grant_tries: u32,
    /// Reads at once that only watch settled keys.
    pub watches: usize,
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
        }
    }
}

/// When closed keys are read again, counted from the read that saw them gone.
pub const REREADS: [Duration; 3] = [
    Duration::minutes(1),
    Duration::minutes(5),
    Duration::minutes(60),
];

/// When an alarm is due, counted from when the removal was: 60 s, 10 min, then every hour.
pub fn alarm_after(alarm: u32) -> Duration {
    match alarm {
        0 => Duration(0),
        1 => Duration::minutes(1),
        2 => Duration::minutes(10),
        n => Duration::hours(i64::from(n) - 2),
    }
}

/// Who is at work, and where.
#[derive(Debug, Default)]
pub(super) struct Slots {
    busy: BTreeMap<Lane, (Key, Class)>,
    grants: usize,
}

impl Slots {
    /// Takes a slot, if its share and its lane are free.
    pub fn take(&mut self, key: &Key, class: Class, pacing: &Pacing) -> bool {
        let share = match class {
            Class::Revoke => true,
            Class::Grant | Class::Watch => self.grants + pacing.reserved < pacing.slots,
        };
        if !share || self.full(pacing) || self.busy.contains_key(&key.lane()) {
            return false;
        }
        self.hold(key, class);
        true
    }

    /// Takes a slot whatever the limits: an operation that was open before a restart is in flight
    /// already.
    pub fn hold(&mut self, key: &Key, class: Class) {
        if class != Class::Revoke {
            self.grants += 1;
        }
        self.busy.insert(key.lane(), (key.clone(), class));
    }

    /// Gives it back.
    pub fn release(&mut self, key: &Key) {
        let lane = key.lane();
        if self
            .busy
            .get(&lane)
            .is_some_and(|(holder, _)| holder == key)
            && let Some((_, class)) = self.busy.remove(&lane)
            && class != Class::Revoke
        {
            self.grants -= 1;
        }
    }

    /// Whether nobody is at work.
    pub fn idle(&self) -> bool {
        self.busy.is_empty()
    }

    /// Whether no one else can start.
    pub fn full(&self, pacing: &Pacing) -> bool {
        self.busy.len() >= pacing.slots
    }
}

//! Which queued resource gets a free slot: revocations first, then the one that waits longest.
//!
//! A grant never takes a slot that is reserved for revocations, and none while AWS throttles.

use std::ops::Bound;

use super::{
    resource::{AccessResource, CallPriority},
    state::{QueuedResource, State, StepOutput},
};
use crate::{ids::OperationId, time::Timestamp};

impl State {
    /// Assigns free slots to queued resources.
    pub(super) fn admit(
        &mut self,
        now: Timestamp,
        ids: &mut dyn FnMut() -> OperationId,
        out: &mut StepOutput,
    ) {
        if self.queue.is_empty() || self.slots.full(&self.pacing) {
            return;
        }
        let mut last = None;
        while let Some(entry) = self.next_admissible(last.as_ref()) {
            let (class, _, key) = &entry;
            self.queue.remove(&entry);
            self.slots.hold(key, *class);
            let track = self.track(key);
            track.queued = None;
            track.slot = Some(*class);
            self.turn(key, now, ids, out);
            last = Some(entry);
        }
    }

    /// Returns the first queued resource after another one that a free slot can serve.
    fn next_admissible(&self, after: Option<&QueuedResource>) -> Option<QueuedResource> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.queue
            .range((from, Bound::Unbounded))
            .take_while(|_| !self.slots.full(&self.pacing))
            .take_while(|(class, _, _)| *class != CallPriority::Grant || self.calm_until.is_none())
            .find(|(class, _, key)| self.slots.free(key, *class, &self.pacing))
            .cloned()
    }

    /// Releases the slot and the position in the queue.
    pub(super) fn leave(&mut self, key: &AccessResource) {
        let track = self.track(key);
        let (slot, queued) = (track.slot.take(), track.queued.take());
        if slot.is_some() {
            self.slots.release(key);
        }
        if let Some((class, since)) = queued {
            self.queue.remove(&(class, since, key.clone()));
        }
    }
}

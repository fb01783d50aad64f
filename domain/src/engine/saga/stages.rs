//! Where each saga stands in this process, and the slots and times that follow from it.
//!
//! Nothing here is durable. Every change of a stage goes through [`Sagas::set`], so that a slot is never lost.

use super::{SagaId, Sagas};
use crate::time::Timestamp;

/// What a saga waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// An earlier saga of the same subject.
    Behind,
    /// A slot, to read its subject.
    Ready(Readiness, Timestamp),
    /// A read of its subject that began at this instant or later. Holds a slot.
    Reading { since: Timestamp },
    /// The commit of an intent, and the answer to its step. Holds a slot.
    Calling,
    /// Time.
    Pausing,
}

/// The order of sagas that wait for a slot: what was begun is finished first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Readiness {
    Begun,
    New,
}

impl Stage {
    fn holds_a_slot(self) -> bool {
        matches!(self, Self::Reading { .. } | Self::Calling)
    }
}

impl Sagas {
    /// Returns when the next pause ends or an answer counts as missing.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.agenda.first().map(|(at, _)| *at)
    }

    /// Lets a saga wait for a slot.
    pub(super) fn ready(&mut self, id: &SagaId, now: Timestamp) {
        let begun = self.running.get(id).map(|saga| !saga.row.steps.is_empty());
        let readiness = if begun == Some(true) {
            Readiness::Begun
        } else {
            Readiness::New
        };
        self.set(id, Stage::Ready(readiness, now), None);
    }

    /// Changes the stage of a saga. `due` is when it is looked at without an event.
    pub(super) fn set(&mut self, id: &SagaId, stage: Stage, due: Option<Timestamp>) {
        self.leave_stage(id);
        let Some(saga) = self.running.get_mut(id) else {
            return;
        };
        saga.stage = stage;
        saga.due = due;
        if stage.holds_a_slot() {
            self.busy += 1;
        }
        if let Stage::Ready(readiness, since) = stage {
            self.ready.insert((readiness, since, id.clone()));
        }
        if let Some(at) = due {
            self.agenda.insert((at, id.clone()));
        }
    }

    /// Removes a saga, and lets the next one of its subject run.
    pub(super) fn end(&mut self, id: &SagaId, now: Timestamp) {
        self.leave_stage(id);
        let Some(saga) = self.running.remove(id) else {
            return;
        };
        let Some(line) = self.subjects.get_mut(&saga.plan.key) else {
            return;
        };
        line.retain(|other| other != id);
        match line.front().cloned() {
            Some(next) => self.ready(&next, now),
            None => {
                self.subjects.remove(&saga.plan.key);
            }
        }
    }

    fn leave_stage(&mut self, id: &SagaId) {
        let Some(saga) = self.running.get_mut(id) else {
            return;
        };
        if saga.stage.holds_a_slot() {
            self.busy -= 1;
        }
        if let Stage::Ready(readiness, since) = saga.stage {
            self.ready.remove(&(readiness, since, id.clone()));
        }
        if let Some(at) = saga.due.take() {
            self.agenda.remove(&(at, id.clone()));
        }
        saga.stage = Stage::Behind;
    }
}

//! The last phase of every step: each resource that is due or touched takes its turn, then the queue fills free slots,
//! revocations first.
//!
//! Only this module intends writes. It never intends one while another is open on the resource, a create request
//! without a fresh read, or a delete request for a resource that has a reason to exist.

use super::{
    effect::{Call, Effect, Poll},
    resource::{AccessResource, CallPriority, OperationKind},
    resource_state::{DesiredAction, OpenOperation},
    rows::{Cause, OperationRow, Phase, Presence, ReadResult},
    state::{State, StepOutput, class},
};
use crate::{
    ids::OperationId,
    time::{Duration, Timestamp},
};

/// The number of consecutive failed reads after which a removal proceeds without a read. A revocation must never depend
/// on a read.
pub(super) const BLIND_AFTER: u32 = 3;

impl State {
    pub(super) fn proceed(
        &mut self,
        now: Timestamp,
        ids: &mut dyn FnMut() -> OperationId,
        out: &mut StepOutput,
    ) {
        let limit = self.pacing.answer_within;
        self.reading.retain(|_, since| now < *since + limit);
        if self.calm_until.is_some_and(|until| until <= now) {
            self.calm_until = None;
        }
        while let Some((at, key)) = self.agenda.first().cloned() {
            if at > now {
                break;
            }
            self.agenda.pop_first();
            self.track(&key).due = None;
            out.touched.insert(key);
        }
        loop {
            while let Some(key) = out.touched.pop_first() {
                self.turn(&key, now, ids, out);
            }
            self.admit(now, ids, out);
            if out.touched.is_empty() {
                break;
            }
        }
        self.run_sagas(now, out);
        self.ask(now, out);
    }

    /// Processes one resource: windows that ended, alarms, the next action, the next due time.
    pub(super) fn turn(
        &mut self,
        key: &AccessResource,
        now: Timestamp,
        ids: &mut dyn FnMut() -> OperationId,
        out: &mut StepOutput,
    ) {
        if !self.tracks.contains_key(key) {
            return;
        }
        self.boundaries(key, now, out);
        self.alarm(key, now, out);
        if self.track(key).open.is_some() {
            self.follow(key, now, out);
        } else {
            self.advance(key, now, ids, out);
        }
        self.schedule(key, now, out);
    }

    /// Polls the open operation, or requests the read that settles it.
    fn follow(&mut self, key: &AccessResource, now: Timestamp, out: &mut StepOutput) {
        let (deadline, again) = (self.pacing.deadline, self.pacing.answer_within);
        let generation = self.generation;
        let Some(open) = &mut self.track(key).open else {
            return;
        };
        let phase = open.row.phase;
        let late = now >= open.row.intended_at + deadline;
        if late && matches!(phase, Phase::Intended | Phase::Accepted) {
            self.doubt(key, "no result within the deadline", now, out);
        }
        let Some(open) = &mut self.track(key).open else {
            return;
        };
        if now < open.next {
            return;
        }
        match (open.row.phase, &open.row.request) {
            (Phase::Accepted, Some(request)) => {
                let poll = Poll {
                    operation: open.row.operation.clone(),
                    generation,
                    kind: open.row.kind,
                    request: request.clone(),
                };
                open.next = now + again;
                out.effects.push(Effect::Poll(poll));
            }
            (Phase::Relisting | Phase::InDoubt, _) => {
                let class = class(open.row.kind);
                open.next = now + again;
                self.read(key, class, now, out);
            }
            _ => {}
        }
    }

    /// Starts the next action of a resource that has no open operation.
    fn advance(
        &mut self,
        key: &AccessResource,
        now: Timestamp,
        ids: &mut dyn FnMut() -> OperationId,
        out: &mut StepOutput,
    ) {
        let want = self.track(key).want(now);
        if !matches!(want, DesiredAction::Deliver | DesiredAction::Remove) {
            self.leave(key);
            self.watch(key, now, out);
            return;
        }
        let track = self.track(key);
        if track.not_before().is_some_and(|at| now < at) {
            // Other resources may use the slot in the meantime.
            self.leave(key);
            return;
        }
        if track.slot.is_none() {
            let class = match want {
                DesiredAction::Remove => CallPriority::Revoke,
                _ => CallPriority::Grant,
            };
            let since = track.row.closing.map_or(now, |closing| closing.since);
            // The position in the queue is kept unless the resource now wants the opposite.
            match track.queued {
                Some((queued, _)) if queued == class => {}
                other => {
                    track.queued = Some((class, since));
                    if let Some((class, since)) = other {
                        self.queue.remove(&(class, since, key.clone()));
                    }
                    self.queue.insert((class, since, key.clone()));
                }
            }
            return;
        }
        match want {
            DesiredAction::Deliver => self.deliver_or_create(key, now, ids, out),
            _ => self.confirm_or_delete(key, now, ids, out),
        }
    }

    fn deliver_or_create(
        &mut self,
        key: &AccessResource,
        now: Timestamp,
        ids: &mut dyn FnMut() -> OperationId,
        out: &mut StepOutput,
    ) {
        let age = self.pacing.read_age;
        let track = self.track(key);
        let since = track.fresh_since(now).max(now - age);
        match track.seen {
            Some(seen) if seen.as_of >= since => match seen.presence {
                Presence::Present => {
                    self.deliver(key, seen.as_of, Cause::AlreadySo, None, now, out);
                }
                Presence::Absent => self.intend(key, OperationKind::Create, now, ids, out),
            },
            _ => self.read(key, CallPriority::Grant, now, out),
        }
    }

    fn confirm_or_delete(
        &mut self,
        key: &AccessResource,
        now: Timestamp,
        ids: &mut dyn FnMut() -> OperationId,
        out: &mut StepOutput,
    ) {
        let track = self.track(key);
        let since = track.fresh_since(now);
        let blind = track.unreadable >= BLIND_AFTER;
        match track.seen {
            Some(ReadResult {
                presence: Presence::Absent,
                as_of,
            }) if as_of >= since => self.removed(key, as_of, Cause::AlreadySo, None, now, out),
            Some(ReadResult {
                presence: Presence::Present,
                ..
            }) => self.intend(key, OperationKind::Delete, now, ids, out),
            _ if blind => self.intend(key, OperationKind::Delete, now, ids, out),
            _ => self.read(key, CallPriority::Revoke, now, out),
        }
    }

    /// Requests the planned re-read of a settled resource.
    fn watch(&mut self, key: &AccessResource, now: Timestamp, out: &mut StepOutput) {
        let at_once = self.pacing.watches;
        let busy = self.reading.len() >= at_once + self.pacing.slots;
        let track = self.track(key);
        if track.next_watch().is_some_and(|at| at <= now) {
            if busy {
                track.next_read = Some(now + Duration::seconds(5));
            } else {
                track.next_read = None;
                self.read(key, CallPriority::Watch, now, out);
            }
        }
    }

    /// Records the intent of a write. The call is released once the intent is committed.
    fn intend(
        &mut self,
        key: &AccessResource,
        kind: OperationKind,
        now: Timestamp,
        ids: &mut dyn FnMut() -> OperationId,
        out: &mut StepOutput,
    ) {
        let (generation, again) = (self.generation, self.pacing.deadline);
        let not_after = now + self.pacing.send_within;
        let operation = ids();
        // The change that requested the removal is the cause; without one, the change of the window that ended.
        let asked = match kind {
            OperationKind::Create => None,
            OperationKind::Delete => self.removal_of(key),
        };
        let track = self.track(key);
        let window = match kind {
            OperationKind::Create => {
                let valid = || track.windows.iter().find(|w| w.window.valid(now));
                track.undelivered(now).next().or_else(valid)
            }
            OperationKind::Delete => track.windows.iter().max_by_key(|w| w.window.stops()),
        };
        let change = asked.or_else(|| window.map(|row| row.window.change.clone()));
        let row = OperationRow {
            operation: operation.clone(),
            key: key.clone(),
            kind,
            change,
            intended_at: now,
            generation,
            request: None,
            phase: Phase::Intended,
            ended_at: None,
            error: None,
            attempt: track.row.tries.count + 1,
        };
        track.row.managed_since.get_or_insert(now);
        track.row.confirmed = None;
        track.seen = None;
        track.unreadable = 0;
        track.open = Some(OpenOperation {
            row: row.clone(),
            next: now + again,
            looks: 0,
        });
        self.operations.insert(operation.clone(), key.clone());
        out.keys.insert(key.clone());
        out.operations.insert(operation.clone(), row);
        out.effects.push(Effect::Call(Call {
            operation,
            generation,
            key: key.clone(),
            kind,
            not_after,
        }));
    }

    /// Returns whether a call that waited for its commit must still be sent.
    pub(super) fn still_wanted(&self, call: &Call, now: Timestamp) -> bool {
        let Some(track) = self.tracks.get(&call.key) else {
            return false;
        };
        now <= call.not_after
            && match call.kind {
                OperationKind::Create => track.covered(now),
                OperationKind::Delete => !track.covered(now),
            }
    }

    /// Requests a read unless one is in progress.
    pub(super) fn read(
        &mut self,
        key: &AccessResource,
        class: CallPriority,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let target = key.target();
        if !self.reading.contains_key(&target) {
            self.reading.insert(target.clone(), now);
            out.effects.push(Effect::Read { target, class });
        }
    }

    /// Computes when the resource is due next.
    fn schedule(&mut self, key: &AccessResource, now: Timestamp, out: &mut StepOutput) {
        let track = self.track(key);
        let old = track.due.take();
        let deadline = self.pacing.deadline;
        let again = self.pacing.answer_within;
        let track = self.track(key);
        let forget = track.forgettable();
        let work = match &track.open {
            Some(open) if matches!(open.row.phase, Phase::Intended | Phase::Accepted) => {
                Some(open.next.min(open.row.intended_at + deadline))
            }
            Some(open) => Some(open.next),
            None => match track.want(now) {
                DesiredAction::Deliver | DesiredAction::Remove if track.slot.is_some() => {
                    Some(now + again)
                }
                // A queued resource is woken by a free slot.
                DesiredAction::Deliver | DesiredAction::Remove if track.queued.is_some() => None,
                DesiredAction::Deliver | DesiredAction::Remove => track.not_before(),
                DesiredAction::Keep | DesiredAction::Rest => {
                    // Requested but not answered: wait instead of retrying at once.
                    let floor = track.next_watch().filter(|at| *at <= now);
                    floor.map(|_| now + again).or(track.next_watch())
                }
            },
        };
        let due = [work, track.next_alarm(), track.next_boundary(now)]
            .into_iter()
            .flatten()
            .min()
            // Always after `now`: this step has done all that is possible at `now`.
            .map(|at| at.max(now + Duration(1)));
        track.due = due;
        if let Some(at) = old {
            self.agenda.remove(&(at, key.clone()));
        }
        if forget {
            self.leave(key);
            if let Some(track) = self.tracks.remove(key) {
                out.keys.remove(key);
                out.forgotten.insert(key.clone(), track.row);
            }
        } else if let Some(at) = due {
            self.agenda.insert((at, key.clone()));
        }
    }
}

//! The in-memory state of the engine, and its single entry point [`State::step`].
//!
//! `step` never blocks, never reads a clock, and returns every decision as an effect. State that is not in the rows can
//! be lost at any instant.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    effect::{Commit, DomainEvent, Effect},
    event::Event,
    pacing::{Pacing, Slots},
    resource::{AccessResource, CallPriority, OperationKind, ReadTarget},
    resource_state::{OpenOperation, ResourceState},
    rows::{
        ChangePhase, ChangeRow, Generation, OperationRow, Phase, ResourceRow, Rows, WindowRow,
        Write,
    },
};
use crate::{
    ids::{ChangeId, GrantId, OperationId},
    time::{Duration, Timestamp},
};

/// The state of the engine.
#[derive(Debug)]
pub struct State {
    pub(super) generation: Generation,
    pub(super) pacing: Pacing,
    pub(super) tracks: BTreeMap<AccessResource, ResourceState>,
    pub(super) changes: BTreeMap<ChangeId, RunningChange>,
    /// The resource of each open operation.
    pub(super) operations: BTreeMap<OperationId, AccessResource>,
    pub(super) slots: Slots,
    /// Resources that wait for a slot, the most urgent first.
    pub(super) queue: BTreeSet<(CallPriority, Timestamp, AccessResource)>,
    /// When each resource is due for processing.
    pub(super) agenda: BTreeSet<(Timestamp, AccessResource)>,
    /// Requested reads that were not answered, with the time of the request.
    pub(super) reading: BTreeMap<ReadTarget, Timestamp>,
    /// No grant starts before this instant, because AWS reported throttling.
    pub(super) calm_until: Option<Timestamp>,
    held: VecDeque<(u64, Vec<Effect>)>,
    commits: u64,
    clock: Timestamp,
}

/// A change that the engine applies.
#[derive(Debug)]
pub(super) struct RunningChange {
    pub row: ChangeRow,
    /// Whether a verdict was requested and has not arrived.
    pub asked: bool,
    /// When to request the verdict again.
    pub ask_at: Option<Timestamp>,
    /// How many requests for a verdict in a row were not answered.
    pub unanswered: u32,
}

/// The output that one step collects.
#[derive(Debug, Default)]
pub(super) struct StepOutput {
    pub keys: BTreeSet<AccessResource>,
    pub windows: BTreeMap<GrantId, WindowRow>,
    pub operations: BTreeMap<OperationId, OperationRow>,
    pub changes: BTreeSet<ChangeId>,
    pub over: BTreeMap<ChangeId, ChangeRow>,
    pub forgotten: BTreeMap<AccessResource, ResourceRow>,
    pub events: Vec<DomainEvent>,
    pub effects: Vec<Effect>,
    /// Resources to process before the step ends.
    pub touched: BTreeSet<AccessResource>,
}

impl State {
    /// Rebuilds the engine from its rows. `generation` is one higher than that of any earlier process, and is taken
    /// under the store's lock. An operation that was only intended becomes in doubt, because its call may have been
    /// sent. Call `step(Event::Tick, ..)` right after.
    pub fn restore(rows: Rows, generation: Generation, pacing: Pacing, now: Timestamp) -> Self {
        let mut state = Self {
            generation,
            pacing,
            tracks: BTreeMap::new(),
            changes: BTreeMap::new(),
            operations: BTreeMap::new(),
            slots: Slots::default(),
            queue: BTreeSet::new(),
            agenda: BTreeSet::new(),
            reading: BTreeMap::new(),
            calm_until: None,
            held: VecDeque::new(),
            commits: 0,
            clock: now,
        };
        for row in rows.keys {
            state
                .tracks
                .insert(row.key.clone(), ResourceState::from_row(row));
        }
        for row in rows.windows.into_iter().filter(|row| row.over.is_none()) {
            state.track(&row.key.clone()).windows.push(row);
        }
        for row in rows.operations {
            if !matches!(row.phase, Phase::Over(_)) {
                state.take_over(row, now);
            }
        }
        for row in rows.changes {
            if row.phase != ChangePhase::Over {
                let carrying = RunningChange {
                    row,
                    asked: false,
                    ask_at: None,
                    unanswered: 0,
                };
                state.changes.insert(carrying.row.change.clone(), carrying);
            }
        }
        state.tracks.retain(|_, track| !track.forgettable());
        state.agenda = state.tracks.keys().map(|key| (now, key.clone())).collect();
        for (at, key) in state.agenda.clone() {
            state.track(&key).due = Some(at);
        }
        state
    }

    fn take_over(&mut self, mut row: OperationRow, now: Timestamp) {
        row.generation = self.generation;
        if row.phase == Phase::Intended {
            row.phase = Phase::InDoubt;
            row.ended_at = Some(now);
        }
        let key = row.key.clone();
        let class = row.kind.priority();
        self.operations.insert(row.operation.clone(), key.clone());
        self.slots.hold(&key, class);
        let doubt = (row.kind == OperationKind::Delete && row.phase == Phase::InDoubt)
            .then(|| now + super::DOUBT_LASTS);
        let track = self.track(&key);
        track.slot = Some(class);
        track.row.doubt = track.row.doubt.max(doubt);
        if row.phase == Phase::InDoubt {
            track.row.last_write = Some(now);
        }
        track.open = Some(OpenOperation {
            row,
            next: now,
            looks: 0,
        });
    }

    /// Processes one event and returns the effects to execute. `now` is the clock of the database where several
    /// replicas share one; if it goes backwards, the latest instant seen is used. `ids` returns a new id for each write
    /// to AWS.
    pub fn step(
        &mut self,
        event: Event,
        now: Timestamp,
        ids: &mut dyn FnMut() -> OperationId,
    ) -> Vec<Effect> {
        self.clock = self.clock.max(now);
        let now = self.clock;
        let mut out = StepOutput::default();
        match event {
            Event::Tick => {}
            Event::Execute(plan) => self.carry(plan, &mut out),
            Event::Evaluated { change, answer } => self.evaluated(&change, answer, now, &mut out),
            Event::Adopted {
                key,
                change,
                session,
            } => self.adopt(&key, change, session, now, &mut out),
            Event::Committed { number } => self.release(number, now, &mut out),
            Event::Answered {
                operation,
                generation,
                answer,
            } => self.answered(&operation, generation, answer, now, &mut out),
            Event::Polled {
                operation,
                generation,
                status,
            } => self.polled(&operation, generation, status, now, &mut out),
            Event::Observed(observation) => self.observed(&observation, now, &mut out),
            Event::Unreadable { target, error } => self.unreadable(&target, &error, now, &mut out),
        }
        self.proceed(now, ids, &mut out);
        self.emit(out)
    }

    /// Returns when `Event::Tick` is due if no other event arrives, or `None` if nothing is scheduled.
    pub fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        let keys = self.agenda.first().map(|(at, _)| *at);
        let asks = self.changes.values().filter_map(|c| c.ask_at).min();
        let reads = self
            .reading
            .values()
            .min()
            .map(|since| *since + self.pacing.answer_within);
        // Slots stay free while AWS throttles.
        let calm = self.calm_until.filter(|_| !self.queue.is_empty());
        // No operation is in flight whose end would serve the queue.
        let idle = (!self.queue.is_empty() && self.slots.idle()).then_some(calm.unwrap_or(now));
        [keys, asks, reads, calm, idle]
            .into_iter()
            .flatten()
            .min()
            .map(|at| at.max(now))
    }

    pub(super) fn track(&mut self, key: &AccessResource) -> &mut ResourceState {
        self.tracks
            .entry(key.clone())
            .or_insert_with(|| ResourceState::new(key.clone()))
    }

    /// Releases the effects that waited for this commit.
    fn release(&mut self, number: u64, now: Timestamp, out: &mut StepOutput) {
        while let Some((waits_for, _)) = self.held.front() {
            if *waits_for > number {
                break;
            }
            for effect in self.held.pop_front().into_iter().flat_map(|(_, e)| e) {
                match effect {
                    Effect::Call(call) if !self.still_wanted(&call, now) => {
                        self.not_sent(&call.operation, now, out);
                    }
                    effect => out.effects.push(effect),
                }
            }
        }
    }

    fn emit(&mut self, mut out: StepOutput) -> Vec<Effect> {
        let mut writes = Vec::new();
        for key in &out.keys {
            if let Some(track) = self.tracks.get(key) {
                writes.push(Write::Resource(track.row.clone()));
            }
        }
        writes.extend(out.forgotten.into_values().map(Write::Resource));
        writes.extend(out.windows.into_values().map(Write::Window));
        writes.extend(out.operations.into_values().map(Write::Operation));
        for change in &out.changes {
            if let Some(carrying) = self.changes.get(change) {
                writes.push(Write::Change(carrying.row.clone()));
            }
        }
        writes.extend(out.over.into_values().map(Write::Change));
        if writes.is_empty() && out.events.is_empty() {
            return out.effects;
        }
        self.commits += 1;
        let number = self.commits;
        self.held
            .push_back((number, std::mem::take(&mut out.effects)));
        vec![Effect::Commit(Commit {
            number,
            generation: self.generation,
            writes,
            events: out.events,
        })]
    }
}

/// Returns the backoff pause, with the operation id as jitter salt.
pub(super) fn pause(count: u32, operation: &OperationId) -> Duration {
    super::backoff::after(count, operation.as_str())
}

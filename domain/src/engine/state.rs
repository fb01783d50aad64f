//! The in-memory state of the engine, and its single entry point [`State::step`].
//!
//! `step` never blocks, never reads a clock, and returns every decision as an effect. State that is not in the rows can
//! be lost at any instant.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    effect::{Commit, DomainEvent, Effect},
    event::Event,
    pacing::{Pacing, Slots},
    queued::Unasked,
    resource::{AccessResource, CallPriority, OperationKind, ReadTarget},
    resource_state::{OpenOperation, ResourceState},
    rows::{
        ChangePhase, ChangeRow, Generation, Item, OperationRow, Phase, ResourceRow, Rows,
        WindowRow, Write,
    },
    saga::{SagaId, Sagas, rows::ProgressRow},
};
use crate::{
    ids::{ChangeId, GrantId, OperationId},
    time::{Duration, Timestamp},
};

/// A resource that waits for a slot since an instant.
pub(super) type QueuedResource = (CallPriority, Timestamp, AccessResource);

/// The state of the engine.
#[derive(Debug)]
pub struct State {
    pub(super) generation: Generation,
    pub(super) pacing: Pacing,
    pub(super) tracks: BTreeMap<AccessResource, ResourceState>,
    pub(super) changes: BTreeMap<ChangeId, RunningChange>,
    /// The changes for which no verdict is requested yet.
    pub(super) unasked: Unasked,
    /// The items without a result that remove each resource, of all changes.
    pub(super) closes: BTreeMap<AccessResource, BTreeSet<(ChangeId, usize)>>,
    pub(super) sagas: Sagas,
    /// The resource of each open operation.
    pub(super) operations: BTreeMap<OperationId, AccessResource>,
    pub(super) slots: Slots,
    /// Resources that wait for a slot, the most urgent first.
    pub(super) queue: BTreeSet<QueuedResource>,
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
    /// The index of the item that opens each access window.
    pub grants: BTreeMap<GrantId, usize>,
    /// The number of items without a result.
    pub left: usize,
}

impl RunningChange {
    pub fn new(row: ChangeRow) -> Self {
        let opens = |(index, item): (usize, &super::rows::ItemRow)| match &item.item {
            Item::Open { grant, .. } => Some((grant.clone(), index)),
            Item::Close { .. } | Item::Saga { .. } => None,
        };
        Self {
            asked: false,
            grants: row.items.iter().enumerate().filter_map(opens).collect(),
            left: row.items.iter().filter(|i| i.result.is_none()).count(),
            row,
        }
    }

    /// Returns whether the change grants access.
    pub fn opens(&self) -> bool {
        !self.grants.is_empty()
    }

    /// Returns the resources to which the change grants access.
    pub fn opened(&self) -> impl Iterator<Item = &AccessResource> {
        let items = self.grants.values();
        items.filter_map(|index| self.row.items.get(*index)?.item.access())
    }
}

/// The output that one step collects.
#[derive(Debug, Default)]
pub(super) struct StepOutput {
    pub keys: BTreeSet<AccessResource>,
    pub windows: BTreeMap<GrantId, WindowRow>,
    pub operations: BTreeMap<OperationId, OperationRow>,
    pub progress: BTreeMap<SagaId, ProgressRow>,
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
            unasked: Unasked::default(),
            closes: BTreeMap::new(),
            sagas: Sagas::default(),
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
        state.restore_changes(rows.changes, rows.progress, now);
        state.tracks.retain(|_, track| !track.forgettable());
        state.agenda = state.tracks.keys().map(|key| (now, key.clone())).collect();
        for (at, key) in state.agenda.clone() {
            state.track(&key).due = Some(at);
        }
        state
    }

    fn restore_changes(
        &mut self,
        changes: Vec<ChangeRow>,
        progress: Vec<ProgressRow>,
        now: Timestamp,
    ) {
        let mut rows: BTreeMap<ChangeId, Vec<ProgressRow>> = BTreeMap::new();
        for row in progress {
            rows.entry(row.change.clone()).or_default().push(row);
        }
        let mut progress = BTreeMap::new();
        for mut row in changes {
            if row.phase == ChangePhase::Over {
                continue;
            }
            let items = rows.remove(&row.change).unwrap_or_default();
            let identified = |row: ProgressRow| ((row.change.clone(), row.index), row);
            progress.extend(items.iter().cloned().map(identified));
            row.include(items);
            self.enlist(row);
        }
        self.restore_sagas(progress, now);
    }

    fn take_over(&mut self, mut row: OperationRow, now: Timestamp) {
        row.generation = self.generation;
        if row.phase == Phase::Intended {
            row.phase = Phase::InDoubt;
            row.ended_at = Some(now);
        }
        let key = row.key.clone();
        let class = class(row.kind);
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
            Event::SubjectRead {
                change,
                index,
                content,
                as_of,
            } => self.subject_read(&(change, index), &content, as_of, now, &mut out),
            Event::CarriedOut {
                change,
                index,
                number,
                attempt,
                generation,
                answer,
            } => {
                let step = (number, attempt);
                self.carried_out(&(change, index), step, generation, answer, now);
            }
        }
        self.proceed(now, ids, &mut out);
        self.emit(out)
    }

    /// Returns when `Event::Tick` is due if no other event arrives, or `None` if nothing is scheduled.
    pub fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        let keys = self.agenda.first().map(|(at, _)| *at);
        let asks = self.unasked.next_due();
        let sagas = self.sagas.next_due();
        let reads = self
            .reading
            .values()
            .min()
            .map(|since| *since + self.pacing.answer_within);
        // Slots stay free while AWS throttles.
        let calm = self.calm_until.filter(|_| !self.queue.is_empty());
        // No operation is in flight whose end would serve the queue.
        let idle = (!self.queue.is_empty() && self.slots.idle()).then_some(calm.unwrap_or(now));
        [keys, asks, sagas, reads, calm, idle]
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
                    Effect::CarryOut(step) if step.not_after < now => {
                        self.step_not_sent(&step, now);
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
        writes.extend(out.progress.into_values().map(Write::Progress));
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

pub(super) fn class(kind: OperationKind) -> CallPriority {
    match kind {
        OperationKind::Create => CallPriority::Grant,
        OperationKind::Delete => CallPriority::Revoke,
    }
}

/// Returns the backoff pause, with the operation id as jitter salt.
pub(super) fn pause(count: u32, operation: &OperationId) -> Duration {
    super::backoff::after(count, operation.as_str())
}

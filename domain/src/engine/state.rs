//! The engine's memory and its one entry point.
//!
//! `step` is the only way in. It never blocks, never asks the time, and hands every decision out
//! as an effect. What it holds beyond the rows can be lost at any instant.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    effect::{Commit, Effect, Tell},
    event::Event,
    key::{Class, Key, Kind, Target},
    pacing::{Pacing, Slots},
    rows::{
        ChangePhase, ChangeRow, Generation, KeyRow, OperationRow, Phase, Rows, WindowRow, Write,
    },
    track::{Open, Track},
};
use crate::{
    ids::{ChangeId, GrantId, OperationId},
    time::{Duration, Timestamp},
};

/// The whole engine.
#[derive(Debug)]
pub struct State {
    pub(super) generation: Generation,
    pub(super) pacing: Pacing,
    pub(super) tracks: BTreeMap<Key, Track>,
    pub(super) changes: BTreeMap<ChangeId, Carrying>,
    /// Which key an open operation is on.
    pub(super) operations: BTreeMap<OperationId, Key>,
    pub(super) slots: Slots,
    /// Keys that want a slot, the most urgent first.
    pub(super) queue: BTreeSet<(Class, Timestamp, Key)>,
    /// When to look at which key again.
    pub(super) agenda: BTreeSet<(Timestamp, Key)>,
    /// Reads that were asked for, since when.
    pub(super) reading: BTreeMap<Target, Timestamp>,
    /// No new grant before this: AWS said that there are too many calls.
    pub(super) calm_until: Option<Timestamp>,
    held: VecDeque<(u64, Vec<Effect>)>,
    commits: u64,
    clock: Timestamp,
}

/// A change in memory.
#[derive(Debug)]
pub(super) struct Carrying {
    pub row: ChangeRow,
    /// Whether a verdict was asked for and has not come.
    pub asked: bool,
    /// When to ask again.
    pub ask_at: Option<Timestamp>,
}

/// What one step gathers.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub keys: BTreeSet<Key>,
    pub windows: BTreeMap<GrantId, WindowRow>,
    pub operations: BTreeMap<OperationId, OperationRow>,
    pub changes: BTreeSet<ChangeId>,
    pub over: BTreeMap<ChangeId, ChangeRow>,
    pub forgotten: BTreeMap<Key, KeyRow>,
    pub tells: Vec<Tell>,
    pub effects: Vec<Effect>,
    /// Keys to be looked at before the step ends.
    pub touched: BTreeSet<Key>,
}

impl State {
    /// Rebuilds the engine. `generation` is one more than that of any process before, taken under
    /// the store's lock. An operation that was only intended is in doubt: nobody knows whether
    /// its call left. Call `step(Event::Woke, ..)` right after.
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
            state.tracks.insert(row.key.clone(), Track::from_row(row));
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
                let carrying = Carrying {
                    row,
                    asked: false,
                    ask_at: None,
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
        let class = class(row.kind);
        self.operations.insert(row.operation.clone(), key.clone());
        self.slots.hold(&key, class);
        let doubt = (row.kind == Kind::Delete && row.phase == Phase::InDoubt)
            .then(|| now + super::DOUBT_LASTS);
        let track = self.track(&key);
        track.slot = Some(class);
        track.row.doubt = track.row.doubt.max(doubt);
        if row.phase == Phase::InDoubt {
            track.row.last_write = Some(now);
        }
        track.open = Some(Open {
            row,
            next: now,
            looks: 0,
        });
    }

    /// Takes one event and says what to do about it. `now` is the database's clock where several
    /// replicas share one; a clock that goes back is held at the latest instant seen. `ids` makes
    /// a fresh id for each write to AWS.
    pub fn step(
        &mut self,
        event: Event,
        now: Timestamp,
        ids: &mut dyn FnMut() -> OperationId,
    ) -> Vec<Effect> {
        self.clock = self.clock.max(now);
        let now = self.clock;
        let mut out = Out::default();
        match event {
            Event::Woke => {}
            Event::Carry(plan) => self.carry(plan, now, &mut out),
            Event::Judged { change, answer } => self.judged(&change, answer, now, &mut out),
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

    /// When `Event::Woke` is wanted next, if nothing else happens; `None` when nothing is planned.
    pub fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        let keys = self.agenda.first().map(|(at, _)| *at);
        let asks = self.changes.values().filter_map(|c| c.ask_at).min();
        let reads = self
            .reading
            .values()
            .min()
            .map(|since| *since + self.pacing.answer_within);
        // A slot that nobody took because AWS asked for calm.
        let calm = self.calm_until.filter(|_| !self.queue.is_empty());
        // Nobody at work whose end would give the queue its turn.
        let idle = (!self.queue.is_empty() && self.slots.idle()).then_some(calm.unwrap_or(now));
        [keys, asks, reads, calm, idle]
            .into_iter()
            .flatten()
            .min()
            .map(|at| at.max(now))
    }

    pub(super) fn track(&mut self, key: &Key) -> &mut Track {
        self.tracks
            .entry(key.clone())
            .or_insert_with(|| Track::new(key.clone()))
    }

    /// Lets go what waited for this commit.
    fn release(&mut self, number: u64, now: Timestamp, out: &mut Out) {
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

    fn emit(&mut self, mut out: Out) -> Vec<Effect> {
        let mut writes = Vec::new();
        for key in &out.keys {
            if let Some(track) = self.tracks.get(key) {
                writes.push(Write::Key(track.row.clone()));
            }
        }
        writes.extend(out.forgotten.into_values().map(Write::Key));
        writes.extend(out.windows.into_values().map(Write::Window));
        writes.extend(out.operations.into_values().map(Write::Operation));
        for change in &out.changes {
            if let Some(carrying) = self.changes.get(change) {
                writes.push(Write::Change(carrying.row.clone()));
            }
        }
        writes.extend(out.over.into_values().map(Write::Change));
        if writes.is_empty() && out.tells.is_empty() {
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
            tells: out.tells,
        })]
    }
}

pub(super) fn class(kind: Kind) -> Class {
    match kind {
        Kind::Create => Class::Grant,
        Kind::Delete => Class::Revoke,
    }
}

/// How long a pause with a salt of the key lasts.
pub(super) fn pause(count: u32, operation: &OperationId) -> Duration {
    super::backoff::after(count, operation.as_str())
}

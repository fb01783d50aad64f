//! The life cycle of a change that may start: begun item by item, finished once every item has its result.
//!
//! A result never changes, and is stored with its item alone: the row of the change is written when it begins and when it
//! is over. An event must never cost more than the items that it concerns.

use super::{
    effect::DomainEvent,
    resource::AccessResource,
    rows::{ChangePhase, Item, ItemResult, PendingRemoval, RetryState, WindowRow},
    saga::{
        PlanProof,
        rows::{ProgressRow, StepResult},
    },
    state::{State, StepOutput},
};
use crate::{
    grant::{Term, Window},
    ids::{ChangeId, GrantId},
    time::{Duration, Timestamp},
};

impl State {
    pub(super) fn begin(&mut self, change: &ChangeId, now: Timestamp, out: &mut StepOutput) {
        let Some(carrying) = self.changes.get_mut(change) else {
            return;
        };
        carrying.row.phase = ChangePhase::Applying;
        carrying.row.started = Some(now);
        out.changes.insert(change.clone());
        out.events.push(DomainEvent::Applying {
            change: change.clone(),
            plans: carrying.row.plans_digest(),
        });
        let items: Vec<Item> = carrying.row.items.iter().map(|i| i.item.clone()).collect();
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Item::Open {
                    grant,
                    key,
                    term,
                    session,
                } => self.open(change, grant, &key, term, session, now, out),
                Item::Close { key, session } => self.close(change, &key, session, now, out),
                Item::Saga { plan } => {
                    let row = ProgressRow::new(change.clone(), index);
                    self.start_saga(plan, PlanProof::AsRequested, row, now);
                }
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "an item's fields, the change's id and the step's own two"
    )]
    fn open(
        &mut self,
        change: &ChangeId,
        grant: GrantId,
        key: &AccessResource,
        term: Term,
        session: Duration,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let track = self.track(key);
        let row = WindowRow {
            key: key.clone(),
            window: Window {
                grant: grant.clone(),
                change: change.clone(),
                starts: now,
                ends: match term {
                    Term::For(length) => Some(now + length),
                    Term::Standing => None,
                },
                ended: None,
            },
            delivery: None,
            over: None,
        };
        track.windows.push(row.clone());
        track.row.session = track.row.session.max(session);
        track.row.tries = RetryState::default();
        track.row.closing = None;
        out.windows.insert(grant, row);
        out.keys.insert(key.clone());
        out.touched.insert(key.clone());
    }

    fn close(
        &mut self,
        change: &ChangeId,
        key: &AccessResource,
        session: Duration,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let track = self.track(key);
        track.row.adopted = None;
        track.row.managed_since.get_or_insert(now);
        track.row.session = track.row.session.max(session);
        track.row.removed_at = None;
        track.row.watch = None;
        // An overdue removal keeps its original due time.
        track.row.closing.get_or_insert(PendingRemoval {
            since: now,
            alarms: 0,
        });
        track.row.tries.next_try = None;
        track.next_read = None;
        let mut unfinished = Vec::new();
        for row in &mut track.windows {
            if row.window.stops().is_none_or(|stop| now < stop) {
                row.window.ended = Some(now);
                out.windows.insert(row.window.grant.clone(), row.clone());
                if row.delivery.is_none() {
                    unfinished.push(row.window.clone());
                }
            }
        }
        out.keys.insert(key.clone());
        out.touched.insert(key.clone());
        for window in unfinished {
            let reason = format!("It was removed by change {change} before it was carried out.");
            self.resolve_grant(&window, ItemResult::Failed { at: now, reason }, out);
        }
    }

    pub(super) fn adopt(
        &mut self,
        key: &AccessResource,
        change: ChangeId,
        session: Duration,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let track = self.track(key);
        track.row.adopted = Some(change);
        track.row.session = track.row.session.max(session);
        track.row.managed_since.get_or_insert(now);
        out.keys.insert(key.clone());
        out.touched.insert(key.clone());
        let reason = "It was adopted into the baseline before it was removed.".to_owned();
        self.resolve_removals(key, &ItemResult::Failed { at: now, reason }, out);
    }

    /// Sets the result of the item that opened the window.
    pub(super) fn resolve_grant(
        &mut self,
        window: &Window,
        result: ItemResult,
        out: &mut StepOutput,
    ) {
        let index = self
            .changes
            .get(&window.change)
            .and_then(|carrying| carrying.grants.get(&window.grant).copied());
        if let Some(index) = index {
            self.resolve(&window.change.clone(), index, result, out);
        }
    }

    /// Sets the result of every pending removal of the resource.
    pub(super) fn resolve_removals(
        &mut self,
        key: &AccessResource,
        result: &ItemResult,
        out: &mut StepOutput,
    ) {
        let waiting: Vec<(ChangeId, usize)> = self.removals(key).cloned().collect();
        for (change, index) in waiting {
            self.resolve(&change, index, result.clone(), out);
        }
    }

    /// Returns the change that waits for the removal of the resource.
    pub(super) fn removal_of(&self, key: &AccessResource) -> Option<ChangeId> {
        self.removals(key).next().map(|(change, _)| change.clone())
    }

    /// Returns the items of changes under way that wait for the removal of the resource.
    fn removals(&self, key: &AccessResource) -> impl Iterator<Item = &(ChangeId, usize)> {
        let applying = |(change, _): &&(ChangeId, usize)| {
            let carrying = self.changes.get(change);
            carrying.is_some_and(|carrying| carrying.row.phase == ChangePhase::Applying)
        };
        self.closes.get(key).into_iter().flatten().filter(applying)
    }

    /// Sets the result of an item, and ends the change with the last one.
    pub(super) fn resolve(
        &mut self,
        change: &ChangeId,
        index: usize,
        result: ItemResult,
        out: &mut StepOutput,
    ) {
        let Some(carrying) = self.changes.get_mut(change) else {
            return;
        };
        let Some(item) = carrying.row.items.get_mut(index) else {
            return;
        };
        if item.result.is_some() {
            return;
        }
        let id = (change.clone(), index);
        out.events.extend(told(&id, &item.item, &result));
        let progress = out.progress.entry(id.clone());
        let new = || ProgressRow::new(change.clone(), index);
        progress.or_insert_with(new).result = Some(result.clone());
        item.result = Some(result);
        carrying.left -= 1;
        let last = carrying.left == 0;
        if let Item::Close { key, .. } = &item.item {
            let key = key.clone();
            self.unlist_close(&key, &id);
        }
        if last {
            self.end_change(change, out);
        }
    }

    /// Ends a change whose items all have their result.
    fn end_change(&mut self, change: &ChangeId, out: &mut StepOutput) {
        let Some(mut carrying) = self.changes.remove(change) else {
            return;
        };
        let mut results = carrying.row.items.iter();
        let failed = results.find_map(|item| item.result.as_ref()?.failure());
        let change = change.clone();
        out.events.push(match failed {
            Some(reason) => DomainEvent::Failed {
                change: change.clone(),
                reason,
            },
            None => DomainEvent::Verified {
                change: change.clone(),
            },
        });
        carrying.row.phase = ChangePhase::Over;
        // The row holds every result from now on.
        out.progress
            .retain(|(other, _), row| *other != change || !row.steps.is_empty());
        out.changes.remove(&change);
        out.over.insert(change, carrying.row);
    }
}

/// Returns the event of a result. The steps of a saga that are done were told one by one.
fn told(id: &(ChangeId, usize), item: &Item, result: &ItemResult) -> Option<DomainEvent> {
    let (change, index) = id.clone();
    match item {
        Item::Open { key, .. } | Item::Close { key, .. } => Some(DomainEvent::Item {
            change,
            index,
            key: key.clone(),
            result: result.clone(),
        }),
        Item::Saga { plan } => {
            let (at, step) = match result {
                ItemResult::Failed { at, .. } => (*at, 0),
                ItemResult::Stopped { at, done, .. } => (*at, *done),
                _ => return None,
            };
            Some(DomainEvent::Step {
                change,
                index,
                key: plan.key.clone(),
                step,
                of: plan.steps.len(),
                name: plan.steps.get(step).map(|step| step.step.name()),
                result: StepResult::Failed {
                    at,
                    reason: result.failure()?,
                },
            })
        }
    }
}

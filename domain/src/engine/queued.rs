//! Changes that wait to start: for their time, for removals of the same access, and for their verdict.
//!
//! No change starts without a verdict that is newer than its acceptance: access is never granted by an old one, and a
//! removal may need approvals, which must be valid when it starts. An event must never cost more than what it concerns:
//! a change with thousands of items waits beside others without being looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    effect::{DomainEvent, Effect},
    event::{Plan, StartVerdict},
    resource::AccessResource,
    rows::{ChangePhase, ChangeRow, Item, ItemResult, ItemRow},
    state::{RunningChange, State, StepOutput},
};
use crate::{
    diff::EffectHash,
    ids::ChangeId,
    time::{Duration, Timestamp},
};

/// The pause before a verdict that did not arrive is requested again.
const ASK_AGAIN: Duration = Duration::seconds(5);

/// The changes for which no verdict is requested yet. Each is in one of the three.
#[derive(Debug, Default)]
pub(super) struct Unasked {
    /// To be looked at in this step.
    now: BTreeSet<ChangeId>,
    /// Changes that wait for a time.
    later: BTreeSet<(Timestamp, ChangeId)>,
    /// Changes that wait for the removals of an access resource.
    behind: BTreeMap<AccessResource, BTreeSet<ChangeId>>,
}

impl Unasked {
    /// Lets a change request its verdict, at the given time if there is one.
    pub fn add(&mut self, change: ChangeId, at: Option<Timestamp>) {
        match at {
            Some(at) => self.later.insert((at, change)),
            None => self.now.insert(change),
        };
    }

    /// Returns when the next change requests its verdict.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.later.first().map(|(at, _)| *at)
    }

    /// Looks again at the changes that waited for a removal that has ended.
    pub fn wake(&mut self, key: &AccessResource) {
        if let Some(changes) = self.behind.remove(key) {
            self.now.extend(changes);
        }
    }

    fn take_due(&mut self, now: Timestamp) -> BTreeSet<ChangeId> {
        while let Some((at, change)) = self.later.first().cloned() {
            if at > now {
                break;
            }
            self.later.pop_first();
            self.now.insert(change);
        }
        std::mem::take(&mut self.now)
    }
}

impl State {
    pub(super) fn carry(&mut self, plan: Plan, out: &mut StepOutput) {
        if self.changes.contains_key(&plan.change) {
            return;
        }
        let change = plan.change;
        let items = plan.items.into_iter();
        let row = ChangeRow {
            change: change.clone(),
            items: items.map(|item| ItemRow { item, result: None }).collect(),
            phase: ChangePhase::Queued,
            not_before: plan.not_before,
            started: None,
        };
        out.changes.insert(change);
        self.enlist(row);
    }

    /// Adds a change that is not over.
    pub(super) fn enlist(&mut self, row: ChangeRow) {
        let change = row.change.clone();
        let carrying = RunningChange::new(row);
        for (index, item) in carrying.row.items.iter().enumerate() {
            if let (Item::Close { key, .. }, None) = (&item.item, &item.result) {
                let closes = self.closes.entry(key.clone()).or_default();
                closes.insert((change.clone(), index));
            }
        }
        if carrying.row.phase == ChangePhase::Queued {
            self.unasked.add(change.clone(), carrying.row.not_before);
        }
        self.changes.insert(change, carrying);
    }

    /// Forgets a pending removal that has its result, or whose change was dropped.
    pub(super) fn unlist_close(&mut self, key: &AccessResource, id: &(ChangeId, usize)) {
        if let Some(closes) = self.closes.get_mut(key) {
            closes.remove(id);
            if closes.is_empty() {
                self.closes.remove(key);
            }
        }
        self.unasked.wake(key);
    }

    /// Requests verdicts for queued changes whose time has come and that are not behind a removal of the same resource,
    /// so that a revocation and a grant of the same access keep their order. A change that only removes access is behind
    /// nothing.
    pub(super) fn ask(&mut self, now: Timestamp, out: &mut StepOutput) {
        for change in self.unasked.take_due(now) {
            if let Some(key) = self.behind(&change, now) {
                let waiting = self.unasked.behind.entry(key).or_default();
                waiting.insert(change);
            } else if let Some(carrying) = self.changes.get_mut(&change)
                && carrying.row.phase == ChangePhase::Queued
                && !carrying.asked
            {
                carrying.asked = true;
                out.effects.push(Effect::Evaluate { change });
            }
        }
    }

    /// Returns an access resource that a change grants and another one removes: one that is being applied, or one that
    /// only removes access, may start and waits for its verdict.
    fn behind(&self, change: &ChangeId, now: Timestamp) -> Option<AccessResource> {
        let carrying = self.changes.get(change)?;
        let goes_first = |(other, _): &(ChangeId, usize)| {
            self.changes.get(other).is_some_and(|other| {
                let waits = other.row.not_before.is_some_and(|at| now < at);
                other.row.phase == ChangePhase::Applying || (!other.opens() && !waits)
            })
        };
        let removed = |key: &&AccessResource| {
            let closes = self.closes.get(*key);
            closes.is_some_and(|closes| closes.iter().any(goes_first))
        };
        carrying.opened().find(removed).cloned()
    }

    pub(super) fn evaluated(
        &mut self,
        change: &ChangeId,
        answer: StartVerdict,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let Some(carrying) = self.changes.get_mut(change) else {
            return;
        };
        if carrying.row.phase != ChangePhase::Queued || !carrying.asked {
            return;
        }
        carrying.asked = false;
        match answer {
            StartVerdict::Unanswered => {
                self.unasked.add(change.clone(), Some(now + ASK_AGAIN));
            }
            StartVerdict::StillAllowed => self.begin_unless_behind(change, None, now, out),
            StartVerdict::AllowedNarrower(effect) => {
                self.begin_unless_behind(change, Some(effect), now, out);
            }
            StartVerdict::EffectGrew => {
                self.drop_change(change, out);
                out.events.push(DomainEvent::SentBack {
                    change: change.clone(),
                });
            }
            StartVerdict::NoLongerWanted => self.drop_change(change, out),
            StartVerdict::Refused(reason) => {
                let items = 0..carrying.row.items.len();
                for index in items {
                    let reason = reason.clone();
                    self.resolve(change, index, ItemResult::Failed { at: now, reason }, out);
                }
            }
        }
    }

    /// Begins a change that is allowed to start; `narrower` is the hash of an effect that is not the approved one.
    fn begin_unless_behind(
        &mut self,
        change: &ChangeId,
        narrower: Option<EffectHash>,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        // A removal may have arrived in the meantime. The verdict is then requested again after it.
        if self.behind(change, now).is_some() {
            self.unasked.add(change.clone(), None);
            return;
        }
        out.events
            .extend(narrower.map(|effect| DomainEvent::Narrowed {
                change: change.clone(),
                effect,
            }));
        self.begin(change, now, out);
    }

    /// Drops a change that was not started.
    fn drop_change(&mut self, change: &ChangeId, out: &mut StepOutput) {
        let Some(mut carrying) = self.changes.remove(change) else {
            return;
        };
        for (index, item) in carrying.row.items.iter().enumerate() {
            if let Item::Close { key, .. } = &item.item {
                self.unlist_close(key, &(change.clone(), index));
            }
        }
        carrying.row.phase = ChangePhase::Over;
        out.over.insert(change.clone(), carrying.row);
    }
}

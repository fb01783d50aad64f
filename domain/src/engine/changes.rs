//! The life cycle of a change in the engine: accepted, evaluated again, applied, finished.
//!
//! No change starts without a verdict that is newer than its acceptance: access is never granted by an old one, and a
//! removal may need approvals, which must be valid when it starts.

use super::{
    backoff,
    effect::{DomainEvent, Effect},
    event::{Plan, StartVerdict},
    resource::AccessResource,
    rows::{
        ChangePhase, ChangeRow, Item, ItemResult, ItemRow, PendingRemoval, RetryState, WindowRow,
    },
    state::{RunningChange, State, StepOutput},
};
use crate::{
    grant::{Term, Window},
    ids::{ChangeId, EffectHash, GrantId},
    time::{Duration, Timestamp},
};

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
        };
        out.changes.insert(change.clone());
        self.changes.insert(
            change.clone(),
            RunningChange {
                row,
                asked: false,
                ask_at: None,
                unanswered: 0,
            },
        );
    }

    /// Requests verdicts for queued changes that are not behind a removal of the same resource, so that a revocation and
    /// a grant of the same access keep their order. A change that only removes access is behind nothing.
    pub(super) fn ask(&mut self, now: Timestamp, out: &mut StepOutput) {
        for carrying in self.changes.values_mut() {
            // The pause has passed. A removal that still blocks the change sets no wake-up time.
            carrying.ask_at = carrying.ask_at.filter(|at| now < *at);
        }
        let ready: Vec<ChangeId> = self
            .changes
            .values()
            .filter(|c| c.row.phase == ChangePhase::Queued && !c.asked)
            .filter(|c| c.ask_at.is_none())
            .filter(|c| !self.behind_a_removal(&c.row))
            .map(|c| c.row.change.clone())
            .collect();
        for change in ready {
            if let Some(carrying) = self.changes.get_mut(&change) {
                carrying.asked = true;
            }
            out.effects.push(Effect::Evaluate { change });
        }
    }

    /// Whether a change grants what another one removes: one that is being applied, or one that only removes access and
    /// waits for its verdict.
    fn behind_a_removal(&self, row: &ChangeRow) -> bool {
        let goes_first = |other: &ChangeRow| other.phase == ChangePhase::Applying || !other.gives();
        row.items.iter().filter(|i| i.item.opens()).any(|item| {
            self.changes.values().any(|other| {
                goes_first(&other.row) && other.row.items.iter().any(|theirs| {
                    theirs.result.is_none()
                        && matches!(&theirs.item, Item::Close { key, .. } if key == item.item.key())
                })
            })
        })
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
        carrying.unanswered = match answer {
            StartVerdict::Unanswered => carrying.unanswered + 1,
            _ => 0,
        };
        match answer {
            StartVerdict::Unanswered if carrying.row.gives() => {
                carrying.ask_at = Some(now + backoff::ask(carrying.unanswered));
            }
            // A removal is never delayed longer because it was delayed before.
            StartVerdict::Unanswered | StartVerdict::Held => {
                carrying.ask_at = Some(now + backoff::ask(1));
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
        let row = self
            .changes
            .get(change)
            .map(|carrying| carrying.row.clone());
        // A removal may have arrived in the meantime. The verdict is then requested again after it.
        if row.is_none_or(|row| self.behind_a_removal(&row)) {
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
        if let Some(mut carrying) = self.changes.remove(change) {
            carrying.row.phase = ChangePhase::Over;
            out.over.insert(change.clone(), carrying.row);
        }
    }

    fn begin(&mut self, change: &ChangeId, now: Timestamp, out: &mut StepOutput) {
        let Some(carrying) = self.changes.get_mut(change) else {
            return;
        };
        carrying.row.phase = ChangePhase::Applying;
        out.changes.insert(change.clone());
        out.events.push(DomainEvent::Applying {
            change: change.clone(),
        });
        let items: Vec<Item> = carrying.row.items.iter().map(|i| i.item.clone()).collect();
        for item in items {
            match item {
                Item::Open {
                    grant,
                    key,
                    term,
                    session,
                } => self.open(change, grant, &key, term, session, now, out),
                Item::Close { key, session } => self.close(change, &key, session, now, out),
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
        let index =
            self.changes.get(&window.change).and_then(|carrying| {
                carrying.row.items.iter().position(
                    |i| matches!(&i.item, Item::Open { grant, .. } if *grant == window.grant),
                )
            });
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
        let waiting: Vec<(ChangeId, usize)> = self
            .changes
            .values()
            .filter(|c| c.row.phase == ChangePhase::Applying)
            .flat_map(|c| {
                let closes = |i: &ItemRow| {
                    i.result.is_none() && matches!(&i.item, Item::Close { key: k, .. } if k == key)
                };
                c.row
                    .items
                    .iter()
                    .enumerate()
                    .filter(move |(_, i)| closes(i))
                    .map(|(index, _)| (c.row.change.clone(), index))
            })
            .collect();
        for (change, index) in waiting {
            self.resolve(&change, index, result.clone(), out);
        }
    }

    /// Returns the change that waits for the removal of the resource.
    pub(super) fn removal_of(&self, key: &AccessResource) -> Option<ChangeId> {
        let closes = |i: &ItemRow| {
            i.result.is_none() && matches!(&i.item, Item::Close { key: k, .. } if k == key)
        };
        let mut applying = self.changes.values().map(|c| &c.row);
        applying
            .find(|row| row.phase == ChangePhase::Applying && row.items.iter().any(closes))
            .map(|row| row.change.clone())
    }

    fn resolve(
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
        out.events.push(DomainEvent::Item {
            change: change.clone(),
            index,
            key: item.item.key().clone(),
            result: result.clone(),
        });
        item.result = Some(result);
        out.changes.insert(change.clone());
        let results = carrying.row.items.iter().map(|i| i.result.as_ref());
        let Some(results) = results.collect::<Option<Vec<_>>>() else {
            return;
        };
        let failed = results.into_iter().find_map(|result| match result {
            ItemResult::Failed { reason, .. } => Some(reason.clone()),
            _ => None,
        });
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
        if let Some(mut carrying) = self.changes.remove(&change) {
            carrying.row.phase = ChangePhase::Over;
            out.over.insert(change, carrying.row);
        }
    }
}

//! The invariants, derived from the stored data, the state of AWS and the simulated events, never from the engine's
//! own state.

use std::collections::BTreeMap;

use domain::{
    engine::{
        AccessResource, Call, Commit, DomainEvent, Item, ItemResult, OperationKind,
        OperationOutcome, Pacing, Phase, StartVerdict, WindowRow, Write,
    },
    grant::Term,
    ids::{AccountId, ChangeId, GroupId},
    time::Timestamp,
};

use super::{
    aws::Aws,
    saga_model::SagaModel,
    store::{PresenceInAws, Store},
};

#[derive(Default)]
pub struct ReferenceModel {
    /// Verdicts that the engine received, with the time.
    pub verdicts: BTreeMap<ChangeId, Vec<(i64, StartVerdict)>>,
    /// Complete reads that the engine received: resource, as of, presence.
    pub reads: Vec<Vec<(i64, bool)>>,
    /// Since when a resource exists although all stored reasons have ended.
    pub lapsed: Vec<Option<i64>>,
    /// Resources that were removed or created outside Leastwise.
    pub touched_by_hand: Vec<bool>,
    /// Since when the process has run without a crash.
    pub up_since: Option<i64>,
    /// Whether no call fails in this run; then nothing may be late.
    pub healthy: bool,
    pub sagas: SagaModel,
    results: BTreeMap<(ChangeId, usize), ItemResult>,
    covered_before: Vec<bool>,
}

fn allows(verdict: &StartVerdict) -> bool {
    matches!(
        verdict,
        StartVerdict::StillAllowed | StartVerdict::AllowedNarrower(_)
    )
}

fn lane(key: &AccessResource) -> Result<&AccountId, &GroupId> {
    match key {
        AccessResource::Assignment(a) => Ok(&a.pair.account),
        AccessResource::Membership { group, .. } => Err(group),
    }
}

impl ReferenceModel {
    pub fn new(keys: usize) -> Self {
        Self {
            reads: vec![Vec::new(); keys],
            lapsed: vec![None; keys],
            touched_by_hand: vec![false; keys],
            covered_before: vec![false; keys],
            ..Self::default()
        }
    }

    fn windows<'a>(
        store: &'a Store,
        key: &'a AccessResource,
    ) -> impl Iterator<Item = &'a WindowRow> {
        store.windows.values().filter(move |w| w.key == *key)
    }

    /// Returns whether a stored reason covers the resource at an instant.
    pub fn covered(store: &Store, key: &AccessResource, at: i64) -> bool {
        let adopted = store.keys.get(key).is_some_and(|row| row.adopted.is_some());
        adopted
            || Self::windows(store, key).any(|w| {
                w.window.starts.0 <= at
                    && w.window.ends.is_none_or(|end| at < end.0)
                    && w.window.ended.is_none_or(|end| at < end.0)
            })
    }

    /// Returns whether Leastwise ever managed the resource and may delete it.
    fn ours(store: &Store, key: &AccessResource) -> bool {
        store.operations.values().any(|o| o.key == *key && o.kind == OperationKind::Create)
            || Self::windows(store, key).any(|w| w.delivery.is_some())
            || store.keys.get(key).is_some_and(|row| row.adopted.is_some())
            || store.plans.values().any(|(plan, _)| {
                store.begun.contains(&plan.change)
                    && plan
                        .items
                        .iter()
                        .any(|i| matches!(i, Item::Close { key: k, .. } if k == key))
            })
            // Adoption creates no operation; only the row records it.
            || store.keys.get(key).is_some_and(|row| row.managed_since.is_some() && row.adopted.is_some())
    }

    /// Checks a write before it is sent.
    pub fn calling(&self, call: &Call, store: &Store, aws: &Aws, now: i64) -> Result<(), String> {
        let at = aws.index(&call.key);
        let name = format!("{:?} of key {at}", call.kind);
        let Some(row) = store.operations.get(&call.operation) else {
            return Err(format!("I5: {name} without a stored intent"));
        };
        if row.phase != Phase::Intended {
            return Err(format!("I5: {name} in phase {:?}", row.phase));
        }
        let covered = Self::covered(store, &call.key, now);
        match call.kind {
            OperationKind::Delete if covered => {
                return Err(format!("I3: {name} while a reason covers it"));
            }
            OperationKind::Delete if !Self::ours(store, &call.key) => {
                return Err(format!(
                    "I1: {name} of a resource that Leastwise never managed"
                ));
            }
            OperationKind::Create if !covered => {
                return Err(format!("I1: {name} without a reason"));
            }
            OperationKind::Create => {
                let verdict = row
                    .change
                    .as_ref()
                    .and_then(|c| self.verdicts.get(c)?.last());
                if !verdict.is_some_and(|(_, verdict)| allows(verdict)) {
                    return Err(format!("I9: {name} under verdict {verdict:?}"));
                }
                // A window of another change may start in the millisecond of the intent, after it.
                let starts = Self::windows(store, &call.key)
                    .filter(|w| {
                        w.delivery.is_none() && Some(&w.window.change) == row.change.as_ref()
                    })
                    .map(|w| w.window.starts.0)
                    .max()
                    .unwrap_or(i64::MIN);
                let looked = self.reads[at]
                    .iter()
                    .filter(|(as_of, _)| *as_of <= row.intended_at.0)
                    .max_by_key(|(as_of, _)| *as_of);
                let fresh = looked.is_some_and(|(as_of, there)| {
                    !there && row.intended_at.0 - as_of <= 60_000 && *as_of >= starts
                });
                if !fresh {
                    return Err(format!("{name} without a prior read: {looked:?}"));
                }
            }
            OperationKind::Delete => {}
        }
        Self::alone(call, store, aws, now)
    }

    /// Checks that no second write to a resource or account is sent while an earlier one can still take effect.
    fn alone(call: &Call, store: &Store, aws: &Aws, now: i64) -> Result<(), String> {
        let pacing = Pacing::default();
        for other in aws.operations.iter().filter(|o| o.open) {
            if lane(&aws.keys[other.key]) != lane(&call.key) {
                continue;
            }
            let Some(row) = store.operations.get(&other.operation) else {
                return Err("I5: AWS executes a write without an intent".into());
            };
            if row.phase == Phase::Over(OperationOutcome::Verified) {
                // A read already showed the intended result, so the unfinished operation in AWS does not matter.
                continue;
            }
            let patience = match (&row.request, row.kind) {
                // A delete whose status AWS lost is urgent enough to be repeated.
                (Some(_), OperationKind::Delete)
                    if row.phase == Phase::Over(OperationOutcome::NotSeen) =>
                {
                    pacing.doubt_delete.0
                }
                (Some(_), _) => pacing.deadline.0,
                (None, OperationKind::Create) => pacing.doubt_create.0,
                (None, OperationKind::Delete) => pacing.doubt_delete.0,
            };
            if now < row.intended_at.0 + patience {
                return Err(format!(
                    "I4: {:?} of key {} during the open {:?} of key {}",
                    call.kind,
                    aws.index(&call.key),
                    other.kind,
                    other.key
                ));
            }
        }
        Ok(())
    }

    /// Checks a durable commit.
    pub fn committed(
        &mut self,
        commit: &Commit,
        before: &BTreeMap<domain::ids::GrantId, WindowRow>,
        store: &Store,
        aws: &Aws,
        now: i64,
    ) -> Result<(), String> {
        for write in &commit.writes {
            match write {
                Write::Window(row) => {
                    self.window(row, before.get(&row.window.grant), store, aws, now)?;
                }
                Write::Change(row) => {
                    for (index, item) in row.items.iter().enumerate() {
                        let Some(result) = &item.result else { continue };
                        self.result((row.change.clone(), index), result)?;
                    }
                }
                Write::Progress(row) => {
                    if let Some(result) = &row.result {
                        self.result((row.change.clone(), row.index), result)?;
                    }
                }
                Write::Resource(_) | Write::Operation(_) => {}
            }
        }
        for event in &commit.events {
            Self::told(event, store, aws, now)?;
        }
        Ok(())
    }

    fn result(&mut self, item: (ChangeId, usize), result: &ItemResult) -> Result<(), String> {
        let known = self.results.entry(item).or_insert_with(|| result.clone());
        if known == result {
            Ok(())
        } else {
            Err(format!("I6: a result changed: {known:?} to {result:?}"))
        }
    }

    fn window(
        &self,
        row: &WindowRow,
        before: Option<&WindowRow>,
        store: &Store,
        aws: &Aws,
        now: i64,
    ) -> Result<(), String> {
        let window = &row.window;
        let Some((plan, _)) = store.plans.get(&window.change) else {
            return Err("I9: a window without a change".into());
        };
        let term = plan.items.iter().find_map(|item| match item {
            Item::Open {
                grant, key, term, ..
            } if *grant == window.grant && *key == row.key => Some(*term),
            _ => None,
        });
        let ends = match term {
            None => return Err("I9: a window that was not requested".into()),
            Some(Term::Standing) => None,
            Some(Term::For(length)) => Some(window.starts + length),
        };
        if window.ends != ends {
            return Err("I1: a window is longer than approved".into());
        }
        let evaluation = self.verdicts.get(&window.change);
        let at_start =
            |(at, verdict): &(i64, StartVerdict)| *at == window.starts.0 && allows(verdict);
        if !evaluation.is_some_and(|all| all.iter().any(at_start)) {
            return Err("I9: a window that began without a verdict".into());
        }
        if let Some(before) = before
            && (before.window.starts != window.starts
                || before.window.ended.is_some_and(|e| window.ended != Some(e)))
        {
            return Err("I6: a window was moved".into());
        }
        if let (Some(ended), None) = (window.ended, before.and_then(|b| b.window.ended)) {
            let removed = store.plans.values().any(|(plan, _)| {
                store.begun.contains(&plan.change)
                    && plan
                        .items
                        .iter()
                        .any(|i| matches!(i, Item::Close { key, .. } if *key == row.key))
            });
            let failed = store.changes.get(&window.change).is_some_and(|change| {
                change.items.iter().enumerate().any(|(index, i)| {
                    matches!(&i.item, Item::Open { grant, .. } if *grant == window.grant)
                        && matches!(
                            store.result(&window.change, index),
                            Some(ItemResult::Failed { .. })
                        )
                })
            });
            if !removed && !failed && !self.was_gone(row, aws) {
                return Err(format!("I3: a window ended at {ended} without a cause"));
            }
        }
        if let (Some(delivery), None) = (row.delivery, before.and_then(|b| b.delivery)) {
            let key = aws.index(&row.key);
            if delivery.at.0 > now || !aws.was(key, true, delivery.at.0, now) {
                return Err(format!(
                    "I10: key {key} reported present as of {}, but it was absent",
                    delivery.at
                ));
            }
        }
        Ok(())
    }

    /// Returns whether two reads, a minute apart and after the delivery, showed it absent, with none in between that
    /// showed it.
    fn was_gone(&self, row: &WindowRow, aws: &Aws) -> bool {
        let Some(delivery) = row.delivery else {
            return false;
        };
        let mut reads = self.reads[aws.index(&row.key)].clone();
        reads.retain(|(as_of, _)| *as_of > delivery.at.0);
        reads.sort_unstable();
        let gone = reads.rsplit(|(_, there)| *there).next();
        let gone = gone.unwrap_or_default();
        let (first, last) = (gone.first(), gone.last());
        first
            .zip(last)
            .is_some_and(|((first, _), (last, _))| last - first >= 60_000)
    }

    fn told(event: &DomainEvent, store: &Store, aws: &Aws, now: i64) -> Result<(), String> {
        let held = |key: &AccessResource, present: bool, as_of: Timestamp| {
            let at = aws.index(key);
            if as_of.0 <= now && aws.was(at, present, as_of.0, now) {
                Ok(())
            } else {
                Err(format!(
                    "I10: recorded {event:?}, but AWS never showed that"
                ))
            }
        };
        match event {
            DomainEvent::Removed {
                key,
                verified_at,
                due,
                last_use,
                ..
            } => {
                held(key, false, *verified_at)?;
                if verified_at < due || last_use < verified_at {
                    return Err(format!("I10: {event:?} is out of order"));
                }
                if Self::covered(store, key, now) {
                    return Err("I3: recorded as removed while a reason covers it".into());
                }
            }
            DomainEvent::Missing { key, seen_at } => held(key, false, *seen_at)?,
            DomainEvent::Reappeared { key, seen_at } => held(key, true, *seen_at)?,
            DomainEvent::Verified { change } => {
                let row = store
                    .changes
                    .get(change)
                    .ok_or("I10: verified without a row")?;
                for item in &row.items {
                    let done = match (&item.item, &item.result) {
                        (Item::Open { grant, .. }, Some(ItemResult::Granted { .. })) => store
                            .windows
                            .get(grant)
                            .is_some_and(|w| w.delivery.is_some()),
                        (Item::Close { .. }, Some(ItemResult::Removed { .. }))
                        | (Item::Saga { .. }, Some(ItemResult::Carried { .. })) => true,
                        _ => false,
                    };
                    if !done {
                        return Err(format!("I10: verified, but {item:?}"));
                    }
                }
            }
            DomainEvent::Item {
                index,
                change,
                result: ItemResult::Granted { verified_at, .. },
                key,
                ..
            } => {
                let _ = (index, change);
                held(key, true, *verified_at)?;
            }
            DomainEvent::Item {
                result: ItemResult::Removed { verified_at, .. },
                key,
                ..
            } => {
                held(key, false, *verified_at)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Checks after every event that no access outlasts its time without an alarm for it.
    pub fn tick(&mut self, store: &Store, aws: &Aws, now: i64) -> Result<(), String> {
        for (at, key) in aws.keys.iter().enumerate() {
            let covered = Self::covered(store, key, now);
            let ended = std::mem::replace(&mut self.covered_before[at], covered) && !covered;
            if covered || !aws.present[at] {
                self.lapsed[at] = None;
            } else if ended && Self::ours(store, key) {
                // A window that ended before anything was written or verified leaves no claim on what was there before.
                self.lapsed[at] = Some(now);
            }
            let Some(since) = self.lapsed[at] else {
                continue;
            };
            let late = now - since;
            if self.healthy && late > 60_000 {
                return Err(format!(
                    "I2: key {at} existed {late} ms beyond its end while AWS responded"
                ));
            }
            // Allows two seconds for the commit of the alarm.
            let up = self.up_since.is_some_and(|up| now - up > 2_500);
            if up && late > 63_000 {
                let alarmed = store.told.iter().rev().any(|(_, event)| {
                    matches!(event, DomainEvent::Overdue { key: k, due, .. }
                        if k == key && due.0 >= since - 120_000 && due.0 <= now)
                });
                if !alarmed {
                    return Err(format!(
                        "I2: key {at} is late by {late} ms without an alarm"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Checks, long after the last fault, that all removals and changes are complete.
    pub fn quiet(&self, store: &Store, aws: &Aws, now: i64) -> Result<(), String> {
        for (change, (plan, stands)) in &store.plans {
            let hopeless = plan
                .items
                .iter()
                .filter_map(Item::access)
                .any(|key| aws.orphans.contains(&aws.index(key)));
            if matches!(stands, PresenceInAws::Approved | PresenceInAws::Applying) && !hopeless {
                return Err(format!(
                    "{change} did not end: {:?}",
                    store.changes.get(change)
                ));
            }
        }
        for (at, key) in aws.keys.iter().enumerate() {
            let covered = Self::covered(store, key, now);
            let orphan = aws.orphans.contains(&at);
            if aws.present[at] && !covered && Self::ours(store, key) && !orphan {
                return Err(format!(
                    "I1, I12: key {at} is never removed: {:?}",
                    store.keys.get(key)
                ));
            }
            let delivered = Self::windows(store, key)
                .any(|w| w.delivery.is_some() && w.window.valid(Timestamp(now)));
            if !aws.present[at] && delivered && !self.touched_by_hand[at] {
                return Err(format!(
                    "I3: key {at} is absent although a window covers it"
                ));
            }
        }
        let left_open = store.operations.values().find(|o| {
            !matches!(o.phase, Phase::Over(_)) && !aws.orphans.contains(&aws.index(&o.key))
        });
        if let Some(row) = left_open {
            return Err(format!("I5: an operation without outcome: {row:?}"));
        }
        Ok(())
    }
}

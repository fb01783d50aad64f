//! A model of the durable store: commits, their times, and the recorded events.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    engine::{
        AccessResource, ChangePhase, ChangeRow, Commit, DomainEvent, Generation, ItemResult,
        OperationRow, Phase, Plan, ProgressRow, ResourceRow, Rows, WindowRow, Write,
    },
    ids::{ChangeId, GrantId, OperationId},
};

/// The state of a change in the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresenceInAws {
    Approved,
    Applying,
    Waiting,
    Verified,
    Failed,
}

#[derive(Default)]
pub struct Store {
    pub generation: u64,
    pub keys: BTreeMap<AccessResource, ResourceRow>,
    pub windows: BTreeMap<GrantId, WindowRow>,
    pub operations: BTreeMap<OperationId, OperationRow>,
    pub changes: BTreeMap<ChangeId, ChangeRow>,
    pub progress: BTreeMap<(ChangeId, usize), ProgressRow>,
    /// The approved changes as stored by the application.
    pub plans: BTreeMap<ChangeId, (Plan, PresenceInAws)>,
    /// The changes that the engine recorded as started.
    pub begun: BTreeSet<ChangeId>,
    pub told: Vec<(i64, DomainEvent)>,
}

impl Store {
    pub fn rows(&self) -> Rows {
        Rows {
            keys: self.keys.values().cloned().collect(),
            windows: self
                .windows
                .values()
                .filter(|w| w.over.is_none())
                .cloned()
                .collect(),
            operations: self
                .operations
                .values()
                .filter(|o| !matches!(o.phase, Phase::Over(_)))
                .cloned()
                .collect(),
            changes: self
                .changes
                .values()
                .filter(|c| c.phase != ChangePhase::Over)
                .cloned()
                .collect(),
            progress: self
                .progress
                .values()
                .filter(|row| {
                    let change = self.changes.get(&row.change);
                    change.is_some_and(|change| change.phase != ChangePhase::Over)
                })
                .cloned()
                .collect(),
            altered: BTreeSet::new(),
        }
    }

    /// Returns the result of an item.
    pub fn result(&self, change: &ChangeId, index: usize) -> Option<&ItemResult> {
        let row = self
            .changes
            .get(change)
            .and_then(|row| row.items.get(index));
        let progress = self.progress.get(&(change.clone(), index));
        row.and_then(|item| item.result.as_ref())
            .or(progress.and_then(|row| row.result.as_ref()))
    }

    /// Stores a commit and returns the previous state of the windows that it replaced.
    pub fn apply(
        &mut self,
        commit: &Commit,
        now: i64,
    ) -> Result<BTreeMap<GrantId, WindowRow>, String> {
        let mut replaced = BTreeMap::new();
        if commit.generation != Generation(self.generation) {
            return Err("a commit of an older generation was accepted".into());
        }
        for write in &commit.writes {
            match write {
                Write::Resource(row) => {
                    self.keys.insert(row.key.clone(), row.clone());
                }
                Write::Window(row) => {
                    let old = self.windows.insert(row.window.grant.clone(), row.clone());
                    replaced.extend(old.map(|old| (row.window.grant.clone(), old)));
                }
                Write::Operation(row) => {
                    self.operations.insert(row.operation.clone(), row.clone());
                }
                Write::Change(row) => {
                    self.changes.insert(row.change.clone(), row.clone());
                }
                Write::Progress(row) => {
                    let id = (row.change.clone(), row.index);
                    self.progress.insert(id, row.clone());
                }
            }
        }
        for event in &commit.events {
            let (change, stands) = match event {
                DomainEvent::Applying { change, .. } => (change, PresenceInAws::Applying),
                DomainEvent::SentBack { change } => (change, PresenceInAws::Waiting),
                DomainEvent::Verified { change } => (change, PresenceInAws::Verified),
                DomainEvent::Failed { change, .. } => (change, PresenceInAws::Failed),
                _ => continue,
            };
            let plan = self.plans.get_mut(change).ok_or("an unknown change")?;
            let legal = match plan.1 {
                PresenceInAws::Approved => stands != PresenceInAws::Verified,
                PresenceInAws::Applying => {
                    matches!(stands, PresenceInAws::Verified | PresenceInAws::Failed)
                }
                PresenceInAws::Waiting | PresenceInAws::Verified | PresenceInAws::Failed => false,
            };
            if !legal {
                return Err(format!("I6: {change} went from {:?} to {stands:?}", plan.1));
            }
            plan.1 = stands;
            if stands == PresenceInAws::Applying {
                self.begun.insert(change.clone());
            }
        }
        self.told
            .extend(commit.events.iter().map(|event| (now, event.clone())));
        Ok(replaced)
    }
}

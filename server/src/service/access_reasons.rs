//! Why access exists that Leastwise granted: the open access windows and who approved their changes. An approval counts
//! only for what its ledger entry shows.
//!
//! Loaded once; then only what a commit wrote is loaded again, after the commit, so that no page is ahead of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    approval::Decision,
    diff::Gainer,
    engine::{AccessResource, WindowRow},
    grant::{Term, Window},
    ids::{Assignment, ChangeId, GrantId},
    policies::{Agreement, Record, Records},
    shared_map::SharedMap,
    time::{Date, Timestamp},
};

use super::reach::Windows;
use crate::store::{self, StoreConnection, StoreError, change::FoundChange};

/// The windows that are loaded by one statement, below the parameter limits of both engines.
const AT_ONCE: usize = 400;

/// The reasons for the access that Leastwise granted, and the removals that are overdue. Copies share what they do not
/// change.
#[derive(Debug, Clone, Default)]
pub struct AccessReasons {
    /// The open access windows, by the assignment that they give.
    pub windows: Windows,
    /// The same as the policies see it, with the approvals of each window.
    pub records: Records,
    /// The open access windows of each resource, in the order of their grants.
    open: SharedMap<AccessResource, Arc<[WindowRow]>>,
    /// The resource of each open access window.
    keys: SharedMap<GrantId, AccessResource>,
    /// Who approved the changes of these windows, by change. A change that has started gets no other approvals.
    agreed: SharedMap<ChangeId, Agreement>,
}

impl AccessReasons {
    /// Returns the reasons that these windows and overdue removals are.
    pub fn of(
        rows: Vec<WindowRow>,
        agreed: BTreeMap<ChangeId, Agreement>,
        overdue: BTreeMap<AccessResource, Timestamp>,
    ) -> Self {
        Self::default().updated(&BTreeSet::new(), rows, agreed, overdue)
    }

    /// Returns the reasons after the windows of these grants were written: `rows` are those that still have one, and
    /// `agreed` the approvals of their changes as far as they were not known.
    #[must_use]
    pub fn updated(
        &self,
        grants: &BTreeSet<GrantId>,
        rows: Vec<WindowRow>,
        agreed: BTreeMap<ChangeId, Agreement>,
        overdue: BTreeMap<AccessResource, Timestamp>,
    ) -> Self {
        let mut reasons = self.clone();
        reasons.agreed.extend(agreed);
        reasons.records.overdue = overdue.into();
        reasons.replace(grants, rows);
        reasons.forget_closed();
        reasons
    }

    /// Returns the reasons as they are on a day.
    #[must_use]
    pub fn on(mut self, today: Option<Date>) -> Self {
        self.records.today = today;
        self
    }

    /// Replaces the windows of these grants: one that is over, or has no row, is no reason any more.
    fn replace(&mut self, grants: &BTreeSet<GrantId>, rows: Vec<WindowRow>) {
        let mut touched: BTreeMap<AccessResource, Vec<WindowRow>> = BTreeMap::new();
        let known = |open: &SharedMap<AccessResource, Arc<[WindowRow]>>, key: &AccessResource| {
            let known = open.get(key).map_or(&[][..], |known| known);
            known.to_vec()
        };
        for grant in grants {
            if let Some(key) = self.keys.remove(grant) {
                let windows = touched
                    .entry(key)
                    .or_insert_with_key(|key| known(&self.open, key));
                windows.retain(|row| row.window.grant != *grant);
            }
        }
        for row in rows.into_iter().filter(|row| row.over.is_none()) {
            let windows = touched.entry(row.key.clone());
            let windows = windows.or_insert_with_key(|key| known(&self.open, key));
            windows.retain(|known| known.window.grant != row.window.grant);
            self.keys.insert(row.window.grant.clone(), row.key.clone());
            windows.push(row);
        }
        for (key, mut windows) in touched {
            windows.sort_by(|a, b| a.window.grant.cmp(&b.window.grant));
            self.record(&key, &windows);
            self.open
                .set(&key, (!windows.is_empty()).then(|| windows.into()));
        }
    }

    /// Records the windows of one resource as pages and policies see them.
    fn record(&mut self, key: &AccessResource, windows: &[WindowRow]) {
        match key {
            AccessResource::Assignment(assignment) => {
                let all: Vec<Window> = windows.iter().map(|row| row.window.clone()).collect();
                self.windows
                    .set(assignment, (!all.is_empty()).then_some(all));
                let mut longest: Option<Record> = None;
                for row in windows {
                    let window = &row.window;
                    let term = window
                        .ends
                        .map_or(Term::Standing, |end| Term::For(end.since(window.starts)));
                    // If there are several windows, the longest determines the term and the approvals of the access.
                    if longest.as_ref().is_none_or(|known| known.term <= term) {
                        let agreed = self.agreed(&window.change);
                        longest = Some(Record { term, agreed });
                    }
                }
                self.records.assignments.set(assignment, longest);
            }
            AccessResource::Membership { group, user } => {
                let mut joined = self
                    .records
                    .memberships
                    .get(group)
                    .cloned()
                    .unwrap_or_default();
                match windows.last() {
                    Some(row) => drop(joined.insert(user.clone(), self.agreed(&row.window.change))),
                    None => drop(joined.remove(user)),
                }
                self.records
                    .memberships
                    .set(group, (!joined.is_empty()).then_some(joined));
            }
        }
    }

    fn agreed(&self, change: &ChangeId) -> Agreement {
        self.agreed.get(change).cloned().unwrap_or_default()
    }

    /// Forgets the approvals of changes without open windows, when they are most of what is held.
    fn forget_closed(&mut self) {
        if self.agreed.len() <= 2 * self.keys.len() + 16 {
            return;
        }
        let windows = self.open.values().flat_map(|windows| windows.iter());
        let open: BTreeSet<ChangeId> = windows.map(|row| row.window.change.clone()).collect();
        let agreed = self
            .agreed
            .iter()
            .filter(|(change, _)| open.contains(change));
        self.agreed = agreed
            .map(|(change, one)| (change.clone(), one.clone()))
            .collect();
    }
}

/// Returns the access windows that are not over, their approvals as far as `known` does not have them, and the overdue
/// removals.
pub(super) async fn load(
    conn: &mut StoreConnection,
    known: &AccessReasons,
) -> Result<AccessReasons, StoreError> {
    let rows = store::engine::windows(conn).await?;
    let kept = AccessReasons {
        agreed: known.agreed.clone(),
        ..AccessReasons::default()
    };
    let agreed = agreements(conn, &kept, &rows).await?;
    let overdue = store::engine::overdue(conn).await?;
    Ok(kept.updated(&BTreeSet::new(), rows, agreed, overdue))
}

/// Returns the reasons after the access windows of these grants, or the removals that are overdue, were written.
pub(super) async fn reload(
    conn: &mut StoreConnection,
    known: &AccessReasons,
    grants: &BTreeSet<GrantId>,
) -> Result<AccessReasons, StoreError> {
    let wanted: Vec<&GrantId> = grants.iter().collect();
    let mut rows = Vec::new();
    for some in wanted.chunks(AT_ONCE) {
        let found = store::engine::windows_of(conn, some).await?;
        rows.extend(found.into_values());
    }
    let agreed = agreements(conn, known, &rows).await?;
    let overdue = store::engine::overdue(conn).await?;
    Ok(known.updated(grants, rows, agreed, overdue))
}

/// Returns the approvals of the changes of open windows that are not known yet.
async fn agreements(
    conn: &mut StoreConnection,
    known: &AccessReasons,
    rows: &[WindowRow],
) -> Result<BTreeMap<ChangeId, Agreement>, StoreError> {
    let mut agreed = BTreeMap::new();
    for row in rows.iter().filter(|row| row.over.is_none()) {
        let change = &row.window.change;
        if known.agreed.contains_key(change) || agreed.contains_key(change) {
            continue;
        }
        match agreement(conn, change).await {
            Ok(one) => agreed.extend(one.map(|one| (change.clone(), one))),
            // The access then has no approvals, and everything else is shown.
            Err(StoreError::Inconsistent { table, what }) => {
                tracing::error!(%change, table, what, "the approvals of a change cannot be read");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(agreed)
}

/// Returns the approvals of a change; none if it is not as the ledger says.
async fn agreement(
    conn: &mut StoreConnection,
    change: &ChangeId,
) -> Result<Option<Agreement>, StoreError> {
    let found = store::change::find(conn, change).await?;
    let stored = found.and_then(FoundChange::known);
    // An approval counts only for the effect that was shown to the approver.
    let stored = stored.filter(|stored| stored.altered.is_none());
    Ok(stored.map(|stored| Agreement {
        approvals: stored
            .change
            .in_force()
            .filter(|approval| approval.decision == Decision::Approve)
            .map(|approval| approval.approver.clone())
            .collect(),
        gaining: stored
            .effect
            .evaluated_steps()
            .filter_map(|step| match step.gainer {
                Gainer::User(user) => Some((user, step.pair)),
                Gainer::FutureMember(_) => None,
            })
            .collect(),
        sets: stored.effect.sets.into(),
        review_on: stored.change.proposal.review_on,
    }))
}

/// Returns the assignments that open access windows give.
pub(super) async fn open(conn: &mut StoreConnection) -> Result<BTreeSet<Assignment>, StoreError> {
    let windows = store::engine::windows(conn).await?.into_iter();
    Ok(windows
        .filter_map(|row| match row.key {
            AccessResource::Assignment(assignment) => Some(assignment),
            AccessResource::Membership { .. } => None,
        })
        .collect())
}

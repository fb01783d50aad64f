//! Why access exists that Leastwise granted: the open access windows and who approved their changes. An approval counts
//! only for what its ledger entry shows.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    approval::Decision,
    diff::Gainer,
    engine::{AccessResource, WindowRow},
    grant::{Term, Window},
    ids::{Assignment, ChangeId},
    policies::{Agreement, Record, Records},
    time::Timestamp,
};

use super::app_state::AppState;
use crate::store::{self, StoreConnection, StoreError, change::FoundChange};

/// The reasons for the access that Leastwise granted, and the removals that are overdue.
#[derive(Debug, Default)]
pub struct AccessReasons {
    /// The open access windows.
    pub windows: Vec<WindowRow>,
    /// Who approved the changes of these windows, by change.
    pub agreed: BTreeMap<ChangeId, Arc<Agreement>>,
    /// The resources whose removal is overdue, and since when.
    pub overdue: BTreeMap<AccessResource, Timestamp>,
}

/// Returns the access windows that are not over, their approvals, and the overdue removals. The approvals of a change are
/// loaded once, because a change that has started gets no others: `known` are those that were loaded before.
pub async fn load(
    app_state: &AppState,
    known: &BTreeMap<ChangeId, Arc<Agreement>>,
) -> Result<AccessReasons, StoreError> {
    let mut conn = app_state.store.connection().await?;
    let windows = store::engine::windows(&mut conn).await?;
    let changes: BTreeSet<&ChangeId> = windows.iter().map(|row| &row.window.change).collect();
    let mut agreed = BTreeMap::new();
    for change in changes {
        let one = match known.get(change) {
            Some(one) => Some(Arc::clone(one)),
            None => agreement(&mut conn, change).await?.map(Arc::new),
        };
        agreed.extend(one.map(|one| (change.clone(), one)));
    }
    Ok(AccessReasons {
        windows,
        agreed,
        overdue: store::engine::overdue(&mut conn).await?,
    })
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

/// Groups the access windows by assignment, together with their approvals.
pub(super) fn by_assignment(
    reasons: AccessReasons,
) -> (BTreeMap<Assignment, Vec<Window>>, Records) {
    let mut grouped: BTreeMap<Assignment, Vec<Window>> = BTreeMap::new();
    let mut records = Records {
        overdue: reasons.overdue,
        ..Records::default()
    };
    for row in reasons.windows {
        let agreed = reasons.agreed.get(&row.window.change);
        let agreed = agreed.map_or_else(Agreement::default, |agreed| (**agreed).clone());
        match row.key {
            AccessResource::Assignment(assignment) => {
                let term = row.window.ends.map_or(Term::Standing, |end| {
                    Term::For(end.since(row.window.starts))
                });
                // If there are several windows, the longest determines the term and the approvals of the access.
                let known = records.assignments.get(&assignment);
                if known.is_none_or(|known| known.term <= term) {
                    let record = Record { term, agreed };
                    records.assignments.insert(assignment.clone(), record);
                }
                grouped.entry(assignment).or_default().push(row.window);
            }
            AccessResource::Membership { group, user } => {
                let joined = records.memberships.entry(group).or_default();
                joined.insert(user, agreed);
            }
        }
    }
    (grouped, records)
}

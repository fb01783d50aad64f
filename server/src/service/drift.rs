//! Drift in what a crawl or a single read shows: the differences that no write of Leastwise explains.

use std::collections::BTreeSet;

use domain::{
    drift::{Drift, DriftEvent, detect},
    engine::{AccessResource, OperationKind, OperationOutcome, OperationRow, Phase},
    ids::{GroupId, UserId},
    snapshot::Parts,
};

use crate::store::{self, StoreError, Tx};

/// Returns the differences that no operation of Leastwise explains.
pub(crate) async fn unexplained(
    tx: &mut Tx,
    before: &Parts,
    after: &Parts,
) -> Result<Vec<DriftEvent>, StoreError> {
    let Some(oldest) = before.coverage.oldest else {
        return Ok(Vec::new());
    };
    let ours: BTreeSet<(AccessResource, bool)> = store::engine::operations_since(tx.conn(), oldest)
        .await?
        .into_iter()
        .filter(|row| !never_done(row.phase))
        .map(|OperationRow { key, kind, .. }| (key, kind == OperationKind::Create))
        .collect();
    Ok(detect(before, after, |seen| {
        explained_by(seen).is_some_and(|write| ours.contains(&write))
    }))
}

/// Returns whether AWS never carried out an operation. Such an operation does not explain a difference.
fn never_done(phase: Phase) -> bool {
    matches!(
        phase,
        Phase::Over(
            OperationOutcome::Refused | OperationOutcome::NotSent | OperationOutcome::Failed
        )
    )
}

/// Returns the operation that would explain a difference. Leastwise does not write permission sets and accounts yet.
fn explained_by(drift: &Drift) -> Option<(AccessResource, bool)> {
    let membership = |group: &GroupId, user: &UserId| AccessResource::Membership {
        group: group.clone(),
        user: user.clone(),
    };
    Some(match drift {
        Drift::Assigned { assignment } => (AccessResource::Assignment(assignment.clone()), true),
        Drift::Unassigned { assignment } => (AccessResource::Assignment(assignment.clone()), false),
        Drift::Joined { group, user } => (membership(group, user), true),
        Drift::Left { group, user } => (membership(group, user), false),
        Drift::SetEdited { .. } | Drift::Reclassified { .. } | Drift::ReportedOtherwise { .. } => {
            return None;
        }
    })
}

//! Evaluates a change by the policies, against the current read model and every approved change whose result the last
//! reads cannot show yet.
//!
//! Never decides anything itself, and never lets the delay between reads of AWS hide what Leastwise has already
//! written.

use std::{borrow::Cow, collections::BTreeSet};

use domain::{
    change::{Operation, State},
    diff,
    engine::ItemResult,
    ids::{Assignment, ChangeId, PersonId, UserId},
    ledger::projection::{ChangeMismatch, Lifecycle},
    policies::{Evaluation, RequestContext, evaluate},
    snapshot::Snapshot,
    time::Timestamp,
};
use sqlx::AnyConnection;

use crate::{
    service::{
        app_state::{AppState, ReadModel},
        identities::is_oneself,
    },
    store::{
        StoreError,
        change::{self, StoredChange},
        engine, identity, identity_link, person,
    },
};

/// Evaluates requested operations.
pub(super) async fn evaluate_now(
    app_state: &AppState,
    conn: &mut AnyConnection,
    read_model: &ReadModel,
    operations: &[Operation],
    asked: &RequestContext,
    except: Option<&ChangeId>,
) -> Result<Evaluation, StoreError> {
    let under_way = under_way(conn, &read_model.snapshot, except).await?;
    let snapshot = with_identities(
        conn,
        &read_model.snapshot,
        &under_way,
        operations,
        &asked.requester,
    )
    .await?;
    let asked = RequestContext {
        ours: ours(read_model, operations),
        ..asked.clone()
    };
    Ok(evaluate(
        &snapshot,
        &under_way,
        operations,
        &asked,
        &app_state.rules,
        app_state.clock.now(),
    ))
}

/// Evaluates a stored change again, with the roles that its requester holds now according to the ledger.
pub(super) async fn re_evaluate(
    app_state: &AppState,
    conn: &mut AnyConnection,
    stored: &StoredChange,
    approvals: BTreeSet<PersonId>,
) -> Result<Evaluation, StoreError> {
    let read_model = app_state.read_model();
    let held = person::roles_now(conn).await?;
    let requester = &stored.change.requester;
    let asked = RequestContext {
        requester: requester.clone(),
        roles: held
            .into_iter()
            .filter(|(person, _)| person == requester)
            .map(|(_, grant)| grant.role)
            .collect(),
        mfa: stored.mfa,
        ticket: stored.change.proposal.ticket.is_some(),
        approvals,
        ours: BTreeSet::new(),
    };
    let operations = &stored.change.proposal.operations;
    evaluate_now(
        app_state,
        conn,
        &read_model,
        operations,
        &asked,
        Some(&stored.change.id),
    )
    .await
}

/// Returns the requested assignments that access windows of Leastwise already give.
fn ours(read_model: &ReadModel, operations: &[Operation]) -> BTreeSet<Assignment> {
    let given = operations.iter().filter_map(|operation| match operation {
        Operation::Assign { assignment, .. } => Some(assignment),
        _ => None,
    });
    given
        .filter(|assignment| read_model.windows.contains_key(*assignment))
        .cloned()
        .collect()
}

/// Returns the operations of all approved and unfinished changes, and of those that finished after the reads of this
/// snapshot. Without them, the second of two harmless steps would be evaluated as if the first did not exist.
///
/// Changes that were not requested, or have not ended according to the ledger, are left out: they must not make a gain
/// look like existing access.
async fn under_way(
    conn: &mut AnyConnection,
    snapshot: &Snapshot,
    except: Option<&ChangeId>,
) -> Result<Vec<Operation>, StoreError> {
    let oldest = snapshot.parts().coverage.oldest.unwrap_or_default();
    let mut operations = Vec::new();
    for (stored, ended) in change::ended_since(conn, oldest).await? {
        if !as_asked(&stored) || stored.lifecycle != Lifecycle::Ended {
            continue;
        }
        let unseen = |operation: &&Operation| as_of(snapshot, operation) <= ended;
        let all = &stored.change.proposal.operations;
        if stored.change.state == State::Verified {
            operations.extend(all.iter().filter(unseen).cloned());
        } else if let Some(row) = engine::change(conn, &stored.change.id).await? {
            // A failed change may have been carried out partially.
            let done = all.iter().zip(&row.items).filter(|(_, item)| {
                matches!(
                    item.result,
                    Some(ItemResult::Granted { .. } | ItemResult::Removed { .. })
                )
            });
            operations.extend(done.map(|(operation, _)| operation).filter(unseen).cloned());
        }
    }
    for stored in change::in_states(conn, &[State::Approved, State::Applying]).await? {
        if Some(&stored.change.id) != except && as_asked(&stored) {
            operations.extend(stored.change.proposal.operations);
        }
    }
    Ok(operations)
}

fn as_asked(stored: &StoredChange) -> bool {
    !matches!(
        stored.altered,
        Some(ChangeMismatch::NeverSubmitted | ChangeMismatch::DifferentRequest)
    )
}

/// Returns when the resource of an operation was last read from AWS.
fn as_of(snapshot: &Snapshot, operation: &Operation) -> Timestamp {
    let parts = snapshot.parts();
    let read = match operation {
        Operation::Assign { assignment, .. } | Operation::Unassign { assignment } => {
            snapshot.pair(&assignment.pair).map(|read| read.as_of)
        }
        Operation::AddMember { group, .. } | Operation::RemoveMember { group, .. } => {
            parts.members_as_of.get(group).copied()
        }
    };
    // A pair without assignments was read together with the others, at the earliest with the oldest.
    read.or(parts.coverage.oldest).unwrap_or_default()
}

/// Adds people who signed in for the first time after the snapshot was taken, and every user that the requester ever
/// was. An identity determines whether people request access for themselves, and whether they gain by what they approve.
async fn with_identities<'a>(
    conn: &mut AnyConnection,
    snapshot: &'a Snapshot,
    under_way: &[Operation],
    operations: &[Operation],
    requester: &PersonId,
) -> Result<Cow<'a, Snapshot>, StoreError> {
    let effect = diff::effect(snapshot, under_way, operations);
    let gaining = effect.gaining();
    let record = identity::record(conn, requester).await?;
    let own: Vec<&UserId> = gaining
        .iter()
        .copied()
        .filter(|user| is_oneself(&record, snapshot, user))
        .filter(|user| snapshot.person(user) != Some(requester))
        .collect();
    let complete = snapshot.user_of(requester).is_some()
        && gaining.iter().all(|user| snapshot.person(user).is_some());
    if complete && own.is_empty() {
        return Ok(Cow::Borrowed(snapshot));
    }
    let known = identity_link::persons_of_users(conn).await?;
    let matters = |(user, person): (&UserId, &PersonId)| {
        (gaining.contains(user) || person == requester) && snapshot.person(user) != Some(person)
    };
    if own.is_empty() && !known.linked.iter().chain(&known.others).any(matters) {
        return Ok(Cow::Borrowed(snapshot));
    }
    let mut parts = snapshot.parts().clone();
    parts.persons = known.linked;
    parts.other_users = known.others;
    let own = own
        .into_iter()
        .cloned()
        .map(|user| (user, requester.clone()));
    parts.other_users.extend(own);
    Ok(Cow::Owned(Snapshot::new(parts)))
}

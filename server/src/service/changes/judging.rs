//! Puts the question of a change to the rules: in the world as it is now, together with every
//! change that is approved and whose outcome the last reads cannot show yet.
//!
//! Never decides anything itself, and never lets a gap between two reads of AWS hide what Leastwise
//! has done in it.

use std::{borrow::Cow, collections::BTreeSet};

use domain::{
    change::{Operation, State},
    diff,
    engine::ItemResult,
    guardrails::{Asked, Judgement, judge},
    ids::{Assignment, ChangeId, PersonId},
    ledger::said::{Altered, Life},
    snapshot::Snapshot,
    time::Timestamp,
};
use sqlx::AnyConnection;

use crate::{
    service::core::{Core, World},
    store::{
        StoreError,
        change::{self, Stored},
        engine, joined, person,
    },
};

/// Judges operations that somebody asks for.
pub(super) async fn judge_now(
    core: &Core,
    conn: &mut AnyConnection,
    world: &World,
    operations: &[Operation],
    asked: &Asked,
    except: Option<&ChangeId>,
) -> Result<Judgement, StoreError> {
    let under_way = under_way(conn, &world.snapshot, except).await?;
    let snapshot = with_new_persons(
        conn,
        &world.snapshot,
        &under_way,
        operations,
        &asked.requester,
    )
    .await?;
    let asked = Asked {
        ours: ours(world, operations),
        ..asked.clone()
    };
    Ok(judge(
        &snapshot,
        &under_way,
        operations,
        &asked,
        &core.rules,
        core.clock.now(),
    ))
}

/// Judges a stored change again: its requester with the roles that they hold by the ledger now.
pub(super) async fn judge_again(
    core: &Core,
    conn: &mut AnyConnection,
    stored: &Stored,
    approvals: BTreeSet<PersonId>,
) -> Result<Judgement, StoreError> {
    let world = core.world();
    let held = person::roles_now(conn).await?;
    let requester = &stored.change.requester;
    let asked = Asked {
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
    judge_now(
        core,
        conn,
        &world,
        operations,
        &asked,
        Some(&stored.change.id),
    )
    .await
}

/// What operations give that rests on windows of ours already.
fn ours(world: &World, operations: &[Operation]) -> BTreeSet<Assignment> {
    let given = operations.iter().filter_map(|operation| match operation {
        Operation::Assign { assignment, .. } => Some(assignment),
        _ => None,
    });
    given
        .filter(|assignment| world.windows.contains_key(*assignment))
        .cloned()
        .collect()
}

/// Everything that is approved and not finished, and what finished after the reads that this snapshot
/// rests on: otherwise the second of two harmless steps would be judged as if the first had not been.
///
/// What nobody asked for, or is not over by the ledger, makes no gain look as if it were there already.
async fn under_way(
    conn: &mut AnyConnection,
    snapshot: &Snapshot,
    except: Option<&ChangeId>,
) -> Result<Vec<Operation>, StoreError> {
    let oldest = snapshot.parts().coverage.oldest.unwrap_or_default();
    let mut operations = Vec::new();
    for (stored, ended) in change::ended_since(conn, oldest).await? {
        if !as_asked(&stored) || stored.life != Life::Over {
            continue;
        }
        let unseen = |operation: &&Operation| as_of(snapshot, operation) <= ended;
        let all = &stored.change.proposal.operations;
        if stored.change.state == State::Verified {
            operations.extend(all.iter().filter(unseen).cloned());
        } else if let Some(row) = engine::change(conn, &stored.change.id).await? {
            // A change that failed may have been carried out in part.
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

fn as_asked(stored: &Stored) -> bool {
    !matches!(stored.altered, Some(Altered::NotAsked | Altered::Otherwise))
}

/// When AWS was last asked about what an operation touches.
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
    // A pair that nobody held was read with the others, at the earliest with the oldest.
    read.or(parts.coverage.oldest).unwrap_or_default()
}

/// Somebody may have signed in for the first time since the snapshot was taken; who they are decides
/// whether they ask for themselves, and whether they gain by what they approve.
async fn with_new_persons<'a>(
    conn: &mut AnyConnection,
    snapshot: &'a Snapshot,
    under_way: &[Operation],
    operations: &[Operation],
    requester: &PersonId,
) -> Result<Cow<'a, Snapshot>, StoreError> {
    let effect = diff::effect(snapshot, under_way, operations);
    let gaining = effect.gaining();
    // Who is known stays who they are, so only somebody who is missing can make a difference.
    if snapshot.user_of(requester).is_some()
        && gaining.iter().all(|user| snapshot.person(user).is_some())
    {
        return Ok(Cow::Borrowed(snapshot));
    }
    let known = joined::by_user(conn).await?;
    let matters = known.iter().any(|(user, person)| {
        (gaining.contains(user) || person == requester) && snapshot.person(user) != Some(person)
    });
    if !matters {
        return Ok(Cow::Borrowed(snapshot));
    }
    let mut parts = snapshot.parts().clone();
    parts.persons = known;
    Ok(Cow::Owned(Snapshot::new(parts)))
}

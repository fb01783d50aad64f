//! What was requested and is approved or carried out, as far as the last reads of AWS cannot show it yet.

use domain::{
    change::{Operation, State},
    engine::ItemResult,
    ids::ChangeId,
    ledger::projection::{ChangeMismatch, Lifecycle},
    snapshot::Snapshot,
    time::Timestamp,
};

use crate::store::{
    StoreConnection, StoreError,
    change::{self, FoundChange},
    engine,
};

/// The operations that the snapshot does not show yet.
pub(super) struct UnderWay {
    pub(super) operations: Vec<Operation>,
    /// The number of those that finished, which come first.
    pub(super) finished: usize,
}

/// Returns the operations of all approved and unfinished changes, and of those that finished after the reads of this
/// snapshot. Without them, the second of two harmless steps would be evaluated as if the first did not exist.
///
/// Changes that were not requested, or have not ended according to the ledger, are left out: they must not make a gain
/// look like existing access.
pub(super) async fn under_way(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    except: Option<&ChangeId>,
) -> Result<UnderWay, StoreError> {
    let oldest = snapshot.parts().coverage.oldest.unwrap_or_default();
    let mut operations = Vec::new();
    for (found, ended) in change::ended_since(conn, oldest).await? {
        if !as_asked(&found) || found.lifecycle() != Lifecycle::Ended {
            continue;
        }
        let unseen = |operation: &Operation| as_of(snapshot, operation) <= ended;
        // A failed change may have been carried out partially.
        let done = match found.state() {
            State::Verified => None,
            _ => match engine::change(conn, found.id()).await {
                Ok(Some(row)) => Some(row.items),
                // A row that cannot be read must not stop every evaluation, nor make a gain look like existing access.
                Ok(None) | Err(StoreError::Inconsistent { .. }) => continue,
                Err(error) => return Err(error),
            },
        };
        let carried_out = |place: usize| {
            done.as_ref().is_none_or(|items| {
                let result = items.get(place).and_then(|item| item.result.as_ref());
                matches!(
                    result,
                    Some(
                        ItemResult::Granted { .. }
                            | ItemResult::Removed { .. }
                            | ItemResult::Carried { .. }
                    )
                )
            })
        };
        let all = understood(found).into_iter();
        operations.extend(
            all.filter(|(place, operation)| carried_out(*place) && unseen(operation))
                .map(|(_, operation)| operation),
        );
    }
    let finished = operations.len();
    for found in change::in_states(conn, &[State::Approved, State::Applying], except).await? {
        if as_asked(&found) {
            let all = understood(found).into_iter();
            operations.extend(all.map(|(_, operation)| operation));
        }
    }
    Ok(UnderWay {
        operations,
        finished,
    })
}

/// Returns the operations of a change with their places. Of a change that a newer version requested, those that this
/// version understands: what it may do to assignments and memberships counts all the same.
fn understood(found: FoundChange) -> Vec<(usize, Operation)> {
    match found {
        FoundChange::Known(stored) => {
            let operations = stored.change.proposal.operations;
            operations.into_iter().enumerate().collect()
        }
        FoundChange::Unreadable(row) => row.change.understood().collect(),
    }
}

fn as_asked(found: &FoundChange) -> bool {
    !matches!(
        found.altered(),
        Some(ChangeMismatch::NeverSubmitted | ChangeMismatch::DifferentRequest)
    )
}

/// Returns when the resource of an operation was last read from AWS.
fn as_of(snapshot: &Snapshot, operation: &Operation) -> Timestamp {
    let parts = snapshot.parts();
    let pair = operation
        .assignment()
        .and_then(|assignment| snapshot.pair(&assignment.pair));
    let members = operation.membership();
    let members = members.and_then(|(group, _)| parts.members_as_of.get(group).copied());
    let read = pair.map(|read| read.as_of).or(members);
    // A pair without assignments was read together with the others, at the earliest with the oldest.
    read.or(parts.coverage.oldest).unwrap_or_default()
}

//! What became of something that was pending when it was recorded, by the first later entry that states its end. Decides
//! nothing: the engine and the projection know it from the entries themselves.

use std::collections::BTreeMap;

use app::backend::EntryResult;
use domain::{
    ids::ChangeId,
    ledger::{Entry, EntryTarget, EventKind, Outcome},
};

use crate::store::{
    Store, StoreError,
    ledger::{self, Later},
};

/// How a change ends.
const ENDS_OF_CHANGES: [EventKind; 5] = [
    EventKind::ChangeVerified,
    EventKind::ChangeFailed,
    EventKind::ChangeDeclined,
    EventKind::ChangeWithdrawn,
    EventKind::ChangeExpired,
];

/// How a write to AWS ends.
const ENDS_OF_WRITES: [EventKind; 3] = [
    EventKind::OperationVerified,
    EventKind::OperationFailed,
    EventKind::GrantEnded,
];

/// What states the end of something.
enum Awaited<'a> {
    OfChange(&'a ChangeId),
    OfAccess(&'a EntryTarget),
}

impl<'a> Awaited<'a> {
    /// Returns what an entry waits for; none if it states its outcome itself.
    fn of(entry: &'a Entry) -> Option<Self> {
        if entry.outcome != Outcome::Pending {
            return None;
        }
        match EventKind::of(&entry.kind)? {
            EventKind::OperationIntended
            | EventKind::OperationAccepted
            | EventKind::GrantRevoked => entry.target.as_ref().map(Self::OfAccess),
            _ => entry.change_id.as_ref().map(Self::OfChange),
        }
    }

    fn is_ended_by(&self, later: &Entry) -> bool {
        let Some(kind) = EventKind::of(&later.kind) else {
            return false;
        };
        match self {
            Self::OfChange(change) => {
                ENDS_OF_CHANGES.contains(&kind) && later.change_id.as_ref() == Some(change)
            }
            Self::OfAccess(target) => {
                ENDS_OF_WRITES.contains(&kind)
                    && later.target.as_ref().is_some_and(|of| is_same(of, target))
            }
        }
    }
}

/// Whether two targets are the same access.
fn is_same(one: &EntryTarget, other: &EntryTarget) -> bool {
    one.kind == other.kind
        && one.id == other.id
        && one.account_id == other.account_id
        && one.permission_set_arn == other.permission_set_arn
        && one.principal_id == other.principal_id
}

/// Returns what became of the entries that were pending, by their numbers, as far as it is known.
pub(super) async fn results(
    store: &Store,
    entries: &[(u64, &Entry)],
) -> Result<BTreeMap<u64, EntryResult>, StoreError> {
    let awaited: Vec<(u64, Awaited<'_>)> = entries
        .iter()
        .filter_map(|(seq, entry)| Some((*seq, Awaited::of(entry)?)))
        .collect();
    let of_changes = awaited.iter().filter_map(|(_, awaited)| match awaited {
        Awaited::OfChange(change) => Some((*change).clone()),
        Awaited::OfAccess(_) => None,
    });
    let mut changes: Vec<ChangeId> = of_changes.collect();
    changes.sort_unstable();
    changes.dedup();
    let of_access = awaited.iter().filter_map(|(seq, awaited)| match awaited {
        Awaited::OfAccess(_) => Some(*seq),
        Awaited::OfChange(_) => None,
    });
    let later = ledger::later(
        store,
        (&changes, &ENDS_OF_CHANGES),
        (of_access.min(), &ENDS_OF_WRITES),
    )
    .await?;
    let result = |(seq, awaited): (u64, Awaited<'_>)| {
        let mut behind = later.iter().filter(|one| one.seq > seq);
        let found = behind.find(|one| awaited.is_ended_by(&one.entry))?;
        Some((seq, words(found)?))
    };
    Ok(awaited.into_iter().filter_map(result).collect())
}

fn words(later: &Later) -> Option<EntryResult> {
    let label = match EventKind::of(&later.entry.kind)? {
        EventKind::ChangeVerified | EventKind::OperationVerified => "Verified",
        EventKind::ChangeDeclined => "Declined",
        EventKind::ChangeWithdrawn => "Withdrawn",
        EventKind::ChangeExpired => "Expired",
        EventKind::GrantEnded => "Removed",
        _ => "Failed",
    };
    Some(EntryResult {
        seq: later.seq,
        outcome: later.entry.outcome,
        label,
    })
}

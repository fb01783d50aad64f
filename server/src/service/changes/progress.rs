//! The progress of each item of a change, as data; `app` says it in words. It never claims more than AWS has confirmed.

mod items;
mod saga_steps;

use app::backend::{Direction, GrantEnd, ItemProgress, SessionsLeft, WriteProgress};
use domain::{
    change::{Operation, State},
    engine::{ChangePhase, ChangeRow, ItemResult, OperationRow as WriteRow, WindowRow},
    time::Timestamp,
};

pub(super) use items::{ItemsProgress, live};

use crate::{engine::pending_starts::PendingStart, store::change::StoredChange};

fn progress_of(
    stored: &StoredChange,
    operation: &Operation,
    row: Option<&ChangeRow>,
    index: usize,
    window: Option<&WindowRow>,
    write: Option<&WriteRow>,
    now: Timestamp,
) -> ItemProgress {
    let state = stored.change.state;
    // A change that was sent back or ended without the engine has no work in AWS, whatever older rows contain.
    let row = row.filter(|_| {
        matches!(
            state,
            State::Approved | State::Applying | State::Verified | State::Failed
        )
    });
    let Some((row, item)) = row.and_then(|row| Some((row, row.items.get(index)?))) else {
        return ItemProgress::NotStarted(state);
    };
    match &item.result {
        Some(ItemResult::Granted {
            verified_at, how, ..
        }) => ItemProgress::Granted {
            verified_at: *verified_at,
            how: *how,
            end: end(window, now),
        },
        Some(ItemResult::Removed {
            verified_at,
            last_use,
            how,
            ..
        }) => ItemProgress::Removed {
            verified_at: *verified_at,
            how: *how,
            last_use: *last_use,
            sessions: if now < *last_use {
                SessionsLeft::Possible
            } else {
                SessionsLeft::None
            },
        },
        Some(ItemResult::Carried { verified_at, how }) => ItemProgress::Carried {
            verified_at: *verified_at,
            how: *how,
        },
        Some(ItemResult::Stopped { stop, done, .. }) => ItemProgress::Stopped {
            stop: stop.clone(),
            done: *done,
        },
        Some(ItemResult::Failed { reason, .. }) => ItemProgress::Failed {
            reason: reason.clone(),
        },
        None if row.phase == ChangePhase::Queued => ItemProgress::Queued,
        // A row of an earlier attempt that was sent back; the engine has not started the change again.
        None if row.phase == ChangePhase::Over => ItemProgress::NotStarted(state),
        None => ItemProgress::AtWork {
            direction: if operation.gives() {
                Direction::Granting
            } else {
                Direction::Removing
            },
            write: write.map(|write| WriteProgress {
                phase: write.phase,
                attempt: write.attempt,
                error: write.error.clone(),
            }),
        },
    }
}

/// Returns whether a change is approved and not started. Only then can it wait for a requirement.
fn is_queued(stored: &StoredChange, row: Option<&ChangeRow>) -> bool {
    stored.change.state == State::Approved
        && row.is_none_or(|row| matches!(row.phase, ChangePhase::Queued | ChangePhase::Over))
}

fn waits(waiting: PendingStart) -> ItemProgress {
    ItemProgress::AwaitsStart {
        awaited: waiting.awaited,
        since: waiting.since,
    }
}

fn end(window: Option<&WindowRow>, now: Timestamp) -> GrantEnd {
    let Some(WindowRow { window, over, .. }) = window else {
        return GrantEnd::Standing;
    };
    match (over, window.stops()) {
        (Some(over), _) => GrantEnd::Removed(*over),
        (None, Some(stops)) if stops <= now => GrantEnd::Ending(stops),
        (None, Some(stops)) => GrantEnd::Until(stops),
        (None, None) => GrantEnd::Standing,
    }
}

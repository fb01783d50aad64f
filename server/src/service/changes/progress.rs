//! The progress of each operation of a change. The text never claims more than AWS has confirmed: *accepted* is not
//! *done*, *done* is not *verified*, and *removed* is not *ended* while a session may still be active.

mod saga_steps;

use std::{collections::BTreeMap, ops::Range};

use app::backend::{OperationRow, OperationStatus, state_words};
use domain::{
    change::{Operation, State},
    engine::{
        AccessResource, Cause, ChangePhase, ChangeRow, Item, ItemResult, OperationOutcome,
        OperationRow as WriteRow, Phase, ProgressRow, WindowRow,
    },
    ids::GrantId,
    time::Timestamp,
};
use sqlx::AnyConnection;

use super::{descriptions, mismatch, remaining_paths};
use crate::{
    engine::pending_starts::PendingStart,
    service::app_state::ReadModel,
    store::{StoreError, change::StoredChange, engine},
};

/// The progress of all items of a change, and the rows of those that are shown.
pub(super) struct ItemsProgress {
    pub rows: Vec<OperationRow>,
    /// The number of all items.
    total: usize,
    /// How many a read of AWS confirmed.
    done: usize,
    /// How many wait, and are not confirmed.
    waiting: usize,
    /// The first item that waits or is being carried out.
    busy: Option<String>,
    /// The first item.
    first: Option<String>,
}

/// Returns the progress of a change, with one row per shown item, in its order. The number of queries depends on the
/// shown items only.
pub(super) async fn items(
    conn: &mut AnyConnection,
    read_model: &ReadModel,
    people: &descriptions::People,
    stored: &StoredChange,
    waiting: Option<PendingStart>,
    now: Timestamp,
    shown: Range<usize>,
) -> Result<ItemsProgress, StoreError> {
    let id = &stored.change.id;
    let row = engine::change(conn, id).await?;
    let writes = engine::operations_of(conn, id).await?;
    let writes: BTreeMap<&AccessResource, &WriteRow> =
        writes.iter().map(|write| (&write.key, write)).collect();
    let progress = engine::progress(conn, id).await?;
    let progress: BTreeMap<usize, &ProgressRow> =
        progress.iter().map(|row| (row.index, row)).collect();
    let operations = &stored.change.proposal.operations;
    // The only item of a change is quoted, whether or not it is shown.
    let is_told = |index: &usize| shown.contains(index) || operations.len() == 1;
    let told = row.iter().flat_map(|row| row.items.iter().enumerate());
    let grants: Vec<&GrantId> = told
        .filter(|(index, _)| is_told(index))
        .filter_map(|(_, item)| {
            let Item::Open { grant, .. } = &item.item else {
                return None;
            };
            Some(grant)
        })
        .collect();
    let windows = engine::windows_of(conn, &grants).await?;
    let mut all = ItemsProgress {
        rows: Vec::with_capacity(shown.len()),
        total: operations.len(),
        done: 0,
        waiting: 0,
        busy: None,
        first: None,
    };
    for (index, operation) in operations.iter().enumerate() {
        let item = row.as_ref().and_then(|row| row.items.get(index));
        let window = match item.map(|item| &item.item) {
            Some(Item::Open { grant, .. }) => windows.get(grant),
            _ => None,
        };
        let key = operation.resource();
        let write = key.as_ref().and_then(|key| writes.get(key).copied());
        let far = match waiting.filter(|_| is_queued(stored, row.as_ref())) {
            Some(waiting) => waits(waiting),
            None if mismatch::never_starts(stored) => OperationProgress::new(
                "Not started: the change does not match the ledger",
                OperationStatus::Failed,
            ),
            None => progress_of(stored, operation, row.as_ref(), index, window, write, now),
        };
        let far = match item.map(|item| (&item.item, &item.result)) {
            Some((Item::Saga { plan }, None)) if stored.change.state == State::Applying => {
                saga_steps::at_work(plan, progress.get(&index).copied())
            }
            _ => far,
        };
        all.count(&far);
        if !shown.contains(&index) {
            continue;
        }
        let removed = match item.and_then(|item| item.result.as_ref()) {
            Some(ItemResult::Removed { others, .. }) => Some(others),
            _ => None,
        };
        all.rows.push(OperationRow {
            what: descriptions::operation(&read_model.snapshot, people, operation),
            words: far.words,
            status: far.status,
            aws_request_id: write
                .and_then(|write| write.request.as_ref())
                .map(ToString::to_string),
            verified: far.verified,
            sessions_until: far.sessions_until,
            remaining: removed.map_or_else(Vec::new, |others| {
                remaining_paths::paths(&read_model.snapshot, operation, &stored.effect.lost, others)
            }),
        });
    }
    Ok(all)
}

impl ItemsProgress {
    fn count(&mut self, far: &OperationProgress) {
        if self.first.is_none() {
            self.first = Some(far.words.clone());
        }
        if far.verified.is_some() {
            self.done += 1;
            return;
        }
        let waits = far.status == OperationStatus::Waiting;
        self.waiting += usize::from(waits);
        if self.busy.is_none() && (waits || far.status == OperationStatus::Running) {
            self.busy = Some(far.words.clone());
        }
    }
}

/// Returns the key and the text of a change for live pages. The key changes whenever anything changes that the page
/// shows outside of its live line.
pub(super) fn live(stored: &StoredChange, items: &ItemsProgress) -> (String, String) {
    let change = &stored.change;
    let ItemsProgress {
        total,
        done,
        waiting,
        busy,
        first,
        ..
    } = items;
    let key = format!(
        "{}.{}.{}.{done}.{waiting}",
        change.state.as_str(),
        stored.version,
        change.approvals.len()
    );
    let words = match (change.state, busy, first) {
        (State::Approved | State::Applying, Some(busy), _) if *total == 1 => busy.clone(),
        (State::Approved | State::Applying, Some(busy), _) => {
            format!("{busy} ({done} of {total} done)")
        }
        (State::Verified, _, Some(first)) if *total == 1 => first.clone(),
        (state, ..) => state_words(state).to_owned(),
    };
    (key, words)
}

struct OperationProgress {
    words: String,
    status: OperationStatus,
    verified: Option<Timestamp>,
    sessions_until: Option<Timestamp>,
}

impl OperationProgress {
    fn new(words: impl Into<String>, status: OperationStatus) -> Self {
        Self {
            words: words.into(),
            status,
            verified: None,
            sessions_until: None,
        }
    }
}

fn progress_of(
    stored: &StoredChange,
    operation: &Operation,
    row: Option<&ChangeRow>,
    index: usize,
    window: Option<&WindowRow>,
    write: Option<&WriteRow>,
    now: Timestamp,
) -> OperationProgress {
    let state = stored.change.state;
    // A change that was sent back or ended without the engine has no work in AWS, whatever older rows contain.
    let row = row.filter(|_| {
        matches!(
            state,
            State::Approved | State::Applying | State::Verified | State::Failed
        )
    });
    let Some((row, item)) = row.and_then(|row| Some((row, row.items.get(index)?))) else {
        return before_the_engine(state);
    };
    match &item.result {
        Some(ItemResult::Granted {
            verified_at, how, ..
        }) => granted(*verified_at, *how, window, now),
        Some(ItemResult::Removed {
            verified_at,
            last_use,
            how,
            ..
        }) => removed(*verified_at, *last_use, *how, now),
        Some(ItemResult::Carried { verified_at, how }) => saga_steps::carried(*verified_at, *how),
        Some(ItemResult::Stopped { stop, done, .. }) => saga_steps::stopped(stop, *done),
        Some(ItemResult::Failed { reason, .. }) => OperationProgress::new(
            format!("Not carried out: {reason}"),
            OperationStatus::Failed,
        ),
        None if row.phase == ChangePhase::Queued => OperationProgress::new(
            "Queued: will be evaluated again before it starts",
            OperationStatus::Running,
        ),
        // A row of an earlier attempt that was sent back; the engine has not started the change again.
        None if row.phase == ChangePhase::Over => before_the_engine(state),
        None => OperationProgress::new(
            at_work(Direction::of(operation), write),
            OperationStatus::Running,
        ),
    }
}

/// Returns whether a change is approved and not started. Only then can it wait for a requirement.
fn is_queued(stored: &StoredChange, row: Option<&ChangeRow>) -> bool {
    stored.change.state == State::Approved
        && row.is_none_or(|row| matches!(row.phase, ChangePhase::Queued | ChangePhase::Over))
}

fn waits(waiting: PendingStart) -> OperationProgress {
    let words = format!(
        "{}. Since {} UTC",
        waiting.awaited.words(),
        waiting.since.second()
    );
    OperationProgress::new(words, OperationStatus::Waiting)
}

fn before_the_engine(state: State) -> OperationProgress {
    match state {
        State::Waiting => OperationProgress::new("Waiting for approval", OperationStatus::Waiting),
        State::Approved => {
            OperationProgress::new("Approved, starts within seconds", OperationStatus::Running)
        }
        State::Applying => OperationProgress::new("Applying", OperationStatus::Running),
        State::Refused | State::Declined | State::Expired | State::Withdrawn => {
            OperationProgress::new("Not carried out", OperationStatus::Over)
        }
        State::Verified => {
            OperationProgress::new("Carried out and verified", OperationStatus::Done)
        }
        State::Failed => OperationProgress::new("Not carried out", OperationStatus::Failed),
    }
}

fn granted(
    verified_at: Timestamp,
    how: Cause,
    window: Option<&WindowRow>,
    now: Timestamp,
) -> OperationProgress {
    let seen = match how {
        Cause::OurWrite => "Granted, verified in AWS",
        Cause::AlreadySo => "Already existed, verified in AWS",
    };
    let far = match window {
        Some(WindowRow {
            over: Some(over), ..
        }) => OperationProgress::new(
            format!(
                "Granted and removed again, verified at {} UTC",
                over.minute()
            ),
            OperationStatus::Over,
        ),
        Some(WindowRow { window, .. }) => match window.stops() {
            Some(stops) if stops <= now => OperationProgress::new(
                format!("Ended at {} UTC, being removed", stops.minute()),
                OperationStatus::Running,
            ),
            Some(stops) => OperationProgress::new(
                format!("{seen}, until {} UTC", stops.minute()),
                OperationStatus::Done,
            ),
            None => OperationProgress::new(seen, OperationStatus::Done),
        },
        None => OperationProgress::new(seen, OperationStatus::Done),
    };
    OperationProgress {
        verified: Some(verified_at),
        ..far
    }
}

fn removed(
    verified_at: Timestamp,
    last_use: Timestamp,
    how: Cause,
    now: Timestamp,
) -> OperationProgress {
    let gone = match how {
        Cause::OurWrite => "Removed",
        Cause::AlreadySo => "Already removed",
    };
    let far = if now < last_use {
        OperationProgress::new(
            format!("{gone}, sessions may last until {} UTC", last_use.minute()),
            OperationStatus::Waiting,
        )
    } else {
        OperationProgress::new(
            format!(
                "Ended: {}, and no session can be active",
                gone.to_lowercase()
            ),
            OperationStatus::Done,
        )
    };
    OperationProgress {
        verified: Some(verified_at),
        sessions_until: Some(last_use),
        ..far
    }
}

/// Whether access is granted or revoked.
#[derive(Clone, Copy)]
enum Direction {
    Granting,
    Revoking,
}

impl Direction {
    fn of(operation: &Operation) -> Self {
        if operation.gives() {
            Self::Granting
        } else {
            Self::Revoking
        }
    }
}

fn at_work(doing: Direction, write: Option<&WriteRow>) -> String {
    let doing = match doing {
        Direction::Granting => "Granting",
        Direction::Revoking => "Removing",
    };
    let Some(write) = write else {
        return format!("{doing}: reading the current state from AWS");
    };
    match write.phase {
        Phase::Intended => format!("{doing}: sending to AWS"),
        Phase::Accepted => format!("{doing}: accepted by AWS, waiting for completion"),
        Phase::Relisting => format!("{doing}: AWS reported success, verifying"),
        Phase::InDoubt => format!("{doing}: no response from AWS, reading the current state"),
        Phase::Over(OperationOutcome::Verified) => format!("{doing}: verified"),
        Phase::Over(OperationOutcome::NotSent) => format!("{doing}: not sent yet, retrying"),
        Phase::Over(
            OperationOutcome::NotSeen | OperationOutcome::Refused | OperationOutcome::Failed,
        ) => match &write.error {
            Some(error) => format!(
                "{doing}: attempt {} failed ({error}), retrying",
                write.attempt
            ),
            None => format!("{doing}: attempt {} failed, retrying", write.attempt),
        },
    }
}

#[cfg(test)]
mod tests {
    use domain::time::Duration;

    use super::*;
    use crate::engine::pending_starts::StartDependency;

    const NOW: Timestamp = Timestamp(1_795_425_245_000);

    #[test]
    fn a_removal_is_ended_only_when_no_session_can_be_left() {
        let until = NOW + Duration::hours(1);
        let during = removed(NOW, until, Cause::OurWrite, NOW);
        assert_eq!(
            (during.status, during.sessions_until),
            (OperationStatus::Waiting, Some(until))
        );
        assert!(
            during
                .words
                .starts_with("Removed, sessions may last until "),
            "{}",
            during.words
        );
        assert!(
            removed(NOW, until, Cause::OurWrite, until)
                .words
                .starts_with("Ended")
        );
    }

    #[test]
    fn what_a_change_waits_for_is_said_with_its_time_and_is_no_progress() {
        for awaited in [
            StartDependency::Crawl,
            StartDependency::Aws,
            StartDependency::Pool,
            StartDependency::IdentityAlarm,
            StartDependency::PeopleOfTheAlarm,
            StartDependency::Store,
        ] {
            let far = waits(PendingStart {
                awaited,
                since: NOW,
            });
            assert_eq!((far.status, far.verified), (OperationStatus::Waiting, None));
            assert!(far.words.starts_with("Waiting for "), "{}", far.words);
            assert!(
                far.words.ends_with("Since 2026-11-23 09:14:05 UTC"),
                "{}",
                far.words
            );
        }
    }

    #[test]
    fn what_aws_only_accepted_is_never_called_done() {
        for phase in [
            Phase::Intended,
            Phase::Accepted,
            Phase::Relisting,
            Phase::InDoubt,
        ] {
            let write = write(phase);
            for doing in [Direction::Granting, Direction::Revoking] {
                let words = at_work(doing, Some(&write));
                let says = |word: &str| words.contains(word);
                assert!(
                    !says("Granted") && !says("Removed") && !says("Ended") && !says("erified"),
                    "{words}"
                );
            }
        }
    }

    fn write(phase: Phase) -> WriteRow {
        serde_json::from_value(serde_json::json!({
            "operation": "3e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b",
            "key": { "key": "membership", "group": "0e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b", "user": "1e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b" },
            "kind": "create", "change": null, "intended_at": 0, "generation": 1, "request": null,
            "phase": phase, "ended_at": null, "error": null, "attempt": 1,
        }))
        .unwrap()
    }
}

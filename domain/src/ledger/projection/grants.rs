//! The projection of access windows, and the corrections that it makes to the engine's rows.
//!
//! A row must never give access a reason that no entry gives, and deleting or clearing a row must never make the engine
//! forget access that it has to remove. Entries decide which windows are open; rows only add state that AWS can be
//! asked for again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::{Entry, Outcome, pairs};
use crate::{
    engine::{
        AccessResource, Cause, Delivery, PendingRemoval, ResourceRow, Rows, WindowRow, alarm_after,
    },
    grant::Window,
    ids::{Assignment, ChangeId, GrantId, GroupId, Pair, Principal, UserId},
    ledger::EventKind,
    shared_map::SharedMap,
    time::{Duration, Timestamp},
};

/// The event type of a window's start.
pub const STARTED: &str = EventKind::GrantStarted.as_str();
/// The event type of a window's early end.
pub const STOPPED: &str = EventKind::GrantStopped.as_str();
/// The event type of a window that the engine closed permanently.
pub const CLOSED: &str = EventKind::GrantClosed.as_str();
/// The event type of a removal, whatever granted the access.
pub const REVOKED: &str = EventKind::GrantRevoked.as_str();
/// The event type of a verified removal.
pub const ENDED: &str = EventKind::GrantEnded.as_str();
/// The event type of an intended write to AWS.
pub const INTENDED: &str = EventKind::OperationIntended.as_str();
/// The event type of a verified write to AWS.
pub const VERIFIED: &str = EventKind::OperationVerified.as_str();

/// Every event type that changes an access window or a removal.
pub const OF_WINDOWS: [&str; 5] = [STARTED, STOPPED, CLOSED, REVOKED, ENDED];
/// Every event type that says that a change wrote a resource.
pub const OF_WRITES: [&str; 2] = [INTENDED, VERIFIED];

/// An upper bound for the pause between attempts and for the doubt about a write.
const LONGEST_PAUSE: Duration = Duration::minutes(62);

/// An access window according to its entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedGrant {
    pub key: AccessResource,
    /// The period, the change that opened it, and its early end.
    pub window: Window,
    /// The maximum length of a session through it.
    pub session: Duration,
    /// When the engine closed it.
    pub closed: Option<Timestamp>,
}

impl RecordedGrant {
    /// Returns the corresponding row.
    pub fn row(&self) -> WindowRow {
        WindowRow {
            key: self.key.clone(),
            window: self.window.clone(),
            delivery: None,
            over: self.closed,
        }
    }

    /// Returns whether the row matches. The delivery is not compared, because a later read determines it again.
    pub fn proves(&self, row: &WindowRow) -> bool {
        self.key == row.key
            && self.window == row.window
            && self.closed.is_some() == row.over.is_some()
    }
}

/// A mismatch between rows and entries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum RowMismatch {
    /// No entry opened the window, or an entry closed it.
    #[error("the window {0} has no entry in the ledger and is ignored")]
    Unproven(GrantId),
    /// The entries differ from the row and take precedence.
    #[error("the window {0} differs from its entries in the ledger, which take precedence")]
    Differs(GrantId),
    /// The window is open according to the ledger, but its row is missing.
    #[error("the row of the window {0} is missing and was restored from the ledger")]
    Missing(GrantId),
    /// The row does not state that Leastwise manages the resource or has to remove it.
    #[error(
        "the row of {0:?} does not state that it is managed or has to be removed, but the ledger does"
    )]
    NotManaged(AccessResource),
    /// The row states an adoption. No entry can adopt a resource yet.
    #[error("{0:?} is marked as adopted, but nothing adopted it")]
    Adopted(AccessResource),
    /// The row contains a future time.
    #[error("the row of {0:?} contains a future time")]
    FutureTime(AccessResource),
}

/// The projection of all access windows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    given: SharedMap<GrantId, RecordedGrant>,
    /// The open windows, by resource.
    #[serde(with = "pairs")]
    open_on: SharedMap<AccessResource, Vec<GrantId>>,
    /// When each change first wrote or verified each resource.
    #[serde(with = "pairs")]
    worked_on: SharedMap<(ChangeId, AccessResource), Timestamp>,
    /// Removals that are not verified: when they started, and the maximum session length.
    #[serde(with = "pairs")]
    revoked: SharedMap<AccessResource, (Timestamp, Duration)>,
}

impl Grants {
    pub(super) fn apply(&mut self, entry: &Entry) {
        match entry.kind.as_str() {
            STARTED => {
                // The first entry counts; a window starts only once.
                if let Some((id, given)) =
                    recorded_grant(entry).filter(|(id, _)| !self.given.contains_key(id))
                {
                    let open = self.open_on.or_default(given.key.clone());
                    open.push(id.clone());
                    self.given.insert(id, given);
                }
            }
            STOPPED => {
                if let Some(given) = grant_of(entry).and_then(|id| self.given.get_mut(&id)) {
                    given.window.ended.get_or_insert(entry.occurred_at);
                }
            }
            CLOSED => {
                if let Some(given) = grant_of(entry).and_then(|id| self.given.get_mut(&id)) {
                    given.closed.get_or_insert(entry.occurred_at);
                }
            }
            REVOKED => {
                if let Some(key) = key_of(entry) {
                    let since = (entry.occurred_at, session(entry));
                    self.revoked.or_insert_with(key, || since);
                }
            }
            ENDED => {
                if let Some(key) = key_of(entry) {
                    self.revoked.remove(&key);
                    // A verified removal closes all windows that were opened before it.
                    for grant in self.open_on.remove(&key).into_iter().flatten() {
                        if let Some(given) = self.given.get_mut(&grant) {
                            given.closed.get_or_insert(entry.occurred_at);
                        }
                    }
                }
            }
            INTENDED | VERIFIED => {
                if let (Some(change), Some(key)) = (&entry.change_id, key_of(entry)) {
                    self.worked_on
                        .or_insert_with((change.clone(), key), || entry.occurred_at);
                }
            }
            _ => {}
        }
    }

    /// Returns all windows, including closed ones.
    pub fn given(&self) -> &SharedMap<GrantId, RecordedGrant> {
        &self.given
    }

    /// Returns the windows that are not closed.
    pub fn open(&self) -> impl Iterator<Item = &RecordedGrant> {
        self.given.values().filter(|given| given.closed.is_none())
    }

    /// Returns the rows that count as reasons for access, corrected by the entries, and the mismatches of the others.
    pub fn windows(&self, rows: Vec<WindowRow>) -> (Vec<WindowRow>, Vec<RowMismatch>) {
        let (mut windows, mut mismatches) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            let grant = row.window.grant.clone();
            match self.given.get(&grant) {
                Some(given) if given.proves(&row) => windows.push(row),
                // A row for another resource is not trusted at all.
                Some(given) if given.closed.is_none() && given.key == row.key => {
                    windows.push(WindowRow {
                        delivery: row.delivery,
                        ..given.row()
                    });
                    mismatches.push(RowMismatch::Differs(grant));
                }
                _ => mismatches.push(RowMismatch::Unproven(grant)),
            }
        }
        (windows, mismatches)
    }

    /// Returns the rows from which the engine starts: the rows that the ledger confirms, and rows for windows that are
    /// open in the ledger but have none. Also returns the mismatches.
    pub fn rebuild(&self, mut rows: Rows, now: Timestamp) -> (Rows, Vec<RowMismatch>) {
        let (windows, mut mismatches) = self.windows(rows.windows);
        rows.windows = windows;
        let known: BTreeSet<GrantId> = rows
            .windows
            .iter()
            .map(|row| row.window.grant.clone())
            .collect();
        for given in self.open() {
            if !known.contains(&given.window.grant) {
                mismatches.push(RowMismatch::Missing(given.window.grant.clone()));
                // Marked as delivered, so that the access is removed in time but never granted again: the person
                // who deleted the row may also have hidden entries.
                rows.windows.push(WindowRow {
                    delivery: Some(Delivery {
                        at: given.window.starts,
                        how: Cause::AlreadySo,
                    }),
                    ..given.row()
                });
            }
        }
        let mut keys: BTreeMap<AccessResource, ResourceRow> = rows
            .keys
            .into_iter()
            .map(|row| (row.key.clone(), row))
            .collect();
        for row in keys.values_mut() {
            clamp_future_times(row, now, &mut mismatches);
        }
        for given in self.open() {
            self.own(given, &mut keys, now, &mut mismatches);
        }
        for (key, (since, session)) in &self.revoked {
            let row = keys
                .entry(key.clone())
                .or_insert_with(|| ResourceRow::new(key.clone()));
            if row.managed_since.is_none() || row.removed_at.is_some() || row.closing.is_none() {
                mismatches.push(RowMismatch::NotManaged(key.clone()));
            }
            row.managed_since.get_or_insert(*since);
            row.removed_at = None;
            row.closing.get_or_insert(PendingRemoval {
                since: *since,
                alarms: 0,
            });
            row.session = row.session.max(*session);
            row.confirmed = None;
        }
        rows.keys = keys.into_values().collect();
        for row in &mut rows.operations {
            // A future time would delay everything else until then.
            row.intended_at = row.intended_at.min(now);
        }
        (rows, mismatches)
    }

    /// Ensures that the resource of an open window is treated as managed.
    fn own(
        &self,
        given: &RecordedGrant,
        keys: &mut BTreeMap<AccessResource, ResourceRow>,
        now: Timestamp,
        mismatches: &mut Vec<RowMismatch>,
    ) {
        let key = &given.key;
        let row = keys
            .entry(key.clone())
            .or_insert_with(|| ResourceRow::new(key.clone()));
        let before = row.clone();
        let worked = (given.window.change.clone(), key.clone());
        if row.managed_since.is_none() {
            row.managed_since = self.worked_on.get(&worked).copied();
        }
        // A removal that was verified before this window began no longer applies.
        row.removed_at = None;
        let disowned = before.managed_since != row.managed_since
            || before.removed_at.is_some_and(|at| given.window.starts < at);
        row.session = row.session.max(given.session);
        if !given.window.valid(now) {
            // The access has to be removed. Only a read after this start may confirm that, not the row.
            row.confirmed = None;
        }
        if disowned {
            mismatches.push(RowMismatch::NotManaged(key.clone()));
        }
    }
}

/// Removes adoption and future times, which no row can legitimately contain, from a resource row.
fn clamp_future_times(row: &mut ResourceRow, now: Timestamp, mismatches: &mut Vec<RowMismatch>) {
    if row.adopted.take().is_some() {
        mismatches.push(RowMismatch::Adopted(row.key.clone()));
    }
    let before = row.clone();
    let come = |at: &mut Option<Timestamp>| *at = at.map(|at| at.min(now));
    come(&mut row.last_write);
    come(&mut row.removed_at);
    row.confirmed = row.confirmed.filter(|seen| seen.as_of <= now);
    row.closing = row.closing.map(|closing| {
        let since = closing.since.min(now);
        let raised =
            (0..closing.alarms).take_while(|raised| since + alarm_after(raised + 1) <= now);
        PendingRemoval {
            since,
            alarms: u32::try_from(raised.count()).unwrap_or(0),
        }
    });
    row.doubt = row.doubt.filter(|until| *until < now + LONGEST_PAUSE);
    row.watch = row.watch.filter(|watch| watch.from <= now);
    row.tries.next_try = row.tries.next_try.filter(|at| *at < now + LONGEST_PAUSE);
    if *row != before {
        mismatches.push(RowMismatch::FutureTime(row.key.clone()));
    }
}

fn grant_of(entry: &Entry) -> Option<GrantId> {
    let id = entry.data.get("grant")?.as_str()?;
    GrantId::parse(id).ok()
}

fn session(entry: &Entry) -> Duration {
    let seconds = entry.data.get("session_seconds").and_then(Value::as_i64);
    Duration::seconds(seconds.unwrap_or(0))
}

fn recorded_grant(entry: &Entry) -> Option<(GrantId, RecordedGrant)> {
    if entry.outcome != Outcome::Success {
        return None;
    }
    let instant = |name: &str| {
        let text = entry.data.get(name)?.as_str()?;
        Timestamp::parse_rfc3339(text)
    };
    let standing = entry.data.get("standing").is_some();
    let ends = instant("ends");
    // An entry with neither would be standing access by mistake.
    if standing == ends.is_some() {
        return None;
    }
    let grant = grant_of(entry)?;
    let given = RecordedGrant {
        key: key_of(entry)?,
        window: Window {
            grant: grant.clone(),
            change: entry.change_id.clone()?,
            starts: instant("starts")?,
            ends,
            ended: None,
        },
        session: session(entry),
        closed: None,
    };
    Some((grant, given))
}

/// Returns the assignment or membership that is the target of an entry.
fn key_of(entry: &Entry) -> Option<AccessResource> {
    let target = entry.target.as_ref()?;
    let (kind, id) = (
        target.principal_type.as_deref()?,
        target.principal_id.as_deref()?,
    );
    match target.kind.as_str() {
        "assignment" => Some(AccessResource::Assignment(Assignment {
            pair: Pair {
                account: target.account_id.clone()?,
                set: target.permission_set_arn.clone()?,
            },
            principal: Principal::parse(kind, id).ok()?,
        })),
        "membership" => Some(AccessResource::Membership {
            group: GroupId::parse(target.id.as_deref()?).ok()?,
            user: UserId::parse(id).ok()?,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

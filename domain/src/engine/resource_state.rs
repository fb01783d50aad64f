//! One access resource in memory, and the state that the engine wants for it.
//!
//! Level-triggered: each step derives the next action from the rows and the last trusted read and stores no plan, so a
//! later step makes up for a missed one.

use super::{
    pacing::{Pacing, REREADS, alarm_after},
    resource::{AccessResource, CallPriority, OperationKind},
    rows::{OperationRow, Presence, ReadResult, ResourceRow, WindowRow},
};
use crate::time::Timestamp;

/// One access resource.
#[derive(Debug)]
pub(super) struct ResourceState {
    pub row: ResourceRow,
    /// The windows that the engine has not closed.
    pub windows: Vec<WindowRow>,
    /// The operation in flight, at most one.
    pub open: Option<OpenOperation>,
    /// The last trusted read, which may be newer than the one in the row.
    pub seen: Option<ReadResult>,
    /// The number of consecutive failed reads.
    pub unreadable: u32,
    /// The earliest time of the next read.
    pub next_read: Option<Timestamp>,
    /// The class of the slot that it holds.
    pub slot: Option<CallPriority>,
    /// Its position in the queue for a slot.
    pub queued: Option<(CallPriority, Timestamp)>,
    /// Its position in the agenda.
    pub due: Option<Timestamp>,
}

/// An operation in flight.
#[derive(Debug)]
pub(super) struct OpenOperation {
    pub row: OperationRow,
    /// When to poll or read next.
    pub next: Timestamp,
    /// The number of reads and polls that did not settle it.
    pub looks: u32,
}

impl OpenOperation {
    /// Returns until when a write of unknown outcome is only observed. A write with a request id was accepted and may
    /// take up to the deadline; only a delete is urgent enough to be repeated sooner.
    pub fn doubt_until(&self, pacing: &Pacing) -> Timestamp {
        self.row.intended_at
            + match (self.row.kind, &self.row.request) {
                (OperationKind::Create, Some(_)) => pacing.deadline,
                (OperationKind::Create, None) => pacing.doubt_create,
                (OperationKind::Delete, _) => pacing.doubt_delete,
            }
    }
}

/// The state that the engine wants for a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DesiredAction {
    /// It has a reason to exist that is not delivered yet.
    Deliver,
    /// It has a reason to exist, and a read showed it.
    Keep,
    /// It has no reason to exist and may still exist.
    Remove,
    /// No action is needed.
    Rest,
}

impl ResourceState {
    pub fn new(key: AccessResource) -> Self {
        Self::from_row(ResourceRow::new(key))
    }

    pub fn from_row(row: ResourceRow) -> Self {
        Self {
            seen: row.confirmed,
            row,
            windows: Vec::new(),
            open: None,
            unreadable: 0,
            next_read: None,
            slot: None,
            queued: None,
            due: None,
        }
    }

    /// Returns whether the resource has a reason to exist: a valid window or the adopted baseline.
    pub fn covered(&self, now: Timestamp) -> bool {
        self.row.adopted.is_some() || self.windows.iter().any(|w| w.window.valid(now))
    }

    /// Returns the valid windows that are not delivered yet.
    pub fn undelivered(&self, now: Timestamp) -> impl Iterator<Item = &WindowRow> {
        self.windows
            .iter()
            .filter(move |w| w.window.valid(now) && w.delivery.is_none())
    }

    pub fn want(&self, now: Timestamp) -> DesiredAction {
        if self.covered(now) {
            if self.undelivered(now).next().is_some() || self.lost_to_our_own_delete(now) {
                DesiredAction::Deliver
            } else {
                DesiredAction::Keep
            }
        } else if self.row.managed_since.is_some() && self.row.removed_at.is_none() {
            DesiredAction::Remove
        } else {
            DesiredAction::Rest
        }
    }

    /// Returns whether a delete of ours with unknown outcome explains that wanted access is missing. Without that
    /// explanation the access was removed outside Leastwise, and it is not restored.
    fn lost_to_our_own_delete(&self, now: Timestamp) -> bool {
        self.row.doubt.is_some_and(|until| now < until)
            && self
                .seen
                .is_some_and(|seen| seen.presence == Presence::Absent)
            && self.windows.iter().any(|w| w.window.valid(now))
    }

    /// Returns the earliest `as_of` of a read that reflects the current state.
    pub fn fresh_since(&self, now: Timestamp) -> Timestamp {
        let opened = self.undelivered(now).map(|w| w.window.starts).max();
        let closed = self.row.closing.map(|closing| closing.since);
        opened
            .max(closed)
            .max(self.row.last_write)
            .unwrap_or(Timestamp(i64::MIN))
    }

    /// Returns the earliest time of the next attempt after a failed attempt or read.
    pub fn not_before(&self) -> Option<Timestamp> {
        self.row.tries.next_try.max(self.next_read)
    }

    /// Returns when a settled resource is read next.
    pub fn next_watch(&self) -> Option<Timestamp> {
        let watch = self.row.watch?;
        let distance = REREADS.get(usize::from(watch.done))?;
        Some((watch.from + *distance).max(self.next_read.unwrap_or(watch.from)))
    }

    /// Returns when the next alarm is due.
    pub fn next_alarm(&self) -> Option<Timestamp> {
        let closing = self.row.closing?;
        Some(closing.since + alarm_after(closing.alarms + 1))
    }

    /// Returns the next instant at which a window starts or ends.
    pub fn next_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        self.windows
            .iter()
            .flat_map(|w| [Some(w.window.starts), w.window.stops()])
            .flatten()
            .filter(|at| *at > now)
            .min()
    }

    /// Returns when the last window ended, or `now` if that is unknown.
    pub fn lapsed(&self, now: Timestamp) -> Timestamp {
        self.windows
            .iter()
            .filter_map(|w| w.window.stops())
            .max()
            .map_or(now, |stop| stop.min(now))
    }

    /// Returns whether the resource needs no record.
    pub fn forgettable(&self) -> bool {
        self.row.managed_since.is_none()
            && self.row.adopted.is_none()
            && self.windows.is_empty()
            && self.open.is_none()
    }
}

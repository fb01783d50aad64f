//! One key as the engine holds it in memory, and what should become of it.
//!
//! Level-triggered: what to do is worked out from the rows and the last trusted read each time,
//! never remembered as a plan. A step that was missed is made up by the next one.

use super::{
    key::{Class, Key, Kind},
    pacing::{Pacing, REREADS, alarm_after},
    rows::{KeyRow, OperationRow, Presence, Sight, WindowRow},
};
use crate::time::Timestamp;

/// One key.
#[derive(Debug)]
pub(super) struct Track {
    pub row: KeyRow,
    /// Windows that are not over.
    pub windows: Vec<WindowRow>,
    /// The one operation in flight.
    pub open: Option<Open>,
    /// The last trusted read; in memory it may be newer than the row's.
    pub seen: Option<Sight>,
    /// Reads in a row that gave nothing.
    pub unreadable: u32,
    /// No read before this.
    pub next_read: Option<Timestamp>,
    /// Whether it holds a slot, and as what.
    pub slot: Option<Class>,
    /// Where it stands in the queue for a slot.
    pub queued: Option<(Class, Timestamp)>,
    /// Where it stands in the agenda.
    pub due: Option<Timestamp>,
}

/// The operation in flight.
#[derive(Debug)]
pub(super) struct Open {
    pub row: OperationRow,
    /// When to poll, or to look, next.
    pub next: Timestamp,
    /// Looks and polls that did not settle it.
    pub looks: u32,
}

impl Open {
    /// Until when a write in doubt is only observed. AWS accepted it if it has a request id: then
    /// it may take as long as any, and only a delete is urgent enough to be repeated sooner.
    pub fn doubt_until(&self, pacing: &Pacing) -> Timestamp {
        self.row.intended_at
            + match (self.row.kind, &self.row.request) {
                (Kind::Create, Some(_)) => pacing.deadline,
                (Kind::Create, None) => pacing.doubt_create,
                (Kind::Delete, _) => pacing.doubt_delete,
            }
    }
}

/// What should become of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// It has a reason to exist that was not yet seen carried out.
    Deliver,
    /// It has a reason to exist, and was seen there.
    Keep,
    /// It has none and may still be there.
    Remove,
    /// Nothing.
    Rest,
}

impl Track {
    pub fn new(key: Key) -> Self {
        Self::from_row(KeyRow::new(key))
    }

    pub fn from_row(row: KeyRow) -> Self {
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

    /// Whether anything gives it a reason to exist.
    pub fn covered(&self, now: Timestamp) -> bool {
        self.row.adopted.is_some() || self.windows.iter().any(|w| w.window.valid(now))
    }

    /// Windows that are valid and were not yet seen carried out.
    pub fn undelivered(&self, now: Timestamp) -> impl Iterator<Item = &WindowRow> {
        self.windows
            .iter()
            .filter(move |w| w.window.valid(now) && w.delivery.is_none())
    }

    pub fn want(&self, now: Timestamp) -> Want {
        if self.covered(now) {
            if self.undelivered(now).next().is_some() || self.lost_to_our_own_delete(now) {
                Want::Deliver
            } else {
                Want::Keep
            }
        } else if self.row.managed_since.is_some() && self.row.removed_at.is_none() {
            Want::Remove
        } else {
            Want::Rest
        }
    }

    /// It is gone, it should not be, and a delete of ours whose outcome was never learnt explains
    /// it. Without that explanation somebody took it away on purpose, and it is not put back.
    fn lost_to_our_own_delete(&self, now: Timestamp) -> bool {
        self.row.doubt.is_some_and(|until| now < until)
            && self
                .seen
                .is_some_and(|seen| seen.presence == Presence::Absent)
            && self.windows.iter().any(|w| w.window.valid(now))
    }

    /// The earliest `as_of` that says anything about the present.
    pub fn fresh_since(&self, now: Timestamp) -> Timestamp {
        let opened = self.undelivered(now).map(|w| w.window.starts).max();
        let closed = self.row.closing.map(|closing| closing.since);
        opened
            .max(closed)
            .max(self.row.last_write)
            .unwrap_or(Timestamp(i64::MIN))
    }

    /// When it may be worked on: after a failed try, or an unreadable list.
    pub fn not_before(&self) -> Option<Timestamp> {
        self.row.tries.next_try.max(self.next_read)
    }

    /// When the next look at a settled key is planned.
    pub fn next_watch(&self) -> Option<Timestamp> {
        let watch = self.row.watch?;
        let distance = REREADS.get(usize::from(watch.done))?;
        Some((watch.from + *distance).max(self.next_read.unwrap_or(watch.from)))
    }

    /// When the next alarm is due.
    pub fn next_alarm(&self) -> Option<Timestamp> {
        let closing = self.row.closing?;
        Some(closing.since + alarm_after(closing.alarms + 1))
    }

    /// The next instant at which something about its windows changes by itself.
    pub fn next_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        self.windows
            .iter()
            .flat_map(|w| [Some(w.window.starts), w.window.stops()])
            .flatten()
            .filter(|at| *at > now)
            .min()
    }

    /// When its last reason to exist ended; now, if that is not known.
    pub fn lapsed(&self, now: Timestamp) -> Timestamp {
        self.windows
            .iter()
            .filter_map(|w| w.window.stops())
            .max()
            .map_or(now, |stop| stop.min(now))
    }

    /// Whether nothing of it needs to be remembered.
    pub fn forgettable(&self) -> bool {
        self.row.managed_since.is_none()
            && self.row.adopted.is_none()
            && self.windows.is_empty()
            && self.open.is_none()
    }
}

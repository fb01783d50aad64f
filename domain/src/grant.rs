//! Access windows and the adopted baseline: the reasons for an assignment to exist.
//!
//! The desired state of an assignment is *present* while any window is valid or the baseline was adopted. The windows
//! of an assignment form a set, so that the end of one never ends another. Standing access that nobody adopted is not a
//! reason for the assignment to stay.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ChangeId, GrantId},
    time::{Duration, Timestamp},
};

/// The time within which temporary access to production PCI ends under the default policies, with the last session: AWS ends
/// no session early, so the duration of the access and that of a session together are at most this. Used in explanations
/// only: the policies decide.
pub const LONGEST_IN_PRODUCTION_PCI: Duration = Duration::hours(4);

/// The minimum duration of temporary access.
pub const SHORTEST_WINDOW: Duration = Duration::minutes(15);
/// The maximum duration of temporary access, for any account.
pub const LONGEST_WINDOW: Duration = Duration::hours(12);

/// The shortest session duration of AWS, and the default one.
pub const SHORTEST_SESSION: Duration = Duration::hours(1);

/// The longest session with which temporary access to production PCI is possible at all: with a longer one, not even the
/// shortest access would end in time. Used in explanations only, as [`LONGEST_IN_PRODUCTION_PCI`].
pub const LONGEST_SESSION_IN_PRODUCTION_PCI: Duration =
    Duration(LONGEST_IN_PRODUCTION_PCI.0 - SHORTEST_WINDOW.0);

/// Whether not even the shortest temporary access to production PCI would end in time with a session of this length.
pub fn outlasts_production_pci(session: Duration) -> bool {
    session.0 > LONGEST_SESSION_IN_PRODUCTION_PCI.0
}

/// The duration of the requested access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// For this duration, from the moment the change is carried out.
    For(Duration),
    /// Until it is removed.
    Standing,
}

/// An access window: one reason for access to exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub grant: GrantId,
    /// The change that created the window.
    pub change: ChangeId,
    pub starts: Timestamp,
    /// None for standing access.
    pub ends: Option<Timestamp>,
    /// When the window was ended early.
    pub ended: Option<Timestamp>,
}

impl Window {
    /// Whether the window gives a reason for access at an instant. The end is exclusive: access is removed early rather
    /// than late.
    pub fn valid(&self, now: Timestamp) -> bool {
        self.starts <= now
            && self.ends.is_none_or(|end| now < end)
            && self.ended.is_none_or(|end| now < end)
    }

    /// Returns when the window ends, if it does.
    pub fn stops(&self) -> Option<Timestamp> {
        match (self.ends, self.ended) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

//! Windows of access, and the adopted baseline: why an assignment should exist.
//!
//! Desired = any window that is valid now, or the adopted baseline. Grants are reference-counted
//! by being a set: one window ending never cuts another off, and standing access that nobody
//! adopted protects nothing.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ChangeId, GrantId},
    time::{Duration, Timestamp},
};

/// How long somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// For so long from the moment that it is carried out.
    For(Duration),
    /// Until somebody removes it.
    Standing,
}

/// One reason for access to exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its id.
    pub grant: GrantId,
    /// The change that brought it.
    pub change: ChangeId,
    /// From when.
    pub starts: Timestamp,
    /// Until when; standing access has none.
    pub ends: Option<Timestamp>,
    /// When it was ended early.
    pub ended: Option<Timestamp>,
}

impl Window {
    /// Whether it gives a reason for access at this instant. The end itself is already outside:
    /// access is taken away early rather than late.
    pub fn valid(&self, now: Timestamp) -> bool {
        self.starts <= now
            && self.ends.is_none_or(|end| now < end)
            && self.ended.is_none_or(|end| now < end)
    }

    /// When it stops, if that is known.
    pub fn stops(&self) -> Option<Timestamp> {
        match (self.ends, self.ended) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

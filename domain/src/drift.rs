//! What AWS holds and the record does not explain.
//!
//! Says what differs; never mends it. In this first cut: assignments and memberships that
//! appeared or went without a change of ours.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{Assignment, GroupId, UserId},
    time::Timestamp,
};

/// What was seen to differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Outside {
    /// An assignment appeared.
    Assigned {
        /// Which.
        assignment: Assignment,
    },
    /// An assignment went.
    Unassigned {
        /// Which.
        assignment: Assignment,
    },
    /// Somebody joined a group.
    Joined {
        /// Which.
        group: GroupId,
        /// Who.
        user: UserId,
    },
    /// Somebody left a group.
    Left {
        /// Which.
        group: GroupId,
        /// Who.
        user: UserId,
    },
}

/// One difference, with between which two reads it came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// What.
    pub outside: Outside,
    /// The last read without it.
    pub after: Timestamp,
    /// The first read with it.
    pub by: Timestamp,
}

//! What a decider compares an undecided change with: other requests of the same access, and who has this access already; and whether
//! the access that a change gave is still there. Informs only; no verdict depends on it.

use domain::{snapshot::Figure, time::Timestamp};

use super::{AccountRef, ChangeRow, PrincipalRef, SetRef};

/// Other changes about the same access, by anybody of whom the viewer may know.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct EarlierRequests {
    /// The newest of them.
    pub rows: Vec<EarlierRequest>,
    /// The number of all of them.
    pub total: usize,
    /// What they have in common, by name. None if an item names nothing that changes are found by.
    pub about: Option<String>,
}

/// One of these requests.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EarlierRequest {
    pub change: ChangeRow,
    /// The names of those who approved it, as far as the directory has them.
    pub approved_by: Vec<String>,
}

/// What the newest reads of AWS show of the assignments that a change gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct GivenAccess {
    /// When the oldest of these reads began.
    pub as_of: Timestamp,
    /// The number of assignments that are there.
    pub present: usize,
    /// The number of all of them.
    pub total: usize,
}

/// Who is assigned to a permission set in an account already.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PairHolders {
    pub account: AccountRef,
    pub set: SetRef,
    /// The first of them.
    pub principals: Vec<PrincipalRef>,
    /// The number of all of them.
    pub total: Figure,
}

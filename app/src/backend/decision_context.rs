//! What a decider compares an undecided change with: other requests of the same access, and who has this access already.
//! Informs only; no verdict depends on it.

use domain::snapshot::Figure;

use super::{AccountRef, ChangeRow, PrincipalRef, SetRef};

/// Other changes about the same access, by anybody of whom the viewer may know.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct EarlierRequests {
    /// The newest of them.
    pub rows: Vec<ChangeRow>,
    /// The number of all of them.
    pub total: usize,
    /// What they have in common, by name. None if an item names nothing that changes are found by.
    pub about: Option<String>,
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

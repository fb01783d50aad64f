//! The differences between the decisions in the database and those in the ledger, for the page of the change.
//!
//! Only describes: what counts is decided by [`Decisions::count`] and [`Decisions::declines_without_row`].

use serde::Serialize;

use super::Decisions;
use crate::{
    approval::{Approval, Decision},
    ids::PersonId,
};

/// A decision whose row and entry do not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionMismatch {
    pub approver: PersonId,
    pub kind: DecisionMismatchKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionMismatchKind {
    /// The row has no entry. An approval does not count; a declining decision does.
    NoEntry(Decision),
    /// The sign-in of an approval also requested this change, or decided on it as somebody else. The approval does not
    /// count.
    SignInUsedTwice,
    /// The entry has no row. An approval does not count; a declining decision does.
    NoRow(Decision),
    /// The reason or the time in the row differs from the entry, which is shown. The decision counts.
    DifferentRow(Decision),
}

impl Decisions {
    /// Returns the differences, first those of the rows, then those of the entries.
    pub fn mismatches(&self, rows: &[Approval]) -> Vec<DecisionMismatch> {
        let of_row = |row: &Approval| {
            let kind = if !self.has_entry(row) {
                DecisionMismatchKind::NoEntry(row.decision)
            } else if !self.count(row) {
                DecisionMismatchKind::SignInUsedTwice
            } else {
                return None;
            };
            Some(DecisionMismatch {
                approver: row.approver.clone(),
                kind,
            })
        };
        let without_row = self
            .given
            .iter()
            .filter(|given| !rows.iter().any(|row| given.proves(row)))
            .map(|given| DecisionMismatch {
                approver: given.approver.clone(),
                kind: DecisionMismatchKind::NoRow(given.decision),
            });
        rows.iter().filter_map(of_row).chain(without_row).collect()
    }
}

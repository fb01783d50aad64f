//! What is left to request of an item whose change is over: the opposite of what was carried out, and again what was not, or
//! what has ended by itself.
//!
//! It follows from the result of the item alone. Never from what somebody hoped: an item of a failed change without a
//! result was not carried out.

use serde::Serialize;

use super::rows::ItemResult;
use crate::{
    change::{Operation, State},
    subject::NoUndo,
};

/// What is left to request of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FollowUp {
    /// It was carried out: the opposite of it.
    Undo,
    /// It was not carried out, or what it gave has ended: the same again.
    Rest,
}

/// Whether what was carried out is still so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    InEffect,
    /// The access that it gave has ended.
    Ended,
}

/// Returns what is left to request of an item, and the item that requests it, or why nothing undoes it. None if its change
/// is not over. `result` is none if no result is stored, which says nothing that the state does not say.
pub fn follow_up(
    state: State,
    item: &Operation,
    result: Option<&ItemResult>,
    lasting: Lasting,
) -> Option<Result<(FollowUp, Operation), NoUndo>> {
    let carried = match (state, result) {
        (State::Verified | State::Failed, Some(result)) => result.failure().is_none(),
        (State::Verified, None) => true,
        (State::Failed, None)
        | (State::Refused | State::Declined | State::Expired | State::Withdrawn, _) => false,
        (State::Waiting | State::Approved | State::Applying, _) => return None,
    };
    Some(if carried && lasting == Lasting::InEffect {
        item.subject().undo().map(|undo| (FollowUp::Undo, undo))
    } else {
        Ok((FollowUp::Rest, item.clone()))
    })
}

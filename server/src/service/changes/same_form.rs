//! Whether a form that is sent a second time has the same content. It is stored once.

use app::backend::{Denied, PortResult};
use domain::{
    change::{Operation, Proposal},
    ids::{ChangeId, PersonId},
};

use crate::store::change::FoundChange;

/// Returns the change that this form created before, or a conflict if the form now contains something else.
pub(super) fn same(
    earlier: &FoundChange,
    person: &PersonId,
    proposal: &Proposal,
) -> PortResult<ChangeId> {
    if let FoundChange::Known(earlier) = earlier {
        let change = &earlier.change;
        let dates = |proposal: &Proposal| (proposal.review_on, proposal.not_before);
        let same_dates = dates(&change.proposal) == dates(proposal);
        if &change.requester == person && same_dates && same_items(&change.proposal, proposal) {
            return Ok(change.id.clone());
        }
    }
    Err(Denied::Conflict(
        "This form was already submitted with different content, and nothing was saved now. Open a new form and request the change again.".into(),
    ))
}

/// Whether two proposals have the same items with the same texts. Each form gives a text another salt.
pub(super) fn same_items(earlier: &Proposal, proposal: &Proposal) -> bool {
    fn plain(proposal: &Proposal) -> Vec<(Operation, Vec<Option<String>>)> {
        let plain = |operation: &Operation| {
            let mut operation = operation.clone();
            let texts = operation.private().into_iter().map(|(_, text)| {
                let value = text.value().map(str::to_owned);
                text.blank();
                value
            });
            let texts = texts.collect();
            (operation, texts)
        };
        proposal.operations.iter().map(plain).collect()
    }
    plain(earlier) == plain(proposal)
}

/// Whether an insert failed because a row with the same key exists.
pub(super) fn is_twice(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

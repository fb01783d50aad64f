//! Who may comment on a change, or ask its requester a question. A comment is on record and never part of what is decided:
//! no evaluation, no approval and no hash depends on it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Change, JUSTIFICATION_BYTES, may_fill_slot};
use crate::{
    approval::{ApproverRefusal, Candidate, Mfa},
    authorize::Role,
    card_number::holds_card_number,
    ids::PersonId,
};

/// What somebody writes about a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentKind {
    Comment,
    /// A question to the requester. A later comment of the requester answers it.
    Question,
}

/// The reason why a person may not comment on a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentRefusal {
    /// The person has nothing to do with the change but to read it.
    ReadsOnly,
    /// The requester asks themselves.
    OwnQuestion,
}

impl CommentRefusal {
    /// Returns the explanation shown to the person.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::ReadsOnly => {
                "Only the requester, approvers who can decide this change, and administrators can comment on it."
            }
            Self::OwnQuestion => "You requested this change. Add a comment instead of a question.",
        }
    }
}

/// Checks whether a person may comment on a change: its requester, an administrator, or an approver who may decide it or
/// did. `barred` are those who may not decide it. A comment needs no second factor, because it decides nothing.
pub fn may_comment(
    change: &Change,
    kind: CommentKind,
    barred: &BTreeSet<PersonId>,
    candidate: &Candidate,
    roles: &BTreeSet<Role>,
) -> Result<(), CommentRefusal> {
    if candidate.person.as_ref() == Some(&change.requester) {
        return match kind {
            CommentKind::Comment => Ok(()),
            CommentKind::Question => Err(CommentRefusal::OwnQuestion),
        };
    }
    if roles.contains(&Role::Administrator) {
        return Ok(());
    }
    let proven = Candidate {
        mfa: Mfa::Proven,
        ..candidate.clone()
    };
    match may_fill_slot(change, barred, &proven) {
        Ok(_) | Err(ApproverRefusal::AlreadyDecided) => Ok(()),
        Err(_) => Err(CommentRefusal::ReadsOnly),
    }
}

/// What is wrong with the text of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidComment {
    #[error("Enter the text of the comment.")]
    Empty,
    #[error("The text is {0} bytes long, and the limit is {JUSTIFICATION_BYTES}. Shorten it.")]
    TooLong(usize),
    #[error("The text contains what looks like a card number. Remove it.")]
    CardNumber,
}

/// Checks the text of a comment, without the space around it.
pub fn comment_text(text: &str) -> Result<&str, InvalidComment> {
    let text = text.trim();
    if text.is_empty() {
        return Err(InvalidComment::Empty);
    }
    if text.len() > JUSTIFICATION_BYTES {
        return Err(InvalidComment::TooLong(text.len()));
    }
    if holds_card_number(text) {
        return Err(InvalidComment::CardNumber);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_trimmed_and_neither_empty_nor_long_nor_a_card_number() {
        assert_eq!(comment_text("  Which incident? \n"), Ok("Which incident?"));
        assert_eq!(comment_text(" \n "), Err(InvalidComment::Empty));
        let long = "x".repeat(JUSTIFICATION_BYTES + 1);
        assert_eq!(
            comment_text(&long),
            Err(InvalidComment::TooLong(JUSTIFICATION_BYTES + 1))
        );
        assert_eq!(
            comment_text("It is 4111 1111 1111 1111"),
            Err(InvalidComment::CardNumber)
        );
    }
}

//! The parts of a sentence about an item: words, and what has a name. Never a name itself: names change, and whoever
//! shows the sentence looks them up.

use crate::{
    grant::Term,
    ids::{AccountId, PermissionSetArn, PersonId, Principal},
};

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Text(&'static str),
    /// A value as it is.
    Value(String),
    Account(AccountId),
    Set(PermissionSetArn),
    Principal(Principal),
    /// An identity, known by its sign-in: the user to whom it is linked changes.
    Person(PersonId),
    Term(Term),
}

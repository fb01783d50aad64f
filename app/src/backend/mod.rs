//! The ports: all that the UI may ask for, one trait per noun, and `Denied`.
//!
//! The `Backend` that a request finds in its context is already bound to its actor, so a page or an
//! action cannot choose whom it acts as. What comes back is ready to show: no page computes who
//! reaches what, or whether something is allowed.

mod accounts;
mod change_form;
mod changes;
mod decision_form;
mod groups;
mod home;
mod ledger;
mod people;
mod permission_sets;
mod report;
mod shared;
mod viewer;

pub use accounts::*;
pub use change_form::*;
pub use changes::*;
pub use decision_form::*;
pub use groups::*;
pub use home::*;
pub use ledger::*;
pub use people::*;
pub use permission_sets::*;
pub use report::*;
pub use shared::*;
pub use viewer::*;

use std::sync::Arc;

use leptos::prelude::expect_context;
use thiserror::Error;

/// Why there is no answer. Each is a page with its own status.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Denied {
    /// The roles do not include this (403).
    #[error("{0}")]
    Forbidden(&'static str),
    /// There is no such thing, or this person may not know that there is (404).
    #[error("not found")]
    NotFound,
    /// Somebody was faster, or it is no longer what was looked at (409).
    #[error("{0}")]
    Conflict(String),
    /// Fields that cannot be taken (422).
    #[error("invalid fields")]
    Invalid(Vec<FieldError>),
    /// Something is broken; the request id finds it in the log (500).
    #[error("broken")]
    Broken,
}

/// What is wrong with one field, and what cures it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name in the form.
    pub field: &'static str,
    /// One sentence: what is wrong and how to put it right.
    pub message: String,
}

/// Stands in [`FieldError::field`] for a form as a whole.
pub const FORM: &str = "form";

/// The answer of a port.
pub type Answer<T> = Result<T, Denied>;

/// Everything together, bound to one actor.
pub trait Backend:
    ViewerPort
    + HomePort
    + AccountsPort
    + PeoplePort
    + GroupsPort
    + PermissionSetsPort
    + ChangesPort
    + NewChangePort
    + DecisionPort
    + WithdrawalPort
    + LedgerPort
    + ReportPort
    + Send
    + Sync
{
}

/// The backend of this request.
pub fn backend() -> Arc<dyn Backend> {
    expect_context::<Arc<dyn Backend>>()
}

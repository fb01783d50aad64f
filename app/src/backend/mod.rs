//! The ports of the UI: one trait per noun, and the error type `Denied`.
//!
//! The `Backend` of a request is already bound to its caller, so a page or an action cannot choose an identity to act
//! as. Results are ready to display: a page never computes access or permissions.

mod accounts;
mod affected;
mod against_approval;
mod attention;
mod aws_console;
mod change_form;
mod changes;
mod classify_form;
mod comments;
mod decision_context;
mod decision_form;
mod field_list;
mod follow_up;
mod groups;
mod held_access;
mod home;
mod identities;
mod instead;
mod item_progress;
mod ledger;
mod ledger_mismatch;
mod list_page;
mod operations;
mod people;
mod permission_sets;
mod preview;
mod readings;
mod recorded_steps;
mod report;
mod shared;
mod subject_effect;
mod viewer;

pub use accounts::*;
pub use affected::*;
pub use against_approval::*;
pub use attention::*;
pub use aws_console::*;
pub use change_form::*;
pub use changes::*;
pub use classify_form::*;
pub use comments::*;
pub use decision_context::*;
pub use decision_form::*;
pub use follow_up::*;
pub use groups::*;
pub use held_access::*;
pub use home::*;
pub use identities::*;
pub use instead::*;
pub use item_progress::*;
pub use ledger::*;
pub use ledger_mismatch::*;
pub use list_page::*;
pub use operations::*;
pub use people::*;
pub use permission_sets::*;
pub use preview::*;
pub use readings::*;
pub use recorded_steps::*;
pub use report::*;
pub use shared::*;
pub use subject_effect::*;
pub use viewer::*;

use std::sync::Arc;

use domain::{
    authorize::{Action, Denial},
    change::UnreadableCause,
};
use leptos::prelude::expect_context;
use serde::{Serialize, Serializer};
use thiserror::Error;

/// An error of a port. Each variant is rendered as a page with its own HTTP status.
#[derive(Debug, Clone, PartialEq, Eq, Error, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Denied {
    /// The roles of the caller do not allow the action (403).
    #[error("the roles do not allow it")]
    Role(Action),
    /// Something other than the roles of the caller forbids it (403).
    #[error("{0}")]
    Forbidden(&'static str),
    /// Nobody may do it, whatever their roles (403).
    #[error("{0}")]
    Never(&'static str),
    /// The action needs a second factor, which the sign-in did not use (403).
    #[error("a second factor is needed")]
    NoSecondFactor,
    /// The identity of the caller is suspended (403).
    #[error("the identity is suspended")]
    Suspended,
    /// The object does not exist, or the caller may not see it (404).
    #[error("not found")]
    NotFound,
    /// The action needs a more recent sign-in (403, or a detour over the sign-in that keeps the input).
    #[error("a more recent sign-in is needed")]
    SignInAgain,
    /// This version does not understand all of the change (409).
    #[error("the change is not understood")]
    NotUnderstood(UnreadableCause),
    /// The object changed since the caller loaded it (409).
    #[error("{0}")]
    Conflict(String),
    /// Form fields are invalid (422).
    #[error("invalid fields")]
    Invalid(Vec<FieldError>),
    /// Too many changes are being evaluated; the same request succeeds later (429 or 503).
    #[error("busy")]
    Busy(Load),
    /// The caller has done this too often; the text of the form is kept (429).
    #[error("{message}")]
    TooMany {
        /// What the limit is, and when to try again.
        message: String,
        /// The time until the next attempt, in seconds.
        retry_after: u64,
    },
    /// The database is locked, full or not reachable; the same request may succeed later (503).
    #[error("temporarily unavailable")]
    Unavailable,
    /// Somebody wrote to the ledger without Leastwise; nothing is recorded until administrators set it aside (503).
    #[error("the ledger is not authentic")]
    LedgerNotAuthentic,
    /// An internal error; the log holds the cause under the request id (500).
    #[error("internal error")]
    Broken,
}

/// Whose evaluations are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// Those of the caller (429).
    Own,
    /// Those of all callers together (503).
    Overall,
}

impl Denied {
    /// Returns the error of a denied action.
    pub fn of(denial: Denial, action: Action) -> Self {
        match denial {
            Denial::NoMfa => Self::NoSecondFactor,
            Denial::Suspended => Self::Suspended,
            Denial::Role => Self::Role(action),
            Denial::NotLinked => Self::Forbidden(denial.reason()),
        }
    }

    /// Returns when the same request may succeed, in seconds; none if time changes nothing.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Busy(Load::Own) => Some(2),
            Self::Busy(Load::Overall) | Self::Unavailable => Some(5),
            Self::TooMany { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}

/// A validation error of one form field.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// The name of the field in the form.
    pub field: &'static str,
    /// The problem and how to correct it, for the user.
    pub message: String,
}

/// The value of [`FieldError::field`] for an error of the whole form.
pub const FORM: &str = "form";

/// Serializes whether something may be done as what stands in its way, or nothing.
fn obstacle<S: Serializer, E: Serialize>(
    may: &Result<(), E>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    may.as_ref().err().serialize(serializer)
}

/// The result of a port call.
pub type PortResult<T> = Result<T, Denied>;

/// All ports, bound to one caller.
pub trait Backend:
    ViewerPort
    + HomePort
    + AccountsPort
    + PeoplePort
    + IdentitiesPort
    + GroupsPort
    + PermissionSetsPort
    + ChangesPort
    + NewChangePort
    + ClassificationPort
    + DecisionPort
    + CommentPort
    + WithdrawalPort
    + LedgerPort
    + ListFilesPort
    + ReportPort
    + OperationsPort
    + Send
    + Sync
{
}

/// Returns the backend of the current request.
pub fn backend() -> Arc<dyn Backend> {
    expect_context::<Arc<dyn Backend>>()
}

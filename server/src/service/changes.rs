//! Changes: preview, submit, decide, withdraw, show. The engine starts, sends back and expires them.
//!
//! Nothing that a browser sends is trusted: the requester is taken from the session, the effect is evaluated
//! again here, and an approval counts only for the effect that the approver saw. Every transition of a
//! change and its ledger entry are one transaction, in which the change's row is locked first and the
//! ledger is written last.

mod again;
mod alarms;
mod blocked_sets;
mod chosen;
mod classify;
mod comment;
mod controllers;
pub(crate) mod decide;
mod decider_link;
pub(crate) mod descriptions;
mod earlier;
pub(crate) mod evaluation;
mod events;
mod follow_ups;
mod forms;
mod held;
mod holders;
pub(crate) mod identity_alarm;
mod identity_evidence;
mod identity_state;
mod list;
mod mismatch;
mod own_request;
mod person_names;
mod preview;
mod progress;
mod related;
mod remaining_paths;
mod removal_alarm;
mod report_difference;
mod same_form;
mod scope;
mod session_length;
mod step_up;
mod subject_effects;
mod subject_states;
mod submission_limits;
mod submit;
mod suggestions;
mod timeline;
mod unreadable;
mod view;
pub mod waiting;
mod ways_out;
mod withdraw;

pub(super) use alarms::HomeChanges;
pub(super) use descriptions::term as term_words;
pub(super) use held::start_of_extension;
pub(super) use person_names::PersonNames;
pub use removal_alarm::raise_removal_alarm;

use app::backend::{Denied, Load};
use domain::authorize::Action;

use super::Service;
use crate::store::{StoreError, change::FoundChange};

impl Service {
    /// Returns whether the viewer may see this change: it is their own, or they may see all changes.
    fn may_see_change(&self, found: &FoundChange) -> bool {
        self.caller.is(found.requester()) || self.allowed(Action::SeeChanges).is_ok()
    }

    /// Records a refused attempt. Must not be called while a transaction is open.
    async fn refused(&self, action: Action, reason: &'static str) -> Denied {
        let entry = self
            .app_state
            .journal
            .access_denied(&self.who(), action, reason);
        match self.app_state.journal.note(entry).await {
            Ok(()) => Denied::Forbidden(reason),
            Err(error) => super::broken(error),
        }
    }
}

/// Returns the error for a request that lost a race against an unknown other request.
fn trouble(error: StoreError) -> Denied {
    match error {
        StoreError::Conflict(what) => Denied::Conflict(format!(
            "Another request changed {what} at the same time, and nothing was saved. Review the current state and try again."
        )),
        StoreError::Stopped => Denied::Busy(Load::Overall),
        other => super::broken(other),
    }
}

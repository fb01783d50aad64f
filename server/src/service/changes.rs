//! Changes: preview, submit, decide, take back, expire, show.
//!
//! Nothing that a browser sends is believed: who asks is the session's, what it would do is judged
//! here again, and an approval is only taken for the effect that its giver saw. Every move of a
//! change and its ledger entry are one transaction, in which the change's row is locked first and the
//! ledger is written last.

mod choices;
mod decide;
mod draft;
mod events;
mod expire;
mod judging;
mod list;
mod people;
mod preview;
mod progress;
mod remaining;
pub mod standing;
mod start;
mod submit;
mod timeline;
mod view;
mod withdraw;
mod words;

pub use expire::expire_due;
pub use start::{fresh_verdict, send_back};

use app::backend::Denied;
use domain::authorize::Action;

use super::{Service, journal::Who};
use crate::store::{StoreError, change::Stored};

impl Service {
    /// Who acts, for the ledger.
    fn who(&self) -> Who {
        Who::signed(&self.signed, &self.request)
    }

    /// Whether the viewer may know of this change: their own, or with the right to see all.
    fn may_see_change(&self, stored: &Stored) -> bool {
        self.signed.person == stored.change.requester || self.allowed(Action::SeeChanges).is_ok()
    }

    /// Writes a refused attempt down. Must not be called while a transaction is open.
    async fn refused(&self, action: Action, reason: &'static str) -> Denied {
        let entry = self.core.journal.access_denied(&self.who(), action, reason);
        match self.core.journal.note(entry).await {
            Ok(()) => Denied::Forbidden(reason),
            Err(error) => super::broken(error),
        }
    }
}

/// Told to whoever was slower, where nothing more is known of who was faster.
fn trouble(error: StoreError) -> Denied {
    match error {
        StoreError::Conflict(what) => Denied::Conflict(format!(
            "Somebody else changed {what} at the same moment. Nothing of yours was stored: look again and repeat it."
        )),
        other => super::broken(other),
    }
}

//! Checks before a decision that the approver still is the Identity Center user that their identity was linked to.

use app::backend::{Denied, FieldError, PortResult, decision_field};
use domain::{
    authorize::{Action, Denial},
    identity::LinkStatus,
};

use crate::service::{Service, broken, identities};

impl Service {
    /// Refuses unless a read of the directory at this moment shows the approver's user. Must not be called while a
    /// transaction is open.
    pub(super) async fn check_own_link(&self) -> PortResult<()> {
        let checked = identities::check(&self.app_state, &self.calling()?.person).await;
        match checked.map_err(broken)? {
            Some(LinkStatus::Valid) => Ok(()),
            None => {
                let reason = Denial::NotLinked.reason();
                Err(self.refused(Action::Decide, reason).await)
            }
            Some(LinkStatus::Differs(difference)) => {
                Err(self.refused(Action::Decide, difference.reason()).await)
            }
            Some(LinkStatus::Unclear(why)) => Err(refused(format!(
                "It is not clear that your sign-in still belongs to your Identity Center user: {why}. Nothing was recorded. \
                 Sign in again. If this message stays, an administrator has to correct the user pool or the directory."
            ))),
            Some(LinkStatus::NotRead(code)) => Err(refused(format!(
                "Your Identity Center user could not be read just now ({code}), and a decision counts only if it exists \
                 and is enabled. Nothing was recorded. Try again in a minute."
            ))),
        }
    }
}

/// Returns the refusal of a decision that leaves the typed reason in the form.
pub(super) fn refused(message: String) -> Denied {
    Denied::Invalid(vec![FieldError {
        field: decision_field::REASON,
        message,
    }])
}

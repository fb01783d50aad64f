//! Checks before a decision that the approver still is the Identity Center user that their identity was linked to, and
//! that no alarm stops decisions on production PCI.

use app::backend::{Denied, FieldError, PortResult, decision_field};
use domain::{
    authorize::{Action, Denial},
    diff::Effect,
    identity::{IdentityAlarm, LinkStatus},
    second_factor::{Sensitivity, sensitivity},
    snapshot::Snapshot,
};

use crate::{
    service::{Service, broken, identities},
    store::change::StoredChange,
};

impl Service {
    /// Refuses unless a read of the directory at this moment shows the approver's user. Must not be called while a
    /// transaction is open.
    pub(super) async fn check_own_link(&self) -> PortResult<()> {
        let checked = identities::check(&self.app_state, &self.signed.person).await;
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

/// Why no decision form is shown while the alarm is on.
pub(super) const STOPPED: &str = "Decisions on production PCI are stopped, because many identities differ from the \
                                  directory at once. An administrator has to look at them on the host.";

/// Returns the explanation of a refusal because of the alarm.
pub(super) fn words(alarm: &IdentityAlarm) -> String {
    format!(
        "Decisions on production PCI are stopped since {} UTC: {} of {} identities differ from the directory at once. \
         Nothing was recorded. An administrator has to look at them on the host with `leastwise identity list`, and \
         confirm them with `leastwise identity confirm --all`.",
        alarm.at.minute(),
        alarm.differing,
        alarm.linked,
    )
}

/// Whether the alarm stops decisions on a change with this effect, and its start.
pub(super) fn is_stopped(snapshot: &Snapshot, stored: &StoredChange, effect: &Effect) -> bool {
    let operations = &stored.change.proposal.operations;
    sensitivity(snapshot, operations, effect) == Sensitivity::ProductionPci
}

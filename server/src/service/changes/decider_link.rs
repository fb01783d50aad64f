//! Checks before a decision that the approver still is the Identity Center user that their identity was linked to, and
//! that no alarm stops decisions on production PCI.

use app::backend::{Denied, FieldError, PortResult, decision_field};
use domain::{
    authorize::{Action, Denial},
    diff::Effect,
    identity::{IdentityAlarm, LinkStatus},
    snapshot::Snapshot,
};

use crate::service::{Service, broken, identities};

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

/// Whether somebody gains access in production PCI, or in an account that is not known.
pub(super) fn concerns_production_pci(snapshot: &Snapshot, effect: &Effect) -> bool {
    effect.evaluated_paths().any(|path| {
        snapshot
            .account(&path.pair.account)
            .is_none_or(|(_, class)| class.counts_as_production_pci())
    })
}

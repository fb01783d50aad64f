//! What the identity alarm stops: decisions on production PCI, and the start of such changes.

use domain::{
    diff::Effect,
    identity::IdentityAlarm,
    second_factor::{Sensitivity, sensitivity},
    snapshot::Snapshot,
};

use crate::store::change::StoredChange;

/// Returns the explanation of a refusal because of the alarm.
pub(super) fn stopped_words(alarm: &IdentityAlarm) -> String {
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
pub(crate) fn is_stopped(snapshot: &Snapshot, stored: &StoredChange, effect: &Effect) -> bool {
    let operations = &stored.change.proposal.operations;
    sensitivity(snapshot, operations, effect) == Sensitivity::ProductionPci
}

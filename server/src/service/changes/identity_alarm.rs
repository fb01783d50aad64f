//! What the identity alarm stops: decisions on production PCI, and the start of such changes.

use domain::{
    change::Operation,
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

/// Whether the alarm stops decisions on a change with this effect, and its start. A removal of access that others must agree
/// to waits as well; nothing else that may not be delayed does, because it may be what ends the alarm: each of those who
/// agree to it is compared with the directory all the same.
pub(crate) fn is_stopped(snapshot: &Snapshot, stored: &StoredChange, effect: &Effect) -> bool {
    let change = &stored.change;
    let operations = &change.proposal.operations;
    let may_wait = change.may_be_delayed() || operations.iter().any(Operation::removes);
    may_wait && sensitivity(snapshot, operations, effect) == Sensitivity::ProductionPci
}

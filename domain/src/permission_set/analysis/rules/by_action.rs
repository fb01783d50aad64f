//! The capabilities of single actions, as the review states them.

use crate::permission_set::analysis::{
    Capability, Finding, PolicyRef, action_set::ActionSet, allowed::Permissions,
};

/// Adds one finding for each statement and capability, about the actions that earlier statements of the same policy do
/// not allow. So the catalogue bounds the number of findings, however often a policy repeats itself.
pub(super) fn find(permissions: &Permissions, findings: &mut Vec<Finding>) {
    let catalogue = permissions.catalogue;
    let mut seen: Option<(&PolicyRef, ActionSet)> = None;
    for allowed in &permissions.statements {
        let mut before = match seen.take() {
            Some((policy, set)) if policy == allowed.policy => set,
            _ => ActionSet::default(),
        };
        let mut new = allowed.actions.clone();
        new.subtract(&before);
        before.add(&allowed.actions);
        seen = Some((allowed.policy, before));
        if new.is_empty() {
            continue;
        }
        for capability in Capability::ALL {
            if let Some(set) = catalogue.with_capability(capability)
                && set.meets(&new)
            {
                let actions = set.and(&new);
                findings.push(Finding::by_action(catalogue, capability, allowed, &actions));
            }
        }
    }
}

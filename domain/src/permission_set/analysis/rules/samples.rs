//! The sets of actions that rules look for, looked up once for each catalogue.

use super::{administrator, log_buckets};
use crate::permission_set::analysis::{
    Capability, action_set::ActionSet, capability::Need, catalogue::ActionCatalogue,
};

/// Sets of actions that are the same for every permission set.
#[derive(Debug)]
pub(in super::super) struct Samples {
    /// One write action of each commonly used service.
    pub(super) breadth: ActionSet,
    /// Actions that together control IAM.
    pub(super) iam: ActionSet,
    /// Actions that can harm a log bucket.
    pub(super) log_buckets: ActionSet,
    /// Actions with a capability that production PCI allows nobody to keep.
    pub(super) against_standing: ActionSet,
}

impl Samples {
    pub(in super::super) fn of(catalogue: &ActionCatalogue) -> Self {
        let mut against_standing = ActionSet::default();
        for capability in Capability::ALL {
            if capability.standing_in_production_pci() == Need::Blocked
                && let Some(set) = catalogue.with_capability(capability)
            {
                against_standing.add(set);
            }
        }
        Self {
            breadth: numbers(catalogue, administrator::BREADTH),
            iam: numbers(catalogue, administrator::IAM),
            log_buckets: numbers(catalogue, log_buckets::ACTIONS),
            against_standing,
        }
    }
}

fn numbers(catalogue: &ActionCatalogue, names: &[&str]) -> ActionSet {
    let mut set = ActionSet::default();
    names
        .iter()
        .filter_map(|name| catalogue.number(name))
        .for_each(|action| set.insert(action));
    set
}

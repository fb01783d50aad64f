//! The sets of actions that rules look for, looked up once for each catalogue.

use super::{administrator, log_buckets, pass_role};
use crate::permission_set::analysis::{action_set::ActionSet, catalogue::ActionCatalogue};

/// Sets of actions that are the same for every permission set.
#[derive(Debug)]
pub(in super::super) struct Samples {
    /// One write action of each commonly used service.
    pub(super) breadth: ActionSet,
    /// Actions that together control IAM.
    pub(super) iam: ActionSet,
    /// Actions that can harm a log bucket.
    pub(super) log_buckets: ActionSet,
}

impl Samples {
    pub(in super::super) fn of(catalogue: &ActionCatalogue) -> Self {
        Self {
            breadth: numbers(catalogue, administrator::BREADTH),
            iam: numbers(catalogue, administrator::IAM),
            log_buckets: numbers(catalogue, log_buckets::ACTIONS),
        }
    }
}

/// Returns the names of all actions that rules look for.
pub(in super::super) fn names() -> impl Iterator<Item = &'static str> {
    let lists = [
        administrator::BREADTH,
        administrator::IAM,
        log_buckets::ACTIONS,
    ];
    lists
        .into_iter()
        .flatten()
        .copied()
        .chain([pass_role::PASS_ROLE])
}

fn numbers(catalogue: &ActionCatalogue, names: &[&str]) -> ActionSet {
    let mut set = ActionSet::default();
    names
        .iter()
        .filter_map(|name| catalogue.number(name))
        .for_each(|action| set.insert(action));
    set
}

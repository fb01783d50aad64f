//! One capability of a permission set, and where it comes from.

use serde::{Deserialize, Serialize};

use super::{
    PolicyRef, action_set::ActionSet, allowed::Allowed, capability::Capability,
    catalogue::ActionCatalogue,
};

/// The maximum number of actions that a finding names.
pub(super) const MOST_ACTIONS: usize = 10;

/// A capability that a statement of a permission set gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub capability: Capability,
    /// One or two sentences that explain the finding.
    pub reason: String,
    pub policy: PolicyRef,
    /// Index of the statement, counted from 0, if a single one is the cause.
    pub statement: Option<usize>,
    /// The actions that cause the finding, at most ten.
    pub actions: Vec<String>,
    /// The number of further actions of the same kind.
    pub more: usize,
}

impl Finding {
    /// Returns the total number of actions that cause the finding.
    pub fn count(&self) -> usize {
        self.actions.len() + self.more
    }

    /// Creates a finding about a whole policy.
    pub(super) fn about(capability: Capability, reason: &str, policy: PolicyRef) -> Self {
        Self {
            capability,
            reason: format!("{reason}."),
            policy,
            statement: None,
            actions: Vec::new(),
            more: 0,
        }
    }

    /// Creates a finding about the actions of a statement. `reason` is a sentence without its full stop.
    pub(super) fn of(
        catalogue: &ActionCatalogue,
        capability: Capability,
        reason: &str,
        allowed: &Allowed,
        actions: &ActionSet,
    ) -> Self {
        let named: Vec<_> = actions.iter().take(MOST_ACTIONS).collect();
        let mut reason = format!("{reason}{}.", condition(catalogue, allowed, actions));
        if let Some((action, example)) = catalogue.first_reason(actions) {
            let name = catalogue.name(action);
            reason = format!("{reason} {name}: {example}");
        }
        Self {
            capability,
            reason,
            policy: allowed.policy.clone(),
            statement: Some(allowed.statement.index),
            more: actions.len() - named.len(),
            actions: named
                .into_iter()
                .map(|action| catalogue.name(action).to_owned())
                .collect(),
        }
    }
}

/// Says that a condition is not evaluated, and which of its keys the service does not have. It may restrict the
/// statement or have no effect, so it never counts in favour.
fn condition(catalogue: &ActionCatalogue, allowed: &Allowed, actions: &ActionSet) -> String {
    if !allowed.statement.conditional {
        return String::new();
    }
    let service = actions
        .iter()
        .next()
        .map(|action| catalogue.service_of(action));
    let foreign = service.and_then(|service| {
        let key = allowed
            .statement
            .condition_keys
            .iter()
            .find(|key| !service.knows_key(key))?;
        Some((service, key))
    });
    match foreign {
        Some((service, key)) => {
            let key: String = key
                .chars()
                .take(60)
                .flat_map(char::escape_default)
                .collect();
            format!(
                ", under a condition that is not evaluated, and {} has no condition key {key}",
                service.prefix
            )
        }
        None => ", under a condition that is not evaluated".to_owned(),
    }
}

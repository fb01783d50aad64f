//! One capability of a permission set, and where it comes from.

use serde::{Deserialize, Serialize};

use super::{
    PolicyRef, action_set::ActionSet, allowed::Allowed, capability::Capability,
    catalogue::ActionCatalogue, labels::grouped,
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
    /// How many of all these actions nobody has reviewed, so that they only count as giving the capability.
    #[serde(default)]
    pub unreviewed: usize,
}

impl Finding {
    /// Returns the total number of actions that cause the finding.
    pub fn count(&self) -> usize {
        self.actions.len() + self.more
    }

    /// Whether it rests only on actions that nobody has reviewed.
    pub fn is_unreviewed(&self) -> bool {
        self.unreviewed > 0 && self.unreviewed == self.count()
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
            unreviewed: 0,
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
        let names = actions.iter().take(MOST_ACTIONS);
        let names: Vec<String> = names
            .map(|action| catalogue.name(action).to_owned())
            .collect();
        let condition = condition(catalogue, allowed, actions);
        let reason = match catalogue.first_reason(actions) {
            Some((action, example)) => {
                let name = catalogue.name(action);
                [reason, &condition, ". ", name, ": ", example].concat()
            }
            None => [reason, &condition, "."].concat(),
        };
        Self {
            capability,
            reason,
            policy: allowed.policy.clone(),
            statement: Some(allowed.statement.index),
            more: actions.len() - names.len(),
            unreviewed: catalogue.count_unreviewed(actions),
            actions: names,
        }
    }

    /// Creates a finding about the actions of a statement that have a capability by the review, or count as having it
    /// because nobody has reviewed them. The reason tells one from the other.
    pub(super) fn by_action(
        catalogue: &ActionCatalogue,
        capability: Capability,
        allowed: &Allowed,
        actions: &ActionSet,
    ) -> Self {
        let unreviewed = catalogue.count_unreviewed(actions);
        let reason = if unreviewed == actions.len() {
            capability.sentence_of_unreviewed()
        } else {
            capability.sentence()
        };
        let mut finding = Self::of(catalogue, capability, reason, allowed, actions);
        if unreviewed > 0 && unreviewed < actions.len() {
            let verb = if unreviewed == 1 { "counts" } else { "count" };
            finding.reason = format!(
                "{} {} of these {} actions {verb} as such only because nobody has reviewed {}.",
                finding.reason,
                grouped(unreviewed),
                grouped(actions.len()),
                if unreviewed == 1 { "it" } else { "them" },
            );
        }
        finding
    }
}

/// How many condition keys a finding names that a service does not have, and how many services with each.
const MOST_FOREIGN: usize = 3;

/// Says that a condition is not evaluated, and which of its keys services of the actions do not have. It may restrict
/// the statement or have no effect, so it never counts in favour.
fn condition(catalogue: &ActionCatalogue, allowed: &Allowed, actions: &ActionSet) -> String {
    if !allowed.statement.conditional {
        return String::new();
    }
    let mut words = ", under a condition that is not evaluated".to_owned();
    let foreign: Vec<(&str, Vec<&str>)> = allowed
        .statement
        .condition_keys
        .iter()
        .filter_map(|key| Some((key.as_str(), without_key(catalogue, actions, key)?)))
        .collect();
    for (key, services) in foreign.iter().take(MOST_FOREIGN) {
        let short: String = key
            .chars()
            .take(60)
            .flat_map(char::escape_default)
            .collect();
        let verb = if services.len() == 1 { "has" } else { "have" };
        let services = listed(services, "services");
        words = format!("{words}, and {services} {verb} no condition key {short}");
    }
    match foreign.len().saturating_sub(MOST_FOREIGN) {
        0 => words,
        1 => format!("{words}, and 1 more of its keys is foreign"),
        more => format!("{words}, and {more} more of its keys are foreign"),
    }
}

/// Returns the services of the actions that do not have a condition key; none if all have it.
fn without_key<'a>(
    catalogue: &'a ActionCatalogue,
    actions: &ActionSet,
    key: &str,
) -> Option<Vec<&'a str>> {
    let services = catalogue.services_of(actions);
    let foreign: Vec<&str> = services
        .filter(|service| !service.knows_key(key))
        .map(|service| service.prefix.as_str())
        .collect();
    (!foreign.is_empty()).then_some(foreign)
}

/// Returns the first names, and how many more there are.
fn listed(names: &[&str], noun: &str) -> String {
    let (first, more) = names.split_at(names.len().min(MOST_FOREIGN));
    match (first, more.len()) {
        ([one], 0) => (*one).to_owned(),
        ([before @ .., last], 0) => format!("{} and {last}", before.join(", ")),
        (first, more) => format!("{} and {more} more {noun}", first.join(", ")),
    }
}

//! The actions of AWS, and the capability of each.
//!
//! Facts (services, actions, access levels, resource types, condition keys) come from the catalogue, judgements from the
//! review, which names each reviewed action. An action without a review has the capability that its access level
//! suggests at worst; a service without an entry is unknown. Never assumes in favour of an action.

mod parse;

use std::collections::{HashMap, HashSet};

use super::{
    action_set::{ActionNumber, ActionSet},
    capability::Capability,
    glob::Glob,
    pattern::fits,
};

/// AWS's own classification of an action, which misleads in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccessLevel {
    List,
    Read,
    Write,
    Tagging,
    PermissionsManagement,
}

impl AccessLevel {
    /// Returns the capability of an action that nobody has reviewed.
    fn of_unreviewed(self) -> Capability {
        match self {
            Self::List | Self::Read => Capability::ReadsData,
            Self::Write | Self::Tagging => Capability::UnreviewedChange,
            Self::PermissionsManagement => Capability::GrantsRights,
        }
    }
}

/// A service, such as `ec2`.
#[derive(Debug)]
pub(super) struct Service {
    /// In lower case, as in `ec2:RunInstances`.
    pub(super) prefix: String,
    /// The range of its actions.
    pub(super) from: ActionNumber,
    pub(super) to: ActionNumber,
    pub(super) resource_types: Vec<ResourceType>,
    /// An ARN that names nothing of the service, so that only patterns of everything in it match.
    pub(super) nothing_named: Glob,
    /// Its condition keys in lower case, without those of all services.
    condition_keys: HashSet<String>,
}

/// A kind of resource of a service.
#[derive(Debug)]
pub(super) struct ResourceType {
    pub(super) arn: Glob,
    /// The service in the ARN, if it is fixed.
    pub(super) arn_service: Option<String>,
}

#[derive(Debug)]
pub(super) struct Action {
    /// As AWS writes it.
    name: String,
    lower: String,
    level: AccessLevel,
    /// Indices of the resource types of its service, of which a call needs one. None means that the action needs `*`.
    pub(super) resource_types: Vec<usize>,
}

/// An error in the text of a catalogue or of a review.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: expected {expected}")]
pub struct CatalogueError {
    /// `catalogue`, or the service of the review.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    pub expected: &'static str,
}

/// The actions of AWS with their capabilities.
#[derive(Debug)]
pub struct ActionCatalogue {
    source: String,
    version: String,
    date: String,
    /// Ordered by prefix.
    services: Vec<Service>,
    actions: Vec<Action>,
    by_capability: HashMap<Capability, ActionSet>,
    reviewed: ActionSet,
    reasons: HashMap<ActionNumber, String>,
}

impl ActionCatalogue {
    /// Returns where the facts come from, with their licence.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the version of the source.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the date of the facts, as `YYYY-MM-DD`.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// Returns the number of actions.
    pub fn actions(&self) -> usize {
        self.actions.len()
    }

    /// Returns the number of services.
    pub fn services(&self) -> usize {
        self.services.len()
    }

    /// Returns the number of actions that people have reviewed.
    pub fn reviewed(&self) -> usize {
        self.reviewed.len()
    }

    /// Returns all actions with their capabilities, as `service:Action`.
    pub fn capabilities(&self) -> impl Iterator<Item = (String, Vec<Capability>)> {
        (0..self.actions.len()).map(|action| (self.name(action), self.capabilities_of(action)))
    }

    /// Returns the capabilities of an action, the most dangerous first; none if the catalogue does not have it.
    pub fn capabilities_named(&self, action: &str) -> Vec<Capability> {
        self.number(action)
            .map(|action| self.capabilities_of(action))
            .unwrap_or_default()
    }

    fn capabilities_of(&self, action: ActionNumber) -> Vec<Capability> {
        Capability::ALL
            .into_iter()
            .filter(|capability| {
                self.with_capability(*capability)
                    .is_some_and(|set| set.contains(action))
            })
            .collect()
    }

    pub(super) fn with_capability(&self, capability: Capability) -> Option<&ActionSet> {
        self.by_capability.get(&capability)
    }

    pub(super) fn empty(&self) -> ActionSet {
        ActionSet::empty(self.actions.len())
    }

    pub(super) fn action(&self, action: ActionNumber) -> &Action {
        &self.actions[action]
    }

    /// Returns the service that an action belongs to.
    pub(super) fn service_of(&self, action: ActionNumber) -> &Service {
        let after = self
            .services
            .partition_point(|service| service.from <= action);
        &self.services[after - 1]
    }

    /// Returns the service of a prefix in lower case.
    pub(super) fn service(&self, prefix: &str) -> Option<&Service> {
        self.services
            .binary_search_by(|service| service.prefix.as_str().cmp(prefix))
            .ok()
            .map(|at| &self.services[at])
    }

    pub(super) fn all_services(&self) -> &[Service] {
        &self.services
    }

    /// Returns the name of an action, as `service:Action`.
    pub(super) fn name(&self, action: ActionNumber) -> String {
        format!(
            "{}:{}",
            self.service_of(action).prefix,
            self.actions[action].name
        )
    }

    /// Returns the sentence of the review about an action.
    pub(super) fn reason(&self, action: ActionNumber) -> Option<&str> {
        self.reasons.get(&action).map(String::as_str)
    }

    pub(super) fn number(&self, action: &str) -> Option<ActionNumber> {
        let (prefix, name) = action.split_once(':')?;
        let service = self.service(&prefix.to_ascii_lowercase())?;
        self.number_in(service, &name.to_ascii_lowercase())
    }

    fn number_in(&self, service: &Service, lower: &str) -> Option<ActionNumber> {
        self.actions[service.from..service.to]
            .binary_search_by(|action| action.lower.as_str().cmp(lower))
            .ok()
            .map(|at| service.from + at)
    }

    /// Adds the actions of a service that match a pattern in lower case. Returns whether there are any.
    pub(super) fn add_matches(
        &self,
        service: &Service,
        pattern: &str,
        to: &mut ActionSet,
    ) -> bool {
        let literal = pattern.find(['*', '?']).unwrap_or(pattern.len());
        if literal == pattern.len() {
            let found = self.number_in(service, pattern);
            found.inspect(|action| to.insert(*action));
            return found.is_some();
        }
        let (start, tail) = pattern.split_at(literal);
        let of_service = &self.actions[service.from..service.to];
        let from = of_service.partition_point(|action| action.lower.as_str() < start);
        let count =
            of_service[from..].partition_point(|action| action.lower.starts_with(start));
        let first = service.from + from;
        if tail == "*" {
            to.insert_range(first, first + count);
            return count > 0;
        }
        let mut found = false;
        for action in first..first + count {
            let rest = &self.actions[action].lower.as_bytes()[literal..];
            if fits(tail.as_bytes(), rest) {
                to.insert(action);
                found = true;
            }
        }
        found
    }

    /// Returns the action of a service whose name is nearest to one that does not exist.
    pub(super) fn nearest(&self, service: &Service, name: &str) -> Option<String> {
        let wanted = name.to_ascii_lowercase();
        (service.from..service.to)
            .map(|action| (distance(&self.actions[action].lower, &wanted), action))
            .min()
            .filter(|(distance, _)| *distance <= wanted.len() / 3 + 1)
            .map(|(_, action)| self.name(action))
    }

    /// Returns the service whose prefix is nearest to one that does not exist.
    pub(super) fn nearest_service(&self, prefix: &str) -> Option<&str> {
        self.services
            .iter()
            .map(|service| (distance(&service.prefix, prefix), service.prefix.as_str()))
            .min()
            .filter(|(distance, _)| *distance <= prefix.len() / 3 + 1)
            .map(|(_, prefix)| prefix)
    }

    /// Whether a condition key is one of the service or of all services.
    pub(super) fn knows_key(&self, service: &Service, key: &str) -> bool {
        let key = key.to_ascii_lowercase();
        // A key with a variable part, such as `aws:RequestTag/owner`, is known by what stands before the slash.
        let stem = key.split('/').next().unwrap_or(&key);
        key.starts_with("aws:")
            || service
                .condition_keys
                .iter()
                .any(|known| *known == key || known.split('/').next() == Some(stem))
    }
}

/// The number of letters to insert, delete or replace, at most `usize::MAX`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<u8> = b.bytes().take(128).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[b.len()]
}

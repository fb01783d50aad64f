//! The actions of AWS, and the capability of each.
//!
//! Facts (services, actions, access levels, resource types, condition keys) come from the catalogue, judgements from the
//! review, which names each reviewed action. An action without a review has the capability that its access level
//! suggests at worst; a reviewed action without facts has its judgement on every resource; a service without an entry is
//! unknown. Never assumes in favour of an action.

mod condition_keys;
mod corrections;
mod facts;
mod names;
mod parse;
mod review;

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::OnceLock,
};

use self::{condition_keys::KeyForm, names::Names};
use super::{
    action_set::{ActionNumber, ActionSet},
    capability::Capability,
    glob::Glob,
    pattern::fits,
    rules::Samples,
};
use crate::time::Date;

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
    /// Returns the capability of an action that nobody has reviewed. `name` is without its service.
    fn of_unreviewed(self, name: &str) -> Capability {
        match self {
            Self::List | Self::Read => Capability::ReadsData,
            Self::Write | Self::Tagging if gives_access(name) => Capability::GrantsRights,
            Self::Write | Self::Tagging => Capability::UnreviewedChange,
            Self::PermissionsManagement => Capability::GrantsRights,
        }
    }
}

/// Whether a change gives somebody access by its name, although AWS does not call it permissions management: it sets a
/// policy of a resource, a password or a credential, shares something, or creates a user.
fn gives_access(name: &str) -> bool {
    let takes_away = ["Delete", "Revoke", "Reject"];
    if name.contains("ResourcePolicy") {
        return true;
    }
    // A word ends before a capital letter: `Share` is not in `Shared`, and `Token` not in `CountTokens`.
    let has_word = |word: &str| {
        name.match_indices(word)
            .any(|(at, _)| !name[at + word.len()..].starts_with(|c: char| c.is_ascii_lowercase()))
    };
    !takes_away.iter().any(|start| name.starts_with(start))
        && (name.contains("Credential")
            || ["Password", "Token", "ApiKey"].into_iter().any(has_word)
            || has_word("Share") && !name.contains("FileShare")
            || name.ends_with("CreateUser"))
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
    /// The services in the ARNs that its calls are compared with, each once; none stands for one that is not fixed.
    pub(super) arn_services: Vec<Option<String>>,
    /// Its actions by name in lower case.
    names: Names,
    /// The first letters of each action in lower case, in order.
    keys: Vec<u64>,
    /// An ARN that names nothing of the service, so that only patterns of everything in it match.
    pub(super) nothing_named: Glob,
    /// Its condition keys in lower case up to a slash, without those of all services.
    condition_keys: HashSet<String>,
    /// The forms of its condition keys with a variable part that no slash separates.
    key_forms: Vec<KeyForm>,
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
    /// As AWS writes it, with its service: `service:Action`.
    name: String,
    lower: String,
    /// The index of its service.
    service: usize,
    level: AccessLevel,
    /// Indices of the resource types of its service, of which a call needs one. None means that the action needs `*`.
    pub(super) resource_types: Vec<usize>,
    /// Indices of the resource types that only narrow a call, which needs one of the others as well.
    pub(super) narrowing_types: Vec<usize>,
}

/// An error in the text of a catalogue or of a review.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: expected {expected}")]
pub struct CatalogueError {
    /// `catalogue`, `corrections`, or the service of the review.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    pub expected: &'static str,
}

/// The actions of AWS with their capabilities.
#[derive(Debug)]
pub struct ActionCatalogue {
    date: Date,
    /// The reviewed actions that the facts do not have, as `service:Action`.
    lacking: Vec<String>,
    /// The corrections that are about nothing in the facts.
    without_effect: Vec<String>,
    /// Ordered by prefix.
    services: Vec<Service>,
    by_prefix: HashMap<String, usize>,
    actions: Vec<Action>,
    by_capability: HashMap<Capability, ActionSet>,
    reviewed: ActionSet,
    reasons: HashMap<ActionNumber, String>,
    /// The actions with a reason.
    explained: ActionSet,
    samples: OnceLock<Samples>,
}

impl ActionCatalogue {
    /// Returns the date of the facts.
    pub fn date(&self) -> Date {
        self.date
    }

    /// Returns the reviewed actions that the facts do not have, as `service:Action`. They keep their judgement, unless their
    /// service is unknown.
    pub fn lacking(&self) -> &[String] {
        &self.lacking
    }

    /// Returns what the corrections are about that the facts do not have, or have in the correct form.
    pub fn corrections_without_effect(&self) -> &[String] {
        &self.without_effect
    }

    /// Returns the number of actions.
    pub fn actions(&self) -> usize {
        self.actions.len()
    }

    /// Returns the number of services.
    pub fn services(&self) -> usize {
        self.services.len()
    }

    /// Whether the catalogue has a service, by its prefix in lower case.
    pub fn knows_service(&self, prefix: &str) -> bool {
        self.service(prefix).is_some()
    }

    /// Returns all actions with their capabilities, as `service:Action`.
    pub fn capabilities(&self) -> impl Iterator<Item = (String, Vec<Capability>)> {
        (0..self.actions.len())
            .map(|action| (self.name(action).to_owned(), self.capabilities_of(action)))
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

    pub(super) fn action(&self, action: ActionNumber) -> &Action {
        &self.actions[action]
    }

    /// Returns the service that an action belongs to.
    pub(super) fn service_of(&self, action: ActionNumber) -> &Service {
        &self.services[self.actions[action].service]
    }

    /// Returns the services of actions, in order.
    pub(super) fn services_of(&self, actions: &ActionSet) -> impl Iterator<Item = &Service> {
        let mut from = 0;
        std::iter::from_fn(move || {
            let service = self.service_of(actions.first_from(from)?);
            from = service.to;
            Some(service)
        })
    }

    /// Returns the service of a prefix in lower case.
    pub(super) fn service(&self, prefix: &str) -> Option<&Service> {
        self.by_prefix.get(prefix).map(|at| &self.services[*at])
    }

    pub(super) fn all_services(&self) -> &[Service] {
        &self.services
    }

    /// Returns the name of an action, as `service:Action`.
    pub(super) fn name(&self, action: ActionNumber) -> &str {
        &self.actions[action].name
    }

    /// Returns the sets of actions that rules look for.
    pub(super) fn samples(&self) -> &Samples {
        self.samples.get_or_init(|| Samples::of(self))
    }

    /// Returns the first of these actions about which the review has a sentence, and the sentence.
    pub(super) fn first_reason(&self, actions: &ActionSet) -> Option<(ActionNumber, &str)> {
        let action = actions.first_common(&self.explained)?;
        Some((action, self.reasons.get(&action)?))
    }

    pub(super) fn number(&self, action: &str) -> Option<ActionNumber> {
        let (prefix, name) = action.split_once(':')?;
        let service = self.service(&prefix.to_ascii_lowercase())?;
        let number = service.names.number(&name.to_ascii_lowercase())?;
        Some(service.from + number)
    }

    /// Adds the actions of a service that match a pattern in lower case, given as what stands before its first wildcard and
    /// the rest. Returns whether there are any.
    pub(super) fn add_matches(
        &self,
        service: &Service,
        (start, tail): (&str, &str),
        to: &mut ActionSet,
    ) -> bool {
        if tail.is_empty() {
            let found = service.names.number(start);
            found.inspect(|number| to.insert(service.from + number));
            return found.is_some();
        }
        let Range { start: first, end } = self.that_start_with(service, start);
        if tail == "*" {
            to.insert_range(first, end);
            return first < end;
        }
        let mut found = false;
        let last = tail
            .bytes()
            .last()
            .filter(|byte| !matches!(byte, b'*' | b'?'));
        for action in first..end {
            let rest = &self.actions[action].lower.as_bytes()[start.len()..];
            // Most names differ in their last letter.
            if last.is_some() && rest.last().copied() != last {
                continue;
            }
            if fits(tail.as_bytes(), rest) {
                to.insert(action);
                found = true;
            }
        }
        found
    }

    /// Returns the actions of a service whose names start with a text in lower case.
    fn that_start_with(&self, service: &Service, start: &str) -> Range<ActionNumber> {
        let keys = &service.keys;
        let from = keys.partition_point(|one| *one < key(start, 0));
        let count = keys[from..].partition_point(|one| *one <= key(start, u8::MAX));
        let first = service.from + from;
        if start.len() <= KEY {
            return first..first + count;
        }
        let candidates = &self.actions[first..first + count];
        let before = candidates.partition_point(|action| action.lower.as_str() < start);
        let after = candidates[before..].partition_point(|action| action.lower.starts_with(start));
        first + before..first + before + after
    }

    /// Returns the action of a service whose name is nearest to one that does not exist.
    pub(super) fn nearest(&self, service: &Service, name: &str) -> Option<String> {
        let wanted = name.to_ascii_lowercase();
        let actions = &self.actions[service.from..service.to];
        let at = nearest(actions.iter().map(|action| action.lower.as_str()), &wanted)?;
        Some(self.name(service.from + at).to_owned())
    }

    /// Returns the service whose prefix is nearest to one that does not exist.
    pub(super) fn nearest_service(&self, prefix: &str) -> Option<&str> {
        let prefixes = self.services.iter().map(|service| service.prefix.as_str());
        nearest(prefixes, prefix).map(|at| self.services[at].prefix.as_str())
    }
}

/// The number of letters in a key.
const KEY: usize = 8;

/// Returns the first letters of a name as a number, so that names are found without reading each. A shorter name is filled
/// up.
fn key(lower: &str, filling: u8) -> u64 {
    let mut letters = [filling; KEY];
    for (letter, byte) in letters.iter_mut().zip(lower.bytes()) {
        *letter = byte;
    }
    u64::from_be_bytes(letters)
}

/// Returns the index of the first of the words that are nearest to a wanted one, if one is near at all.
pub(super) fn nearest<'a>(words: impl Iterator<Item = &'a str>, wanted: &str) -> Option<usize> {
    let mut most = wanted.len() / 3 + 1;
    let mut found = None;
    for (at, word) in words.enumerate() {
        let Some(distance) = distance(word, wanted, most) else {
            continue;
        };
        found = Some(at);
        // A later one must be nearer.
        match distance.checked_sub(1) {
            Some(less) => most = less,
            None => break,
        }
    }
    found
}

/// The longest word that is compared.
const LONGEST: usize = 128;

/// Returns the number of letters to insert, delete or replace; none if there are more than `most`, or if the second word is
/// very long.
fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let b: &[u8] = b.as_bytes();
    // Short numbers, because the row is filled for each of hundreds of words.
    let mut row = [0_u8; LONGEST + 1];
    let row = row.get_mut(..=b.len())?;
    for (cell, column) in row.iter_mut().zip(0..) {
        *cell = column;
    }
    for x in a.bytes() {
        let mut diagonal = row[0];
        row[0] = diagonal.checked_add(1)?;
        let mut least = row[0];
        for (column, y) in b.iter().enumerate() {
            let replaced = diagonal + u8::from(x != *y);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
            least = least.min(row[column + 1]);
        }
        // No later row has a smaller number.
        if usize::from(least) > most {
            return None;
        }
    }
    Some(usize::from(row[b.len()])).filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreviewed_change_that_gives_access_by_its_name_grants_rights() {
        for name in [
            "PutResourcePolicy",
            "DeleteResourcePolicy",
            "ResetUserPassword",
            "RotateChannelCredentials",
            "CreateAccessToken",
            "CreateWorkspaceApiKey",
            "CreateShare",
            "AcceptPortfolioShare",
            "BatchCreateUser",
        ] {
            let found = AccessLevel::Write.of_unreviewed(name);
            assert_eq!(found, Capability::GrantsRights, "{name}");
            let read = AccessLevel::Read.of_unreviewed(name);
            assert_eq!(read, Capability::ReadsData, "{name}");
        }
        for name in [
            "CountTokens",
            "CreateUserProfile",
            "DeleteShare",
            "RevokeAccessToken",
            "UpdateSMBFileShareVisibility",
            "CreateSharedDirectory",
        ] {
            let found = AccessLevel::Write.of_unreviewed(name);
            assert_eq!(found, Capability::UnreviewedChange, "{name}");
        }
    }

    #[test]
    fn the_nearest_word_is_the_first_of_the_nearest_and_not_a_distant_one() {
        let of = |words: &[&str], wanted| nearest(words.iter().copied(), wanted);
        assert_eq!(
            of(&["getobjects", "getobject", "putobject"], "getobjekt"),
            Some(1)
        );
        assert_eq!(of(&["cab", "abc", "abd"], "abx"), Some(1));
        assert_eq!(of(&["abc"], "abc"), Some(0));
        assert_eq!(of(&["listbuckets"], "getobject"), None);
        assert_eq!(of(&[], "a"), None);
        assert_eq!(distance("kitten", "sitting", 3), Some(3));
        assert_eq!(distance("kitten", "sitting", 2), None);
        assert_eq!(distance("", "abc", 3), Some(3));
    }
}

//! The mapping of tags and OUs in the configuration: how an organization names environments and PCI scope.
//!
//! Replaces how one tag or OU is read and never what other sources say. A mapping that contradicts itself is refused.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{
    Assertion, Environment, Pci, letters,
    vocabulary::{self, KeyTopic},
};
use crate::ids::AccountId;

/// Keys, values, OUs and confirmed accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    keys: BTreeMap<String, KeyTopic>,
    environments: BTreeMap<String, Assertion<Environment>>,
    scopes: BTreeMap<String, Assertion<Pci>>,
    units: BTreeMap<Vec<String>, UnitMapping>,
    confirmed: BTreeMap<AccountId, (Environment, Pci)>,
}

/// How the name of one OU is read. What is absent is read from the words of the name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct UnitMapping {
    pub environment: Option<Assertion<Environment>>,
    pub pci: Option<Assertion<Pci>>,
}

/// A mapping that is refused, and how to correct it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MappingError {
    #[error("`{0}` is empty: write a name, or remove it")]
    Empty(&'static str),
    #[error(
        "`{0}` is listed twice: keys and values are compared without regard to case; remove one"
    )]
    Twice(String),
    #[error(
        "the tag key `{0}` is about the PCI scope and about the environment: keep it in one of the two"
    )]
    KeyOfBoth(String),
    #[error(
        "`{value}` already means {understood} and cannot be mapped to something less strict: remove it, and change the tag in AWS"
    )]
    Looser {
        value: String,
        understood: &'static str,
    },
    #[error(
        "`{0}` is not an environment: use sandbox, development, staging, production, security, management, or none for a name that says nothing about it"
    )]
    NotAnEnvironment(String),
    #[error(
        "`{0}` is not a PCI scope: use out, connected, in, or none for a name that says nothing about it"
    )]
    NotAScope(String),
    #[error(
        "an account is confirmed with an environment and a PCI scope: `none` is not one of them"
    )]
    NothingConfirmed,
    #[error("the OU {0} is mapped twice: merge the two")]
    UnitTwice(String),
    #[error("the OU {0} has neither `environment` nor `pci`: add one, or remove the OU")]
    UnitSaysNothing(String),
    #[error("the account {0} is confirmed twice: remove one")]
    AccountTwice(AccountId),
}

impl Mapping {
    /// Adds a key of tags for the environment.
    pub fn environment_key(&mut self, key: &str) -> Result<(), MappingError> {
        self.key(key, KeyTopic::Environment)
    }

    /// Adds a key of tags for the PCI scope.
    pub fn pci_key(&mut self, key: &str) -> Result<(), MappingError> {
        self.key(key, KeyTopic::Pci)
    }

    fn key(&mut self, key: &str, topic: KeyTopic) -> Result<(), MappingError> {
        let folded = letters::folded(key);
        if folded.is_empty() {
            return Err(MappingError::Empty("keys"));
        }
        let built_in = vocabulary::topic(key).map(|(topic, _)| topic);
        if built_in.is_some_and(|built_in| built_in != topic) {
            return Err(MappingError::KeyOfBoth(key.to_owned()));
        }
        match self.keys.insert(folded, topic) {
            None => Ok(()),
            Some(known) if known == topic => Err(MappingError::Twice(key.to_owned())),
            Some(_) => Err(MappingError::KeyOfBoth(key.to_owned())),
        }
    }

    /// Maps a value of tags to an environment, or to `none`.
    pub fn environment_value(&mut self, value: &str, to: &str) -> Result<(), MappingError> {
        let said = environment(to)?;
        let known = vocabulary::environment_of_tag(value);
        if let Some(understood) = understood(&known)
            && strictness(said) < Some(understood)
        {
            return Err(MappingError::Looser {
                value: value.to_owned(),
                understood: understood.as_str(),
            });
        }
        insert(&mut self.environments, value, said)
    }

    /// Maps a value of tags to a PCI scope, or to `none`.
    pub fn pci_value(&mut self, value: &str, to: &str) -> Result<(), MappingError> {
        let said = scope(to)?;
        let known = vocabulary::pci_of_tag(value);
        if let Some(understood) = understood(&known)
            && strictness(said) < Some(understood)
        {
            return Err(MappingError::Looser {
                value: value.to_owned(),
                understood: understood.as_str(),
            });
        }
        insert(&mut self.scopes, value, said)
    }

    /// Maps an OU, by the names from below the root down to it.
    pub fn unit_path(
        &mut self,
        path: &[String],
        environment_name: Option<&str>,
        scope_name: Option<&str>,
    ) -> Result<(), MappingError> {
        if path.is_empty() || path.iter().any(|name| name.trim().is_empty()) {
            return Err(MappingError::Empty("path"));
        }
        let shown = || path.join(" / ");
        let mapped = UnitMapping {
            environment: environment_name.map(environment).transpose()?,
            pci: scope_name.map(scope).transpose()?,
        };
        if mapped == UnitMapping::default() {
            return Err(MappingError::UnitSaysNothing(shown()));
        }
        match self.units.insert(path.to_vec(), mapped) {
            None => Ok(()),
            Some(_) => Err(MappingError::UnitTwice(shown())),
        }
    }

    /// Confirms that an account may be classified less strictly than what is on record, down to this and no further.
    pub fn confirm(
        &mut self,
        account: AccountId,
        environment_name: &str,
        scope_name: &str,
    ) -> Result<(), MappingError> {
        let (Assertion::Value(environment), Assertion::Value(pci)) =
            (environment(environment_name)?, scope(scope_name)?)
        else {
            return Err(MappingError::NothingConfirmed);
        };
        match self.confirmed.insert(account.clone(), (environment, pci)) {
            None => Ok(()),
            Some(_) => Err(MappingError::AccountTwice(account)),
        }
    }

    /// Returns the accounts that are confirmed, to compare them with the organization.
    pub fn confirmed_accounts(&self) -> impl Iterator<Item = &AccountId> {
        self.confirmed.keys()
    }

    /// Returns the OUs that are mapped, to compare them with the organization.
    pub fn unit_paths(&self) -> impl Iterator<Item = &[String]> {
        self.units.keys().map(Vec::as_slice)
    }

    pub(super) fn topic(&self, key: &str) -> Option<KeyTopic> {
        self.keys.get(&letters::folded(key)).copied()
    }

    pub(super) fn environment_of(&self, value: &str) -> Option<Assertion<Environment>> {
        self.environments.get(&letters::folded(value)).copied()
    }

    pub(super) fn pci_of(&self, value: &str) -> Option<Assertion<Pci>> {
        self.scopes.get(&letters::folded(value)).copied()
    }

    pub(super) fn unit(&self, path: &[String]) -> Option<UnitMapping> {
        self.units.get(path).copied()
    }

    /// Returns the record of an account as far as nobody confirmed something less strict.
    pub(super) fn held(
        &self,
        account: &AccountId,
        recorded: (Environment, Pci),
    ) -> (Environment, Pci) {
        let confirmed = self.confirmed.get(account).copied().unwrap_or(recorded);
        (recorded.0.min(confirmed.0), recorded.1.min(confirmed.1))
    }
}

fn insert<T>(
    values: &mut BTreeMap<String, Assertion<T>>,
    value: &str,
    said: Assertion<T>,
) -> Result<(), MappingError> {
    match values.insert(letters::folded(value), said) {
        None => Ok(()),
        Some(_) => Err(MappingError::Twice(value.to_owned())),
    }
}

fn environment(name: &str) -> Result<Assertion<Environment>, MappingError> {
    match Environment::parse(name) {
        Some(environment) => Ok(Assertion::Value(environment)),
        None if name == "none" => Ok(Assertion::Nothing),
        None => Err(MappingError::NotAnEnvironment(shortened(name))),
    }
}

fn scope(name: &str) -> Result<Assertion<Pci>, MappingError> {
    match Pci::parse(name) {
        Some(pci) => Ok(Assertion::Value(pci)),
        None if name == "none" => Ok(Assertion::Nothing),
        None => Err(MappingError::NotAScope(shortened(name))),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Returns the strictest value if everything is understood.
fn understood<T: Copy + Ord>(said: &[Assertion<T>]) -> Option<T> {
    let all = said.iter().map(|said| strictness(*said));
    all.collect::<Option<Vec<T>>>()?.into_iter().max()
}

fn strictness<T>(said: Assertion<T>) -> Option<T> {
    match said {
        Assertion::Value(value) | Assertion::AtMost(value) => Some(value),
        Assertion::Nothing | Assertion::NotUnderstood => None,
    }
}

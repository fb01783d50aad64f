//! What one source says about an account: its role in the organization, a tag, the name of an OU.
//!
//! Reads and never decides: `fold` decides. Nothing is left out because it is not understood.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    ClassificationContext, Environment, Pci,
    mapping::Mapping,
    vocabulary::{self, KeyTopic},
};
use crate::{
    ids::OuId,
    org::{Account, OrganizationalUnit},
};

/// What a reading says about one half of a classification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Assertion<T> {
    /// The source is not about it.
    Nothing,
    Value(T),
    /// This or less strict: `non-prod` is anything below production.
    AtMost(T),
    /// The source is about it, but is not understood. Counts as production PCI.
    NotUnderstood,
}

/// The source of a reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadingSource {
    /// The management account of the organization.
    Management,
    /// A delegated administrator of these AWS services; empty if they could not be read.
    DelegatedAdministrator(BTreeSet<String>),
    /// Hosts Leastwise or its user pool, by the configuration.
    OwnAccount,
    Tag {
        key: String,
        value: String,
    },
    /// An OU that contains the account: the names from below the root down to it.
    Ou(Vec<String>),
    /// An OU that contains the account and whose name was not read.
    UnreadOu(OuId),
    /// AWS did not report which OUs contain the account.
    NoPath,
}

/// How a source was understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadBy {
    /// By its role, or by the words in it.
    Words,
    /// By the mapping in the configuration.
    Mapping,
}

/// What one source says. A source that says several things has several readings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    pub source: ReadingSource,
    pub environment: Assertion<Environment>,
    pub environment_by: ReadBy,
    pub pci: Assertion<Pci>,
    pub pci_by: ReadBy,
}

impl ReadingSource {
    /// Whether it is a fact about the account's role, which raises what tags and OUs say and does not contradict it.
    pub fn is_role(&self) -> bool {
        matches!(
            self,
            Self::Management | Self::DelegatedAdministrator(_) | Self::OwnAccount
        )
    }
}

/// Returns every reading of an account: its roles, its tags by key, then its OUs from the root down.
pub fn readings(
    account: &Account,
    units: &BTreeMap<OuId, OrganizationalUnit>,
    context: ClassificationContext<'_>,
) -> Vec<Reading> {
    let mut found = roles(account, context);
    for (key, value) in &account.tags {
        found.extend(tag(key, value, context.mapping));
    }
    found.extend(ous(account, units, context.mapping));
    found
}

fn roles(account: &Account, context: ClassificationContext<'_>) -> Vec<Reading> {
    let special = context.special;
    let role = |source, environment| Reading {
        source,
        environment: Assertion::Value(environment),
        environment_by: ReadBy::Words,
        pci: Assertion::Nothing,
        pci_by: ReadBy::Words,
    };
    let mut found = Vec::new();
    if special.management.as_ref() == Some(&account.id) {
        found.push(role(ReadingSource::Management, Environment::Management));
    }
    if let Some(services) = special.delegated_administrators.get(&account.id) {
        let source = ReadingSource::DelegatedAdministrator(services.clone());
        found.push(role(source, Environment::Security));
    }
    if special.leastwise.contains(&account.id) {
        found.push(role(ReadingSource::OwnAccount, Environment::Security));
    }
    found
}

fn tag(key: &str, value: &str, mapping: &Mapping) -> Vec<Reading> {
    let source = ReadingSource::Tag {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    let mapped = mapping.topic(key).map(|topic| (topic, false));
    match mapped.or_else(|| vocabulary::topic(key)) {
        None => Vec::new(),
        Some((KeyTopic::Environment, disguised)) => {
            let assertions = mapping.environment_of(value);
            let (assertions, by) = assertions.map_or_else(
                || (vocabulary::environment_of_tag(value), ReadBy::Words),
                |assertion| (vec![assertion], ReadBy::Mapping),
            );
            together(
                &source,
                (with_doubt(assertions, disguised), by),
                (vec![], by),
            )
        }
        Some((KeyTopic::Pci, disguised)) => {
            let assertions = mapping.pci_of(value);
            let (assertions, by) = assertions.map_or_else(
                || (vocabulary::pci_of_tag(value), ReadBy::Words),
                |assertion| (vec![assertion], ReadBy::Mapping),
            );
            together(
                &source,
                (vec![], by),
                (with_doubt(assertions, disguised), by),
            )
        }
    }
}

/// A tag whose key only looks like a known one says something that is not understood, besides what its value says.
fn with_doubt<T>(mut assertions: Vec<Assertion<T>>, disguised: bool) -> Vec<Assertion<T>> {
    assertions.extend(disguised.then_some(Assertion::NotUnderstood));
    assertions
}

fn ous(
    account: &Account,
    units: &BTreeMap<OuId, OrganizationalUnit>,
    mapping: &Mapping,
) -> Vec<Reading> {
    let not_read = |source: ReadingSource| Reading {
        source,
        environment: Assertion::NotUnderstood,
        environment_by: ReadBy::Words,
        pci: Assertion::NotUnderstood,
        pci_by: ReadBy::Words,
    };
    if account.ous.is_empty() {
        return vec![not_read(ReadingSource::NoPath)];
    }
    let mut path: Vec<String> = Vec::new();
    let mut found = Vec::new();
    // AWS names the root of every organization *Root*, which says nothing.
    for id in account
        .ous
        .iter()
        .filter(|id| !id.as_str().starts_with("r-"))
    {
        let Some(unit) = units.get(id) else {
            path.push(id.to_string());
            found.push(not_read(ReadingSource::UnreadOu(id.clone())));
            continue;
        };
        path.push(unit.name.clone());
        let source = ReadingSource::Ou(path.clone());
        let mapped = mapping.unit(&path);
        let environment = mapped.and_then(|unit| unit.environment).map_or_else(
            || (vocabulary::environment_of_unit(&unit.name), ReadBy::Words),
            |assertion| (vec![assertion], ReadBy::Mapping),
        );
        let pci = mapped.and_then(|unit| unit.pci).map_or_else(
            || (vocabulary::pci_of_unit(&unit.name), ReadBy::Words),
            |assertion| (vec![assertion], ReadBy::Mapping),
        );
        found.extend(together(&source, environment, pci));
    }
    found
}

/// Returns the readings of one source: one, or as many as it says different things.
fn together(
    source: &ReadingSource,
    (environment, environment_by): (Vec<Assertion<Environment>>, ReadBy),
    (pci, pci_by): (Vec<Assertion<Pci>>, ReadBy),
) -> Vec<Reading> {
    let count = environment.len().max(pci.len()).max(1);
    (0..count)
        .map(|at| Reading {
            source: source.clone(),
            environment: environment.get(at).copied().unwrap_or(Assertion::Nothing),
            environment_by,
            pci: pci.get(at).copied().unwrap_or(Assertion::Nothing),
            pci_by,
        })
        .collect()
}

//! Reads the text of a catalogue: services, condition keys, resource types and actions.
//!
//! The text has one line for each fact, with tab-separated fields: the source, its version and its date; then for each
//! service, ordered by prefix, `S prefix`, its condition keys (`K key`), its resource types (`R name arn`) and its actions
//! ordered by name in lower case (`A Name level resource-types`, the resource types by index, with commas, a required one
//! with `!`).

use std::collections::{BTreeMap, HashSet};

use super::{
    AccessLevel, CatalogueError,
    condition_keys::{KeyForm, stem},
};
use crate::time::Date;

/// What a catalogue says.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) date: Date,
    /// By prefix in lower case.
    pub(super) services: BTreeMap<String, ServiceFacts>,
}

/// A service, such as `ec2`.
#[derive(Debug, Default)]
pub(super) struct ServiceFacts {
    /// In lower case up to a slash, without those of all services.
    pub(super) condition_keys: HashSet<String>,
    pub(super) key_forms: Vec<KeyForm>,
    pub(super) resource_types: Vec<ResourceTypeFacts>,
    /// Other services in whose ARNs its calls are compared.
    pub(super) arn_services: Vec<String>,
    /// By name in lower case.
    pub(super) actions: BTreeMap<String, ActionFacts>,
}

/// A kind of resource of a service.
#[derive(Debug)]
pub(super) struct ResourceTypeFacts {
    pub(super) name: String,
    /// The form of its ARN.
    pub(super) arn: String,
}

/// An action of a service.
#[derive(Debug)]
pub(super) struct ActionFacts {
    /// As AWS writes it, without its service.
    pub(super) name: String,
    pub(super) level: AccessLevel,
    /// Indices of resource types.
    pub(super) required: Vec<usize>,
    /// Indices of the other resource types.
    pub(super) possible: Vec<usize>,
}

impl Facts {
    /// Reads a text.
    pub(super) fn read(text: &str) -> Result<Self, CatalogueError> {
        let mut lines = text.lines();
        let head: Vec<&str> = lines
            .next()
            .map(|line| line.split('\t').collect())
            .unwrap_or_default();
        let [_source, _version, date] = head[..] else {
            return Err(fail(0, "the source, its version and its date"));
        };
        let date = Date::parse(date).map_err(|_| fail(0, "a date such as 2026-11-23"))?;
        let mut facts = Self {
            date,
            services: BTreeMap::new(),
        };
        for (line, at) in lines.zip(1..) {
            facts.add(line).map_err(|expected| fail(at, expected))?;
        }
        Ok(facts)
    }

    /// Adds a line. Fails with what was expected.
    fn add(&mut self, line: &str) -> Result<(), &'static str> {
        let fields: Vec<&str> = line.split('\t').collect();
        let last = self.services.last_entry();
        if let [kind, prefix] = fields[..]
            && kind == "S"
        {
            if last.is_some_and(|last| last.key().as_str() >= prefix) {
                return Err("services ordered by prefix");
            }
            self.services
                .insert(prefix.to_owned(), ServiceFacts::default());
            return Ok(());
        }
        let service = last.map(std::collections::btree_map::OccupiedEntry::into_mut);
        match (&fields[..], service) {
            (["K", key], Some(service)) => match KeyForm::of(key) {
                Some(form) => service.key_forms.push(form),
                None => {
                    service.condition_keys.insert(stem(key));
                }
            },
            (["R", name, arn], Some(service)) => service.resource_types.push(ResourceTypeFacts {
                name: (*name).to_owned(),
                arn: (*arn).to_owned(),
            }),
            (["A", name, level, types], Some(service)) => {
                let action = action(name, level, types, service.resource_types.len())?;
                let lower = name.to_ascii_lowercase();
                let last = service.actions.last_key_value();
                if last.is_some_and(|(last, _)| *last >= lower) {
                    return Err("actions ordered by name");
                }
                service.actions.insert(lower, action);
            }
            _ => return Err("a line of a service, key, resource type or action"),
        }
        Ok(())
    }
}

fn fail(line: usize, expected: &'static str) -> CatalogueError {
    CatalogueError {
        file: "catalogue".to_owned(),
        line: line + 1,
        expected,
    }
}

/// Reads the fields of an action of a service with so many resource types.
fn action(name: &str, level: &str, types: &str, known: usize) -> Result<ActionFacts, &'static str> {
    let level = match level {
        "L" => AccessLevel::List,
        "R" => AccessLevel::Read,
        "W" => AccessLevel::Write,
        "T" => AccessLevel::Tagging,
        "P" => AccessLevel::PermissionsManagement,
        _ => return Err("an access level (L, R, W, T or P)"),
    };
    let (mut required, mut possible) = (Vec::new(), Vec::new());
    for field in types.split(',').filter(|field| !field.is_empty()) {
        let (index, list) = match field.strip_suffix('!') {
            Some(index) => (index, &mut required),
            None => (field, &mut possible),
        };
        let index = index.parse().ok().filter(|index| *index < known);
        list.push(index.ok_or("indices of resource types")?);
    }
    Ok(ActionFacts {
        name: name.to_owned(),
        level,
        required,
        possible,
    })
}

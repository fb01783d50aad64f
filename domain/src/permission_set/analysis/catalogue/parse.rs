//! Reads the text of a catalogue and of the reviews.
//!
//! The text of a catalogue has one line for each fact, with tab-separated fields: the source, its version and its date;
//! then for each service, ordered by prefix, `S prefix`, its condition keys (`K key`), its resource types
//! (`R name arn`) and its actions ordered by name in lower case (`A Name level resource-types`, the
//! resource types by index, with commas, a required one with `!`). A review has one line for each action:
//! `Name capability[+capability] # Reason.`

use std::{
    collections::{HashMap, HashSet},
    sync::OnceLock,
};

use super::{
    AccessLevel, Action, ActionCatalogue, ActionSet, Capability, CatalogueError, Glob,
    ResourceType, Service, condition_keys::stem, key, names::Names,
};

impl ActionCatalogue {
    /// Reads a catalogue, and the reviews by service. What a review says about an action that the catalogue does not
    /// have is ignored, because a newer catalogue can lack it.
    pub fn parse<'a>(
        text: &str,
        reviews: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, CatalogueError> {
        let mut catalogue = facts(text)?;
        let mut judged: HashMap<Capability, ActionSet> = HashMap::new();
        for (service, review) in reviews {
            catalogue.read_review(service, review, &mut judged)?;
        }
        for (action, row) in catalogue.actions.iter().enumerate() {
            if !catalogue.reviewed.contains(action) {
                judged
                    .entry(row.level.of_unreviewed())
                    .or_default()
                    .insert(action);
            }
        }
        catalogue.by_capability = judged;
        Ok(catalogue)
    }

    fn read_review(
        &mut self,
        service: &str,
        review: &str,
        judged: &mut HashMap<Capability, ActionSet>,
    ) -> Result<(), CatalogueError> {
        for (at, line) in review.lines().enumerate() {
            let fail = |expected| CatalogueError {
                file: service.to_owned(),
                line: at + 1,
                expected,
            };
            let (judgement, reason) = match line.split_once('#') {
                Some((judgement, reason)) => (judgement, Some(reason.trim())),
                None => (line, None),
            };
            let mut words = judgement.split_whitespace();
            let Some(name) = words.next() else { continue };
            let capabilities = words.next().ok_or_else(|| fail("a capability"))?;
            if words.next().is_some() {
                return Err(fail("# before the reason"));
            }
            let action = self.number(&format!("{service}:{name}"));
            for word in capabilities.split('+') {
                let capability = Capability::parse(word)
                    .filter(|known| *known != Capability::UnreviewedChange)
                    .ok_or_else(|| fail("a capability"))?;
                let set = judged.entry(capability).or_default();
                action.inspect(|action| set.insert(*action));
            }
            let Some(action) = action else { continue };
            if self.reviewed.contains(action) {
                return Err(fail("each action once"));
            }
            self.reviewed.insert(action);
            if let Some(reason) = reason {
                self.reasons.insert(action, reason.to_owned());
                self.explained.insert(action);
            }
        }
        Ok(())
    }
}

fn facts(text: &str) -> Result<ActionCatalogue, CatalogueError> {
    let mut lines = text.lines().enumerate();
    let fail = |at: usize, expected| CatalogueError {
        file: "catalogue".to_owned(),
        line: at + 1,
        expected,
    };
    let head: Vec<&str> = lines
        .next()
        .map(|(_, line)| line.split('\t').collect())
        .unwrap_or_default();
    let [source, version, date] = head[..] else {
        return Err(fail(0, "the source, its version and its date"));
    };
    let mut services: Vec<Service> = Vec::new();
    let mut actions: Vec<Action> = Vec::new();
    for (at, line) in lines {
        let fields: Vec<&str> = line.split('\t').collect();
        let index = services.len().saturating_sub(1);
        let service = services.last_mut();
        match (fields[..].split_first(), service) {
            (Some((&"S", [prefix])), last) => {
                if last.is_some_and(|last| last.prefix.as_str() >= *prefix) {
                    return Err(fail(at, "services ordered by prefix"));
                }
                services.push(Service {
                    prefix: (*prefix).to_owned(),
                    from: actions.len(),
                    to: actions.len(),
                    resource_types: Vec::new(),
                    arn_services: Vec::new(),
                    names: Names::default(),
                    keys: Vec::new(),
                    nothing_named: nothing_named(prefix),
                    condition_keys: HashSet::new(),
                });
            }
            (Some((&"K", [key])), Some(service)) => {
                service.condition_keys.insert(stem(key));
            }
            (Some((&"R", [_name, arn])), Some(service)) => {
                let kind = resource_type(arn);
                if !service.arn_services.contains(&kind.arn_service) {
                    service.arn_services.push(kind.arn_service.clone());
                }
                service.resource_types.push(kind);
            }
            (Some((&"A", [name, level, types])), Some(service)) => {
                let any_type = ONE_TYPE_IS_ENOUGH.contains(&(&service.prefix, name));
                let types = if any_type {
                    &*types.replace('!', "")
                } else {
                    *types
                };
                let mut action = action(name, level, types, service.resource_types.len())
                    .map_err(|expected| fail(at, expected))?;
                action.name = format!("{}:{name}", service.prefix);
                action.service = index;
                let previous = actions.get(service.from..).and_then(<[_]>::last);
                if previous.is_some_and(|previous| previous.lower >= action.lower) {
                    return Err(fail(at, "actions ordered by name"));
                }
                service.names.push(&action.lower);
                service.keys.push(key(&action.lower, 0));
                actions.push(action);
                service.to = actions.len();
            }
            _ => {
                return Err(fail(
                    at,
                    "a line of a service, key, resource type or action",
                ));
            }
        }
    }
    let prefixes = services.iter().map(|service| service.prefix.clone());
    Ok(ActionCatalogue {
        by_prefix: prefixes.zip(0..).collect(),
        source: source.to_owned(),
        version: version.to_owned(),
        date: date.to_owned(),
        services,
        actions,
        by_capability: HashMap::new(),
        reviewed: ActionSet::default(),
        reasons: HashMap::new(),
        explained: ActionSet::default(),
        samples: OnceLock::new(),
    })
}

/// A multi-Region access point has no region in its ARN, and the facts have no template for its objects.
const ACCESS_POINT: [&str; 2] = [
    ":s3:${Region}:${Account}:accesspoint/",
    ":s3:${RegionOrNone}:${OwnerAccount}:accesspoint/",
];

/// Actions of which a call needs one of their resource types, although the facts call others required.
const ONE_TYPE_IS_ENOUGH: &[(&str, &str)] = &[
    ("s3express", "CreateSession"),
    ("ssm", "StartAutomationExecution"),
    ("ssm", "StartChangeRequestExecution"),
];

/// Returns an ARN of a service whose last part is a character that no ARN contains.
fn nothing_named(service: &str) -> Glob {
    Glob::template(&format!(
        "arn:${{Partition}}:{service}:${{RegionOrNone}}:${{Account}}:\u{7f}"
    ))
}

fn resource_type(arn: &str) -> ResourceType {
    let [written, meant] = ACCESS_POINT;
    ResourceType {
        arn: Glob::template(&arn.replace(written, meant)),
        arn_service: arn
            .split(':')
            .nth(2)
            .filter(|service| !service.contains(['$', '*']))
            .map(str::to_ascii_lowercase),
    }
}

fn action(name: &str, level: &str, types: &str, known: usize) -> Result<Action, &'static str> {
    let level = match level {
        "L" => AccessLevel::List,
        "R" => AccessLevel::Read,
        "W" => AccessLevel::Write,
        "T" => AccessLevel::Tagging,
        "P" => AccessLevel::PermissionsManagement,
        _ => return Err("an access level (L, R, W, T or P)"),
    };
    let mut resource_types = Vec::new();
    let mut required = Vec::new();
    for field in types.split(',').filter(|field| !field.is_empty()) {
        let (index, list) = match field.strip_suffix('!') {
            Some(index) => (index, &mut required),
            None => (field, &mut resource_types),
        };
        let index = index.parse().ok().filter(|index| *index < known);
        list.push(index.ok_or("indices of resource types")?);
    }
    // The others only narrow a call that needs one of these.
    if !required.is_empty() {
        resource_types = required;
    }
    Ok(Action {
        name: name.to_owned(),
        lower: name.to_ascii_lowercase(),
        service: 0,
        level,
        resource_types,
    })
}

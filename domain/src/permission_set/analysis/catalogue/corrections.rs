//! Corrects facts in which the source of the catalogue departs from AWS: one line for each, with a reason.
//!
//! `arn service:type FORM` gives a resource type another form of its ARN; `one-type service:Action` says that a call needs any
//! one of the resource types of an action, whichever of them are required; `also-type service:Action type` gives an action
//! one more resource type, of which a call needs one; `also-arn service:Action FORM` gives it one that its service does not have;
//! `arns-of service other` says that calls of a service are compared with ARNs of another one.

use super::{
    CatalogueError,
    facts::{Facts, ResourceTypeFacts},
};

/// Applies the corrections, and returns those that are about nothing in the facts.
pub(super) fn apply(text: &str, facts: &mut Facts) -> Result<Vec<String>, CatalogueError> {
    let mut without_effect = Vec::new();
    for (line, at) in text.lines().zip(1..) {
        let fail = |expected| CatalogueError {
            file: "corrections".to_owned(),
            line: at,
            expected,
        };
        let (words, reason) = line.split_once('#').unwrap_or((line, ""));
        let words: Vec<&str> = words.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        if reason.trim().is_empty() {
            return Err(fail("# and a reason"));
        }
        let applied = match words[..] {
            ["arn", what, form] => correct_arn(facts, what, form),
            ["one-type", what] => one_type_is_enough(facts, what),
            ["also-type", what, name] => also_type(facts, what, name),
            ["also-arn", what, form] => also_arn(facts, what, form),
            ["arns-of", service, other] => arns_of(facts, service, other),
            _ => {
                return Err(fail(
                    "`arn`, `one-type`, `also-type`, `also-arn` or `arns-of` with its words",
                ));
            }
        };
        if applied.is_none() {
            without_effect.push(words[1].to_owned());
        }
    }
    Ok(without_effect)
}

fn correct_arn(facts: &mut Facts, what: &str, form: &str) -> Option<()> {
    let (service, name) = what.split_once(':')?;
    let mut types = facts.services.get_mut(service)?.resource_types.iter_mut();
    let found = types.find(|one| one.name == name && one.arn != form)?;
    form.clone_into(&mut found.arn);
    Some(())
}

fn one_type_is_enough(facts: &mut Facts, what: &str) -> Option<()> {
    let (service, name) = what.split_once(':')?;
    let actions = &mut facts.services.get_mut(service)?.actions;
    let action = actions.get_mut(&name.to_ascii_lowercase())?;
    let others = action.required.len() + action.possible.len() > 1;
    if action.required.is_empty() || !others {
        return None;
    }
    action.possible.append(&mut action.required);
    Some(())
}

fn also_type(facts: &mut Facts, what: &str, type_name: &str) -> Option<()> {
    let (service, name) = what.split_once(':')?;
    let service = facts.services.get_mut(service)?;
    let mut types = service.resource_types.iter();
    let index = types.position(|one| one.name == type_name)?;
    let action = service.actions.get_mut(&name.to_ascii_lowercase())?;
    if action.required.contains(&index) || action.possible.contains(&index) {
        return None;
    }
    let list = if action.required.is_empty() {
        &mut action.possible
    } else {
        &mut action.required
    };
    list.push(index);
    Some(())
}

/// Adds a resource type of another service, and gives it to an action.
fn also_arn(facts: &mut Facts, what: &str, form: &str) -> Option<()> {
    let (prefix, action) = what.split_once(':')?;
    let service = facts.services.get_mut(prefix)?;
    if !service.actions.contains_key(&action.to_ascii_lowercase()) {
        return None;
    }
    let known = service.resource_types.iter().find(|one| one.arn == form);
    let name = known.map_or(form, |known| &known.name).to_owned();
    if known.is_none() {
        service.resource_types.push(ResourceTypeFacts {
            name: name.clone(),
            arn: form.to_owned(),
        });
    }
    also_type(facts, what, &name)
}

fn arns_of(facts: &mut Facts, service: &str, other: &str) -> Option<()> {
    let services = &mut facts.services.get_mut(service)?.arn_services;
    services.push(other.to_owned());
    Some(())
}

//! The profile of a user: attributes that nothing else depends on, kept as they were written.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::aws::model;
use crate::aws::params::{Params, upper_first};
use crate::aws::refusal::Refusal;
use crate::org::User;

/// The name of the only extension.
pub(super) const ENTERPRISE: &str = "aws:identitystore:enterprise";

/// The attributes without a field of their own, and those whose field holds only a part.
const ATTRIBUTES: [&str; 14] = [
    "Name",
    "NickName",
    "ProfileUrl",
    "Emails",
    "Addresses",
    "PhoneNumbers",
    "PreferredLanguage",
    "Locale",
    "Timezone",
    "Photos",
    "Website",
    "Birthdate",
    "Roles",
    "Extensions",
];

/// Keeps the attributes of a `CreateUser` request.
pub(super) fn keep(user: &mut User, members: &Map<String, Value>) {
    for attribute in ATTRIBUTES {
        if let Some(value) = members.get(attribute).filter(|value| !value.is_null()) {
            user.profile.insert(attribute.to_owned(), value.clone());
        }
    }
    read_fields(user);
}

/// Replaces or removes the attribute of an `UpdateUser` operation. Its value obeys the same constraints as in `CreateUser`.
pub(super) fn change(
    user: &mut User,
    params: &Params,
    path: &str,
    value: Option<&Value>,
) -> Result<(), Refusal> {
    let unknown = || Refusal::invalid(format!("Invalid attribute path: {path}"));
    let (attribute, inner) = match path.strip_prefix(ENTERPRISE) {
        Some(inner) => ("Extensions".to_owned(), inner.strip_prefix('.')),
        None => match path.split_once('.') {
            Some((attribute, inner)) => (upper_first(attribute), Some(inner)),
            None => (upper_first(path), None),
        },
    };
    if !ATTRIBUTES.contains(&attribute.as_str()) {
        return Err(unknown());
    }
    let value = value.filter(|value| !value.is_null());
    let changed = match (attribute.as_str(), inner) {
        ("Name", Some(part)) => with(user.profile.get("Name"), &upper_first(part), value.cloned()),
        ("Extensions", Some(part)) => {
            let held = user
                .profile
                .get("Extensions")
                .and_then(|all| all.get(ENTERPRISE));
            json!({ ENTERPRISE: with(held, part, value.cloned()) })
        }
        ("Extensions", None) => json!({ ENTERPRISE: value }),
        (_, Some(_)) => return Err(unknown()),
        (_, None) => value.map_or(Value::Null, with_upper_names),
    };
    let mut alone = Map::new();
    alone.insert(
        "IdentityStoreId".to_owned(),
        params.members()["IdentityStoreId"].clone(),
    );
    alone.insert(attribute.clone(), changed.clone());
    model::check(&Params::of(params.service, alone), "CreateUser")?;
    if changed.is_null() {
        if attribute == "Emails" {
            user.email = None;
        }
        user.profile.remove(&attribute);
    } else {
        user.profile.insert(attribute, changed);
    }
    read_fields(user);
    Ok(())
}

/// Copies the attributes that have a field.
fn read_fields(user: &mut User) {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    if let Some(name) = user.profile.get("Name") {
        if let Some(given) = text(name.get("GivenName")) {
            user.given_name = given.into();
        }
        if let Some(family) = text(name.get("FamilyName")) {
            user.family_name = family.into();
        }
    }
    if let Some(emails) = user.profile.get("Emails") {
        user.email = text(emails[0].get("Value")).map(Into::into);
    }
    if let Some(extension) = user
        .profile
        .get("Extensions")
        .and_then(|all| all.get(ENTERPRISE))
    {
        let department = text(extension.get("department"));
        let manager = text(extension.get("manager").and_then(|held| held.get("value")));
        user.department = department.map(Arc::from);
        user.manager = manager.map(Arc::from);
    }
}

/// Returns an object with one member replaced or removed.
fn with(held: Option<&Value>, member: &str, value: Option<Value>) -> Value {
    let mut members = held.and_then(Value::as_object).cloned().unwrap_or_default();
    match value {
        Some(value) => members.insert(member.to_owned(), value),
        None => members.remove(member),
    };
    Value::Object(members)
}

/// Spells the members of a document as the API does: `UpdateUser` takes `value`, and `DescribeUser` returns `Value`.
fn with_upper_names(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| (upper_first(name), with_upper_names(value)))
                .collect(),
        ),
        Value::Array(items) => items.iter().map(with_upper_names).collect(),
        other => other.clone(),
    }
}

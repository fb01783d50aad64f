//! Groups of the identity store. They do not nest.

use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    Alternate, alternate, check_no_filter, check_not_reserved, check_revision, check_store,
    duplicate, external_ids, missing, revision, same_name, written_by,
};
use crate::aws::call::Call;
use crate::aws::page::{HUNDRED, Page};
use crate::aws::params::epoch_seconds;
use crate::aws::refusal::Refusal;
use crate::org::Group;

pub(crate) fn list(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_store(call)?;
    check_no_filter(call)?;
    let page = Page::read(call, &HUNDRED, &[])?;
    let from = page.after().map_or(Bound::Unbounded, Bound::Excluded);
    let rest = call
        .sandbox
        .directory
        .groups
        .range::<str, _>((from, Bound::Unbounded))
        .map(|(id, group)| (&**id, group));
    let (groups, token) = page.cut(rest);
    let groups: Vec<Value> = groups
        .into_iter()
        .map(|group| Value::Object(record(call, group)))
        .collect();
    Ok(json!({ "Groups": groups, "NextToken": token }))
}

pub(crate) fn describe(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let id = group(call)?;
    let found = call.sandbox.directory.groups.get(&id);
    Ok(Value::Object(
        found.map(|group| record(call, group)).unwrap_or_default(),
    ))
}

pub(crate) fn id(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_store(call)?;
    let wanted = alternate(call)?;
    let mut groups = call.sandbox.directory.groups.values();
    let found = match &wanted {
        Alternate::External(id) => groups.find(|group| group.external_ids.contains(id)),
        Alternate::Attribute { path, value } if path == "displayName" => {
            groups.find(|group| same_name(&group.display_name, value))
        }
        Alternate::Attribute { path, .. } => {
            return Err(Refusal::invalid(format!(
                "AttributePath {path} is not supported"
            )));
        }
    };
    let group = found.ok_or_else(|| missing("GROUP", "unknown"))?;
    Ok(json!({
        "IdentityStoreId": &*call.sandbox.directory.id,
        "GroupId": &*group.id,
        "GroupArn": arn(&group.id),
    }))
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_store(call)?;
    let name = call.params.text("DisplayName")?;
    check_unique(call, name)?;
    let id = call.uuid();
    let group = Group {
        id: id.clone(),
        display_name: name.into(),
        description: call.params.optional("Description")?.map(Into::into),
        external_ids: Vec::new(),
        created_ms: call.now_ms,
        updated_ms: call.now_ms,
        revision: 1,
    };
    let answer = short(call, &group);
    call.sandbox.directory.groups.insert(id, group);
    Ok(answer)
}

pub(crate) fn update(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let id = group(call)?;
    let mut changed = match call.sandbox.directory.groups.get(&id) {
        Some(group) => group.clone(),
        None => return Err(missing("GROUP", &id)),
    };
    check_revision(call.params, changed.revision)?;
    for operation in call.params.list("Operations")? {
        let operation = call.params.nested(operation)?;
        let value = operation.members().get("AttributeValue");
        let text = value.and_then(Value::as_str);
        match operation.text("AttributePath")? {
            "displayName" => {
                let name = text.ok_or_else(|| Refusal::invalid("displayName must be a string"))?;
                if !same_name(&changed.display_name, name) {
                    check_unique(call, name)?;
                }
                changed.display_name = name.into();
            }
            "description" => changed.description = text.map(Into::into),
            other => {
                return Err(Refusal::invalid(format!("Invalid attribute path: {other}")));
            }
        }
    }
    changed.updated_ms = call.now_ms;
    changed.revision += 1;
    let answer = short(call, &changed);
    call.sandbox.directory.groups.insert(id, changed);
    Ok(answer)
}

/// Deletes a group and its memberships. Account assignments remain as orphans.
pub(crate) fn delete(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_store(call)?;
    let id = call.params.text("GroupId")?;
    if let Some(group) = call.sandbox.directory.groups.get(id) {
        check_revision(call.params, group.revision)?;
    }
    call.sandbox.directory.remove_group(id);
    Ok(json!({}))
}

/// Returns the ID of the group named by `GroupId`.
pub(super) fn group(call: &Call<'_>) -> Result<Arc<str>, Refusal> {
    check_store(call)?;
    let id = call.params.text("GroupId")?;
    call.sandbox
        .directory
        .groups
        .get_key_value(id)
        .map(|(id, _)| id.clone())
        .ok_or_else(|| missing("GROUP", id))
}

fn check_unique(call: &Call<'_>, name: &str) -> Result<(), Refusal> {
    check_not_reserved("DisplayName", name)?;
    let mut groups = call.sandbox.directory.groups.values();
    if groups.any(|group| same_name(&group.display_name, name)) {
        return Err(duplicate("GroupDisplayName"));
    }
    Ok(())
}

fn short(call: &Call<'_>, group: &Group) -> Value {
    json!({
        "IdentityStoreId": &*call.sandbox.directory.id,
        "GroupId": &*group.id,
        "GroupArn": arn(&group.id),
        "Revision": revision(group.revision),
    })
}

fn record(call: &Call<'_>, group: &Group) -> Map<String, Value> {
    let mut members = Map::new();
    let mut put = |member: &str, value: Value| {
        members.insert(member.to_owned(), value);
    };
    let writer = Value::from(written_by(call, &group.external_ids));
    put("IdentityStoreId", Value::from(&*call.sandbox.directory.id));
    put("GroupId", Value::from(&*group.id));
    put("GroupArn", Value::from(arn(&group.id)));
    put("Revision", Value::from(revision(group.revision)));
    put("DisplayName", Value::from(&*group.display_name));
    if let Some(description) = &group.description {
        put("Description", Value::from(&**description));
    }
    if !group.external_ids.is_empty() {
        put("ExternalIds", external_ids(&group.external_ids));
    }
    put("CreatedAt", epoch_seconds(group.created_ms));
    put("CreatedBy", writer.clone());
    put("UpdatedAt", epoch_seconds(group.updated_ms));
    put("UpdatedBy", writer);
    members
}

fn arn(id: &str) -> String {
    format!("arn:aws:identitystore:::group/{id}")
}

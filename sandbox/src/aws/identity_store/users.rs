//! Users of the identity store.

use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::profile::{self, ENTERPRISE};
use super::{
    Alternate, alternate, check_no_filter, check_not_reserved, check_revision, check_store,
    duplicate, external_ids, missing, revision, same_name, written_by,
};
use crate::aws::call::Call;
use crate::aws::page::{HUNDRED, Page};
use crate::aws::params::epoch_seconds;
use crate::aws::refusal::Refusal;
use crate::org::User;

pub(crate) fn list(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_store(call)?;
    check_no_filter(call)?;
    let detail = Detail::wanted(call)?;
    let page = Page::read(call, &HUNDRED, &[])?;
    let from = page.after().map_or(Bound::Unbounded, Bound::Excluded);
    let rest = call
        .sandbox
        .directory
        .users
        .range::<str, _>((from, Bound::Unbounded))
        .map(|(id, user)| (&**id, user));
    let (users, token) = page.cut(rest);
    let users: Vec<Value> = users
        .into_iter()
        .map(|user| Value::Object(record(call, user, detail)))
        .collect();
    Ok(json!({ "Users": users, "NextToken": token }))
}

pub(crate) fn describe(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let id = user(call)?;
    let detail = Detail::wanted(call)?;
    let found = call.sandbox.directory.users.get(&id);
    Ok(Value::Object(
        found
            .map(|user| record(call, user, detail))
            .unwrap_or_default(),
    ))
}

pub(crate) fn id(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_store(call)?;
    let wanted = alternate(call)?;
    let users = &call.sandbox.directory.users;
    let found = match &wanted {
        Alternate::External(id) => users.values().find(|user| user.external_ids.contains(id)),
        Alternate::Attribute { path, value } => match path.as_str() {
            "userName" => users
                .values()
                .find(|user| same_name(&user.user_name, value)),
            "emails.value" => users.values().find(|user| {
                user.email
                    .as_deref()
                    .is_some_and(|email| email.eq_ignore_ascii_case(value))
            }),
            _ => {
                return Err(Refusal::invalid(format!(
                    "AttributePath {path} is not supported"
                )));
            }
        },
    };
    let user = found.ok_or_else(|| missing("USER", "unknown"))?;
    Ok(json!({
        "IdentityStoreId": &*call.sandbox.directory.id,
        "UserId": &*user.id,
        "UserArn": arn(&user.id),
    }))
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_store(call)?;
    let params = call.params;
    let name = params.required_structure("Name")?;
    let user_name = params.text("UserName")?;
    check_unique(call, user_name)?;
    let text = |text: Option<&str>| text.map(Arc::<str>::from);
    let id = call.uuid();
    let mut user = User {
        id: id.clone(),
        user_name: user_name.into(),
        given_name: name.text("GivenName")?.into(),
        family_name: name.text("FamilyName")?.into(),
        display_name: Some(params.text("DisplayName")?.into()),
        email: None,
        title: text(params.optional("Title")?),
        user_type: text(params.optional("UserType")?),
        department: None,
        manager: None,
        profile: Map::new(),
        enabled: true,
        external_ids: Vec::new(),
        created_ms: call.now_ms,
        updated_ms: call.now_ms,
        revision: 1,
    };
    profile::keep(&mut user, params.members());
    let answer = json!({
        "IdentityStoreId": &*call.sandbox.directory.id,
        "UserId": &*id,
        "UserArn": arn(&id),
        "Revision": revision(user.revision),
    });
    call.sandbox.directory.users.insert(id, user);
    Ok(answer)
}

pub(crate) fn update(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let id = user(call)?;
    let mut changed = match call.sandbox.directory.users.get(&id) {
        Some(user) => user.clone(),
        None => return Err(missing("USER", &id)),
    };
    check_revision(call.params, changed.revision)?;
    for operation in call.params.list("Operations")? {
        let operation = call.params.nested(operation)?;
        let path = operation.text("AttributePath")?;
        let value = operation.members().get("AttributeValue");
        let text = value.and_then(Value::as_str);
        match path {
            "userName" => {
                let name = text.ok_or_else(|| Refusal::invalid("userName must be a string"))?;
                if !same_name(&changed.user_name, name) {
                    check_unique(call, name)?;
                }
                changed.user_name = name.into();
            }
            "displayName" => changed.display_name = text.map(Into::into),
            "title" => changed.title = text.map(Into::into),
            "userType" => changed.user_type = text.map(Into::into),
            other => profile::change(&mut changed, call.params, other, value)?,
        }
    }
    changed.updated_ms = call.now_ms;
    changed.revision += 1;
    let answer = json!({
        "IdentityStoreId": &*call.sandbox.directory.id,
        "UserId": &*id,
        "UserArn": arn(&id),
        "Revision": revision(changed.revision),
    });
    call.sandbox.directory.users.insert(id, changed);
    Ok(answer)
}

/// Deletes a user. As with the AWS API, account assignments remain as orphans.
pub(crate) fn delete(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_store(call)?;
    let id = call.params.text("UserId")?;
    if let Some(user) = call.sandbox.directory.users.get(id) {
        check_revision(call.params, user.revision)?;
    }
    call.sandbox.directory.remove_user(id);
    Ok(json!({}))
}

fn user(call: &Call<'_>) -> Result<Arc<str>, Refusal> {
    check_store(call)?;
    let id = call.params.text("UserId")?;
    call.sandbox
        .directory
        .users
        .get_key_value(id)
        .map(|(id, _)| id.clone())
        .ok_or_else(|| missing("USER", id))
}

fn check_unique(call: &Call<'_>, user_name: &str) -> Result<(), Refusal> {
    check_not_reserved("UserName", user_name)?;
    let users = &call.sandbox.directory.users;
    if users
        .values()
        .any(|user| same_name(&user.user_name, user_name))
    {
        return Err(duplicate("UserName"));
    }
    Ok(())
}

/// Whether the call requests the enterprise extension.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Core,
    Enterprise,
}

impl Detail {
    fn wanted(call: &Call<'_>) -> Result<Self, Refusal> {
        match call.params.list("Extensions")? {
            [] => Ok(Self::Core),
            [only] if only == ENTERPRISE => Ok(Self::Enterprise),
            _ => Err(Refusal::invalid(format!(
                "{ENTERPRISE} is the only supported extension"
            ))),
        }
    }
}

fn record(call: &Call<'_>, user: &User, detail: Detail) -> Map<String, Value> {
    let mut members = Map::new();
    let mut put = |member: &str, value: Value| {
        members.insert(member.to_owned(), value);
    };
    let formatted = format!("{} {}", user.given_name, user.family_name);
    let writer = Value::from(written_by(call, &user.external_ids));
    put("IdentityStoreId", Value::from(&*call.sandbox.directory.id));
    put("UserId", Value::from(&*user.id));
    put("UserArn", Value::from(arn(&user.id)));
    put("Revision", Value::from(revision(user.revision)));
    put("UserName", Value::from(&*user.user_name));
    let display = user.display_name.as_deref().unwrap_or(&formatted);
    put("DisplayName", Value::from(display));
    for (attribute, value) in &user.profile {
        if attribute != "Extensions" {
            put(attribute, value.clone());
        }
    }
    let mut name = user
        .profile
        .get("Name")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    name.insert("GivenName".to_owned(), Value::from(&*user.given_name));
    name.insert("FamilyName".to_owned(), Value::from(&*user.family_name));
    name.entry("Formatted")
        .or_insert_with(|| Value::from(formatted.as_str()));
    put("Name", Value::Object(name));
    if let Some(email) = user
        .email
        .as_ref()
        .filter(|_| !user.profile.contains_key("Emails"))
    {
        put(
            "Emails",
            json!([{ "Value": &**email, "Type": "work", "Primary": true }]),
        );
    }
    if let Some(title) = &user.title {
        put("Title", Value::from(&**title));
    }
    if let Some(kind) = &user.user_type {
        put("UserType", Value::from(&**kind));
    }
    if !user.external_ids.is_empty() {
        put("ExternalIds", external_ids(&user.external_ids));
    }
    let status = if user.enabled { "ENABLED" } else { "DISABLED" };
    put("UserStatus", Value::from(status));
    put("CreatedAt", epoch_seconds(user.created_ms));
    put("CreatedBy", writer.clone());
    put("UpdatedAt", epoch_seconds(user.updated_ms));
    put("UpdatedBy", writer);
    if detail == Detail::Enterprise {
        put("Extensions", json!({ ENTERPRISE: enterprise(call, user) }));
    }
    members
}

/// The attributes of the SCIM enterprise extension.
fn enterprise(call: &Call<'_>, user: &User) -> Value {
    let held = user
        .profile
        .get("Extensions")
        .and_then(|all| all.get(ENTERPRISE));
    let mut members = held.and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(department) = &user.department {
        members.insert("department".to_owned(), Value::from(&**department));
    }
    let manager = user.manager.as_ref();
    if let Some(manager) = manager.and_then(|id| call.sandbox.directory.users.get(id)) {
        members.insert(
            "manager".to_owned(),
            json!({
                "value": &*manager.id,
                "displayName": format!("{} {}", manager.given_name, manager.family_name),
            }),
        );
    }
    Value::Object(members)
}

fn arn(id: &str) -> String {
    format!("arn:aws:identitystore:::user/{id}")
}

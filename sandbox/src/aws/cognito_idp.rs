//! The administrative cognito-idp operations on the user pool, its users and its groups.
//!
//! They use the same pool as the sign-in pages, so that a group removed here is missing from the next token.

mod clients;

use serde_json::{Map, Value, json};

use super::call::Call;
use super::page::{Page, Paging, SIXTY};
use super::params::epoch_seconds;
use super::refusal::Refusal;
use super::service::Operation;
use crate::org::pool::{IDENTITY_ATTRIBUTE, Mfa, MfaConfiguration, PoolGroup, PoolUser};

pub(crate) const OPERATIONS: &[Operation] = &[
    ("AdminGetUser", get_user),
    ("AdminListGroupsForUser", list_groups_for_user),
    ("ListUsers", list_users),
    ("ListUsersInGroup", list_users_in_group),
    ("ListGroups", list_groups),
    ("AdminAddUserToGroup", add_user_to_group),
    ("AdminRemoveUserFromGroup", remove_user_from_group),
    ("AdminDisableUser", disable_user),
    ("AdminEnableUser", enable_user),
    ("AdminUserGlobalSignOut", global_sign_out),
    ("ListUserPools", list_pools),
    ("DescribeUserPool", describe_pool),
    ("GetUserPoolMfaConfig", mfa_config),
    ("DescribeUserPoolClient", clients::describe_client),
    ("ListUserPoolClients", clients::list_clients),
    ("DescribeIdentityProvider", clients::describe_provider),
];

fn get_user(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let user = user(call)?;
    let mut members = Map::new();
    let mut put = |member: &str, value: Value| {
        members.insert(member.to_owned(), value);
    };
    put("Username", Value::from(user.username.as_str()));
    put("UserAttributes", attributes(user));
    put("UserCreateDate", epoch_seconds(user.created_ms));
    put("UserLastModifiedDate", epoch_seconds(user.updated_ms));
    put("Enabled", Value::Bool(user.enabled));
    put("UserStatus", Value::from(status(user)));
    // AWS lists passkeys in AdminGetUserAuthFactors only.
    let factor = match user.mfa {
        Mfa::Totp => Some("SOFTWARE_TOKEN_MFA"),
        Mfa::Sms => Some("SMS_MFA"),
        Mfa::None | Mfa::Passkey => None,
    };
    if let Some(factor) = factor {
        put("PreferredMfaSetting", Value::from(factor));
        put("UserMFASettingList", json!([factor]));
    }
    Ok(Value::Object(members))
}

fn list_users(call: &mut Call<'_>) -> Result<Value, Refusal> {
    const USERS: Paging = Paging {
        token: "PaginationToken",
        ..SIXTY
    };
    check_pool(call)?;
    let filter = call.params.optional("Filter")?.unwrap_or_default();
    let wanted =
        Filter::parse(filter).ok_or_else(|| call.params.invalid("Error while parsing filter."))?;
    let page = Page::read(call, &USERS, &[filter])?;
    let users = &call.sandbox.pool.users;
    let found = users
        .iter()
        .filter(|user| wanted.admits(user))
        .map(|user| (user.username.clone(), listed(user)))
        .collect();
    let (users, token) = page.cut_sorted(found);
    Ok(json!({ "Users": users, "PaginationToken": token }))
}

fn list_users_in_group(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let group = group(call)?;
    let page = Page::read(call, &SIXTY, &[&group])?;
    let users = &call.sandbox.pool.users;
    let found = users
        .iter()
        .filter(|user| user.groups.contains(&group))
        .map(|user| (user.username.clone(), listed(user)))
        .collect();
    let (users, token) = page.cut_sorted(found);
    Ok(json!({ "Users": users, "NextToken": token }))
}

fn list_groups(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_pool(call)?;
    let page = Page::read(call, &SIXTY, &[])?;
    let groups = &call.sandbox.pool.groups;
    let found = groups
        .iter()
        .map(|group| (group.name.clone(), group_record(call, group)))
        .collect();
    let (groups, token) = page.cut_sorted(found);
    Ok(json!({ "Groups": groups, "NextToken": token }))
}

fn list_groups_for_user(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let user = user(call)?;
    let page = Page::read(call, &SIXTY, &[&user.username])?;
    let groups = &call.sandbox.pool.groups;
    let found = groups
        .iter()
        .filter(|group| user.groups.contains(&group.name))
        .map(|group| (group.name.clone(), group_record(call, group)))
        .collect();
    let (groups, token) = page.cut_sorted(found);
    Ok(json!({ "Groups": groups, "NextToken": token }))
}

/// Adds a user to a group. Idempotent.
fn add_user_to_group(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let group = group(call)?;
    change(call, |user| {
        if !user.groups.contains(&group) {
            user.groups.push(group);
        }
    })
}

fn remove_user_from_group(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let group = group(call)?;
    change(call, |user| user.groups.retain(|held| *held != group))
}

fn disable_user(call: &mut Call<'_>) -> Result<Value, Refusal> {
    change(call, |user| user.enabled = false)
}

fn enable_user(call: &mut Call<'_>) -> Result<Value, Refusal> {
    change(call, |user| user.enabled = true)
}

fn global_sign_out(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let now = call.now_ms;
    change(call, |user| user.signed_out_at_ms = Some(now))
}

/// Lists the one pool, of which only the account that owns it knows.
fn list_pools(call: &mut Call<'_>) -> Result<Value, Refusal> {
    const POOLS: Paging = Paging {
        size: Some("MaxResults"),
        ..SIXTY
    };
    let page = Page::read(call, &POOLS, &[])?;
    let pool = &call.sandbox.pool;
    let record = json!({
        "Id": pool.id,
        "Name": pool.name,
        "LambdaConfig": {},
        "CreationDate": epoch_seconds(pool.created_ms),
        "LastModifiedDate": epoch_seconds(pool.created_ms),
    });
    let owner = &call.sandbox.organizations.delegated_admin_account;
    let own = (call.caller.account == *owner).then(|| (pool.id.clone(), record));
    let (pools, token) = page.cut_sorted(own.into_iter().collect());
    Ok(json!({ "UserPools": pools, "NextToken": token }))
}

fn describe_pool(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_pool(call)?;
    let pool = &call.sandbox.pool;
    let owner = &call.sandbox.organizations.delegated_admin_account;
    Ok(json!({ "UserPool": {
        "Id": pool.id,
        "Name": pool.name,
        "Arn": format!("arn:aws:cognito-idp:{}:{owner}:userpool/{}", pool.region, pool.id),
        "CreationDate": epoch_seconds(pool.created_ms),
        "LastModifiedDate": epoch_seconds(pool.created_ms),
        "MfaConfiguration": mfa_name(pool.mfa),
        "EstimatedNumberOfUsers": pool.users.len(),
        "UsernameAttributes": ["email"],
        "AutoVerifiedAttributes": ["email"],
        "UsernameConfiguration": { "CaseSensitive": false },
        "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": true },
        "DeletionProtection": "ACTIVE",
        "Domain": "leastwise-sandbox",
        "SchemaAttributes": schema(&pool.custom_attributes),
        "UserPoolTier": "ESSENTIALS",
        "IssuerConfiguration": { "Type": "ORIGINAL" },
    }}))
}

fn mfa_config(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_pool(call)?;
    Ok(json!({
        "MfaConfiguration": mfa_name(call.sandbox.pool.mfa),
        "SoftwareTokenMfaConfiguration": { "Enabled": true },
    }))
}

/// Returns the attributes of the pool: the standard ones in use, and the custom ones.
fn schema(custom: &[String]) -> Vec<Value> {
    let attribute = |name: &str, mutable: bool| {
        json!({
            "Name": name, "AttributeDataType": "String", "DeveloperOnlyAttribute": false, "Mutable": mutable,
            "Required": name == "sub" || name == "email",
        })
    };
    let standard = [("sub", false), ("email", true), ("name", true)];
    let standard = standard.map(|(name, mutable)| attribute(name, mutable));
    let custom = custom.iter().map(|name| attribute(name, true));
    standard.into_iter().chain(custom).collect()
}

fn check_pool(call: &Call<'_>) -> Result<(), Refusal> {
    let id = call.params.text("UserPoolId")?;
    if id == call.sandbox.pool.id {
        return Ok(());
    }
    Err(Refusal::not_found(format!(
        "User pool {id} does not exist."
    )))
}

fn user<'c>(call: &'c Call<'_>) -> Result<&'c PoolUser, Refusal> {
    check_pool(call)?;
    let name = call.params.text("Username")?;
    call.sandbox.pool.user(name).ok_or_else(no_such_user)
}

fn group(call: &Call<'_>) -> Result<String, Refusal> {
    check_pool(call)?;
    let name = call.params.text("GroupName")?;
    if call
        .sandbox
        .pool
        .groups
        .iter()
        .any(|group| group.name == name)
    {
        return Ok(name.to_owned());
    }
    Err(Refusal::not_found("Group not found."))
}

fn change(call: &mut Call<'_>, apply: impl FnOnce(&mut PoolUser)) -> Result<Value, Refusal> {
    check_pool(call)?;
    let name = call.params.text("Username")?;
    let now = call.now_ms;
    let user = call.sandbox.pool.user_mut(name).ok_or_else(no_such_user)?;
    apply(user);
    user.updated_ms = now;
    Ok(json!({}))
}

fn no_such_user() -> Refusal {
    Refusal::new("UserNotFoundException", "User does not exist.")
}

fn listed(user: &PoolUser) -> Value {
    json!({
        "Username": user.username,
        "Attributes": attributes(user),
        "UserCreateDate": epoch_seconds(user.created_ms),
        "UserLastModifiedDate": epoch_seconds(user.updated_ms),
        "Enabled": user.enabled,
        "UserStatus": status(user),
    })
}

fn attributes(user: &PoolUser) -> Value {
    let mut all = vec![
        json!({ "Name": "sub", "Value": user.sub }),
        json!({ "Name": "email", "Value": user.email }),
        json!({ "Name": "email_verified", "Value": "true" }),
        json!({ "Name": "name", "Value": user.name }),
    ];
    if let Some(id) = &user.identity_store_user_id {
        all.push(json!({ "Name": IDENTITY_ATTRIBUTE, "Value": id }));
    }
    if let Some(identities) = user.identities() {
        all.push(json!({ "Name": "identities", "Value": identities.to_string() }));
    }
    Value::Array(all)
}

fn status(user: &PoolUser) -> &'static str {
    if user.federated {
        "EXTERNAL_PROVIDER"
    } else {
        "CONFIRMED"
    }
}

fn group_record(call: &Call<'_>, group: &PoolGroup) -> Value {
    let pool = &call.sandbox.pool;
    json!({
        "GroupName": group.name,
        "UserPoolId": pool.id,
        "Description": group.description,
        "CreationDate": epoch_seconds(pool.created_ms),
        "LastModifiedDate": epoch_seconds(pool.created_ms),
    })
}

fn mfa_name(mfa: MfaConfiguration) -> &'static str {
    match mfa {
        MfaConfiguration::Off => "OFF",
        MfaConfiguration::On => "ON",
        MfaConfiguration::Optional => "OPTIONAL",
    }
}

/// The filter of `ListUsers`: one attribute, compared with `=` (exact match) or `^=` (prefix match).
enum Filter {
    All,
    One {
        attribute: String,
        value: String,
        prefix_only: bool,
    },
}

impl Filter {
    fn parse(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self::All);
        }
        let (attribute, value) = text.split_once('=')?;
        let prefix_only = attribute.trim_end().ends_with('^');
        let attribute = attribute.trim_end().trim_end_matches('^').trim();
        let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
        let known = [
            "username",
            "sub",
            "email",
            "name",
            "cognito:user_status",
            "status",
        ];
        known.contains(&attribute).then(|| Self::One {
            attribute: attribute.to_owned(),
            value: value.to_owned(),
            prefix_only,
        })
    }

    fn admits(&self, user: &PoolUser) -> bool {
        let Self::One {
            attribute,
            value,
            prefix_only,
        } = self
        else {
            return true;
        };
        let held = match attribute.as_str() {
            "username" => user.username.as_str(),
            "sub" => user.sub.as_str(),
            "email" => user.email.as_str(),
            "name" => user.name.as_str(),
            "status" if user.enabled => "Enabled",
            "status" => "Disabled",
            _ => status(user),
        };
        if *prefix_only {
            held.starts_with(value.as_str())
        } else {
            held == value
        }
    }
}

//! Group memberships.

use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Value, json};

use super::groups::group;
use super::{check_store, duplicate, missing};
use crate::aws::call::Call;
use crate::aws::page::{HUNDRED, Page};
use crate::aws::params::epoch_seconds;
use crate::aws::refusal::Refusal;
use crate::org::Membership;

pub(crate) fn list(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let group = group(call)?;
    let page = Page::read(call, &HUNDRED, &[&group])?;
    let from = page.after().map_or(Bound::Unbounded, Bound::Excluded);
    let rest = call
        .sandbox
        .directory
        .members(&group)
        .into_iter()
        .flat_map(|members| members.range::<str, _>((from, Bound::Unbounded)))
        .map(|(user, membership)| (&**user, &**membership));
    let (ids, token) = page.cut(rest);
    Ok(json!({ "GroupMemberships": records(call, &ids), "NextToken": token }))
}

pub(crate) fn list_for_member(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let user = member(call)?;
    let page = Page::read(call, &HUNDRED, &[&user])?;
    let rest = call
        .sandbox
        .directory
        .groups_of(&user)
        .filter(|membership| page.after().is_none_or(|after| *membership.group > *after))
        .map(|membership| (&*membership.group, &*membership.id));
    let (ids, token) = page.cut(rest);
    Ok(json!({ "GroupMemberships": records(call, &ids), "NextToken": token }))
}

pub(crate) fn is_member_in_groups(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let user = member(call)?;
    let groups = call.params.list("GroupIds")?;
    let results: Vec<Value> = groups
        .iter()
        .filter_map(Value::as_str)
        .map(|group| {
            json!({
                "GroupId": group,
                "MemberId": { "UserId": &*user },
                "MembershipExists": call.sandbox.directory.membership_of(group, &user).is_some(),
            })
        })
        .collect();
    Ok(json!({ "Results": results }))
}

pub(crate) fn describe(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_store(call)?;
    let id = call.params.text("MembershipId")?;
    let membership = call.sandbox.directory.membership(id);
    let membership = membership.ok_or_else(|| missing("GROUP_MEMBERSHIP", id))?;
    Ok(record(call, membership))
}

pub(crate) fn id(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let group = group(call)?;
    let user = member(call)?;
    let membership = call.sandbox.directory.membership_of(&group, &user);
    let membership = membership.ok_or_else(|| missing("GROUP_MEMBERSHIP", &group))?;
    Ok(short(call, &membership.id))
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let group = group(call)?;
    let user = member(call)?;
    if call
        .sandbox
        .directory
        .membership_of(&group, &user)
        .is_some()
    {
        return Err(duplicate("GroupMembership"));
    }
    let id = call.uuid();
    let answer = short(call, &id);
    call.sandbox.directory.join(Membership {
        id,
        group,
        user,
        created_ms: call.now_ms,
    });
    Ok(answer)
}

/// Deletes a membership. Deleting one that does not exist succeeds, because the AWS service model marks the operation
/// as idempotent.
pub(crate) fn delete(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_store(call)?;
    let id = call.params.text("MembershipId")?;
    call.sandbox.directory.leave(id);
    Ok(json!({}))
}

fn member(call: &Call<'_>) -> Result<Arc<str>, Refusal> {
    check_store(call)?;
    let member = call.params.required_structure("MemberId")?;
    let id = member.text("UserId")?;
    call.sandbox
        .directory
        .users
        .get_key_value(id)
        .map(|(id, _)| id.clone())
        .ok_or_else(|| missing("USER", id))
}

fn records(call: &Call<'_>, ids: &[&str]) -> Vec<Value> {
    ids.iter()
        .filter_map(|id| call.sandbox.directory.membership(id))
        .map(|membership| record(call, membership))
        .collect()
}

fn record(call: &Call<'_>, membership: &Membership) -> Value {
    let mut answer = short(call, &membership.id);
    if let Value::Object(members) = &mut answer {
        let mut put = |member: &str, value: Value| {
            members.insert(member.to_owned(), value);
        };
        put("GroupId", Value::from(&*membership.group));
        put("MemberId", json!({ "UserId": &*membership.user }));
        put("CreatedAt", epoch_seconds(membership.created_ms));
        put("UpdatedAt", epoch_seconds(membership.created_ms));
    }
    answer
}

fn short(call: &Call<'_>, id: &str) -> Value {
    json!({
        "IdentityStoreId": &*call.sandbox.directory.id,
        "MembershipId": id,
        "MembershipArn": format!("arn:aws:identitystore:::membership/{id}"),
    })
}

//! Account assignments.
//!
//! Creation and deletion are accepted at once and completed later; see [`super::operation`].

use std::sync::Arc;

use serde_json::{Value, json};

use super::access::{Pair, Principal};
use super::operation::{Operation, OperationKind, Status};
use super::status::assignment_status;
use super::{
    account, check_delegation, check_free, check_instance, not_authorized, permission_set,
};
use crate::aws::call::Call;
use crate::aws::page::{HUNDRED, Page};
use crate::aws::refusal::Refusal;
use crate::org::PrincipalType;

/// The maximum number of assignment writes in progress (reference/aws.md 1.5). AWS documents the limit for creations
/// only. Counting deletions too makes the sandbox stricter, so that a client that stays within it also stays within
/// AWS's limit.
const OUTSTANDING: usize = 15;

pub(crate) fn list(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let set = permission_set(call)?;
    let account = account(call, "AccountId")?;
    let page = Page::read(call, &HUNDRED, &[&set, &account])?;
    let access = &call.sandbox.access;
    let pair = access.pair(&account, &set);
    let principals = access.role(&pair).map_or(&[][..], |role| &role.principals);
    // A page begins after the last principal returned, even if that principal was removed since.
    let from = page.after().and_then(principal_of_key).map_or(0, |after| {
        principals.partition_point(|principal| *principal <= after)
    });
    let keyed: Vec<(String, Value)> = principals[from..]
        .iter()
        .take(HUNDRED.limit + 1)
        .map(|principal| (key_of(principal), row(&pair, principal)))
        .collect();
    let (keys, rows): (Vec<String>, Vec<Value>) = keyed.into_iter().unzip();
    let (rows, token) = page.cut(keys.iter().map(String::as_str).zip(rows));
    Ok(json!({ "AccountAssignments": rows, "NextToken": token }))
}

/// Lists direct assignments, for the management account only, as documented. Whether AWS actually denies a delegated
/// administrator could not be verified; denying keeps clients from relying on it.
pub(crate) fn list_for_principal(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_instance(call)?;
    if call.caller.account != call.sandbox.organizations.management_account {
        return Err(not_authorized(call));
    }
    let principal = principal(call)?;
    let filter = call.params.structure("Filter")?;
    let only = match &filter {
        Some(filter) => filter.optional("AccountId")?,
        None => None,
    };
    let page = Page::read(
        call,
        &HUNDRED,
        &[
            &principal.id,
            principal.kind.as_str(),
            only.unwrap_or_default(),
        ],
    )?;
    let rows = call
        .sandbox
        .access
        .pairs_of(&principal)
        .filter(|pair| only.is_none_or(|only| &*pair.account == only))
        .map(|pair| {
            (
                format!("{}/{}", pair.account, pair.set),
                row(pair, &principal),
            )
        })
        .collect();
    let (rows, token) = page.cut_sorted(rows);
    Ok(json!({ "AccountAssignments": rows, "NextToken": token }))
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let (pair, principal) = target(call)?;
    check_delegation(call, &pair.set, Some(&pair.account))?;
    let updates_role = !call.sandbox.access.is_current(&pair);
    admit(call, &pair, updates_role)?;
    let operation = accept(
        call,
        OperationKind::CreateAssignment,
        pair,
        principal,
        updates_role,
    );
    Ok(json!({ "AccountAssignmentCreationStatus": operation }))
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let (pair, principal) = target(call)?;
    check_delegation(call, &pair.set, Some(&pair.account))?;
    let principals = call.sandbox.access.role(&pair).map(|role| &role.principals);
    let (assigned, last) = principals.map_or((false, false), |principals| {
        (principals.contains(&principal), principals.len() == 1)
    });
    admit(call, &pair, last)?;
    if !assigned {
        return Err(Refusal::not_found(format!(
            "Assignment of {} {} to account {} not found",
            principal.kind.as_str(),
            principal.id,
            pair.account
        )));
    }
    let operation = accept(call, OperationKind::DeleteAssignment, pair, principal, last);
    Ok(json!({ "AccountAssignmentDeletionStatus": operation }))
}

fn admit(call: &Call<'_>, pair: &Pair, updates_role: bool) -> Result<(), Refusal> {
    check_free(call, pair, updates_role)?;
    let outstanding = call
        .sandbox
        .operations
        .in_flight()
        .filter(|other| {
            matches!(
                other.kind,
                OperationKind::CreateAssignment | OperationKind::DeleteAssignment
            )
        })
        .count();
    if outstanding >= OUTSTANDING {
        return Err(Refusal::new(
            "ThrottlingException",
            "There are too many requests processing. Please try again later.",
        ));
    }
    Ok(())
}

fn accept(
    call: &mut Call<'_>,
    kind: OperationKind,
    pair: Pair,
    principal: Principal,
    updates_role: bool,
) -> Value {
    let latency_ms = call.timing.latency_ms;
    let operation = Operation {
        request_id: call.uuid(),
        kind,
        set: pair.set,
        accounts: vec![pair.account],
        principal: Some(principal),
        created_ms: call.now_ms,
        due_ms: (!call.fate.never_ends).then_some(call.now_ms + latency_ms),
        latency_ms,
        updates_role,
        fails_with: call.fate.fails_later.clone(),
        status: Status::InProgress,
        failure: None,
    };
    let answer = assignment_status(&operation);
    call.sandbox.operations.accept(operation);
    answer
}

fn target(call: &Call<'_>) -> Result<(Pair, Principal), Refusal> {
    let set = permission_set(call)?;
    let principal = principal(call)?;
    let account = account(call, "TargetId")?;
    Ok((Pair { account, set }, principal))
}

fn principal(call: &Call<'_>) -> Result<Principal, Refusal> {
    let kind = match call.params.text("PrincipalType")? {
        "USER" => PrincipalType::User,
        _ => PrincipalType::Group,
    };
    let id = call.params.text("PrincipalId")?;
    let directory = &call.sandbox.directory;
    let known = match kind {
        PrincipalType::User => directory.users.get_key_value(id).map(|(id, _)| id.clone()),
        PrincipalType::Group => directory.groups.get_key_value(id).map(|(id, _)| id.clone()),
    };
    Ok(Principal {
        kind,
        id: known.unwrap_or_else(|| Arc::from(id)),
    })
}

fn row(pair: &Pair, principal: &Principal) -> Value {
    json!({
        "AccountId": &*pair.account,
        "PermissionSetArn": &*pair.set,
        "PrincipalType": principal.kind.as_str(),
        "PrincipalId": &*principal.id,
    })
}

fn key_of(principal: &Principal) -> String {
    format!("{}/{}", principal.kind.as_str(), principal.id)
}

fn principal_of_key(key: &str) -> Option<Principal> {
    let (kind, id) = key.split_once('/')?;
    let kind = match kind {
        "USER" => PrincipalType::User,
        _ => PrincipalType::Group,
    };
    Some(Principal {
        kind,
        id: id.into(),
    })
}

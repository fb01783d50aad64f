//! The status of asynchronous writes. The lists omit the target, which takes one describe call per write.

use serde_json::{Map, Value, json};

use super::check_instance;
use super::operation::{Operation, OperationKind};
use crate::aws::call::Call;
use crate::aws::page::{HUNDRED, Page};
use crate::aws::params::epoch_seconds;
use crate::aws::refusal::Refusal;

pub(crate) fn describe_creation(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let operation = find(
        call,
        "AccountAssignmentCreationRequestId",
        OperationKind::CreateAssignment,
    )?;
    Ok(json!({ "AccountAssignmentCreationStatus": assignment_status(operation) }))
}

pub(crate) fn describe_deletion(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let operation = find(
        call,
        "AccountAssignmentDeletionRequestId",
        OperationKind::DeleteAssignment,
    )?;
    Ok(json!({ "AccountAssignmentDeletionStatus": assignment_status(operation) }))
}

pub(crate) fn describe_provisioning(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let operation = find(
        call,
        "ProvisionPermissionSetRequestId",
        OperationKind::Provision,
    )?;
    Ok(json!({ "PermissionSetProvisioningStatus": provisioning_status(operation) }))
}

pub(crate) fn list_creation(call: &mut Call<'_>) -> Result<Value, Refusal> {
    list(
        call,
        OperationKind::CreateAssignment,
        "AccountAssignmentsCreationStatus",
    )
}

pub(crate) fn list_deletion(call: &mut Call<'_>) -> Result<Value, Refusal> {
    list(
        call,
        OperationKind::DeleteAssignment,
        "AccountAssignmentsDeletionStatus",
    )
}

pub(crate) fn list_provisioning(call: &mut Call<'_>) -> Result<Value, Refusal> {
    list(
        call,
        OperationKind::Provision,
        "PermissionSetsProvisioningStatus",
    )
}

pub(super) fn assignment_status(operation: &Operation) -> Value {
    let mut members = summary(operation);
    let mut put = |member: &str, value: Option<&str>| {
        if let Some(value) = value {
            members.insert(member.to_owned(), Value::from(value));
        }
    };
    put("TargetId", operation.accounts.first().map(|id| &**id));
    put("TargetType", Some("AWS_ACCOUNT"));
    put("PermissionSetArn", Some(&operation.set));
    if let Some(principal) = &operation.principal {
        put("PrincipalType", Some(principal.kind.as_str()));
        put("PrincipalId", Some(&principal.id));
    }
    put("FailureReason", operation.failure.as_deref());
    Value::Object(members)
}

pub(super) fn provisioning_status(operation: &Operation) -> Value {
    let mut members = summary(operation);
    let mut put = |member: &str, value: Option<&str>| {
        if let Some(value) = value {
            members.insert(member.to_owned(), Value::from(value));
        }
    };
    if let [only] = operation.accounts.as_slice() {
        put("AccountId", Some(only));
    }
    put("PermissionSetArn", Some(&operation.set));
    put("FailureReason", operation.failure.as_deref());
    Value::Object(members)
}

fn summary(operation: &Operation) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("Status".to_owned(), Value::from(operation.status.as_str()));
    members.insert("RequestId".to_owned(), Value::from(&*operation.request_id));
    members.insert(
        "CreatedDate".to_owned(),
        epoch_seconds(operation.created_ms),
    );
    members
}

fn find<'c>(
    call: &'c Call<'_>,
    member: &str,
    kind: OperationKind,
) -> Result<&'c Operation, Refusal> {
    check_instance(call)?;
    let id = call.params.text(member)?;
    call.sandbox
        .operations
        .by_request(id)
        .filter(|operation| operation.kind == kind)
        .ok_or_else(|| Refusal::not_found(format!("Request with id {id} not found")))
}

fn list(call: &mut Call<'_>, kind: OperationKind, member: &str) -> Result<Value, Refusal> {
    check_instance(call)?;
    let filter = call.params.structure("Filter")?;
    let wanted = match &filter {
        Some(filter) => filter.optional("Status")?,
        None => None,
    };
    let page = Page::read(call, &HUNDRED, &[wanted.unwrap_or_default()])?;
    let after = page.after().map(str::to_owned);
    let mut passed = after.is_none();
    let rest = call
        .sandbox
        .operations
        .newest_first()
        .filter(|operation| operation.kind == kind)
        .skip_while(|operation| {
            let skip = !passed;
            passed = passed || after.as_deref() == Some(&*operation.request_id);
            skip
        })
        .filter(|operation| wanted.is_none_or(|wanted| operation.status.as_str() == wanted))
        .map(|operation| (&*operation.request_id, Value::Object(summary(operation))));
    let (statuses, token) = page.cut(rest);
    let mut answer = Map::new();
    answer.insert(member.to_owned(), Value::Array(statuses));
    answer.insert("NextToken".to_owned(), Value::from(token));
    Ok(Value::Object(answer))
}

//! `ProvisionPermissionSet`: updates roles to the latest revision of their permission set.

use serde_json::{Value, json};

use super::access::Pair;
use super::operation::{Operation, OperationKind, Status};
use super::status::provisioning_status;
use super::{account, check_delegation, check_free, permission_set};
use crate::aws::call::Call;
use crate::aws::refusal::Refusal;

/// The maximum number of calls in progress (reference/aws.md 1.4).
const CONCURRENT: usize = 3;

pub(crate) fn provision(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let set = permission_set(call)?;
    let held = call
        .sandbox
        .access
        .accounts_of(&set)
        .cloned()
        .unwrap_or_default();
    let accounts = if call.params.text("TargetType")? == "AWS_ACCOUNT" {
        let account = account(call, "TargetId")?;
        check_delegation(call, &set, Some(&account))?;
        if !held.contains(&account) {
            return Err(Refusal::not_found(format!(
                "PermissionSet is not provisioned to account {account}"
            )));
        }
        vec![account]
    } else {
        check_delegation(call, &set, None)?;
        held.into_iter().collect()
    };
    for account in &accounts {
        let pair = Pair {
            account: account.clone(),
            set: set.clone(),
        };
        check_free(call, &pair, true)?;
    }
    let running = call
        .sandbox
        .operations
        .in_flight()
        .filter(|other| other.kind == OperationKind::Provision)
        .count();
    if running >= CONCURRENT {
        return Err(Refusal::new(
            "ThrottlingException",
            "There are too many requests processing. Please try again later.",
        ));
    }
    let latency_ms = call.timing.latency_ms;
    let operation = Operation {
        request_id: call.uuid(),
        kind: OperationKind::Provision,
        set,
        accounts,
        principal: None,
        created_ms: call.now_ms,
        due_ms: (!call.fate.never_ends).then_some(call.now_ms + latency_ms),
        latency_ms,
        updates_role: true,
        fails_with: call.fate.fails_later.clone(),
        status: Status::InProgress,
        failure: None,
    };
    let answer = json!({ "PermissionSetProvisioningStatus": provisioning_status(&operation) });
    call.sandbox.operations.accept(operation);
    Ok(answer)
}

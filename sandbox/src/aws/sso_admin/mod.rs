//! IAM Identity Center: the sso-admin API as reference/aws.md section 1 describes it.

pub(crate) mod access;
mod assignments;
mod instances;
mod managed_policies;
pub(crate) mod operation;
mod permission_sets;
mod policies;
mod provisioned;
mod provisioning;
mod status;
mod tags;

use std::sync::Arc;

use super::call::Call;
use super::refusal::Refusal;
use super::service::Operation;
use access::Pair;

pub(crate) const OPERATIONS: &[Operation] = &[
    ("ListAccountAssignments", assignments::list),
    (
        "ListAccountAssignmentsForPrincipal",
        assignments::list_for_principal,
    ),
    ("CreateAccountAssignment", assignments::create),
    ("DeleteAccountAssignment", assignments::delete),
    (
        "DescribeAccountAssignmentCreationStatus",
        status::describe_creation,
    ),
    (
        "DescribeAccountAssignmentDeletionStatus",
        status::describe_deletion,
    ),
    ("ListAccountAssignmentCreationStatus", status::list_creation),
    ("ListAccountAssignmentDeletionStatus", status::list_deletion),
    (
        "DescribePermissionSetProvisioningStatus",
        status::describe_provisioning,
    ),
    (
        "ListPermissionSetProvisioningStatus",
        status::list_provisioning,
    ),
    (
        "ListAccountsForProvisionedPermissionSet",
        provisioned::list_accounts,
    ),
    (
        "ListPermissionSetsProvisionedToAccount",
        provisioned::list_permission_sets,
    ),
    ("ProvisionPermissionSet", provisioning::provision),
    ("ListInstances", instances::list),
    ("DescribeInstance", instances::describe),
    ("ListPermissionSets", permission_sets::list),
    ("DescribePermissionSet", permission_sets::describe),
    ("CreatePermissionSet", permission_sets::create),
    ("UpdatePermissionSet", permission_sets::update),
    ("DeletePermissionSet", permission_sets::delete),
    ("ListManagedPoliciesInPermissionSet", policies::list_managed),
    (
        "AttachManagedPolicyToPermissionSet",
        policies::attach_managed,
    ),
    (
        "DetachManagedPolicyFromPermissionSet",
        policies::detach_managed,
    ),
    (
        "ListCustomerManagedPolicyReferencesInPermissionSet",
        policies::list_customer_managed,
    ),
    (
        "AttachCustomerManagedPolicyReferenceToPermissionSet",
        policies::attach_customer_managed,
    ),
    (
        "DetachCustomerManagedPolicyReferenceFromPermissionSet",
        policies::detach_customer_managed,
    ),
    ("GetInlinePolicyForPermissionSet", policies::get_inline),
    ("PutInlinePolicyToPermissionSet", policies::put_inline),
    (
        "DeleteInlinePolicyFromPermissionSet",
        policies::delete_inline,
    ),
    (
        "GetPermissionsBoundaryForPermissionSet",
        policies::get_boundary,
    ),
    (
        "PutPermissionsBoundaryToPermissionSet",
        policies::put_boundary,
    ),
    (
        "DeletePermissionsBoundaryFromPermissionSet",
        policies::delete_boundary,
    ),
    ("ListTagsForResource", tags::list),
    ("TagResource", tags::tag),
    ("UntagResource", tags::untag),
];

/// Checks that the call names the instance and comes from the management account or the delegated administrator
/// account.
fn check_instance(call: &Call<'_>) -> Result<(), Refusal> {
    let arn = call.params.text("InstanceArn")?;
    if instances::own(call).any(|one| *one.arn == *arn) {
        return Err(call
            .params
            .invalid("The operation is not supported for this Identity Center instance"));
    }
    check_administrator(call)?;
    if *arn != *call.sandbox.instance_arn {
        return Err(no_instance(call, arn));
    }
    Ok(())
}

/// Returns the error for an instance that does not exist. The model of `DescribeInstance` names no missing resource.
pub(super) fn no_instance(call: &Call<'_>, arn: &str) -> Refusal {
    if call.operation == "DescribeInstance" {
        return not_authorized(call);
    }
    Refusal::not_found(format!("Identity Center instance with ARN {arn} not found"))
}

fn check_administrator(call: &Call<'_>) -> Result<(), Refusal> {
    let organizations = &call.sandbox.organizations;
    let account = &call.caller.account;
    if *account == organizations.management_account
        || *account == organizations.delegated_admin_account
    {
        return Ok(());
    }
    Err(not_authorized(call))
}

fn not_authorized(call: &Call<'_>) -> Refusal {
    Refusal::denied(format!(
        "User: {} is not authorized to perform: sso:{}",
        call.caller.arn(),
        call.operation
    ))
}

/// Returns the ARN of the permission set named by the call.
fn permission_set(call: &Call<'_>) -> Result<Arc<str>, Refusal> {
    check_instance(call)?;
    let arn = call.params.text("PermissionSetArn")?;
    call.sandbox
        .access
        .sets
        .get_key_value(arn)
        .map(|(arn, _)| arn.clone())
        .ok_or_else(|| Refusal::not_found(format!("Could not find PermissionSet with id {arn}")))
}

/// Returns the ID of the account in `member`.
fn account(call: &Call<'_>, member: &str) -> Result<Arc<str>, Refusal> {
    let id = call.params.text(member)?;
    call.sandbox
        .organizations
        .accounts
        .get_key_value(id)
        .map(|(id, _)| id.clone())
        .ok_or_else(|| Refusal::not_found(format!("Account {id} not found in the organization")))
}

/// Denies a delegated administrator every write in the management account and, in any account, every write that
/// concerns a permission set provisioned there (reference/aws.md 2.3).
fn check_delegation(call: &Call<'_>, set: &str, account: Option<&str>) -> Result<(), Refusal> {
    let organizations = &call.sandbox.organizations;
    let management = &organizations.management_account;
    if call.caller.account == *management {
        return Ok(());
    }
    let in_management = call
        .sandbox
        .access
        .accounts_of(set)
        .is_some_and(|accounts| accounts.contains(management));
    if in_management || account.is_some_and(|account| account == &**management) {
        return Err(not_authorized(call));
    }
    Ok(())
}

/// Returns a conflict if an operation in progress in the same account has the same permission set, or if both it and
/// this call update a role.
fn check_free(call: &Call<'_>, pair: &Pair, updates_role: bool) -> Result<(), Refusal> {
    for other in call.sandbox.operations.in_flight() {
        if !other.touches(&pair.account) {
            continue;
        }
        if other.set == pair.set || (updates_role && other.updates_role) {
            return Err(Refusal::conflict(format!(
                "There is a conflicting operation in process for account {}. Please try again later.",
                pair.account
            )));
        }
    }
    Ok(())
}

/// Returns a conflict if the permission set is being provisioned or assigned (terraform-provider-aws #26138).
fn check_set_free(call: &Call<'_>, set: &str) -> Result<(), Refusal> {
    if call
        .sandbox
        .operations
        .in_flight()
        .any(|other| &*other.set == set)
    {
        return Err(Refusal::conflict(
            "PermissionSet has an operation in progress. Please try again later.",
        ));
    }
    Ok(())
}

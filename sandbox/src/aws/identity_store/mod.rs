//! The identity store API: users, groups and memberships.
//!
//! Writes take effect immediately. Records provisioned by SCIM can be written too, as AWS allows but warns against.

pub(crate) mod directory;
mod groups;
mod memberships;
mod profile;
mod users;

use super::call::Call;
use super::params::Params;
use super::refusal::Refusal;
use super::service::Operation;
use crate::org::ExternalId;
use serde_json::{Value, json};

pub(crate) const OPERATIONS: &[Operation] = &[
    ("ListGroupMemberships", memberships::list),
    (
        "ListGroupMembershipsForMember",
        memberships::list_for_member,
    ),
    ("IsMemberInGroups", memberships::is_member_in_groups),
    ("DescribeGroupMembership", memberships::describe),
    ("GetGroupMembershipId", memberships::id),
    ("CreateGroupMembership", memberships::create),
    ("DeleteGroupMembership", memberships::delete),
    ("ListUsers", users::list),
    ("DescribeUser", users::describe),
    ("GetUserId", users::id),
    ("CreateUser", users::create),
    ("UpdateUser", users::update),
    ("DeleteUser", users::delete),
    ("ListGroups", groups::list),
    ("DescribeGroup", groups::describe),
    ("GetGroupId", groups::id),
    ("CreateGroup", groups::create),
    ("UpdateGroup", groups::update),
    ("DeleteGroup", groups::delete),
];

/// Checks that the call names the identity store, by ID or ARN, and comes from the management account or the delegated
/// administrator account.
fn check_store(call: &Call<'_>) -> Result<(), Refusal> {
    let named = call.params.text("IdentityStoreId")?;
    let id = named.rsplit('/').next().unwrap_or_default();
    let organizations = &call.sandbox.organizations;
    let account = &call.caller.account;
    if *account != organizations.management_account
        && *account != organizations.delegated_admin_account
    {
        return Err(Refusal::denied(format!(
            "User: {} is not authorized to perform: identitystore:{}",
            call.caller.arn(),
            call.operation
        )));
    }
    if *id == *call.sandbox.directory.id {
        return Ok(());
    }
    Err(no_store(id))
}

/// Returns the error for an identity store that does not exist.
pub(super) fn no_store(id: &str) -> Refusal {
    missing("IDENTITY_STORE", id)
}

fn missing(kind: &'static str, id: &str) -> Refusal {
    Refusal::not_found(format!("{kind} not found."))
        .with("ResourceType", kind)
        .with("ResourceId", id)
}

fn duplicate(what: &str) -> Refusal {
    Refusal::conflict(format!("Duplicate {what}")).with("Reason", "UNIQUENESS_CONSTRAINT_VIOLATION")
}

/// Checks the optional `Revision`, which makes a write depend on the revision that the caller has read.
fn check_revision(params: &Params, held: u32) -> Result<(), Refusal> {
    match params.optional("Revision")? {
        Some(given) if given != revision(held) => Err(Refusal::conflict(
            "The resource was modified since it was read",
        )
        .with("Reason", "CONCURRENT_MODIFICATION")),
        _ => Ok(()),
    }
}

/// Formats a revision as digits in no order. AWS documents that callers must not interpret it.
fn revision(count: u32) -> String {
    (count.wrapping_mul(0x9e37_79b1) ^ 0x5bd1_e995).to_string()
}

/// Refuses the names that AWS reserves for itself (documented at `CreateUser` and `CreateGroup`).
fn check_not_reserved(member: &str, name: &str) -> Result<(), Refusal> {
    const RESERVED: [&str; 2] = ["Administrator", "AWSAdministrators"];
    if RESERVED.iter().any(|held| held.eq_ignore_ascii_case(name)) {
        return Err(Refusal::invalid(format!("{member} {name} is reserved")));
    }
    Ok(())
}

/// Returns whether two names are the same to AWS, which ignores their case.
fn same_name(one: &str, other: &str) -> bool {
    one == other || one.to_lowercase() == other.to_lowercase()
}

/// Rejects `Filters` with the error that AWS returns since it deprecated them (landing-zone-accelerator #667).
fn check_no_filter(call: &Call<'_>) -> Result<(), Refusal> {
    if call.params.list("Filters")?.is_empty() {
        return Ok(());
    }
    Err(Refusal::invalid("Filter is deprecated"))
}

fn external_ids(ids: &[ExternalId]) -> Value {
    ids.iter()
        .map(|id| json!({ "Issuer": &*id.issuer, "Id": &*id.id }))
        .collect()
}

/// Returns the creator of a record: `scim` if it has an external ID, otherwise the root user of the management account.
fn written_by(call: &Call<'_>, ids: &[ExternalId]) -> String {
    if ids.is_empty() {
        format!(
            "arn:aws:iam::{}:root",
            call.sandbox.organizations.management_account
        )
    } else {
        "scim".to_owned()
    }
}

/// The alternate identifier that `GetUserId` and `GetGroupId` search by.
enum Alternate {
    External(ExternalId),
    Attribute { path: String, value: String },
}

fn alternate(call: &Call<'_>) -> Result<Alternate, Refusal> {
    let given = call.params.required_structure("AlternateIdentifier")?;
    if let Some(external) = given.structure("ExternalId")? {
        return Ok(Alternate::External(ExternalId {
            issuer: external.text("Issuer")?.into(),
            id: external.text("Id")?.into(),
        }));
    }
    let unique = given.required_structure("UniqueAttribute")?;
    Ok(Alternate::Attribute {
        path: unique.text("AttributePath")?.to_owned(),
        value: unique.text("AttributeValue")?.to_owned(),
    })
}

//! The identity store API: users, groups and memberships.
//!
//! Writes are carried out at once. SCIM-fed records can be written as well, as AWS allows and warns of.

pub(crate) mod directory;
mod groups;
mod memberships;
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

/// Every operation names the store, by id or by ARN, and only its two administrators may.
fn check_store(call: &Call<'_>) -> Result<(), Refusal> {
    let named = call.params.text("IdentityStoreId")?;
    let id = named.rsplit('/').next().unwrap_or_default();
    let organizations = &call.world.organizations;
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
    if *id == *call.world.directory.id {
        return Ok(());
    }
    Err(missing("IDENTITY_STORE", id))
}

fn missing(kind: &'static str, id: &str) -> Refusal {
    Refusal::not_found(format!("{kind} not found."))
        .with("ResourceType", kind)
        .with("ResourceId", id)
}

fn duplicate(what: &str) -> Refusal {
    Refusal::conflict(format!("Duplicate {what}")).with("Reason", "UNIQUENESS_CONSTRAINT_VIOLATION")
}

/// A caller may make a write depend on the revision it has read.
fn check_revision(params: &Params, held: u32) -> Result<(), Refusal> {
    match params.optional("Revision")? {
        Some(given) if given != revision(held) => Err(Refusal::conflict(
            "The resource was modified since it was read",
        )
        .with("Reason", "CONCURRENT_MODIFICATION")),
        _ => Ok(()),
    }
}

/// Opaque on purpose: AWS says not to read anything into it.
fn revision(count: u32) -> String {
    format!("r-{:08x}", count.wrapping_mul(0x9e37_79b1) ^ 0x5bd1_e995)
}

/// Filters have answered so since AWS deprecated them (landing-zone-accelerator #667).
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

/// Who is recorded as creator: SCIM for what carries an outside identifier, the account otherwise.
fn written_by(call: &Call<'_>, ids: &[ExternalId]) -> String {
    if ids.is_empty() {
        format!(
            "arn:aws:iam::{}:root",
            call.world.organizations.management_account
        )
    } else {
        "scim".to_owned()
    }
}

/// What GetUserId and GetGroupId search by.
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

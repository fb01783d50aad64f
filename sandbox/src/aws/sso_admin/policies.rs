//! The policies and the permissions boundary of a permission set.

use serde_json::{Value, json};

use super::permission_sets::edit;
use super::{managed_policies, permission_set};
use crate::aws::call::Call;
use crate::aws::page::{HUNDRED, Page};
use crate::aws::params::Params;
use crate::aws::policy_document;
use crate::aws::refusal::Refusal;
use crate::org::{Boundary, PermissionSet, PolicyReference};

/// The quota of AWS managed and customer managed policies together.
const POLICIES_PER_SET: usize = 20;

pub(crate) fn list_managed(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let (set, page) = set_and_page(call)?;
    let policies = set
        .managed_policies
        .iter()
        .map(|arn| {
            (
                arn.clone(),
                json!({ "Name": last_segment(arn), "Arn": arn }),
            )
        })
        .collect();
    let (policies, token) = page.cut_sorted(policies);
    Ok(json!({ "AttachedManagedPolicies": policies, "NextToken": token }))
}

pub(crate) fn attach_managed(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let arn = managed_policy_arn(call.params)?;
    edit(call, |set| {
        if set.managed_policies.contains(&arn) {
            return Err(Refusal::conflict(format!(
                "Permission set already has {arn} attached"
            )));
        }
        check_room(set)?;
        set.managed_policies.push(arn);
        Ok(())
    })
}

pub(crate) fn detach_managed(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let arn = managed_policy_arn(call.params)?;
    edit(call, |set| {
        let before = set.managed_policies.len();
        set.managed_policies.retain(|held| *held != arn);
        if set.managed_policies.len() == before {
            return Err(no_managed_policy(&arn));
        }
        Ok(())
    })
}

pub(crate) fn list_customer_managed(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let (set, page) = set_and_page(call)?;
    let policies = set
        .customer_policies
        .iter()
        .map(|policy| (format!("{}{}", policy.path, policy.name), reference(policy)))
        .collect();
    let (policies, token) = page.cut_sorted(policies);
    Ok(json!({ "CustomerManagedPolicyReferences": policies, "NextToken": token }))
}

pub(crate) fn attach_customer_managed(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let policy = read_reference(
        &call
            .params
            .required_structure("CustomerManagedPolicyReference")?,
    )?;
    edit(call, |set| {
        if set.customer_policies.contains(&policy) {
            return Err(Refusal::conflict(format!(
                "Permission set already has {} attached",
                policy.name
            )));
        }
        check_room(set)?;
        set.customer_policies.push(policy);
        Ok(())
    })
}

pub(crate) fn detach_customer_managed(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let policy = read_reference(
        &call
            .params
            .required_structure("CustomerManagedPolicyReference")?,
    )?;
    edit(call, |set| {
        let before = set.customer_policies.len();
        set.customer_policies.retain(|held| *held != policy);
        if set.customer_policies.len() == before {
            return Err(Refusal::not_found(format!(
                "Could not find CustomerManagedPolicyReference {}",
                policy.name
            )));
        }
        Ok(())
    })
}

/// Returns an empty string if there is no inline policy, as AWS does.
pub(crate) fn get_inline(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let arn = permission_set(call)?;
    let policy = call
        .sandbox
        .access
        .sets
        .get(&arn)
        .and_then(|set| set.inline_policy.as_deref())
        .unwrap_or_default();
    Ok(json!({ "InlinePolicy": policy }))
}

pub(crate) fn put_inline(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let policy = call.params.text("InlinePolicy")?.to_owned();
    if let Err(what) = policy_document::check(&policy) {
        return Err(call.params.invalid(what));
    }
    if policy
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .count()
        > 10_240
    {
        return Err(Refusal {
            status: 402,
            ..Refusal::new(
                "ServiceQuotaExceededException",
                "The inline policy exceeds 10240 characters",
            )
        });
    }
    edit(call, |set| {
        set.inline_policy = Some(policy);
        Ok(())
    })
}

pub(crate) fn delete_inline(call: &mut Call<'_>) -> Result<Value, Refusal> {
    edit(call, |set| {
        set.inline_policy = None;
        Ok(())
    })
}

pub(crate) fn get_boundary(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let arn = permission_set(call)?;
    let boundary = match call
        .sandbox
        .access
        .sets
        .get(&arn)
        .and_then(|set| set.boundary.as_ref())
    {
        Some(Boundary::AwsManaged(arn)) => json!({ "ManagedPolicyArn": arn }),
        Some(Boundary::CustomerManaged(policy)) => {
            json!({ "CustomerManagedPolicyReference": reference(policy) })
        }
        None => return Err(no_boundary()),
    };
    Ok(json!({ "PermissionsBoundary": boundary }))
}

pub(crate) fn put_boundary(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let given = call.params.required_structure("PermissionsBoundary")?;
    let arn = given.optional("ManagedPolicyArn")?;
    let policy = given.structure("CustomerManagedPolicyReference")?;
    let boundary = match (arn, policy) {
        (Some(_), None) => Boundary::AwsManaged(managed_policy_arn(&given)?),
        (None, Some(policy)) => Boundary::CustomerManaged(read_reference(&policy)?),
        _ => {
            return Err(call.params.invalid(
                "Only ManagedPolicyArn or CustomerManagedPolicyReference should be given.",
            ));
        }
    };
    edit(call, |set| {
        set.boundary = Some(boundary);
        Ok(())
    })
}

pub(crate) fn delete_boundary(call: &mut Call<'_>) -> Result<Value, Refusal> {
    edit(call, |set| {
        set.boundary.take().map(drop).ok_or_else(no_boundary)
    })
}

fn set_and_page<'c>(call: &'c Call<'_>) -> Result<(&'c PermissionSet, Page), Refusal> {
    let arn = permission_set(call)?;
    let page = Page::read(call, &HUNDRED, &[&arn])?;
    let set = call.sandbox.access.sets.get(&arn);
    let set = set.ok_or_else(|| Refusal::not_found("Could not find PermissionSet"))?;
    Ok((set, page))
}

fn check_room(set: &PermissionSet) -> Result<(), Refusal> {
    if set.managed_policies.len() + set.customer_policies.len() < POLICIES_PER_SET {
        return Ok(());
    }
    Err(Refusal {
        status: 402,
        ..Refusal::new(
            "ServiceQuotaExceededException",
            "You have exceeded the number of policies for a permission set",
        )
    })
}

fn no_boundary() -> Refusal {
    Refusal::not_found("No permissions boundary is attached to the permission set")
}

/// Reads the ARN of an AWS managed policy that exists.
fn managed_policy_arn(params: &Params) -> Result<String, Refusal> {
    let arn = params.text("ManagedPolicyArn")?;
    if managed_policies::exists(arn) {
        return Ok(arn.to_owned());
    }
    Err(no_managed_policy(arn))
}

fn no_managed_policy(arn: &str) -> Refusal {
    Refusal::not_found(format!("Could not find ManagedPolicy with arn {arn}"))
}

fn last_segment(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

fn reference(policy: &PolicyReference) -> Value {
    json!({ "Name": policy.name, "Path": policy.path })
}

fn read_reference(params: &Params) -> Result<PolicyReference, Refusal> {
    let name = params.text("Name")?;
    let path = params.optional("Path")?.unwrap_or("/");
    Ok(PolicyReference {
        name: name.to_owned(),
        path: path.to_owned(),
    })
}

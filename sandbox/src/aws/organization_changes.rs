//! Changes of AWS Organizations that tests make as somebody else: tags of accounts, and moves between OUs.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::call::Call;
use super::params::Params;
use super::refusal::Refusal;
use crate::org::Account;

pub(crate) fn tag(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let tags = read_tags(call.params)?;
    account(call, "ResourceId", "TargetNotFoundException")?
        .tags
        .extend(tags);
    Ok(json!({}))
}

pub(crate) fn untag(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let keys: Vec<String> = call
        .params
        .list("TagKeys")?
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let held = account(call, "ResourceId", "TargetNotFoundException")?;
    held.tags
        .retain(|key, _| !keys.iter().any(|gone| **gone == **key));
    Ok(json!({}))
}

pub(crate) fn move_account(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let source = call.params.text("SourceParentId")?.to_owned();
    let destination = call.params.text("DestinationParentId")?.to_owned();
    let organizations = &call.sandbox.organizations;
    let to = organizations
        .units
        .get_key_value(destination.as_str())
        .map(|(id, _)| id.clone())
        .or_else(|| (*organizations.root_id == *destination).then(|| organizations.root_id.clone()))
        .ok_or_else(|| {
            Refusal::new(
                "DestinationParentNotFoundException",
                "You specified a destination parent that doesn't exist.",
            )
        })?;
    let held = account(call, "AccountId", "AccountNotFoundException")?;
    if *held.parent != *source {
        return Err(Refusal::new(
            "SourceParentNotFoundException",
            "You specified a source parent that doesn't exist.",
        ));
    }
    held.parent = to;
    Ok(json!({}))
}

/// Returns the account in a member of the call. Only the management account may change the organization.
fn account<'a>(
    call: &'a mut Call<'_>,
    member: &str,
    absent: &'static str,
) -> Result<&'a mut Account, Refusal> {
    if call.caller.account != call.sandbox.organizations.management_account {
        return Err(Refusal::denied(
            "You don't have permissions to access this resource.",
        ));
    }
    let id = call.params.text(member)?.to_owned();
    let accounts = &mut call.sandbox.organizations.accounts;
    accounts
        .get_mut(id.as_str())
        .ok_or_else(|| Refusal::new(absent, "You specified an account that doesn't exist."))
}

fn read_tags(params: &Params) -> Result<BTreeMap<Arc<str>, Arc<str>>, Refusal> {
    let tags = params.list("Tags")?.iter();
    tags.map(|tag| {
        let tag = params.nested(tag)?;
        Ok((tag.text("Key")?.into(), tag.text("Value")?.into()))
    })
    .collect()
}

//! The Identity Center instances that an account sees: the one of the organization, and its own account instances.

use serde_json::{Value, json};

use super::check_instance;
use crate::aws::call::Call;
use crate::aws::page::{HUNDRED, Page};
use crate::aws::params::epoch_seconds;
use crate::aws::refusal::Refusal;
use crate::org::AccountInstance;

/// Lists the account instances of the calling account, in their order, and then the instance of the organization, which
/// every member account sees. The position in that order is the key of a page.
pub(crate) fn list(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let page = Page::read(call, &HUNDRED, &[])?;
    let own = own(call).map(|one| account_instance(call, one));
    let all = own.chain([instance(call)]);
    let numbered = all
        .enumerate()
        .map(|(number, one)| (format!("{number:06}"), one));
    let (instances, token) = page.cut_sorted(numbered.collect());
    Ok(json!({ "Instances": instances, "NextToken": token }))
}

pub(crate) fn describe(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let arn = call.params.text("InstanceArn")?;
    if let Some(one) = own(call).find(|one| *one.arn == *arn) {
        let mut answer = account_instance(call, one);
        answer["PermissionSetsEnabled"] = Value::Bool(false);
        return Ok(answer);
    }
    check_instance(call)?;
    let mut answer = instance(call);
    answer["PermissionSetsEnabled"] = Value::Bool(true);
    answer["EncryptionConfigurationDetails"] =
        json!({ "KeyType": "AWS_OWNED_KMS_KEY", "EncryptionStatus": "ENABLED" });
    Ok(answer)
}

/// Returns the account instances of the calling account.
pub(super) fn own<'a>(call: &'a Call<'_>) -> impl Iterator<Item = &'a AccountInstance> {
    let account = &call.caller.account;
    let instances = call.sandbox.account_instances.iter();
    instances.filter(move |one| one.owner == *account)
}

fn account_instance(call: &Call<'_>, one: &AccountInstance) -> Value {
    json!({
        "InstanceArn": &*one.arn,
        "IdentityStoreId": &*one.identity_store_id,
        "OwnerAccountId": &*one.owner,
        "Name": "account-instance",
        "CreatedDate": epoch_seconds(call.sandbox.created_ms),
        "Status": one.status.as_str(),
        "PrimaryRegion": &*call.sandbox.region,
    })
}

fn instance(call: &Call<'_>) -> Value {
    let sandbox = &call.sandbox;
    let created = epoch_seconds(sandbox.created_ms);
    json!({
        "InstanceArn": &*sandbox.instance_arn,
        "IdentityStoreId": &*sandbox.directory.id,
        "IdentityStoreArn": format!(
            "arn:aws:identitystore::{}:identitystore/{}",
            sandbox.organizations.management_account, sandbox.directory.id
        ),
        "OwnerAccountId": &*sandbox.organizations.management_account,
        "Name": "workforce",
        "CreatedDate": created,
        "Status": sandbox.instance_status.as_str(),
        "PrimaryRegion": &*sandbox.region,
        "Regions": [{
            "RegionName": &*sandbox.region,
            "Status": "ACTIVE",
            "AddedDate": created,
            "IsPrimaryRegion": true,
        }],
    })
}

//! The Identity Center instance.

use serde_json::{Value, json};

use super::{check_administrator, check_instance};
use crate::aws::call::Call;
use crate::aws::page::{HUNDRED, Page};
use crate::aws::params::epoch_seconds;
use crate::aws::refusal::Refusal;

pub(crate) fn list(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_administrator(call)?;
    let page = Page::read(call, &HUNDRED, &[])?;
    let one = [(&*call.sandbox.instance_arn, instance(call))];
    let after = page.after().is_some();
    let (instances, token) = page.cut(one.into_iter().filter(|_| !after));
    Ok(json!({ "Instances": instances, "NextToken": token }))
}

pub(crate) fn describe(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_instance(call)?;
    let mut answer = instance(call);
    if let Value::Object(members) = &mut answer {
        members.insert("PermissionSetsEnabled".to_owned(), Value::Bool(true));
        members.insert(
            "EncryptionConfigurationDetails".to_owned(),
            json!({ "KeyType": "AWS_OWNED_KMS_KEY", "EncryptionStatus": "ENABLED" }),
        );
    }
    Ok(answer)
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
        "Status": "ACTIVE",
        "PrimaryRegion": &*sandbox.region,
        "Regions": [{
            "RegionName": &*sandbox.region,
            "Status": "ACTIVE",
            "AddedDate": created,
            "IsPrimaryRegion": true,
        }],
    })
}

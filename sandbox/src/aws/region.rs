//! What a call finds in a Region where the instance, the directory and the pool are not.
//!
//! AWS answers there as if they did not exist: a wrong Region must never read as an organization without access.

use serde_json::{Value, json};

use super::call::Call;
use super::identity_store;
use super::refusal::Refusal;
use super::service::Service;
use super::sso_admin;

/// Returns the response to a call in another Region than the one that holds the resources of its service; `None` if the
/// call is in the right one.
pub(crate) fn elsewhere(call: &Call<'_>) -> Option<Result<Value, Refusal>> {
    let service = call.params.service;
    let home = match service {
        Service::SsoAdmin | Service::IdentityStore => &*call.sandbox.region,
        Service::CognitoIdp => &*call.sandbox.pool.region,
        Service::Organizations | Service::CloudTrail | Service::Sts => return None,
    };
    if call
        .caller
        .region
        .as_deref()
        .is_none_or(|asked| asked == home)
    {
        return None;
    }
    let named = |member: &str| {
        call.params
            .optional(member)
            .ok()
            .flatten()
            .unwrap_or_default()
    };
    Some(match (service, call.operation) {
        (Service::SsoAdmin, "ListInstances") => Ok(json!({ "Instances": [] })),
        (Service::CognitoIdp, "ListUserPools") => Ok(json!({ "UserPools": [] })),
        (Service::CognitoIdp, _) => Err(Refusal::not_found(format!(
            "User pool {} does not exist.",
            named("UserPoolId")
        ))),
        (Service::IdentityStore, _) => Err(identity_store::no_store(named("IdentityStoreId"))),
        _ => Err(sso_admin::no_instance(call, named("InstanceArn"))),
    })
}

/// Returns the Region in which CloudTrail records a call.
pub(crate) fn of_event(call: &Call<'_>) -> String {
    let only = call.params.service.only_region();
    let asked = call.caller.region.as_deref();
    only.or(asked).unwrap_or(&call.sandbox.region).to_owned()
}

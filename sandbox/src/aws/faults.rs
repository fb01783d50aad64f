//! Fault injection: rules that make calls fail. Seeded, so that a failing run can be repeated.
//!
//! Rules are not persisted. Their effects on a write in progress are stored with that write.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::call::{CallOutcome, PageFault};
use super::params::Params;
use super::refusal::Refusal;
use super::service::{is_asynchronous, is_list, is_write};

/// The body of `POST /_sandbox/faults`. It replaces all rules; an empty object clears them.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FaultPlan {
    pub seed: u64,
    pub rules: Vec<Rule>,
}

/// A fault and the calls that it applies to. Omitted members match everything.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// `sso-admin`, `identitystore`, `organizations`, `cloudtrail`, `cognito-idp` or `sts`.
    #[serde(default)]
    pub service: Option<String>,
    #[serde(default)]
    pub operation: Option<String>,
    /// The account that the call targets, not the account of the caller.
    #[serde(default)]
    pub account_id: Option<String>,
    pub kind: FaultKind,
    /// Milliseconds, for `delay_ms`.
    #[serde(default)]
    pub ms: u64,
    /// FailureReason, for `async_failed`; the member `Reason` of the error, for `access_denied`.
    #[serde(default)]
    pub reason: Option<String>,
    /// Between zero and one.
    #[serde(default = "always")]
    pub probability: f64,
    /// How many times the rule may fire. Unlimited if absent.
    #[serde(default)]
    pub count: Option<u32>,
}

fn always() -> f64 {
    1.0
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// 400, as when the quota is exceeded.
    Throttle,
    /// 400 ConflictException; writes only.
    Conflict,
    /// 500, nothing applied.
    Internal,
    /// The connection is reset before the call is executed.
    ResetBefore,
    /// The connection is reset after the call was executed.
    ResetAfter,
    /// The call is executed, then answered with a 500.
    LostAnswer,
    /// The response is delayed by `ms`.
    DelayMs,
    /// The asynchronous part ends as `FAILED` with `reason`.
    AsyncFailed,
    /// The asynchronous part stays `IN_PROGRESS`.
    AsyncNever,
    /// The page is cut in half and carries a token; lists only, as the four below.
    TruncatePage,
    /// An empty page with a token precedes every page.
    EmptyPage,
    /// Every page carries the same token.
    RepeatToken,
    /// The list has no records.
    EmptyList,
    /// The first page is cut in half and carries a token; every later page is an error.
    ErrorAfterFirstPage,
    AccessDenied,
    /// 400, as for a resource that does not exist.
    NotFound,
}

/// The combined effect of all matching rules on one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultDecision {
    /// The error to return instead of executing the call.
    pub refuse: Option<Refusal>,
    pub reset: Option<Reset>,
    /// Whether to execute the call and then answer with a 500.
    pub lose_answer: bool,
    pub delay_ms: u64,
    pub fate: CallOutcome,
}

/// Whether the connection is reset before or after the call is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reset {
    Before,
    After,
}

/// The active fault rules.
pub(crate) struct Faults {
    rules: Vec<Rule>,
    entropy: ChaCha8Rng,
}

impl Faults {
    pub fn new(plan: FaultPlan) -> Self {
        Self {
            rules: plan.rules,
            entropy: ChaCha8Rng::seed_from_u64(plan.seed),
        }
    }

    /// Returns the rules with their remaining counts.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Applies every matching rule to one call.
    pub fn decide(&mut self, params: &Params, operation: &str) -> FaultDecision {
        let mut verdict = FaultDecision::default();
        for rule in &mut self.rules {
            if !rule.applies(params, operation) {
                continue;
            }
            if rule.probability < 1.0 && self.entropy.r#gen::<f64>() >= rule.probability {
                continue;
            }
            if let Some(left) = &mut rule.count {
                *left -= 1;
            }
            rule.mark(&mut verdict, params);
        }
        verdict
    }
}

impl Rule {
    fn applies(&self, params: &Params, operation: &str) -> bool {
        let service_named = self
            .service
            .as_deref()
            .is_none_or(|name| name == params.service.name());
        let operation_named = self
            .operation
            .as_deref()
            .is_none_or(|name| name == operation);
        let possible = match self.kind {
            FaultKind::Conflict => is_write(operation),
            FaultKind::AsyncFailed | FaultKind::AsyncNever => is_asynchronous(operation),
            FaultKind::TruncatePage
            | FaultKind::EmptyPage
            | FaultKind::RepeatToken
            | FaultKind::EmptyList
            | FaultKind::ErrorAfterFirstPage => is_list(operation),
            _ => true,
        };
        service_named
            && operation_named
            && possible
            && self.count != Some(0)
            && self.account_id.as_deref().is_none_or(|account| {
                ["TargetId", "AccountId", "ResourceId", "ChildId"]
                    .iter()
                    .any(|member| params.optional(member).ok().flatten() == Some(account))
            })
    }

    fn mark(&self, verdict: &mut FaultDecision, params: &Params) {
        let service = params.service;
        match self.kind {
            FaultKind::Throttle => verdict.refuse = Some(super::quota::throttled(service)),
            FaultKind::Conflict => {
                verdict.refuse = Some(Refusal::new(
                    service.conflict_code(),
                    "The request conflicts with a previous write that is still propagating. Please retry.",
                ));
            }
            FaultKind::Internal => verdict.refuse = Some(Refusal::internal(service)),
            FaultKind::AccessDenied => {
                let refusal = Refusal::new(
                    service.denied_code(),
                    "You do not have sufficient access to perform this action.",
                );
                verdict.refuse = Some(match &self.reason {
                    Some(reason) => refusal.with("Reason", reason.as_str()),
                    None => refusal,
                });
            }
            FaultKind::NotFound => {
                verdict.refuse = Some(Refusal::not_found("The resource was not found."));
            }
            FaultKind::ResetBefore => verdict.reset = Some(Reset::Before),
            FaultKind::ResetAfter => verdict.reset = Some(Reset::After),
            FaultKind::LostAnswer => verdict.lose_answer = true,
            FaultKind::DelayMs => verdict.delay_ms += self.ms,
            FaultKind::AsyncFailed => {
                verdict.fate.fails_later = Some(self.reason.clone().unwrap_or_else(|| {
                    "Received a 500 status error: internal failure while provisioning".to_owned()
                }));
            }
            FaultKind::AsyncNever => verdict.fate.never_ends = true,
            FaultKind::EmptyPage => verdict.fate.page = PageFault::Empty,
            FaultKind::RepeatToken => verdict.fate.page = PageFault::RepeatedToken,
            FaultKind::EmptyList => verdict.fate.page = PageFault::NoRecords,
            FaultKind::ErrorAfterFirstPage if has_token(params) => {
                verdict.refuse = Some(params.invalid("The provided NextToken has expired"));
            }
            FaultKind::TruncatePage | FaultKind::ErrorAfterFirstPage => {
                verdict.fate.page = PageFault::Short;
            }
        }
    }
}

/// Whether a call requests a later page of a list.
fn has_token(params: &Params) -> bool {
    ["NextToken", "PaginationToken"]
        .iter()
        .any(|member| params.optional(member).ok().flatten().is_some())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use axum::http::HeaderMap;
    use serde_json::{Value, json};

    use super::{FaultPlan, Faults};
    use crate::aws::Signatures;
    use crate::aws::quota::Limits;
    use crate::aws::response::{IncomingCall, answer};
    use crate::aws::service::{Service, is_list};
    use crate::clock::Clock;
    use crate::org::Organisation;
    use crate::state::SandboxState;

    /// The parameters with which each list operation returns at least one record.
    fn lists(sample: &Organisation) -> BTreeMap<&'static str, Value> {
        let assignment = &sample.assignments[0];
        let (instance, store) = (&*sample.instance_arn, &*sample.identity_store_id);
        let (account, set) = (&*assignment.account, &*assignment.permission_set);
        let membership = &sample.memberships[0];
        let pool = &sample.pool;
        let admin = pool
            .users
            .iter()
            .find(|user| !user.groups.is_empty())
            .expect("a user of a group");
        let tagged = sample.accounts.iter().find(|one| !one.tags.is_empty());
        let tagged = &*tagged.expect("an account with tags").id;
        let principal = &*assignment.principal_id;
        let kind = assignment.principal_type.as_str();
        let of_set = json!({ "InstanceArn": instance, "PermissionSetArn": set });
        let of_root = json!({ "ParentId": &*sample.root_id });
        BTreeMap::from([
            ("ListInstances", json!({})),
            ("ListPermissionSets", json!({ "InstanceArn": instance })),
            ("ListManagedPoliciesInPermissionSet", of_set.clone()),
            (
                "ListCustomerManagedPolicyReferencesInPermissionSet",
                of_set.clone(),
            ),
            ("ListAccountsForProvisionedPermissionSet", of_set.clone()),
            (
                "ListPermissionSetsProvisionedToAccount",
                json!({ "InstanceArn": instance, "AccountId": account }),
            ),
            (
                "ListAccountAssignments",
                json!({ "InstanceArn": instance, "AccountId": account, "PermissionSetArn": set }),
            ),
            (
                "ListAccountAssignmentsForPrincipal",
                json!({ "InstanceArn": instance, "PrincipalId": principal, "PrincipalType": kind }),
            ),
            (
                "ListAccountAssignmentCreationStatus",
                json!({ "InstanceArn": instance }),
            ),
            (
                "ListAccountAssignmentDeletionStatus",
                json!({ "InstanceArn": instance }),
            ),
            (
                "ListPermissionSetProvisioningStatus",
                json!({ "InstanceArn": instance }),
            ),
            (
                "ListTagsForResource",
                json!({ "InstanceArn": instance, "ResourceArn": set, "ResourceId": tagged }),
            ),
            (
                "ListUsers",
                json!({ "IdentityStoreId": store, "UserPoolId": &*pool.id }),
            ),
            (
                "ListGroups",
                json!({ "IdentityStoreId": store, "UserPoolId": &*pool.id }),
            ),
            (
                "ListGroupMemberships",
                json!({ "IdentityStoreId": store, "GroupId": &*membership.group }),
            ),
            (
                "ListGroupMembershipsForMember",
                json!({ "IdentityStoreId": store, "MemberId": { "UserId": &*membership.user } }),
            ),
            ("ListAccounts", json!({})),
            ("ListRoots", json!({})),
            ("ListOrganizationalUnitsForParent", of_root.clone()),
            ("ListAccountsForParent", of_root),
            ("ListParents", json!({ "ChildId": tagged })),
            (
                "ListChildren",
                json!({ "ParentId": &*sample.root_id, "ChildType": "ORGANIZATIONAL_UNIT" }),
            ),
            ("ListDelegatedAdministrators", json!({})),
            (
                "ListDelegatedServicesForAccount",
                json!({ "AccountId": &*sample.delegated_admin_account }),
            ),
            (
                "ListPolicies",
                json!({ "Filter": "SERVICE_CONTROL_POLICY" }),
            ),
            ("ListUserPools", json!({ "MaxResults": 60 })),
            ("ListUserPoolClients", json!({ "UserPoolId": &*pool.id })),
            ("LookupEvents", json!({})),
            (
                "ListUsersInGroup",
                json!({ "UserPoolId": &*pool.id, "GroupName": &*admin.groups[0] }),
            ),
            (
                "AdminListGroupsForUser",
                json!({ "UserPoolId": &*pool.id, "Username": &*admin.username }),
            ),
        ])
    }

    fn target(service: Service, operation: &str) -> String {
        let prefix = match service {
            Service::SsoAdmin => "SWBExternalService",
            Service::IdentityStore => "AWSIdentityStore",
            Service::Organizations => "AWSOrganizationsV20161128",
            Service::CloudTrail => "CloudTrail_20131101",
            Service::CognitoIdp => "AWSCognitoIdentityProviderService",
            Service::Sts => "",
        };
        format!("{prefix}.{operation}")
    }

    struct Caller {
        sandbox: SandboxState,
        target: String,
        authorization: String,
        asked: Value,
    }

    impl Caller {
        fn inject(&mut self, kind: &str) {
            let plan: FaultPlan = serde_json::from_value(json!({ "rules": [{ "kind": kind }] }))
                .expect("a plan of known faults");
            self.sandbox.faults = Faults::new(plan);
        }

        /// Returns the status, the number of records and the token.
        fn page(&mut self, token: Option<&str>) -> (u16, usize, Option<String>) {
            let mut asked = self.asked.clone();
            let member = if self
                .target
                .ends_with("AWSCognitoIdentityProviderService.ListUsers")
            {
                "PaginationToken"
            } else {
                "NextToken"
            };
            if let Some(token) = token {
                asked[member] = token.into();
            }
            let body = asked.to_string();
            let mut headers = HeaderMap::new();
            for (name, value) in [
                ("x-amz-target", &self.target),
                ("authorization", &self.authorization),
            ] {
                headers.insert(name, value.parse().expect("a header"));
            }
            let answer = answer(
                &mut self.sandbox,
                &IncomingCall {
                    headers: &headers,
                    host: None,
                    body: body.as_bytes(),
                },
            );
            let said: Value = serde_json::from_str(&answer.body).expect("JSON");
            let rows = said.as_object().into_iter().flatten();
            let rows = rows.filter_map(|(_, value)| value.as_array()).map(Vec::len);
            let token = said[member].as_str().map(str::to_owned);
            (answer.status, rows.sum(), token)
        }

        /// Returns the number of records on all pages, and the number of pages.
        fn everything(&mut self) -> (usize, usize) {
            let (mut rows, mut pages, mut token) = (0, 0, None);
            loop {
                let (status, found, next) = self.page(token.as_deref());
                assert_eq!(status, 200, "{}", self.target);
                (rows, pages) = (rows + found, pages + 1);
                assert!(pages < 200, "{} does not end", self.target);
                if next.is_none() {
                    return (rows, pages);
                }
                token = next;
            }
        }
    }

    #[test]
    fn every_list_operation_of_every_service_can_fail_in_every_way_that_a_page_can() {
        let sample = Organisation::sample();
        let lists = lists(&sample);
        let mut driven = BTreeSet::new();
        for service in Service::ALL {
            for (operation, _) in service.operations() {
                if !is_list(operation) {
                    continue;
                }
                driven.insert(*operation);
                let asked = lists
                    .get(operation)
                    .unwrap_or_else(|| panic!("{operation}: no parameters"));
                let mut caller = Caller {
                    sandbox: SandboxState::of(sample.clone(), Clock::manual(1_780_000_000_000))
                        .with_limits(Limits::Unlimited)
                        .with_signatures(Signatures::Ignored),
                    target: target(service, operation),
                    authorization: format!(
                        "AWS4-HMAC-SHA256 Credential={}/20260601/eu-west-1/sso/aws4_request",
                        sample.management_account
                    ),
                    asked: asked.clone(),
                };
                let (rows, pages) = caller.everything();
                caller.inject("truncate_page");
                let (short, more) = caller.everything();
                assert_eq!(short, rows, "{operation}: short pages lose nothing");
                assert!(more > pages, "{operation}: a short page has a token");
                caller.inject("empty_page");
                let (_, none, token) = caller.page(None);
                assert!(
                    none == 0 && token.is_some(),
                    "{operation}: an empty page has a token"
                );
                assert_eq!(
                    caller.everything().0,
                    rows,
                    "{operation}: empty pages lose nothing"
                );
                caller.inject("repeat_token");
                let (_, _, first) = caller.page(None);
                let (_, _, second) = caller.page(first.as_deref());
                assert!(
                    first.is_some() && first == second,
                    "{operation}: the token repeats"
                );
                caller.inject("error_after_first_page");
                let (status, _, token) = caller.page(None);
                assert!(
                    status == 200 && token.is_some(),
                    "{operation}: the first page comes"
                );
                assert_eq!(
                    caller.page(token.as_deref()).0,
                    400,
                    "{operation}: the second does not"
                );
            }
        }
        assert_eq!(driven.len(), lists.len(), "{driven:?}");
    }
}

//! Fault injection: rules that make calls fail. Seeded, so that a failing run can be repeated.
//!
//! Rules are not persisted. Their effects on a write in progress are stored with that write.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::call::CallOutcome;
use super::params::Params;
use super::refusal::Refusal;
use super::service::{Service, is_asynchronous, is_write};

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
    /// FailureReason, for `async_failed`.
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
    /// The page is cut in half and carries a token.
    TruncatePage,
    AccessDenied,
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
            rule.mark(&mut verdict, params.service);
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
            FaultKind::TruncatePage => operation.starts_with("List") || operation == "LookupEvents",
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

    fn mark(&self, verdict: &mut FaultDecision, service: Service) {
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
                verdict.refuse = Some(Refusal::new(
                    service.denied_code(),
                    "You do not have sufficient access to perform this action.",
                ));
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
            FaultKind::TruncatePage => verdict.fate.short_page = true,
        }
    }
}

//! Answers one request: signature, quota, faults, model, Region, handler, call record. The order follows AWS: a throttled
//! call is rejected before its parameters are validated, and nothing is looked up before they are valid.

use axum::http::HeaderMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::call::{Call, CallOutcome, Caller, Timing};
use super::calls::{CallRecord, key_params};
use super::faults::{FaultDecision, Reset};
use super::params::Params;
use super::refusal::Refusal;
use super::service::{Operation, Service, is_write};
use super::sso_admin::operation::settle;
use super::{cloudtrail, model, region, signature, sts};
use crate::persist::Entry;
use crate::state::SandboxState;

/// The parts of an HTTP request that the protocol uses.
pub(crate) struct IncomingCall<'a> {
    pub headers: &'a HeaderMap,
    /// The host of the URL, which only calls in process have.
    pub host: Option<&'a str>,
    pub body: &'a [u8],
}

impl<'a> IncomingCall<'a> {
    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The HTTP response to send.
pub(crate) struct ServiceResponse {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
    pub request_id: String,
    pub delay_ms: u64,
    /// Whether to reset the connection instead of sending this response.
    pub reset: bool,
}

const JSON: &str = "application/x-amz-json-1.1";

/// Answers one request. The caller holds the lock on the sandbox state.
pub(crate) fn answer(sandbox: &mut SandboxState, asked: &IncomingCall<'_>) -> ServiceResponse {
    let now_ms = sandbox.clock.now_ms();
    settle(sandbox, now_ms);
    let mut call = Incoming {
        seq: sandbox.calls.take_number(),
        request_id: sandbox.request_id(),
        seed: sandbox.entropy.r#gen(),
        now_ms,
        caller: signature::claimed(sandbox, asked),
        timing: sandbox.timing(),
    };
    let Some(target) = asked.header("x-amz-target") else {
        return query(sandbox, call, asked);
    };
    let named = target.rsplit_once('.').and_then(|(prefix, operation)| {
        let service = Service::of_target(prefix)?;
        Some((service, operation))
    });
    let known = named.and_then(|(service, name)| {
        let operation = service.operations().iter().find(|held| held.0 == name)?;
        Some((service, *operation))
    });
    let Some((service, operation)) = known else {
        let service = named.map(|(service, _)| service);
        let refusal = Refusal::new("UnknownOperationException", format!("Unknown: {target}"));
        let record = call.record(
            service.map_or("unknown", Service::name),
            target,
            "{}".into(),
            refusal.code,
        );
        sandbox.calls.push(record);
        return call.refused(service, &refusal);
    };
    let params = signature::authenticate(sandbox, asked, service).and_then(|caller| {
        call.caller = caller;
        Params::parse(service, asked.body)
    });
    match params {
        Ok(params) => known_operation(sandbox, call, operation, &params, asked.body),
        Err(refusal) => {
            let record = call.record(service.name(), operation.0, "{}".into(), refusal.code);
            sandbox.calls.push(record);
            call.refused(Some(service), &refusal)
        }
    }
}

/// The properties of a call that are fixed before its operation is known.
struct Incoming {
    seq: u64,
    request_id: String,
    seed: u64,
    now_ms: i64,
    caller: Caller,
    timing: Timing,
}

impl Incoming {
    fn record(
        &self,
        service: &str,
        operation: &str,
        params: Box<str>,
        outcome: &str,
    ) -> CallRecord {
        CallRecord {
            seq: self.seq,
            at_ms: self.now_ms,
            service: service.into(),
            operation: operation.into(),
            params,
            outcome: outcome.into(),
            applied: false,
            request_id: self.request_id.as_str().into(),
            access_key: self.caller.access_key.as_ref().into(),
            app: self.caller.app.as_ref().into(),
        }
    }

    fn refused(self, service: Option<Service>, refusal: &Refusal) -> ServiceResponse {
        ServiceResponse {
            status: refusal.status,
            content_type: JSON,
            body: refusal.body(service),
            request_id: self.request_id,
            delay_ms: 0,
            reset: false,
        }
    }
}

fn known_operation(
    sandbox: &mut SandboxState,
    incoming: Incoming,
    operation: Operation,
    params: &Params,
    body: &[u8],
) -> ServiceResponse {
    let service = params.service;
    let clock = sandbox.clock.clone();
    let verdict = match sandbox.quotas.admit(service, &clock) {
        Err(refusal) => FaultDecision {
            refuse: Some(refusal),
            ..FaultDecision::default()
        },
        Ok(()) => sandbox.faults.decide(params, operation.0),
    };
    let handled = if verdict.refuse.is_some() || verdict.reset == Some(Reset::Before) {
        None
    } else {
        Some(run(sandbox, &incoming, operation, params, &verdict.fate))
    };
    let told: Result<&Value, Refusal> = match (&verdict.refuse, &handled) {
        (Some(refusal), _) | (None, Some(Err(refusal))) => Err(refusal.clone()),
        (None, Some(Ok(_))) if verdict.lose_answer => Err(Refusal::internal(service)),
        (None, Some(Ok(value))) => Ok(value),
        (None, None) => Err(Refusal::internal(service)),
    };
    let real = match &handled {
        Some(Ok(_)) => "ok",
        Some(Err(refusal)) => refusal.code,
        None => verdict
            .refuse
            .as_ref()
            .map_or("reset", |refusal| refusal.code),
    };
    let hidden =
        handled.is_some() && (verdict.reset.is_some() || (verdict.lose_answer && real == "ok"));
    let outcome = if hidden {
        format!("lost:{real}")
    } else {
        real.to_owned()
    };
    let mut record = incoming.record(service.name(), operation.0, key_params(params), &outcome);
    record.applied = matches!(handled, Some(Ok(_)));
    if is_write(operation.0) {
        let body = handled
            .is_some()
            .then(|| String::from_utf8_lossy(body).into_owned());
        keep(sandbox, &incoming, &record, body, &verdict.fate);
    }
    sandbox.calls.push(record);
    let answer = match told {
        Ok(value) => ServiceResponse {
            status: 200,
            content_type: JSON,
            body: value.to_string(),
            request_id: incoming.request_id,
            delay_ms: 0,
            reset: false,
        },
        Err(refusal) => incoming.refused(Some(service), &refusal),
    };
    ServiceResponse {
        delay_ms: verdict.delay_ms,
        reset: verdict.reset.is_some(),
        ..answer
    }
}

fn run(
    sandbox: &mut SandboxState,
    incoming: &Incoming,
    (operation, handler): Operation,
    params: &Params,
    fate: &CallOutcome,
) -> Result<Value, Refusal> {
    let mut call = Call {
        sandbox,
        params,
        operation,
        caller: &incoming.caller,
        request_id: &incoming.request_id,
        now_ms: incoming.now_ms,
        fate,
        timing: incoming.timing,
        entropy: ChaCha8Rng::seed_from_u64(incoming.seed),
    };
    let result = model::check(params, operation)
        .and_then(|()| region::elsewhere(&call).unwrap_or_else(|| handler(&mut call)));
    cloudtrail::note(&mut call, &result);
    if is_write(operation) {
        sandbox.changes += 1;
    }
    result.map(without_nulls)
}

/// Omits the members that are null, such as the token of the last page, as AWS does.
fn without_nulls(mut answer: Value) -> Value {
    if let Value::Object(members) = &mut answer {
        members.retain(|_, value| !value.is_null());
    }
    answer
}

fn keep(
    sandbox: &mut SandboxState,
    incoming: &Incoming,
    record: &CallRecord,
    body: Option<String>,
    fate: &CallOutcome,
) {
    let Some(journal) = &mut sandbox.journal else {
        return;
    };
    let entry = Entry {
        record: record.clone(),
        caller: incoming.caller.clone(),
        body,
        seed: incoming.seed,
        fate: fate.clone(),
        timing: incoming.timing,
    };
    if let Err(error) = journal.append(&entry) {
        tracing::error!(%error, "cannot write the sandbox journal");
    }
}

/// Replays a journal entry at its recorded time.
pub(crate) fn replay(sandbox: &mut SandboxState, entry: Entry) {
    let record = entry.record;
    settle(sandbox, record.at_ms);
    let operation = Service::ALL
        .into_iter()
        .find(|service| *service.name() == *record.service)
        .and_then(|service| {
            let mut operations = service.operations().iter();
            let operation = operations.find(|held| *held.0 == *record.operation)?;
            Some((service, *operation))
        });
    if let (Some((service, operation)), Some(body)) = (operation, &entry.body)
        && let Ok(params) = Params::parse(service, body.as_bytes())
    {
        let incoming = Incoming {
            seq: record.seq,
            request_id: record.request_id.to_string(),
            seed: entry.seed,
            now_ms: record.at_ms,
            caller: entry.caller,
            timing: entry.timing,
        };
        let result = run(sandbox, &incoming, operation, &params, &entry.fate);
        if result.is_ok() != record.applied {
            tracing::error!(seq = record.seq, "a replayed call had a different result");
        }
    }
    sandbox.calls.push(record);
}

/// Answers a request without `X-Amz-Target`, which uses the Query protocol. Only STS is supported.
fn query(
    sandbox: &mut SandboxState,
    mut incoming: Incoming,
    asked: &IncomingCall<'_>,
) -> ServiceResponse {
    let action = sts::action(asked.body);
    let known = action
        .as_deref()
        .is_some_and(|action| sts::OPERATIONS.contains(&action));
    let clock = sandbox.clock.clone();
    let refusal = match signature::authenticate(sandbox, asked, Service::Sts) {
        Err(refusal) => Some(refusal),
        Ok(_) if !known => Some(Refusal::new("InvalidAction", "Could not find operation")),
        Ok(caller) => {
            incoming.caller = caller;
            sandbox.quotas.admit(Service::Sts, &clock).err()
        }
    };
    let outcome = refusal.as_ref().map_or("ok", |refusal| refusal.code);
    let name = action.as_deref().unwrap_or("unknown");
    let record = incoming.record(Service::Sts.name(), name, "{}".into(), outcome);
    sandbox.calls.push(record);
    let (status, body) = match refusal {
        None => (
            200,
            sts::caller_identity(&incoming.caller, &incoming.request_id),
        ),
        Some(refusal) => (
            refusal.status,
            sts::error(refusal.code, &refusal.message, &incoming.request_id),
        ),
    };
    ServiceResponse {
        status,
        content_type: "text/xml",
        body,
        request_id: incoming.request_id,
        delay_ms: 0,
        reset: false,
    }
}

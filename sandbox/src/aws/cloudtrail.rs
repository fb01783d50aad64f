//! CloudTrail. Only writes are recorded, and only `LookupEvents` is available.
//!
//! An event is visible in the account that made the call, after a delay.

use serde_json::{Map, Value, json};

use super::call::{Call, Caller};
use super::page::{MayBeEmpty, Page, Paging};
use super::params::{epoch_seconds, lower_first};
use super::refusal::Refusal;
use super::service::{Operation, Service};
use crate::org::TrailEvent;

pub(crate) const OPERATIONS: &[Operation] = &[("LookupEvents", lookup)];

const FIFTY: Paging = Paging {
    token: "NextToken",
    size: Some("MaxResults"),
    limit: 50,
    may_be_empty: MayBeEmpty::No,
};

/// How far back `LookupEvents` searches.
const NINETY_DAYS_MS: i64 = 90 * 24 * 3_600_000;

fn lookup(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let params = call.params;
    let attribute = match params.list("LookupAttributes")? {
        [] => None,
        [only] => Some(params.nested(only)?),
        _ => {
            return Err(Refusal::new(
                "InvalidLookupAttributesException",
                "You can specify only one lookup attribute.",
            ));
        }
    };
    let wanted = match &attribute {
        None => None,
        Some(attribute) => Some((
            attribute.text("AttributeKey")?,
            attribute.text("AttributeValue")?,
        )),
    };
    if let Some((key, _)) = wanted
        && !LOOKUP_KEYS.contains(&key)
    {
        return Err(Refusal::new(
            "InvalidLookupAttributesException",
            format!("Invalid lookup attribute {key}"),
        ));
    }
    let earliest = call.now_ms - NINETY_DAYS_MS;
    let start = params
        .time_ms("StartTime")?
        .map_or(earliest, |at| at.max(earliest));
    let end = params.time_ms("EndTime")?.unwrap_or(call.now_ms);
    if end < start {
        return Err(Refusal::new(
            "InvalidTimeRangeException",
            "The start time must be before the end time.",
        ));
    }
    let (key, value) = wanted.unwrap_or_default();
    let page = Page::read(call, &FIFTY, &[key, value]).map_err(spelled_for_cloudtrail)?;
    let (now, account) = (call.now_ms, &call.caller.account);
    let mut passed = page.after().is_none();
    let after = page.after().map(str::to_owned);
    let rest = call
        .sandbox
        .trail
        .iter()
        .rev()
        .skip_while(|event| {
            let skip = !passed;
            passed = passed || after.as_deref() == Some(&*event.id);
            skip
        })
        .filter(|event| event.account == *account && event.visible_ms <= now)
        .filter(|event| (start..=end).contains(&event.at_ms))
        .filter(|event| wanted.is_none_or(|(key, value)| matches(event, key, value)))
        .map(|event| (&*event.id, record(event, &call.sandbox.region)));
    let (events, token) = page.cut(rest);
    Ok(json!({ "Events": events, "NextToken": token }))
}

const LOOKUP_KEYS: [&str; 8] = [
    "EventId",
    "EventName",
    "ReadOnly",
    "Username",
    "ResourceType",
    "ResourceName",
    "EventSource",
    "AccessKeyId",
];

fn matches(event: &TrailEvent, key: &str, value: &str) -> bool {
    match key {
        "EventId" => *event.id == *value,
        "EventName" => *event.name == *value,
        "EventSource" => *event.source == *value,
        "AccessKeyId" | "Username" => *event.access_key == *value,
        "ReadOnly" => value == "false",
        _ => false,
    }
}

fn spelled_for_cloudtrail(refusal: Refusal) -> Refusal {
    let code = if refusal.message.contains("NextToken") {
        "InvalidNextTokenException"
    } else {
        "InvalidMaxResultsException"
    };
    Refusal { code, ..refusal }
}

fn record(event: &TrailEvent, region: &str) -> Value {
    let part = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    let caller = Caller {
        account: event.account.clone(),
        access_key: event.access_key.clone(),
    };
    let mut body = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": format!("{}:{}", Caller::ROLE_ID, event.access_key),
            "arn": caller.arn(),
            "accountId": &*event.account,
            "accessKeyId": &*event.access_key,
            "sessionContext": { "sessionIssuer": {
                "type": "Role",
                "principalId": Caller::ROLE_ID,
                "arn": format!("arn:aws:iam::{}:role/{}", event.account, Caller::ROLE),
                "accountId": &*event.account,
                "userName": Caller::ROLE,
            }},
        },
        "eventTime": iso(event.at_ms),
        "eventSource": &*event.source,
        "eventName": &*event.name,
        "awsRegion": region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "sandbox",
        "requestParameters": part(&event.request),
        "responseElements": part(&event.response),
        "requestID": &*event.request_id,
        "eventID": &*event.id,
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": &*event.account,
        "eventCategory": "Management",
    });
    if let (Some(code), Value::Object(members)) = (&event.error_code, &mut body) {
        members.insert("errorCode".to_owned(), Value::from(&**code));
    }
    json!({
        "EventId": &*event.id,
        "EventName": &*event.name,
        "ReadOnly": "false",
        "AccessKeyId": &*event.access_key,
        "EventTime": epoch_seconds(event.at_ms),
        "EventSource": &*event.source,
        "Username": &*event.access_key,
        "Resources": [],
        "CloudTrailEvent": body.to_string(),
    })
}

/// Records a write with its request and its response.
pub(crate) fn note(call: &mut Call<'_>, answer: &Result<Value, Refusal>) {
    let service = call.params.service;
    let id = call.uuid();
    let request = trail_spelling(&Value::Object(call.params.members().clone()), service);
    let response = match answer {
        Ok(Value::Object(members)) if !members.is_empty() => {
            trail_spelling(&Value::Object(members.clone()), service)
        }
        _ => Value::Null,
    };
    let visible_ms = call.now_ms + call.timing.event_delay_ms;
    call.sandbox.trail.push(TrailEvent {
        id,
        at_ms: call.now_ms,
        visible_ms,
        account: call.caller.account.clone(),
        access_key: call.caller.access_key.clone(),
        source: service.event_source().into(),
        name: call.operation.into(),
        request_id: call.request_id.into(),
        error_code: answer.as_ref().err().map(|refusal| refusal.code.into()),
        request: request.to_string().into(),
        response: response.to_string().into(),
    });
}

/// Converts members to lower camel case, hides personal fields of the identity store and omits `CreatedDate`.
fn trail_spelling(value: &Value, service: Service) -> Value {
    const PERSONAL: [&str; 5] = [
        "UserName",
        "DisplayName",
        "Name",
        "Emails",
        "AttributeValue",
    ];
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .filter(|(member, _)| *member != "CreatedDate")
                .map(|(member, value)| {
                    let hidden =
                        service == Service::IdentityStore && PERSONAL.contains(&member.as_str());
                    let value = if hidden {
                        Value::from("HIDDEN_DUE_TO_SECURITY_REASONS")
                    } else {
                        trail_spelling(value, service)
                    };
                    (lower_first(member), value)
                })
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => items
            .iter()
            .map(|item| trail_spelling(item, service))
            .collect(),
        other => other.clone(),
    }
}

fn iso(ms: i64) -> String {
    jiff::Timestamp::from_second(ms.div_euclid(1000))
        .map_or_else(|_| String::new(), |at| at.to_string())
}

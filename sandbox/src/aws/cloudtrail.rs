//! CloudTrail: the events of calls, and `LookupEvents`.
//!
//! An event is visible in the account and the Region of its call, after a delay. Every write is kept, and as many of the
//! latest reads as memory is worth.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use super::call::{Call, Caller};
use super::page::{MayBeEmpty, Page, Paging};
use super::params::{epoch_seconds, lower_first};
use super::refusal::Refusal;
use super::region;
use super::service::{Operation, Service, is_write};
use crate::org::TrailEvent;

pub(crate) const OPERATIONS: &[Operation] = &[("LookupEvents", lookup)];

const FIFTY: Paging = Paging {
    token: "NextToken",
    size: Some("MaxResults"),
    limit: 50,
    may_be_empty: MayBeEmpty::No,
};

/// The number of reads that are kept: those of a crawl of a small organization.
const READS_KEPT: usize = 5_000;

/// The recorded events, each with its number in the order of the calls.
pub(crate) struct Trail {
    /// Persisted.
    writes: Vec<(u64, TrailEvent)>,
    /// Not persisted, like the reads in the call log.
    reads: VecDeque<(u64, TrailEvent)>,
    next: u64,
}

impl Trail {
    pub fn new(writes: Vec<TrailEvent>) -> Self {
        let writes: Vec<_> = (0..).zip(writes).collect();
        Self {
            next: u64::try_from(writes.len()).unwrap_or(u64::MAX),
            writes,
            reads: VecDeque::new(),
        }
    }

    /// Returns the events of writes, oldest first.
    pub fn writes(&self) -> Vec<TrailEvent> {
        self.writes.iter().map(|(_, event)| event.clone()).collect()
    }

    fn push(&mut self, event: TrailEvent) {
        let numbered = (self.next, event);
        self.next += 1;
        if !numbered.1.read_only {
            self.writes.push(numbered);
            return;
        }
        if self.reads.len() == READS_KEPT {
            self.reads.pop_front();
        }
        self.reads.push_back(numbered);
    }

    /// Returns the events with a lower number, newest first.
    fn before(&self, number: u64) -> impl Iterator<Item = &(u64, TrailEvent)> {
        let mut writes = self.writes.iter().rev().peekable();
        let mut reads = self.reads.iter().rev().peekable();
        std::iter::from_fn(move || match (writes.peek(), reads.peek()) {
            (Some(write), Some(read)) if write.0 < read.0 => reads.next(),
            (None, Some(_)) => reads.next(),
            _ => writes.next(),
        })
        .skip_while(move |(held, _)| *held >= number)
    }
}

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
    let category = params.optional("EventCategory")?.unwrap_or_default();
    let page = Page::read(call, &FIFTY, &[key, value, category]).map_err(invalid_token)?;
    let (now, account) = (call.now_ms, &call.caller.account);
    let home = &*call.sandbox.region;
    let here = call.caller.region.as_deref().unwrap_or(home);
    let before = page.after().and_then(|number| number.parse().ok());
    // The only other category is that of Insights events, of which there are none.
    let found: Vec<(String, Value)> = call
        .sandbox
        .trail
        .before(before.unwrap_or(u64::MAX))
        .filter(|_| category.is_empty())
        .filter(|(_, event)| event.account == *account && event.visible_ms <= now)
        .filter(|(_, event)| event.region.as_deref().unwrap_or(home) == here)
        .filter(|(_, event)| (start..=end).contains(&event.at_ms))
        .filter(|(_, event)| wanted.is_none_or(|(key, value)| matches(event, key, value)))
        .take(FIFTY.limit + 1)
        .map(|(number, event)| (number.to_string(), record(event, here)))
        .collect();
    let (numbers, events): (Vec<String>, Vec<Value>) = found.into_iter().unzip();
    let (events, token) = page.cut(numbers.iter().map(String::as_str).zip(events));
    Ok(json!({ "Events": events, "NextToken": token }))
}

fn matches(event: &TrailEvent, key: &str, value: &str) -> bool {
    match key {
        "EventId" => *event.id == *value,
        "EventName" => *event.name == *value,
        "EventSource" => *event.source == *value,
        "AccessKeyId" | "Username" => *event.access_key == *value,
        "ReadOnly" => value == event.read_only.to_string(),
        _ => false,
    }
}

fn invalid_token(refusal: Refusal) -> Refusal {
    Refusal {
        code: "InvalidNextTokenException",
        ..refusal
    }
}

fn record(event: &TrailEvent, region: &str) -> Value {
    let part = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    let caller = Caller {
        account: event.account.clone(),
        access_key: event.access_key.clone(),
        region: None,
        app: "".into(),
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
        "readOnly": event.read_only,
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
        "ReadOnly": event.read_only.to_string(),
        "AccessKeyId": &*event.access_key,
        "EventTime": epoch_seconds(event.at_ms),
        "EventSource": &*event.source,
        "Username": &*event.access_key,
        "Resources": [],
        "CloudTrailEvent": body.to_string(),
    })
}

/// Records a call with its request and, if it is a write, its response.
pub(crate) fn note(call: &mut Call<'_>, answer: &Result<Value, Refusal>) {
    let service = call.params.service;
    let read_only = !is_write(call.operation);
    let id = call.uuid();
    let request = trail_spelling(&Value::Object(call.params.members().clone()), service);
    let response = match answer {
        Ok(Value::Object(members)) if !members.is_empty() && !read_only => {
            trail_spelling(&Value::Object(members.clone()), service)
        }
        _ => Value::Null,
    };
    let visible_ms = call.now_ms + call.timing.event_delay_ms;
    let region = region::of_event(call);
    call.sandbox.trail.push(TrailEvent {
        id,
        at_ms: call.now_ms,
        visible_ms,
        account: call.caller.account.clone(),
        access_key: call.caller.access_key.clone(),
        source: service.event_source().into(),
        region: Some(region.into()),
        read_only,
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

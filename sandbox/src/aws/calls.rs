//! The log of every call received, in order. Tests read it to see which calls a client made.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::params::Params;

/// A call and its outcome.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CallRecord {
    /// Starts at one. Never reused, not even after a restart.
    pub seq: u64,
    pub at_ms: i64,
    pub service: Box<str>,
    pub operation: Box<str>,
    /// The parameters selected by [`key_params`], as JSON text.
    pub params: Box<str>,
    /// `ok`, the error code, `reset`, or `lost:` followed by the outcome that the caller did not receive.
    pub outcome: Box<str>,
    /// Whether the call was executed. Its response may still have been lost.
    pub applied: bool,
    pub request_id: Box<str>,
    pub access_key: Box<str>,
    /// The name of the application in the user agent.
    #[serde(default)]
    pub app: Box<str>,
}

/// The most recent calls, up to [`KEPT`]: enough for a crawl of the large organisation.
pub(crate) struct CallLog {
    kept: VecDeque<CallRecord>,
    next: u64,
}

const KEPT: usize = 120_000;

impl CallLog {
    pub fn new() -> Self {
        Self {
            kept: VecDeque::new(),
            next: 1,
        }
    }

    /// Returns the number of the next call and advances the counter.
    pub fn take_number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    pub fn push(&mut self, record: CallRecord) {
        self.next = self.next.max(record.seq + 1);
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(record);
    }

    /// Makes the next number at least `number`.
    pub fn skip_to(&mut self, number: u64) {
        self.next = self.next.max(number);
    }

    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// Returns the kept calls, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &CallRecord> {
        self.kept.iter()
    }

    /// Returns the calls after `since`, the next number, and the number of the oldest call still kept.
    pub fn json(&self, since: u64) -> Value {
        let calls: Vec<Value> = self
            .kept
            .iter()
            .filter(|record| record.seq > since)
            .map(CallRecord::json)
            .collect();
        let mut members = Map::new();
        members.insert("next".to_owned(), Value::from(self.next));
        members.insert(
            "oldest".to_owned(),
            Value::from(self.kept.front().map(|record| record.seq)),
        );
        members.insert("calls".to_owned(), Value::Array(calls));
        Value::Object(members)
    }
}

impl CallRecord {
    fn json(&self) -> Value {
        let params: Value = serde_json::from_str(&self.params).unwrap_or(Value::Null);
        serde_json::json!({
            "seq": self.seq,
            "at_ms": self.at_ms,
            "service": self.service,
            "operation": self.operation,
            "params": params,
            "outcome": self.outcome,
            "applied": self.applied,
            "request_id": self.request_id,
            "access_key": self.access_key,
            "app": self.app,
        })
    }
}

/// Returns the request members worth logging as JSON text, without policies, token values and members that every call
/// repeats.
pub(crate) fn key_params(params: &Params) -> Box<str> {
    const DROPPED: [&str; 7] = [
        "InstanceArn",
        "IdentityStoreId",
        "UserPoolId",
        "MaxResults",
        "Limit",
        "InlinePolicy",
        "Tags",
    ];
    let mut text = String::from("{");
    for (member, value) in params.members() {
        if DROPPED.contains(&member.as_str()) {
            continue;
        }
        if text.len() > 1 {
            text.push(',');
        }
        let (member, value) = match member.as_str() {
            "NextToken" | "PaginationToken" => (member, &Value::Bool(true)),
            _ => (member, value),
        };
        // Member names are client input and may need escaping.
        text.push_str(&Value::from(member.as_str()).to_string());
        text.push(':');
        text.push_str(&value.to_string());
    }
    text.push('}');
    text.into()
}

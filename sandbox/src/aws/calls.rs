//! The log of every call received, in order: what a test reads to learn what a client really did.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::params::Params;

/// One call and how it ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CallRecord {
    /// Counts from one; never reused, also not after a restart.
    pub seq: u64,
    pub at_ms: i64,
    pub service: Box<str>,
    pub operation: Box<str>,
    /// The parameters that say what the call was about, as JSON text.
    pub params: Box<str>,
    /// `ok`, the error code, `reset`, or `lost:` and what the caller would have been told.
    pub outcome: Box<str>,
    /// Whether the call was carried out. An answer may still have been lost.
    pub applied: bool,
    pub request_id: Box<str>,
    pub access_key: Box<str>,
}

/// The calls that are kept: enough for a crawl of the large organisation.
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

    /// The number of the next call.
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

    /// Goes on counting above `number`.
    pub fn skip_to(&mut self, number: u64) {
        self.next = self.next.max(number);
    }

    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// All that is kept, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &CallRecord> {
        self.kept.iter()
    }

    /// The calls after `since`, and the number of the oldest that is still kept.
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
        })
    }
}

/// The members of a request worth keeping: no policies, no tokens, nothing every call repeats.
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
        // A member's name is the client's own text: it may need escaping.
        text.push_str(&Value::from(member.as_str()).to_string());
        text.push(':');
        text.push_str(&value.to_string());
    }
    text.push('}');
    text.into()
}

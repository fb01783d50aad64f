//! The members of a request. [`super::model`] has checked them when a handler reads them.

use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::service::Service;

/// The members of a request.
pub(crate) struct Params {
    pub service: Service,
    members: Map<String, Value>,
}

impl Params {
    /// Parses a request body. An empty body counts as `{}`, for operations without input.
    pub fn parse(service: Service, body: &[u8]) -> Result<Self, Refusal> {
        let text = if body.is_empty() { b"{}" } else { body };
        match serde_json::from_slice(text) {
            Ok(Value::Object(members)) => Ok(Self { service, members }),
            Ok(_) | Err(_) => Err(Refusal::new(
                "SerializationException",
                "Could not parse request body into json",
            )),
        }
    }

    pub fn of(service: Service, members: Map<String, Value>) -> Self {
        Self { service, members }
    }

    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    pub fn text(&self, member: &str) -> Result<&str, Refusal> {
        self.optional(member)?.ok_or_else(|| self.missing(member))
    }

    pub fn optional(&self, member: &str) -> Result<Option<&str>, Refusal> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong_type(member)),
        }
    }

    pub fn list(&self, member: &str) -> Result<&[Value], Refusal> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(self.wrong_type(member)),
        }
    }

    /// Returns a nested structure as parameters.
    pub fn structure(&self, member: &str) -> Result<Option<Self>, Refusal> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => self.nested(value).map(Some),
        }
    }

    pub fn required_structure(&self, member: &str) -> Result<Self, Refusal> {
        self.structure(member)?.ok_or_else(|| self.missing(member))
    }

    /// Returns an element of a list of structures as parameters.
    pub fn nested(&self, value: &Value) -> Result<Self, Refusal> {
        match value {
            Value::Object(members) => Ok(Self {
                service: self.service,
                members: members.clone(),
            }),
            _ => Err(self.wrong_type("member")),
        }
    }

    /// Returns the page size, at most `limit`, or `None` if the caller leaves it to the service.
    pub fn page_size(&self, member: &str, limit: usize) -> Result<Option<usize>, Refusal> {
        let value = match self.members.get(member) {
            None | Some(Value::Null) => return Ok(None),
            Some(value) => value.as_u64().ok_or_else(|| self.wrong_type(member))?,
        };
        // Cognito permits zero, for its own page size.
        let size = usize::try_from(value).unwrap_or(limit).min(limit);
        Ok((size > 0).then_some(size))
    }

    /// Returns a time, given in whole or fractional seconds since the epoch, in milliseconds.
    pub fn time_ms(&self, member: &str) -> Result<Option<i64>, Refusal> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_f64()
                .map(|seconds| Some(whole_milliseconds(seconds)))
                .ok_or_else(|| self.wrong_type(member)),
        }
    }

    pub fn invalid(&self, message: impl Into<String>) -> Refusal {
        Refusal::new(self.service.invalid_code(), message)
    }

    fn missing(&self, member: &str) -> Refusal {
        self.invalid(format!(
            "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
            lower_first(member)
        ))
    }

    fn wrong_type(&self, member: &str) -> Refusal {
        self.invalid(format!("The member {member} has the wrong type"))
    }
}

/// Converts `emails` to `Emails`.
pub(crate) fn upper_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// Converts `InstanceArn` to `instanceArn`, as in error messages and CloudTrail events.
pub(crate) fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "saturates; no valid time exceeds the range of i64 milliseconds"
)]
fn whole_milliseconds(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

/// Converts Unix milliseconds to the epoch seconds of awsJson1.1.
pub(crate) fn epoch_seconds(ms: i64) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of this century fit 53 bits"
    )]
    let seconds = ms as f64 / 1000.0;
    Value::from(seconds)
}

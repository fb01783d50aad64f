//! Checks the members of a request against the model of its operation.
//!
//! Like AWS, it reports every violation at once, in the words of AWS, and does not repeat a sensitive value.

use serde_json::{Map, Value};

use super::{Limits, Model, Shape, Structure, Text, of};
use crate::aws::params::{Params, lower_first};
use crate::aws::refusal::Refusal;
use crate::aws::service::Service;

/// Returns the error of a request that violates the model of its operation.
pub(crate) fn check(params: &Params, operation: &str) -> Result<(), Refusal> {
    let Some(model) = of(params.service) else {
        return Ok(());
    };
    let input = model.operations.get(operation).and_then(Option::as_ref);
    let Some(Shape::Structure(structure)) = input.and_then(|name| model.shapes.get(name)) else {
        return Ok(());
    };
    let mut found = Found {
        model,
        violations: Vec::new(),
    };
    found
        .structure(structure, params.members(), "")
        .map_err(WrongType::refusal)?;
    if found.violations.is_empty() {
        return Ok(());
    }
    Err(refusal(params.service, &found.violations))
}

/// A constraint that a request violates.
struct Violation {
    /// Such as `memberId.userId`.
    path: String,
    /// The value as the message shows it: `null`, a quoted value, or nothing if it is sensitive.
    shown: String,
    kind: ViolationKind,
}

enum ViolationKind {
    Missing,
    TooShort(i64),
    TooLong(i64),
    TooSmall(i64),
    TooLarge(i64),
    Pattern(&'static str),
    Enumeration(&'static [String]),
    Union,
}

impl Violation {
    fn constraint(&self) -> String {
        match self.kind {
            ViolationKind::Missing => "Member must not be null".to_owned(),
            ViolationKind::TooShort(min) => {
                format!("Member must have length greater than or equal to {min}")
            }
            ViolationKind::TooLong(max) => {
                format!("Member must have length less than or equal to {max}")
            }
            ViolationKind::TooSmall(min) => {
                format!("Member must have value greater than or equal to {min}")
            }
            ViolationKind::TooLarge(max) => {
                format!("Member must have value less than or equal to {max}")
            }
            ViolationKind::Pattern(pattern) => {
                format!("Member must satisfy regular expression pattern: {pattern}")
            }
            ViolationKind::Enumeration(values) => {
                format!(
                    "Member must satisfy enum value set: [{}]",
                    values.join(", ")
                )
            }
            ViolationKind::Union => "Member must have exactly one member set".to_owned(),
        }
    }

    fn text(&self) -> String {
        let Self { path, shown, .. } = self;
        format!(
            "Value{shown} at '{path}' failed to satisfy constraint: {}",
            self.constraint()
        )
    }

    /// Returns the `Reason` of Organizations, with its message.
    fn organizations_reason(&self) -> (&'static str, &'static str) {
        match self.kind {
            ViolationKind::Missing | ViolationKind::Union => (
                "INPUT_REQUIRED",
                "You must include a value for all required parameters.",
            ),
            ViolationKind::TooShort(_) => (
                "MIN_LENGTH_EXCEEDED",
                "You provided a string parameter that is shorter than allowed.",
            ),
            ViolationKind::TooLong(_) => (
                "MAX_LENGTH_EXCEEDED",
                "You provided a string parameter that is longer than allowed.",
            ),
            ViolationKind::TooSmall(_) => (
                "MIN_VALUE_EXCEEDED",
                "You provided a numeric parameter that has a smaller value than allowed.",
            ),
            ViolationKind::TooLarge(_) => (
                "MAX_VALUE_EXCEEDED",
                "You provided a numeric parameter that has a larger value than allowed.",
            ),
            ViolationKind::Pattern(_) => (
                "INVALID_PATTERN",
                "You provided a value that doesn't match the required pattern.",
            ),
            ViolationKind::Enumeration(_) => ("INVALID_ENUM", "You specified an invalid value."),
        }
    }
}

/// Returns the error with the code that the service uses.
fn refusal(service: Service, violations: &[Violation]) -> Refusal {
    let count = violations.len();
    let noun = if count == 1 { "error" } else { "errors" };
    let texts: Vec<String> = violations.iter().map(Violation::text).collect();
    let message = format!("{count} validation {noun} detected: {}", texts.join("; "));
    match service {
        Service::Organizations => {
            let (reason, message) = violations[0].organizations_reason();
            Refusal::new(service.invalid_code(), message).with("Reason", reason)
        }
        Service::CloudTrail => Refusal::new(cloudtrail_code(&violations[0].path), message),
        _ => Refusal::new(service.invalid_code(), message),
    }
}

/// Returns the code of `LookupEvents`, which has one for each member.
fn cloudtrail_code(path: &str) -> &'static str {
    match path {
        "maxResults" => "InvalidMaxResultsException",
        "nextToken" => "InvalidNextTokenException",
        "eventCategory" => "InvalidEventCategoryException",
        _ => "InvalidLookupAttributesException",
    }
}

/// A value that has another JSON type than its shape.
struct WrongType {
    held: &'static str,
    wanted: &'static str,
}

impl WrongType {
    fn of(value: &Value, wanted: &'static str) -> Self {
        let held = match value {
            Value::Null => "NULL_VALUE",
            Value::Bool(true) => "TRUE_VALUE",
            Value::Bool(false) => "FALSE_VALUE",
            Value::Number(_) => "NUMBER_VALUE",
            Value::String(_) => "STRING_VALUE",
            Value::Array(_) => "START_ARRAY",
            Value::Object(_) => "START_OBJECT",
        };
        Self { held, wanted }
    }

    fn refusal(self) -> Refusal {
        Refusal::new(
            "SerializationException",
            format!("{} can not be converted to {}", self.held, self.wanted),
        )
    }
}

struct Found {
    model: &'static Model,
    violations: Vec<Violation>,
}

impl Found {
    fn add(&mut self, path: &str, shown: &str, kind: ViolationKind) {
        self.violations.push(Violation {
            path: path.to_owned(),
            shown: shown.to_owned(),
            kind,
        });
    }

    fn structure(
        &mut self,
        structure: &'static Structure,
        members: &Map<String, Value>,
        path: &str,
    ) -> Result<(), WrongType> {
        let mut set = 0;
        for (name, shape) in &structure.members {
            let path = if path.is_empty() {
                lower_first(name)
            } else {
                format!("{path}.{}", lower_first(name))
            };
            match members.get(name) {
                None | Some(Value::Null) => {
                    if structure.required.contains(name) {
                        self.add(&path, " null", ViolationKind::Missing);
                    }
                }
                Some(value) => {
                    set += 1;
                    self.value(shape, value, &path)?;
                }
            }
        }
        if structure.union && set != 1 {
            self.add(path, "", ViolationKind::Union);
        }
        Ok(())
    }

    fn value(&mut self, shape: &str, value: &Value, path: &str) -> Result<(), WrongType> {
        match &self.model.shapes[shape] {
            Shape::Structure(structure) => match value {
                Value::Object(members) => self.structure(structure, members, path),
                _ => Err(WrongType::of(value, "a structure")),
            },
            Shape::List { member, size } => {
                let Value::Array(items) = value else {
                    return Err(WrongType::of(value, "a list"));
                };
                self.length(size, items.len(), path, &format!(" '{value}'"));
                for (item, number) in items.iter().zip(1..) {
                    self.item(member, item, &format!("{path}.{number}.member"))?;
                }
                Ok(())
            }
            Shape::Map {
                key,
                value: held,
                size,
            } => {
                let Value::Object(entries) = value else {
                    return Err(WrongType::of(value, "a map"));
                };
                self.length(size, entries.len(), path, &format!(" '{value}'"));
                for (name, entry) in entries {
                    self.item(key, &Value::from(name.as_str()), &format!("{path}.key"))?;
                    self.item(held, entry, &format!("{path}.{name}"))?;
                }
                Ok(())
            }
            Shape::String(text) => match value {
                Value::String(given) => {
                    self.text(text, given, path);
                    Ok(())
                }
                _ => Err(WrongType::of(value, "a String")),
            },
            Shape::Integer(limits) => {
                let number = value.as_i64();
                let number = number.ok_or_else(|| WrongType::of(value, "an Integer"))?;
                self.number(limits, number, path);
                Ok(())
            }
            Shape::Boolean if !value.is_boolean() => Err(WrongType::of(value, "a Boolean")),
            Shape::Timestamp if !value.is_number() => Err(WrongType::of(value, "a Timestamp")),
            Shape::Boolean | Shape::Timestamp | Shape::Document => Ok(()),
        }
    }

    fn item(&mut self, shape: &str, value: &Value, path: &str) -> Result<(), WrongType> {
        if value.is_null() {
            self.add(path, " null", ViolationKind::Missing);
            return Ok(());
        }
        self.value(shape, value, path)
    }

    fn text(&mut self, text: &'static Text, given: &str, path: &str) {
        let shown = if text.sensitive {
            String::new()
        } else {
            format!(" '{given}'")
        };
        self.length(&text.length, given.chars().count(), path, &shown);
        if let Some(pattern) = &text.pattern
            && !text.matches(given)
        {
            self.add(path, &shown, ViolationKind::Pattern(pattern));
        }
        if !text.values.is_empty() && text.values.iter().all(|value| value != given) {
            self.add(path, &shown, ViolationKind::Enumeration(&text.values));
        }
    }

    fn length(&mut self, limits: &Limits, length: usize, path: &str, shown: &str) {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        if let Some(min) = limits.min.filter(|min| length < *min) {
            self.add(path, shown, ViolationKind::TooShort(min));
        }
        if let Some(max) = limits.max.filter(|max| length > *max) {
            self.add(path, shown, ViolationKind::TooLong(max));
        }
    }

    fn number(&mut self, limits: &Limits, number: i64, path: &str) {
        let shown = format!(" '{number}'");
        if let Some(min) = limits.min.filter(|min| number < *min) {
            self.add(path, &shown, ViolationKind::TooSmall(min));
        }
        if let Some(max) = limits.max.filter(|max| number > *max) {
            self.add(path, &shown, ViolationKind::TooLarge(max));
        }
    }
}

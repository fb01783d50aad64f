//! The service models of AWS: what a request must look like before anything is looked up.
//!
//! The constraints are read from `sandbox/data/aws_models.json`, which is generated. None is written by hand.

mod validate;

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use regex::Regex;
use serde::Deserialize;

pub(crate) use validate::check;

use super::service::Service;

static MODELS: LazyLock<Models> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../data/aws_models.json"))
        .expect("the generated file parses")
});

#[derive(Deserialize)]
struct Models {
    services: BTreeMap<String, Model>,
}

/// The operations of a service and the shapes of their inputs.
#[derive(Deserialize)]
pub(crate) struct Model {
    /// The input shape of each operation; `None` if it takes no input.
    operations: BTreeMap<String, Option<String>>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Shape {
    Structure(Structure),
    List {
        member: String,
        #[serde(flatten)]
        size: Limits,
    },
    Map {
        key: String,
        value: String,
        #[serde(flatten)]
        size: Limits,
    },
    String(Text),
    Integer(Limits),
    Boolean,
    Timestamp,
    /// Any JSON.
    Document,
}

#[derive(Deserialize)]
struct Structure {
    required: Vec<String>,
    /// Whether exactly one member is present.
    #[serde(default)]
    union: bool,
    members: BTreeMap<String, String>,
}

/// The limits of a length, a size or a number.
#[derive(Deserialize)]
struct Limits {
    min: Option<i64>,
    max: Option<i64>,
}

#[derive(Deserialize)]
struct Text {
    #[serde(flatten)]
    length: Limits,
    /// The pattern as AWS writes it, for Java.
    pattern: Option<String>,
    /// Regular expressions that must all match, if Rust does not read the pattern as Java does.
    #[serde(default)]
    regexes: Vec<String>,
    #[serde(default, rename = "enum")]
    values: Vec<String>,
    /// Whether AWS omits the value from error messages.
    #[serde(default)]
    sensitive: bool,
    #[serde(skip)]
    compiled: OnceLock<Vec<Regex>>,
}

impl Text {
    /// Returns whether the whole text matches the pattern.
    fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| {
            let translated = self.regexes.iter();
            let written = self.pattern.iter().filter(|_| self.regexes.is_empty());
            translated
                .chain(written)
                .map(|regex| {
                    Regex::new(&format!(r"\A(?:{regex})\z")).expect("the generated regex is valid")
                })
                .collect()
        });
        compiled.iter().all(|regex| regex.is_match(text))
    }
}

/// Returns the model of a service.
fn of(service: Service) -> Option<&'static Model> {
    MODELS.services.get(service.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_model_and_no_other_has_one() {
        for service in Service::ALL {
            let mut served = service.operation_names();
            served.sort_unstable();
            let model = of(service).expect("a model");
            let known: Vec<&str> = model.operations.keys().map(String::as_str).collect();
            assert_eq!(
                known,
                served,
                "{}: run python3 e2e/aws_models.py",
                service.name()
            );
        }
    }

    #[test]
    fn every_pattern_is_a_regular_expression_and_every_reference_leads_to_a_shape() {
        for model in MODELS.services.values() {
            let mut named: Vec<&String> = model.operations.values().flatten().collect();
            for shape in model.shapes.values() {
                match shape {
                    Shape::String(text) => {
                        text.matches("");
                    }
                    Shape::Structure(structure) => named.extend(structure.members.values()),
                    Shape::List { member, .. } => named.push(member),
                    Shape::Map { key, value, .. } => named.extend([key, value]),
                    Shape::Integer(_) | Shape::Boolean | Shape::Timestamp | Shape::Document => {}
                }
            }
            for name in named {
                assert!(model.shapes.contains_key(name), "{name}");
            }
        }
    }
}

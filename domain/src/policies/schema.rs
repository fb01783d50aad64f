//! A schema of policies, and the checks of policies against it.
//!
//! Never accepts a schema that does not describe the requests of Leastwise: a policy would not match, without an error.

use cedar_policy::{PolicyId, PolicySet, Schema, ValidationMode, Validator};
use miette::Diagnostic;

use super::{
    results::{RuleError, RuleText},
    statement::{message_of, place_of},
};

/// Parses a schema. `probe` makes the requests of Leastwise against it. None if the text is no schema.
pub(super) fn parse(
    text: &str,
    of: RuleText,
    probe: impl FnOnce(&Schema) -> Result<(), String>,
    errors: &mut Vec<RuleError>,
) -> Option<Schema> {
    let at = |diagnostic: &dyn Diagnostic, message: String| {
        let (line, column) = place_of(diagnostic, text);
        RuleError {
            text: of,
            line,
            column,
            policy: None,
            message,
        }
    };
    let schema = match Schema::from_cedarschema_str(text) {
        Ok((schema, warnings)) => {
            errors.extend(warnings.map(|warning| at(&warning, message_of(&warning))));
            schema
        }
        Err(error) => {
            errors.push(at(&error, message_of(&error)));
            return None;
        }
    };
    if let Err(message) = probe(&schema) {
        errors.push(RuleError {
            text: of,
            line: 1,
            column: 1,
            policy: None,
            message: format!(
                "the schema does not describe the requests that Leastwise makes: {message}"
            ),
        });
    }
    Some(schema)
}

/// Validates policies in strict mode. The validator reports an error once per action, in no particular order; only one
/// per position is kept.
pub(super) fn validate(
    schema: &Schema,
    policies: &PolicySet,
    of: RuleText,
    text: &str,
    errors: &mut Vec<RuleError>,
) {
    let error = |policy: &PolicyId, diagnostic: &dyn Diagnostic| {
        let (line, column) = place_of(diagnostic, text);
        RuleError {
            text: of,
            line,
            column,
            policy: Some(policy.to_string()),
            message: message_of(diagnostic),
        }
    };
    let validator = Validator::new(schema.clone());
    let result = validator.validate_with_level(policies, ValidationMode::Strict, 1);
    let wrong = result
        .validation_errors()
        .map(|wrong| error(wrong.policy_id(), wrong));
    let doubtful = result
        .validation_warnings()
        .map(|warning| error(warning.policy_id(), warning));
    let mut found: Vec<RuleError> = wrong.chain(doubtful).collect();
    found.sort();
    found.dedup_by(|a, b| (a.line, a.column, &a.policy) == (b.line, b.column, &b.policy));
    errors.extend(found);
}

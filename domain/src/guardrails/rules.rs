//! The rules in force: parsed, checked as strictly as Cedar can, and versioned.
//!
//! Checks what Cedar does not: annotations (a mistyped `@remdy` would turn *needs approval* into
//! *never*), duplicates, `permit` where only `forbid` belongs, and whether the schema describes
//! what is really sent. Never keeps a rule that it did not understand.

use std::collections::BTreeSet;

use cedar_policy::{
    Policy, PolicyId, PolicySet, Schema, ValidationMode, ValidationResult, Validator,
};
use miette::Diagnostic;
use sha2::{Digest, Sha256};

use super::{
    answer::{Rule, RuleError, RuleText},
    case,
    question::probe,
    statement::{Loaded, place_of, said},
};
use crate::verdict::RulesVersion;

/// The rules in force.
#[derive(Debug, Clone)]
pub struct Rules {
    version: RulesVersion,
    list: Vec<Rule>,
    pub(super) schema: Schema,
    pub(super) eligibility: PolicySet,
    pub(super) guardrails: PolicySet,
    pub(super) mentions: Mentions,
}

/// The people and things that some rule names. Whatever no rule names can make no difference to an
/// answer, which is what lets 150,000 assignments share a few hundred evaluations.
#[derive(Debug, Clone, Default)]
pub(super) struct Mentions {
    named: BTreeSet<(String, String)>,
    /// Every attribute and literal text of any rule.
    words: BTreeSet<String>,
}

impl Mentions {
    /// Whether some rule names this entity.
    pub(super) fn entity(&self, kind: &str, id: &str) -> bool {
        self.named.contains(&(kind.to_owned(), id.to_owned()))
    }

    /// Whether some rule could read an attribute of this name.
    pub(super) fn word(&self, word: &str) -> bool {
        self.words.contains(word)
    }
}

/// The policy under all guardrails, without which Cedar would refuse everything.
const BLANKET: &str = "permit (principal, action, resource);";

impl Rules {
    /// Parses and checks all three texts. Everything that is wrong is reported, sorted by text and
    /// place; nothing is kept unless nothing is wrong.
    pub fn parse(
        schema: &str,
        eligibility: &str,
        guardrails: &str,
    ) -> Result<Self, Vec<RuleError>> {
        let mut errors = Vec::new();
        let parsed_schema = parse_schema(schema, &mut errors);
        let mut loaded = Loaded::default();
        let permits = loaded.load(eligibility, RuleText::Eligibility, &mut errors);
        let forbids = loaded.load(guardrails, RuleText::Guardrails, &mut errors);
        if let Some(schema) = &parsed_schema {
            let validator = Validator::new(schema.clone());
            for (set, of, text) in [
                (&permits, RuleText::Eligibility, eligibility),
                (&forbids, RuleText::Guardrails, guardrails),
            ] {
                let result = validator.validate_with_level(set, ValidationMode::Strict, 1);
                report(&result, of, text, &mut errors);
            }
            if let Err(message) = probe(schema) {
                errors.push(RuleError {
                    text: RuleText::Schema,
                    line: 1,
                    column: 1,
                    policy: None,
                    message: format!("the schema does not describe what Leastwise asks: {message}"),
                });
            }
        }
        errors.sort();
        errors.dedup();
        let (Some(parsed_schema), true) = (parsed_schema, errors.is_empty()) else {
            return Err(errors);
        };
        Ok(Self {
            version: version(schema, eligibility, guardrails),
            mentions: mentions(&[&permits, &forbids]),
            list: loaded.rules,
            schema: parsed_schema,
            eligibility: permits,
            guardrails: over_blanket(forbids),
        })
    }

    /// SHA-256 over all three texts.
    pub fn version(&self) -> &RulesVersion {
        &self.version
    }

    /// Every rule, eligibility first, each text in its own order.
    pub fn list(&self) -> &[Rule] {
        &self.list
    }

    /// Where a rule stands in `list`, by its id.
    pub(super) fn place(&self, id: &str) -> Option<usize> {
        self.list.iter().position(|rule| rule.id == id)
    }
}

fn over_blanket(mut set: PolicySet) -> PolicySet {
    let blanket = Policy::parse(Some(PolicyId::new("system.blanket")), BLANKET)
        .expect("a constant that the tests parse");
    set.add(blanket)
        .expect("ids that begin with `system.` are reserved");
    set
}

fn version(schema: &str, eligibility: &str, guardrails: &str) -> RulesVersion {
    let bytes = serde_json_canonicalizer::to_vec(&serde_json::json!({
        "v": 1,
        "schema": schema,
        "eligibility": eligibility,
        "guardrails": guardrails,
    }))
    .expect("strings always have a canonical form");
    RulesVersion(hex::encode(Sha256::digest(&bytes)))
}

fn mentions(sets: &[&PolicySet]) -> Mentions {
    let mut found = Mentions::default();
    for policy in sets.iter().flat_map(|set| set.policies()) {
        for uid in policy.entity_literals() {
            found
                .named
                .insert((uid.type_name().to_string(), uid.id().unescaped().to_owned()));
        }
        match policy.to_json() {
            Ok(json) => words(&json, &mut found.words),
            // Without a form to look into, every word may be in it.
            Err(_) => found.words.extend(EVERY_WORD.map(str::to_owned)),
        }
    }
    found
}

/// The words that `Mentions::word` is ever asked for.
const EVERY_WORD: [&str; 1] = [case::PEOPLE];

fn words(json: &serde_json::Value, into: &mut BTreeSet<String>) {
    match json {
        serde_json::Value::String(text) => {
            into.insert(text.clone());
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| words(item, into)),
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                into.insert(key.clone());
                words(value, into);
            }
        }
        _ => {}
    }
}

fn parse_schema(text: &str, errors: &mut Vec<RuleError>) -> Option<Schema> {
    let at = |diagnostic: &dyn Diagnostic, message: String| {
        let (line, column) = place_of(diagnostic, text);
        RuleError {
            text: RuleText::Schema,
            line,
            column,
            policy: None,
            message,
        }
    };
    match Schema::from_cedarschema_str(text) {
        Ok((schema, warnings)) => {
            errors.extend(warnings.map(|warning| at(&warning, said(&warning))));
            Some(schema)
        }
        Err(error) => {
            errors.push(at(&error, said(&error)));
            None
        }
    }
}

/// The validator says the same once for every action, in any order: the first of each place is kept.
fn report(result: &ValidationResult, of: RuleText, text: &str, errors: &mut Vec<RuleError>) {
    let error = |policy: &PolicyId, diagnostic: &dyn Diagnostic| {
        let (line, column) = place_of(diagnostic, text);
        RuleError {
            text: of,
            line,
            column,
            policy: Some(policy.to_string()),
            message: said(diagnostic),
        }
    };
    let mut found: Vec<RuleError> = result
        .validation_errors()
        .map(|wrong| error(wrong.policy_id(), wrong))
        .chain(
            result
                .validation_warnings()
                .map(|warning| error(warning.policy_id(), warning)),
        )
        .collect();
    found.sort();
    found.dedup_by(|a, b| (a.line, a.column, &a.policy) == (b.line, b.column, &b.policy));
    errors.extend(found);
}

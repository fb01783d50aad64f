//! The rules in force: parsed, checked as strictly as Cedar can, and versioned.
//!
//! Checks what Cedar does not: annotations (a mistyped `@remdy` would turn *needs approval* into
//! *never*), duplicates, `permit` where only `forbid` belongs, and whether the schema describes
//! what is really sent. Never keeps a rule that it did not understand.

use std::{collections::BTreeSet, fmt, str::FromStr};

use cedar_policy::{
    Effect, Policy, PolicyId, PolicySet, Schema, ValidationMode, ValidationResult, Validator,
};
use miette::Diagnostic;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{
    case,
    text::{find_outside_strings, position, statements},
};
use crate::verdict::{Hit, Remedy, RulesVersion};

/// Which of the three texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleText {
    /// `leastwise.cedarschema`
    Schema,
    /// `eligibility.cedar`
    Eligibility,
    /// `guardrails.cedar`
    Guardrails,
}

impl fmt::Display for RuleText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Schema => "schema",
            Self::Eligibility => "eligibility",
            Self::Guardrails => "guardrails",
        })
    }
}

/// What is wrong with a rule's text, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
#[error("{text}:{line}:{column}: {message}")]
pub struct RuleError {
    /// In which text.
    pub text: RuleText,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The rule's `@id`, where it is known.
    pub policy: Option<String>,
    /// What is wrong, and what would be right where that is known.
    pub message: String,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// Makes somebody eligible.
    Eligibility,
    /// Stands against something.
    Guardrail,
}

/// One rule, for the page that lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `@id`; unique over both texts.
    pub id: String,
    /// What it does.
    pub kind: RuleKind,
    /// `@reason`: what the person reads.
    pub reason: String,
    /// `@control`: what the assessor reads.
    pub control: String,
    /// `@remedy`: what would lift it.
    pub remedy: Option<Remedy>,
    /// Its text, as it was written.
    pub text: String,
    /// The line on which it begins.
    pub line: usize,
}

impl Rule {
    /// The rule as it is shown in a verdict.
    pub(super) fn hit(&self, remedy: Option<Remedy>) -> Hit {
        Hit {
            rule: self.id.clone(),
            reason: self.reason.clone(),
            control: self.control.clone(),
            remedy,
            gains: BTreeSet::new(),
        }
    }
}

/// The rules in force.
#[derive(Debug, Clone)]
pub struct Rules {
    version: RulesVersion,
    rules: Vec<Rule>,
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

const KNOWN: [&str; 4] = ["id", "reason", "control", "remedy"];
/// The most approvals that a rule may ask for.
const MOST_APPROVALS: u8 = 9;
/// Ids that answers of the program itself carry.
const RESERVED: [&str; 2] = ["system.", "eligibility."];
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
            if let Err(message) = case::probe(schema) {
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
            rules: loaded.rules,
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
        &self.rules
    }

    /// Where a rule stands in `list`, by its id.
    pub(super) fn place(&self, id: &str) -> Option<usize> {
        self.rules.iter().position(|rule| rule.id == id)
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

fn report(result: &ValidationResult, of: RuleText, text: &str, errors: &mut Vec<RuleError>) {
    let mut push = |policy: &PolicyId, diagnostic: &dyn Diagnostic| {
        let (line, column) = place_of(diagnostic, text);
        errors.push(RuleError {
            text: of,
            line,
            column,
            policy: Some(policy.to_string()),
            message: said(diagnostic),
        });
    };
    for error in result.validation_errors() {
        push(error.policy_id(), error);
    }
    for warning in result.validation_warnings() {
        push(warning.policy_id(), warning);
    }
}

fn place_of(diagnostic: &dyn Diagnostic, text: &str) -> (usize, usize) {
    let offset = diagnostic
        .labels()
        .and_then(|mut labels| labels.next())
        .map_or(0, |label| label.offset());
    position(text, offset)
}

fn said(diagnostic: &dyn Diagnostic) -> String {
    match diagnostic.help() {
        Some(help) => format!("{diagnostic} ({help})"),
        None => diagnostic.to_string(),
    }
}

/// The rules read so far, over both texts.
#[derive(Default)]
struct Loaded {
    rules: Vec<Rule>,
    ids: BTreeSet<String>,
}

impl Loaded {
    /// Reads one text into a policy set whose policy ids are the rules' ids.
    fn load(&mut self, text: &str, of: RuleText, errors: &mut Vec<RuleError>) -> PolicySet {
        let parsed = match PolicySet::from_str(text) {
            Ok(parsed) => parsed,
            Err(wrong) => {
                errors.extend(wrong.iter().map(|error| {
                    let (line, column) = place_of(error, text);
                    RuleError {
                        text: of,
                        line,
                        column,
                        policy: None,
                        message: said(error),
                    }
                }));
                return PolicySet::new();
            }
        };
        let mut set = PolicySet::new();
        for (number, range) in statements(text).into_iter().enumerate() {
            // Cedar numbers the statements of a text in their order.
            let id = PolicyId::new(format!("policy{number}"));
            let mut statement = Statement {
                of,
                text,
                start: range.start,
                body: &text[range],
                id: None,
                errors,
            };
            match parsed.policy(&id) {
                Some(policy) => {
                    let rule = statement.read(policy, &mut self.ids);
                    // What has no valid id is still validated, under a name that tells where it is.
                    let name = rule.as_ref().map_or_else(
                        || format!("statement {}", number + 1),
                        |rule| rule.id.clone(),
                    );
                    set.add(policy.new_id(PolicyId::new(name)))
                        .expect("duplicate ids were refused, and no id has a space");
                    self.rules.extend(rule);
                }
                None => statement.wrong("", "a template cannot stand here: name everything".into()),
            }
        }
        set
    }
}

/// One statement under the eye of the checks.
struct Statement<'a> {
    of: RuleText,
    text: &'a str,
    start: usize,
    body: &'a str,
    id: Option<String>,
    errors: &'a mut Vec<RuleError>,
}

impl Statement<'_> {
    /// Notes what is wrong at the first place of `needle`, else at the statement's beginning.
    fn wrong(&mut self, needle: &str, message: String) {
        let within = find_outside_strings(self.body, needle).unwrap_or(0);
        let (line, column) = position(self.text, self.start + within);
        self.errors.push(RuleError {
            text: self.of,
            line,
            column,
            policy: self.id.clone(),
            message,
        });
    }

    fn read(&mut self, policy: &Policy, ids: &mut BTreeSet<String>) -> Option<Rule> {
        let before = self.errors.len();
        let id = self.required(policy, "id", 64);
        if let Some(id) = id.as_deref() {
            self.check_id(id, ids);
        }
        self.id.clone_from(&id);
        let reason = self.required(policy, "reason", 500);
        let control = self.required(policy, "control", 100);
        for (key, _) in policy.annotations() {
            if !KNOWN.contains(&key) {
                self.wrong(
                    &format!("@{key}"),
                    format!(
                        "unknown annotation `@{key}`: known are @id, @reason, @control, @remedy"
                    ),
                );
            }
        }
        let kind = self.kind(policy);
        let remedy = policy.annotation("remedy").and_then(|text| {
            let read = read_remedy(text);
            if read.is_none() {
                self.wrong(
                    "@remedy",
                    format!("`{text}` is no remedy: write `approvals:N` with N from 1 to {MOST_APPROVALS}"),
                );
            } else if kind == RuleKind::Eligibility {
                self.wrong("@remedy", "only a guardrail has a remedy".into());
            }
            read
        });
        if self.errors.len() > before {
            return None;
        }
        Some(Rule {
            id: id?,
            kind,
            reason: reason?,
            control: control?,
            remedy,
            text: self.body.to_owned(),
            line: position(self.text, self.start).0,
        })
    }

    fn required(&mut self, policy: &Policy, key: &str, longest: usize) -> Option<String> {
        match policy.annotation(key).map(str::trim) {
            Some(value) if !value.is_empty() && value.chars().count() <= longest => {
                Some(value.to_owned())
            }
            Some(_) => {
                self.wrong(
                    &format!("@{key}"),
                    format!("`@{key}` must have 1 to {longest} characters"),
                );
                None
            }
            None => {
                self.wrong("", format!("`@{key}(\"…\")` is missing"));
                None
            }
        }
    }

    fn check_id(&mut self, id: &str, ids: &mut BTreeSet<String>) {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
        if !id.bytes().all(plain) {
            self.wrong(
                "@id",
                "an id is made of lower-case letters, digits, `-` and `.`".into(),
            );
        } else if RESERVED.iter().any(|prefix| id.starts_with(prefix)) {
            self.wrong("@id", "ids that begin so belong to the program".into());
        } else if !ids.insert(id.to_owned()) {
            self.wrong("@id", format!("the id `{id}` stands here twice"));
        }
    }

    fn kind(&mut self, policy: &Policy) -> RuleKind {
        match (self.of, policy.effect()) {
            (RuleText::Eligibility, Effect::Permit) => RuleKind::Eligibility,
            (RuleText::Eligibility, Effect::Forbid) => {
                self.wrong(
                    "forbid",
                    "eligibility only permits: put a `forbid` into the guardrails".into(),
                );
                RuleKind::Eligibility
            }
            (_, Effect::Forbid) => RuleKind::Guardrail,
            (_, Effect::Permit) => {
                self.wrong(
                    "permit",
                    "guardrails only forbid: put a `permit` into eligibility".into(),
                );
                RuleKind::Guardrail
            }
        }
    }
}

fn read_remedy(text: &str) -> Option<Remedy> {
    let count = text.strip_prefix("approvals:")?;
    // `u8::from_str` would take `+2` and `02`; a rule has one spelling.
    let plain = count.len() == 1 && count.bytes().all(|b| b.is_ascii_digit());
    let count: u8 = plain.then(|| count.parse().ok())??;
    (1..=MOST_APPROVALS)
        .contains(&count)
        .then_some(Remedy::Approvals(count))
}

//! One policy statement: its annotations, and what else Cedar does not check.
//!
//! A mistyped `@remdy` would turn *needs approval* into *blocked*, and a duplicate id would hide a policy. Conditions
//! are left to the validator.

use std::{collections::BTreeSet, str::FromStr};

use cedar_policy::{Effect, Policy, PolicyId, PolicySet};
use miette::Diagnostic;

use super::{
    results::{Rule, RuleError, RuleKind, RuleText},
    text::{find_outside_strings, position, statements},
};
use crate::verdict::Remedies;

const KNOWN: [&str; 5] = ["id", "title", "reason", "control", "remedy"];
/// The maximum number of approvals that a policy can require.
const MOST_APPROVALS: u8 = 9;
/// Prefixes of ids that are reserved for the program's own checks.
const RESERVED: [&str; 2] = ["system.", "eligibility."];
/// The policies read so far, from both files.
#[derive(Default)]
pub(super) struct Loaded {
    pub rules: Vec<Rule>,
    ids: BTreeSet<String>,
}

impl Loaded {
    /// Reads one file into a policy set whose policy ids are the `@id` annotations.
    pub(super) fn load(
        &mut self,
        text: &str,
        of: RuleText,
        errors: &mut Vec<RuleError>,
    ) -> PolicySet {
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
                        message: message_of(error),
                    }
                }));
                return PolicySet::new();
            }
        };
        let mut set = PolicySet::new();
        for (number, range) in statements(text).into_iter().enumerate() {
            // Cedar numbers the statements of a file in order.
            let id = PolicyId::new(format!("policy{number}"));
            let mut statement = CedarStatement {
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
                    // A statement without a valid id is still validated, under a name that shows its position.
                    let name = rule.as_ref().map_or_else(
                        || format!("statement {}", number + 1),
                        |rule| rule.id.clone(),
                    );
                    set.add(policy.new_id(PolicyId::new(name)))
                        .expect("duplicate ids were refused, and no id has a space");
                    self.rules.extend(rule);
                }
                None => statement.wrong(
                    "",
                    "policy templates are not supported: replace `?principal` and `?resource`"
                        .into(),
                ),
            }
        }
        set
    }
}

/// The statement that is being checked.
struct CedarStatement<'a> {
    of: RuleText,
    text: &'a str,
    start: usize,
    body: &'a str,
    id: Option<String>,
    errors: &'a mut Vec<RuleError>,
}

impl CedarStatement<'_> {
    /// Records an error at the first occurrence of `needle`, or at the beginning of the statement.
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
        let title = policy
            .annotation("title")
            .and_then(|_| self.required(policy, "title", 80));
        let reason = self.required(policy, "reason", 500);
        let control = self.required(policy, "control", 100);
        for (key, _) in policy.annotations() {
            if !KNOWN.contains(&key) {
                self.wrong(
                    &format!("@{key}"),
                    format!(
                        "unknown annotation `@{key}`: use @id, @title, @reason, @control or @remedy"
                    ),
                );
            }
        }
        let kind = self.kind(policy);
        let remedy = policy.annotation("remedy").and_then(|text| {
            let read = read_remedies(text);
            if read.is_none() {
                self.wrong(
                    "@remedy",
                    format!("`{text}` is not a remedy: write `approvals:N` or `approvals:N step-up`, with N from 1 to {MOST_APPROVALS}"),
                );
            } else if kind == RuleKind::Eligibility {
                self.wrong("@remedy", "only a guardrail can have a remedy".into());
            }
            read
        });
        if self.errors.len() > before {
            return None;
        }
        Some(Rule {
            id: id?,
            title,
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
                "an id consists of lower-case letters, digits, `-` and `.`".into(),
            );
        } else if RESERVED.iter().any(|prefix| id.starts_with(prefix)) {
            self.wrong(
                "@id",
                "ids that begin with `system.` or `eligibility.` are reserved".into(),
            );
        } else if !ids.insert(id.to_owned()) {
            self.wrong("@id", format!("the id `{id}` is used twice"));
        }
    }

    fn kind(&mut self, policy: &Policy) -> RuleKind {
        match (self.of, policy.effect()) {
            (RuleText::Eligibility, Effect::Permit) => RuleKind::Eligibility,
            (RuleText::Eligibility, Effect::Forbid) => {
                self.wrong(
                    "forbid",
                    "eligibility only permits: move this `forbid` to the guardrails".into(),
                );
                RuleKind::Eligibility
            }
            (_, Effect::Forbid) => RuleKind::Guardrail,
            (_, Effect::Permit) => {
                self.wrong(
                    "permit",
                    "guardrails only forbid: move this `permit` to eligibility".into(),
                );
                RuleKind::Guardrail
            }
        }
    }
}

/// Reads `approvals:N`, or `approvals:N step-up`.
fn read_remedies(text: &str) -> Option<Remedies> {
    let (text, step_up) = match text.strip_suffix(" step-up") {
        Some(approvals) => (approvals, true),
        None => (text, false),
    };
    let count = text.strip_prefix("approvals:")?;
    // `u8::from_str` would accept `+2` and `02`; only one spelling is valid.
    let plain = count.len() == 1 && count.bytes().all(|b| b.is_ascii_digit());
    let count: u8 = plain.then(|| count.parse().ok())??;
    let known = (1..=MOST_APPROVALS).contains(&count);
    let remedies = known.then(|| Remedies::approvals_of(count))?;
    Some(if step_up {
        remedies.and_step_up()
    } else {
        remedies
    })
}

pub(super) fn place_of(diagnostic: &dyn Diagnostic, text: &str) -> (usize, usize) {
    let offset = diagnostic
        .labels()
        .and_then(|mut labels| labels.next())
        .map_or(0, |label| label.offset());
    position(text, offset)
}

pub(super) fn message_of(diagnostic: &dyn Diagnostic) -> String {
    match diagnostic.help() {
        Some(help) => format!("{diagnostic} ({help})"),
        None => diagnostic.to_string(),
    }
}

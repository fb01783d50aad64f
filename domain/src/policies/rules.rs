//! The policies in force: parsed, validated in Cedar's strict mode, and versioned.
//!
//! Also checks what Cedar does not: annotations (a mistyped `@remdy` would turn *needs approval* into *blocked*),
//! duplicate ids, `permit` where only `forbid` is supported, and whether the schema fits the requests that are sent. A
//! policy with an error is never used.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Policy, PolicyId, PolicySet, Schema};
use sha2::{Digest, Sha256};

use super::{
    cedar_request::probe,
    removals::RemovalPolicies,
    request_template,
    results::{Rule, RuleError, RuleText},
    schema,
    statement::Loaded,
    titles::system_title,
};
use crate::{ids::GroupId, verdict::RulesVersion};

/// The policies in force.
#[derive(Debug, Clone)]
pub struct Rules {
    version: RulesVersion,
    /// The schema, who is eligible, and the guardrails.
    texts: [String; 3],
    list: Vec<Rule>,
    pub(super) schema: Schema,
    pub(super) eligibility: PolicySet,
    pub(super) guardrails: PolicySet,
    pub(super) mentions: Mentions,
    /// None until `with_removals`: no removal needs a second person.
    pub(super) removals: Option<RemovalPolicies>,
}

/// The entities that some policy names. Other entities cannot affect an answer, so that 150,000 assignments share a few
/// hundred evaluations.
#[derive(Debug, Clone, Default)]
pub(super) struct Mentions {
    /// The ids by type. Asked for every person of a large group, so a question copies no text.
    named: BTreeMap<String, BTreeSet<String>>,
    /// Every attribute and string literal of any policy.
    words: BTreeSet<String>,
}

impl Mentions {
    /// Whether a policy names this entity.
    pub(super) fn entity(&self, kind: &str, id: &str) -> bool {
        self.named.get(kind).is_some_and(|ids| ids.contains(id))
    }

    /// Whether a policy could read an attribute of this name.
    pub(super) fn word(&self, word: &str) -> bool {
        self.words.contains(word)
    }
}

/// The `permit` that accompanies the guardrails. Without it Cedar would deny everything.
const BLANKET: &str = "permit (principal, action, resource);";

impl Rules {
    /// Parses and validates all three files. Reports all errors, sorted by file and position. Succeeds only if there
    /// are none.
    pub fn parse(
        schema: &str,
        eligibility: &str,
        guardrails: &str,
    ) -> Result<Self, Vec<RuleError>> {
        let mut errors = Vec::new();
        let parsed_schema = schema::parse(schema, RuleText::Schema, probe, &mut errors);
        let mut loaded = Loaded::default();
        let permits = loaded.load(eligibility, RuleText::Eligibility, &mut errors);
        let forbids = loaded.load(guardrails, RuleText::Guardrails, &mut errors);
        if let Some(schema) = &parsed_schema {
            for (set, of, text) in [
                (&permits, RuleText::Eligibility, eligibility),
                (&forbids, RuleText::Guardrails, guardrails),
            ] {
                schema::validate(schema, set, of, text, &mut errors);
            }
        }
        errors.sort();
        errors.dedup();
        let (Some(parsed_schema), true) = (parsed_schema, errors.is_empty()) else {
            return Err(errors);
        };
        Ok(Self {
            version: version(schema, eligibility, guardrails),
            texts: [schema, eligibility, guardrails].map(str::to_owned),
            mentions: mentions(&[&permits, &forbids]),
            list: loaded.rules,
            schema: parsed_schema,
            eligibility: permits,
            guardrails: over_blanket(forbids),
            removals: None,
        })
    }

    /// Whether a policy names this group: then access by any path depends on who is a member.
    pub fn names_group(&self, group: &GroupId) -> bool {
        self.mentions.entity("Group", group.as_str())
    }

    /// Adds the policies on removals, which become part of the version. Fails if an id is used in both.
    pub fn with_removals(mut self, removals: RemovalPolicies) -> Result<Self, Vec<RuleError>> {
        let twice = removals
            .list
            .iter()
            .filter(|rule| self.place(&rule.id).is_some());
        let errors: Vec<RuleError> = twice
            .map(|rule| RuleError {
                text: RuleText::Removals,
                line: rule.line,
                column: 1,
                policy: Some(rule.id.clone()),
                message: format!("the id `{}` is used twice", rule.id),
            })
            .collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        self.version = with_texts(&self.version, &removals.texts);
        self.removals = Some(removals);
        Ok(self)
    }

    /// Returns the SHA-256 of all three files.
    pub fn version(&self) -> &RulesVersion {
        &self.version
    }

    /// Returns the files that the version is the hash of: the schema, who is eligible, the guardrails, then those of the
    /// policies on removals.
    pub fn texts(&self) -> Vec<&str> {
        let removals = self.removals.iter().flat_map(|removals| &removals.texts);
        self.texts
            .iter()
            .chain(removals)
            .map(String::as_str)
            .collect()
    }

    /// Returns all policies, eligibility first, each file in its own order.
    pub fn list(&self) -> &[Rule] {
        &self.list
    }

    /// Returns the number of all policies, those on removals included.
    pub fn count(&self) -> usize {
        let removals = self.removals.as_ref();
        self.list.len() + removals.map_or(0, |removals| removals.list.len())
    }

    /// Returns the short name of a policy or of one of the program's own checks; its id if it has none.
    pub fn title(&self, id: &str) -> String {
        let removals = self.removals.iter().flat_map(|removals| &removals.list);
        let rule = self.list.iter().chain(removals).find(|rule| rule.id == id);
        let title = rule.and_then(|rule| rule.title.as_deref());
        title.or_else(|| system_title(id)).unwrap_or(id).to_owned()
    }

    /// Whether a policy depends on a date of a review, so that stating one may change the verdict.
    pub fn asks_for_review(&self, id: &str) -> bool {
        let rule = self.list.iter().find(|rule| rule.id == id);
        rule.is_some_and(|rule| rule.text.contains(request_template::REVIEW_DATE))
    }

    /// Whether a policy depends on how long sessions last, so that the length of the access alone does not explain its verdict.
    pub fn limits_sessions(&self, id: &str) -> bool {
        let rule = self.list.iter().find(|rule| rule.id == id);
        rule.is_some_and(|rule| rule.text.contains(request_template::SESSION))
    }

    /// Returns the index of a policy in `list` by its id.
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

fn with_texts(version: &RulesVersion, removals: &[String; 3]) -> RulesVersion {
    let bytes = serde_json_canonicalizer::to_vec(&serde_json::json!({
        "v": 1,
        "gains": version,
        "removals": removals,
    }))
    .expect("strings always have a canonical form");
    RulesVersion(hex::encode(Sha256::digest(&bytes)))
}

fn mentions(sets: &[&PolicySet]) -> Mentions {
    let mut found = Mentions::default();
    for policy in sets.iter().flat_map(|set| set.policies()) {
        for uid in policy.entity_literals() {
            let ids = found.named.entry(uid.type_name().to_string()).or_default();
            ids.insert(uid.id().unescaped().to_owned());
        }
        match policy.to_json() {
            Ok(json) => words(&json, &mut found.words),
            // A policy that cannot be converted to JSON may use every attribute.
            Err(_) => found.words.extend(EVERY_WORD.map(str::to_owned)),
        }
    }
    found
}

/// The attributes that `Mentions::word` is ever called with.
const EVERY_WORD: [&str; 1] = [request_template::PEOPLE];

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

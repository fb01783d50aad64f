//! Reads JSON documents that any version of Leastwise may have stored.
//!
//! A document is understood as a whole or not at all: a member that this version does not know would be lost, and may
//! change what the others mean. It must never be read as something else.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Returns what a document says if all of it is understood.
pub fn read_whole<T: Serialize + DeserializeOwned>(document: &str) -> Option<T> {
    whole(serde_json::from_str(document).ok()?)
}

/// As [`read_whole`], of a document that was parsed.
pub fn whole<T: Serialize + DeserializeOwned>(stored: Value) -> Option<T> {
    let read: T = serde_json::from_value(stored.clone()).ok()?;
    let understood = serde_json::to_value(&read).ok()?;
    holds(&understood, &stored).then_some(read)
}

/// Whether a value contains everything of another one. A member with a default may be missing in the other one.
fn holds(all: &Value, part: &Value) -> bool {
    match (all, part) {
        (Value::Object(all), Value::Object(part)) => part
            .iter()
            .all(|(name, part)| all.get(name).is_some_and(|all| holds(all, part))),
        (Value::Array(all), Value::Array(part)) => {
            all.len() == part.len() && all.iter().zip(part).all(|(all, part)| holds(all, part))
        }
        (all, part) => all == part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_with_a_default_may_be_missing_in_a_document_of_before() {
        let all =
            serde_json::json!({ "kind": "k", "inner": { "a": 1, "added": null }, "list": [1] });
        let before = serde_json::json!({ "kind": "k", "inner": { "a": 1 }, "list": [1] });
        assert!(holds(&all, &before));
        assert!(!holds(&before, &all));
        assert!(!holds(&all, &serde_json::json!({ "list": [] })));
    }
}

//! Permission sets: their content, its hash, and what it allows.
//!
//! A permission set is evaluated by its content and not by its name: two sets with the same content allow the same, and
//! a renamed copy is treated like the original. Never decides whether somebody may have a set; see `policies`.

pub mod analysis;
mod judged;
mod policy_text;

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::{judged::JudgedContent, policy_text::PolicyText};
use crate::{ids::PermissionSetArn, permission_set::analysis::Analysis};

/// A reference to a customer-managed policy, whose text is in each target account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CustomerPolicy {
    /// The IAM policy name.
    pub name: String,
    /// The IAM path, `/` by default.
    pub path: String,
}

/// A permissions boundary.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    /// An AWS managed policy, by ARN.
    Managed(String),
    /// A customer-managed policy in the target account.
    Customer(CustomerPolicy),
}

/// Everything in a permission set that determines what it allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Content {
    /// AWS managed policies, by ARN.
    pub managed: BTreeSet<String>,
    /// Customer-managed policies, by name and path.
    pub customer: BTreeSet<CustomerPolicy>,
    /// The text of the inline policy, as AWS stores it.
    pub inline: Option<String>,
    pub boundary: Option<Boundary>,
    /// The session duration in seconds (3,600 to 43,200).
    pub session_seconds: u32,
}

/// SHA-256 (hex) of the content of a permission set.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(pub String);

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Content {
    /// Hashes the content. Whitespace and key order in the inline policy are ignored, so that reformatting is not an
    /// edit. An inline policy that is not valid JSON is hashed as text.
    pub fn hash(&self) -> ContentHash {
        let inline = self.inline.as_deref().map(|text| {
            serde_json::from_str::<serde_json::Value>(text)
                .ok()
                .and_then(|json| serde_json_canonicalizer::to_string(&json).ok())
                .unwrap_or_else(|| text.to_owned())
        });
        let canonical = serde_json_canonicalizer::to_vec(&serde_json::json!({
            "v": 1,
            "managed": self.managed,
            "customer": self.customer,
            "inline": inline,
            "boundary": self.boundary,
            "session_seconds": self.session_seconds,
        }))
        .expect("strings and small integers always have a canonical form");
        ContentHash(hex::encode(Sha256::digest(&canonical)))
    }
}

/// A permission set, with what its content allows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PermissionSet {
    /// Immutable.
    pub arn: PermissionSetArn,
    /// At most 32 characters. AWS does not allow changing it, but a copy can have any name.
    pub name: String,
    pub description: Option<String>,
    pub content: Content,
    /// The hash of `content`.
    pub hash: ContentHash,
    /// What the content allows.
    pub analysis: Analysis,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(inline: &str) -> Content {
        Content {
            inline: Some(inline.into()),
            session_seconds: 3600,
            ..Content::default()
        }
    }

    #[test]
    fn reformatting_the_inline_policy_is_not_an_edit() {
        let a = content(r#"{"Version":"2012-10-17","Statement":[]}"#);
        let b = content("{\n  \"Statement\": [],\n  \"Version\": \"2012-10-17\"\n}");
        assert_eq!(a.hash(), b.hash());
    }

    #[test]
    fn every_part_of_the_content_changes_the_hash() {
        let base = content("{}");
        let mut others = vec![
            content("{\"a\":1}"),
            Content {
                session_seconds: 7200,
                ..base.clone()
            },
        ];
        others.push(Content {
            managed: ["arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()].into(),
            ..base.clone()
        });
        others.push(Content {
            boundary: Some(Boundary::Managed(
                "arn:aws:iam::aws:policy/ReadOnlyAccess".into(),
            )),
            ..base.clone()
        });
        for other in others {
            assert_ne!(base.hash(), other.hash(), "{other:?}");
        }
    }
}

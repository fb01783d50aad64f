//! The plan of a saga: idempotent steps, each known by the content that it leaves. Carried out by `engine`.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Step, SubjectKey};
use crate::permission_set::ContentHash;

/// What a complete read shows of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// The complete content has this hash.
    Is(ContentHash),
    /// The subject does not exist: before a step that creates it, or after one that deletes it.
    Gone,
}

impl From<ContentHash> for Content {
    fn from(hash: ContentHash) -> Self {
        Self::Is(hash)
    }
}

/// What a step does, for people and for the ledger. Its word never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    Declare,
    EndDeclaration,
    Link,
    EndLink,
}

impl StepName {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Declare, "declare"),
        (Self::EndDeclaration, "end_declaration"),
        (Self::Link, "link"),
        (Self::EndLink, "end_link"),
    ];

    /// Returns the word in the ledger.
    pub fn as_str(self) -> &'static str {
        let found = Self::ALL.iter().find(|(name, _)| *name == self);
        found.map_or("", |(_, word)| word)
    }

    /// Parses the word. None if a newer version wrote it.
    pub fn from_word(word: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == word);
        found.map(|(name, _)| *name)
    }

    /// Returns what the step does, as an order without a capital letter.
    pub fn words(self) -> &'static str {
        match self {
            Self::Declare => "put the declaration in force",
            Self::EndDeclaration => "end the declaration",
            Self::Link => "link the identity to the user",
            Self::EndLink => "leave the identity without a user",
        }
    }
}

impl Step {
    /// Returns what the step does.
    pub fn name(&self) -> StepName {
        match self {
            Self::Declare {
                declaration: Some(_),
                ..
            } => StepName::Declare,
            Self::Declare {
                declaration: None, ..
            } => StepName::EndDeclaration,
            Self::Link { user: Some(_), .. } => StepName::Link,
            Self::Link { user: None, .. } => StepName::EndLink,
        }
    }
}

/// A step, and what a read of the subject shows once it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    pub step: Step,
    /// The content of the subject after the step.
    pub leaves: Content,
}

/// How a saga carries out one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SagaPlan {
    pub key: SubjectKey,
    /// The content of the subject when the change was requested. Any other content that no step leaves was written by
    /// somebody else meanwhile, and stops the saga.
    pub seen: Content,
    /// At least one. No two steps leave the same content, and none leaves `seen`.
    pub steps: Vec<PlannedStep>,
}

impl SagaPlan {
    /// Returns how many steps are done if the subject has this content. None if somebody else wrote it.
    pub fn position(&self, content: &Content) -> Option<usize> {
        let leaves = |step: &PlannedStep| step.leaves == *content;
        match self.steps.iter().rposition(leaves) {
            Some(last) => Some(last + 1),
            None => (self.seen == *content).then_some(0),
        }
    }
}

/// Hashes the content of a subject: SHA-256 over its canonical JSON (RFC 8785).
///
/// # Panics
/// Never: strings and integers below 2^53 always have a canonical form.
pub fn content_hash(content: &impl Serialize) -> ContentHash {
    let canonical = serde_json_canonicalizer::to_vec(content)
        .expect("strings and small integers always have a canonical form");
    ContentHash(hex::encode(Sha256::digest(&canonical)))
}

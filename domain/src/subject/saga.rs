//! The plan of a saga: idempotent steps, each known by the content that it leaves. Carried out by `engine`.
//!
//! A plan is made once, when its change is taken up, and stored as a text that never changes: the version that continues
//! a saga may plan otherwise than the one that began it. A content is a hash over values that every version reads alike,
//! or over a stored text, never over a type that later versions extend.

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Step, SubjectKey};
use crate::{hash::Hash, permission_set::ContentHash, stored_document::read_whole};

/// The version of the plans that are written now. A step, or a member of one, that is added increases it.
pub const PLAN_VERSION: u32 = 1;

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
                document: Some(_), ..
            } => StepName::Declare,
            Self::Declare { document: None, .. } => StepName::EndDeclaration,
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

/// A plan as it is stored. Its text is kept, whatever this version would write instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "PlanDocument", into = "PlanDocument")]
pub struct StoredPlan {
    document: PlanDocument,
    /// Without steps if it is not understood.
    plan: SagaPlan,
    is_understood: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PlanDocument {
    version: u32,
    key: SubjectKey,
    text: String,
}

impl StoredPlan {
    /// Whether this version understands all of the plan. If not, a newer version wrote it and continues it.
    pub fn is_understood(&self) -> bool {
        self.is_understood
    }
}

impl Deref for StoredPlan {
    type Target = SagaPlan;

    fn deref(&self) -> &SagaPlan {
        &self.plan
    }
}

impl From<SagaPlan> for StoredPlan {
    fn from(plan: SagaPlan) -> Self {
        Self {
            document: PlanDocument {
                version: PLAN_VERSION,
                key: plan.key.clone(),
                text: serde_json::to_string(&plan).expect("a plan is made of strings and numbers"),
            },
            plan,
            is_understood: true,
        }
    }
}

impl From<PlanDocument> for StoredPlan {
    fn from(document: PlanDocument) -> Self {
        let known = (1..=PLAN_VERSION).contains(&document.version);
        let read: Option<SagaPlan> = known.then(|| read_whole(&document.text)).flatten();
        let read = read.filter(|plan| plan.key == document.key);
        Self {
            is_understood: read.is_some(),
            plan: read.unwrap_or_else(|| SagaPlan {
                key: document.key.clone(),
                seen: ContentHash(String::new()).into(),
                steps: Vec::new(),
            }),
            document,
        }
    }
}

impl From<StoredPlan> for PlanDocument {
    fn from(plan: StoredPlan) -> Self {
        plan.document
    }
}

/// Hashes the stored texts of the plans of a change, each with the index of its item. None if there is none.
pub fn plans_digest<'a>(plans: impl Iterator<Item = (usize, &'a StoredPlan)>) -> Option<Hash> {
    let mut sha256 = Sha256::new_with_prefix(b"leastwise-plans-v1\0");
    let mut plans = plans.peekable();
    plans.peek()?;
    for (index, StoredPlan { document, .. }) in plans {
        let head = format!("{index} {} {}\n", document.version, document.text.len());
        sha256.update(head);
        sha256.update(&document.text);
        sha256.update("\n");
    }
    Some(Hash(sha256.finalize().into()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PersonId;

    fn plan() -> SagaPlan {
        let person = PersonId::parse("00000003-0000-4000-8000-000000000001").unwrap();
        SagaPlan {
            key: SubjectKey::IdentityLink {
                person: person.clone(),
            },
            seen: content_hash(&1).into(),
            steps: vec![PlannedStep {
                step: Step::Link { person, user: None },
                leaves: content_hash(&2).into(),
            }],
        }
    }

    fn digest(plan: &StoredPlan) -> Hash {
        plans_digest([(0, plan)].into_iter()).unwrap()
    }

    #[test]
    fn a_plan_keeps_the_text_that_an_earlier_version_wrote() {
        let stored = StoredPlan::from(plan());
        let mut document = serde_json::to_value(&stored).unwrap();
        // Another order of members, as no version writes it now.
        let text = format!(" {}", document["text"].as_str().unwrap());
        document["text"] = text.clone().into();
        let read: StoredPlan = serde_json::from_value(document.clone()).unwrap();
        assert!(read.is_understood());
        assert_eq!(*read, plan());
        assert_eq!(serde_json::to_value(&read).unwrap(), document);
        assert_ne!(digest(&read), digest(&stored));
    }

    #[test]
    fn a_plan_of_a_newer_version_has_no_steps_and_is_kept() {
        let written = serde_json::to_value(StoredPlan::from(plan())).unwrap();
        let mut newer = written.clone();
        newer["version"] = 2.into();
        let mut member = written.clone();
        let text = written["text"].as_str().unwrap();
        member["text"] = text
            .replace(r#""step":"link""#, r#""step":"link","via":1"#)
            .into();
        let mut step = written;
        step["text"] = step["text"]
            .as_str()
            .unwrap()
            .replace("\"link\"", "\"relink\"")
            .into();
        for document in [newer, member, step] {
            let read: StoredPlan = serde_json::from_value(document.clone()).unwrap();
            assert!(!read.is_understood(), "{document}");
            assert_eq!((&read.key, read.steps.len()), (&plan().key, 0));
            assert_eq!(serde_json::to_value(&read).unwrap(), document);
        }
    }
}

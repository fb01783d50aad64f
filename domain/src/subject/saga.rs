//! The plan of a saga: idempotent steps, each known by the content that it leaves. Carried out by `engine`.
//!
//! A plan is made once, when its change is taken up, and stored as a text that never changes: the version that continues
//! a saga may plan otherwise than the one that began it. A content is a hash over values that every version reads alike,
//! or over a stored text, never over a type that later versions extend.

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::SubjectKey;
use crate::{
    hash::Hash,
    ids::{AccountId, PersonId, UserId},
    permission_set::ContentHash,
    stored_document::read_whole,
};

/// The version of the plans that are written now. A step, or a member of one, that is added increases it.
pub const PLAN_VERSION: u32 = 1;

/// One idempotent write of a saga.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
pub enum Step {
    /// Puts a declaration in force; none ends the one in force.
    Declare {
        account: AccountId,
        /// The text of the declaration, exactly as it is written.
        document: Option<String>,
    },
    /// Links an identity to a user; none ends the link.
    Link {
        person: PersonId,
        user: Option<UserId>,
    },
}

/// A step, and what a read of the subject shows once it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    pub step: Step,
    /// The content of the subject after the step.
    pub leaves: ContentHash,
}

/// How a saga carries out one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SagaPlan {
    pub key: SubjectKey,
    /// The content of the subject when the change was requested. Any other content that no step leaves was written by
    /// somebody else meanwhile, and stops the saga.
    pub seen: ContentHash,
    /// At least one. No two steps leave the same content, and none leaves `seen`.
    pub steps: Vec<PlannedStep>,
}

impl SagaPlan {
    /// Returns how many steps are done if the subject has this content. None if somebody else wrote it.
    pub fn position(&self, content: &ContentHash) -> Option<usize> {
        let leaves = |step: &PlannedStep| step.leaves == *content;
        match self.steps.iter().rposition(leaves) {
            Some(last) => Some(last + 1),
            None => (self.seen == *content).then_some(0),
        }
    }

    /// Returns the plan of the steps that are missing if the subject has this content. None if nothing is missing, or if
    /// somebody else wrote the content: the change is then requested again on what the subject is now.
    #[must_use]
    pub fn rest(&self, content: &ContentHash) -> Option<Self> {
        let missing = self.steps.get(self.position(content)?..)?;
        (!missing.is_empty()).then(|| Self {
            key: self.key.clone(),
            seen: content.clone(),
            steps: missing.to_vec(),
        })
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
                seen: ContentHash(String::new()),
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

    fn plan() -> SagaPlan {
        let person = PersonId::parse("00000003-0000-4000-8000-000000000001").unwrap();
        SagaPlan {
            key: SubjectKey::IdentityLink {
                person: person.clone(),
            },
            seen: content_hash(&1),
            steps: vec![PlannedStep {
                step: Step::Link { person, user: None },
                leaves: content_hash(&2),
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

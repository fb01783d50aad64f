//! What the rules answer, as plain values that pages, the database and the ledger can hold.
//!
//! Knows nothing of Cedar: a build without it can still show a verdict.

use std::{collections::BTreeSet, fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    access::Reach,
    approval::Mfa,
    authorize::Role,
    diff::{Effect, EffectHash, Step},
    ids::{Assignment, PersonId},
    time::Timestamp,
    verdict::{Hit, Outcome, Remedy, Verdict, strictest},
};

/// Who asks, and what is known of the asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub requester: PersonId,
    /// What they are in Leastwise.
    pub roles: BTreeSet<Role>,
    /// Whether a second factor is proven.
    pub mfa: Mfa,
    /// Whether a ticket is named.
    pub ticket: bool,
    /// Who has approved this very effect so far. The requester and whoever gains are not counted,
    /// whatever stands here.
    pub approvals: BTreeSet<PersonId>,
    /// Assignments of the operations that rest on windows of ours.
    pub ours: BTreeSet<Assignment>,
}

/// Whether somebody gains by what they asked for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GainKind {
    /// They asked for it themselves.
    Request,
    /// Another person asked for it.
    Grant,
}

/// One gain, and what the rules say of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gain {
    /// What is gained; the same as in `effect.judged()`, at the same place: what stays, then what may
    /// be in passing.
    pub step: Step,
    /// The human who gains; none if the user is joined to nobody, or nobody gains today.
    pub person: Option<PersonId>,
    /// Who asked.
    pub kind: GainKind,
    /// The rules that make them eligible; none means refused.
    pub eligible_by: Vec<String>,
    /// What stands against it, as indexes into the verdict's hits.
    pub hits: Vec<usize>,
}

/// The whole answer to a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// What may happen, and why.
    pub verdict: Verdict,
    /// Who gains and loses what.
    pub effect: Effect,
    /// What approvals are bound to.
    pub hash: EffectHash,
    /// Every gain, in passing or for good, explained.
    pub gains: Vec<Gain>,
    /// The humans who gain, groups expanded: none of them may approve.
    pub gaining: BTreeSet<PersonId>,
}

/// Who holds something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Holder {
    /// A person, by one path.
    Person {
        /// Who, where, through what, since when.
        reach: Reach,
    },
    /// A group without members: nobody today, whoever joins it tomorrow.
    EmptyGroup {
        /// The assignment that waits for somebody.
        assignment: Assignment,
        /// When it was first seen.
        since: Timestamp,
    },
    /// A principal that is gone from the directory.
    Orphan {
        /// The assignment that nobody can use.
        assignment: Assignment,
        /// When it was first seen.
        since: Timestamp,
    },
}

/// One thing that exists, and what the rules say of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Who holds it.
    pub holder: Holder,
    /// What stands against it, in the order of the rules' text; shared between alike cases. Their
    /// `gains` are empty: there is no change.
    pub hits: Arc<[Hit]>,
}

impl Held {
    /// *Allowed*: nothing stands against it. *Needs approval*: not approved here. *Refused*: no
    /// approval would make it right.
    pub fn outcome(&self) -> Outcome {
        strictest(self.hits.iter().map(Hit::outcome))
    }
}

/// Which of the three texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleText {
    /// `leastwise.cedarschema`
    Schema,
    /// `eligibility.cedar`
    Eligibility,
    /// `guardrails.cedar`
    Guardrails,
}

impl fmt::Display for RuleText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Schema => "schema",
            Self::Eligibility => "eligibility",
            Self::Guardrails => "guardrails",
        })
    }
}

/// What is wrong with a rule's text, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
#[error("{text}:{line}:{column}: {message}")]
pub struct RuleError {
    /// In which text.
    pub text: RuleText,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The rule's `@id`, where it is known.
    pub policy: Option<String>,
    /// What is wrong, and what would be right where that is known.
    pub message: String,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// Makes somebody eligible.
    Eligibility,
    /// Stands against something.
    Guardrail,
}

/// One rule, for the page that lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `@id`; unique over both texts.
    pub id: String,
    /// What it does.
    pub kind: RuleKind,
    /// `@reason`: what the person reads.
    pub reason: String,
    /// `@control`: what the assessor reads.
    pub control: String,
    /// `@remedy`: what would lift it.
    pub remedy: Option<Remedy>,
    /// Its text, as it was written.
    pub text: String,
    /// The line on which it begins.
    pub line: usize,
}

impl Rule {
    /// The rule as it is shown in a verdict.
    #[cfg(feature = "cedar")]
    pub(super) fn hit(&self, remedy: Option<Remedy>) -> Hit {
        Hit {
            rule: self.id.clone(),
            reason: self.reason.clone(),
            control: self.control.clone(),
            remedy,
            gains: BTreeSet::new(),
        }
    }
}

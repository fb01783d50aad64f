//! The results of an evaluation, as plain values that pages, the database and the ledger can hold.
//!
//! Does not depend on Cedar, so that a build without it can still show a verdict.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

#[cfg(feature = "cedar")]
use crate::verdict::Persistence;
use crate::{
    access::Reach,
    approval::Mfa,
    authorize::Role,
    diff::{Effect, SharedPath},
    ids::{Assignment, EffectHash, PersonId, UserId},
    subject::SubjectStates,
    time::{Date, Timestamp},
    verdict::{Hit, Outcome, Remedies, Verdict, strictest},
};

/// The request behind a change: the requester and the circumstances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestContext {
    pub requester: PersonId,
    /// The requester's roles in Leastwise.
    pub roles: BTreeSet<Role>,
    /// Whether a second factor is proven.
    pub mfa: Mfa,
    /// Whether the request names a ticket.
    pub ticket: bool,
    /// The date by which somebody reviews the standing access. Part of what approvals are bound to.
    pub review_on: Option<Date>,
    /// The people who have approved this effect so far. The requester and the beneficiaries are not counted, even if
    /// they are listed here.
    pub approvals: BTreeSet<PersonId>,
    /// The assignments of this change that exist because of an access window.
    pub ours: BTreeSet<Assignment>,
    /// The persons of users who are newer than the snapshot. A person determines whether somebody requests access for
    /// themselves, and whether they gain by what they approve.
    pub new_persons: BTreeMap<UserId, PersonId>,
    /// The requester's user, if the link is newer than the snapshot.
    pub new_user: Option<UserId>,
    /// The people who lose access by removals that the requester submitted within [`EARLIER`](super::EARLIER) before this
    /// change and that needed no approval.
    pub earlier_removals: BTreeSet<UserId>,
    /// The people who lose access by removals that the requester submitted in the same time and that somebody else
    /// approved. They count only with what one change removes.
    pub agreed_removals: BTreeSet<UserId>,
    /// The present state of what the items are about, if it is not in the snapshot.
    pub states: SubjectStates,
}

/// Whether the beneficiary made the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GainKind {
    /// The beneficiary requested it.
    Request,
    /// Somebody else requested it.
    Grant,
}

/// The gains of one path by people whom the policies cannot distinguish, and what the policies find for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gain {
    /// What is gained, and the people of this class.
    pub path: SharedPath,
    /// Who made the request.
    pub kind: GainKind,
    /// The ids of the policies that make the people eligible; none means blocked.
    pub eligible_by: Vec<String>,
    /// The policies that matched, as indexes into the verdict's hits.
    pub hits: Vec<usize>,
}

/// The complete result of evaluating a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    pub verdict: Verdict,
    /// Who gains and who loses which access.
    pub effect: Effect,
    /// What approvals are bound to.
    pub hash: EffectHash,
    /// All gains, temporary ones included, each with what the policies find: `effect.evaluated_paths()`, in its order,
    /// each divided into classes of people.
    pub gains: Vec<Gain>,
    /// The people who gain access, groups expanded, and those whom an item concerns. None of them may approve.
    pub gaining: BTreeSet<PersonId>,
}

/// The holder of existing access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Holder {
    /// A person, by one path.
    Person { reach: Reach },
    /// A group without members: nobody has access today, but future members will.
    EmptyGroup {
        assignment: Assignment,
        /// When the assignment was first observed.
        since: Timestamp,
    },
    /// A principal that is no longer in the directory.
    Orphan {
        /// The assignment, which gives access to nobody.
        assignment: Assignment,
        /// When the assignment was first observed.
        since: Timestamp,
    },
}

/// One item of existing access, and what the policies find for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExistingAccess {
    pub holder: Holder,
    /// The policies that matched, in the order of the policy text; shared between equivalent cases. Their `gains` are
    /// empty, because there is no change.
    pub hits: Arc<[Hit]>,
}

impl ExistingAccess {
    /// Returns the strictest outcome. *Allowed*: no policy matched. *Needs approval*: the access is unapproved.
    /// *Refused*: the access is a violation, which no approval would permit.
    pub fn outcome(&self) -> Outcome {
        strictest(self.hits.iter().map(Hit::outcome))
    }
}

/// One of the policy files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleText {
    /// `leastwise.cedarschema`
    Schema,
    /// `eligibility.cedar`
    Eligibility,
    /// `guardrails.cedar`
    Guardrails,
    /// `removals.cedarschema`
    RemovalSchema,
    /// `removals.cedar`
    Removals,
}

impl fmt::Display for RuleText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Schema => "schema",
            Self::Eligibility => "eligibility",
            Self::Guardrails => "guardrails",
            Self::RemovalSchema => "removal schema",
            Self::Removals => "removals",
        })
    }
}

/// An error in a policy file, and its position.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
#[error("{text}:{line}:{column}: {message}")]
pub struct RuleError {
    /// The file.
    pub text: RuleText,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// The policy's `@id`, if it is known.
    pub policy: Option<String>,
    /// What is wrong, and how to correct it where that is known.
    pub message: String,
}

/// The kind of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// Makes somebody eligible (`permit`).
    Eligibility,
    /// Forbids something (`forbid`).
    Guardrail,
}

/// One policy, for the page that lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `@id`; unique across both policy files.
    pub id: String,
    /// `@title`: a short name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub kind: RuleKind,
    /// `@reason`: the explanation for the requester.
    pub reason: String,
    /// `@control`: the reference for the assessor.
    pub control: String,
    /// `@remedy`: what lifts the policy.
    pub remedy: Option<Remedies>,
    /// The text of the policy, as written.
    pub text: String,
    /// The line on which it begins.
    pub line: usize,
}

impl Rule {
    /// Returns the hit that represents this policy in a verdict.
    #[cfg(feature = "cedar")]
    pub(super) fn hit(&self, remedy: Option<Remedies>) -> Hit {
        Hit {
            rule: self.id.clone(),
            reason: self.reason.clone(),
            control: self.control.clone(),
            remedy,
            gains: BTreeSet::new(),
            affected: 0,
            people_together: None,
            persistence: Persistence::Lasting,
        }
    }
}

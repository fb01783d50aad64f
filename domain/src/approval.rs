//! What an approval is, what bars somebody from deciding, and how far the approvals of a change have come.
//!
//! An approval is bound to the hash of the effect that the approver saw and to the round in which it was requested; a
//! different effect voids it permanently, even if the effect changes back. Approvals are append-only: a decision is never
//! edited. Who may decide a change is `change/approval_slots.rs`; this module knows no change.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{EffectHash, PersonId},
    time::Timestamp,
};

/// The decision of an approver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Approve,
    /// One is enough to decline the change.
    Decline,
}

/// One decision by one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub approver: PersonId,
    pub decision: Decision,
    /// The approver's reason, as entered.
    pub reason: String,
    /// The hash of the effect that the approver saw.
    pub effect: EffectHash,
    /// How often the change had been sent back at that time.
    pub round: u32,
    pub at: Timestamp,
}

/// The reason why a person may not decide a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApproverRefusal {
    /// The person is not an approver.
    NotApprover,
    /// The sign-in is not linked to an Identity Center user.
    #[serde(rename = "not_joined")]
    NotLinked,
    /// The person signed in without a second factor.
    NoMfa,
    /// The person became an approver after the change was submitted.
    #[serde(rename = "joined_later")]
    ApproverLater,
    /// The person requested the change.
    Requester,
    /// The person gains access by the change.
    #[serde(rename = "gains")]
    Beneficiary,
    /// An unsettled claim connects the sign-in to the requester, a beneficiary or somebody who has decided.
    #[serde(rename = "claims")]
    UnsettledClaim,
    /// The person has already decided.
    #[serde(rename = "decided")]
    AlreadyDecided,
    /// The person looked at an effect that is no longer in force.
    OtherEffect,
}

impl ApproverRefusal {
    /// Returns the explanation shown next to the disabled button.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotApprover => "Only approvers can decide changes.",
            Self::NotLinked => {
                "Your sign-in is not linked to an Identity Center user, so you have read-only access."
            }
            Self::NoMfa => {
                "You signed in without a second factor. Sign in again with your second factor."
            }
            Self::ApproverLater => "You became an approver after this change was submitted.",
            Self::Requester => "You requested this change. Somebody else must decide.",
            Self::Beneficiary => "This change gives you access. Somebody else must decide.",
            Self::UnsettledClaim => {
                "Your sign-in and another one claim the same Identity Center user, and the other one requested this \
                 change, gains access by it, or has decided it. Somebody else must decide."
            }
            Self::AlreadyDecided => "You have already decided this change.",
            Self::OtherEffect => {
                "The effect of this change has changed since you looked at it. Review it again."
            }
        }
    }
}

/// What is known about a person who wants to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The person; none if their sign-in is not linked.
    pub person: Option<PersonId>,
    /// When the person became an approver, if the ledger and the token both confirm it; none otherwise.
    pub approver_since: Option<Timestamp>,
    /// Whether a second factor is proven for this session.
    pub mfa: Mfa,
    /// Other persons who may be the same human, by an unsettled claim.
    pub doubles: BTreeSet<PersonId>,
}

/// Whether a second factor is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mfa {
    /// By the token, or by the user pool's settings for a native user.
    Proven,
    /// By no trusted source.
    NotProven,
}

/// The state of the approvals of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovalProgress {
    /// An approver declined.
    Declined(PersonId),
    /// The required number of approvals is reached.
    Met(BTreeSet<PersonId>),
    /// The number of approvals that are missing. Always at least one where the policies block the change.
    Missing(u8),
}

//! Approvals: approval slots, quorum, and who may approve.
//!
//! One person fills one approval slot. A person cannot decide a change that they requested or that gives them access,
//! through any of their sign-ins or groups. While a sign-in has an unsettled claim to be a certain person, it counts as
//! that person wherever that bars it from deciding. An approval is bound to the hash of the effect that the approver
//! saw and to the round in which it was requested; a different effect voids it permanently, even if the effect changes
//! back. Approvals are append-only: a decision is never edited, and authority is checked when deciding and again when
//! the change is carried out.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{change::Change, diff::EffectHash, ids::PersonId, time::Timestamp, verdict::Outcome};

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
    pub fn reason(self) -> &'static str {
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

impl Change {
    /// Returns the decisions that are not void: those on the effect in force and of the current round.
    pub fn in_force(&self) -> impl Iterator<Item = &Approval> {
        self.approvals
            .iter()
            .filter(|given| given.effect == self.effect && given.round == self.round)
    }
}

/// Checks whether a person may decide a change. `gaining` is everyone who gains access by it, groups expanded.
pub fn may_decide(
    change: &Change,
    gaining: &BTreeSet<PersonId>,
    candidate: &Candidate,
    seen: &EffectHash,
) -> Result<PersonId, ApproverRefusal> {
    let person = may_fill_slot(change, gaining, candidate)?;
    if seen != &change.effect {
        return Err(ApproverRefusal::OtherEffect);
    }
    Ok(person)
}

/// Checks whether a person may decide a change, before they look at its effect.
pub fn may_fill_slot(
    change: &Change,
    gaining: &BTreeSet<PersonId>,
    candidate: &Candidate,
) -> Result<PersonId, ApproverRefusal> {
    let Some(since) = candidate.approver_since else {
        return Err(ApproverRefusal::NotApprover);
    };
    // Checked before the identity link, because linking the sign-in does not remove this obstacle.
    let double = |person: &PersonId| candidate.doubles.contains(person);
    if double(&change.requester)
        || gaining.iter().any(double)
        || change.in_force().any(|a| double(&a.approver))
    {
        return Err(ApproverRefusal::UnsettledClaim);
    }
    let Some(person) = candidate.person.clone() else {
        return Err(ApproverRefusal::NotLinked);
    };
    if candidate.mfa == Mfa::NotProven {
        return Err(ApproverRefusal::NoMfa);
    }
    if since > change.submitted {
        return Err(ApproverRefusal::ApproverLater);
    }
    if person == change.requester {
        return Err(ApproverRefusal::Requester);
    }
    if gaining.contains(&person) {
        return Err(ApproverRefusal::Beneficiary);
    }
    if change.in_force().any(|a| a.approver == person) {
        return Err(ApproverRefusal::AlreadyDecided);
    }
    Ok(person)
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

/// Counts the valid approvals: those bound to the effect and the round in force, one slot per person, given by somebody
/// who is neither requester nor beneficiary and who is still an approver (`still`).
pub fn tally(
    change: &Change,
    gaining: &BTreeSet<PersonId>,
    still: impl Fn(&PersonId) -> bool,
) -> ApprovalProgress {
    let mut yes = BTreeSet::new();
    for approval in change.in_force() {
        match approval.decision {
            Decision::Decline => return ApprovalProgress::Declined(approval.approver.clone()),
            Decision::Approve => {
                let own =
                    approval.approver == change.requester || gaining.contains(&approval.approver);
                if !own && still(&approval.approver) {
                    yes.insert(approval.approver.clone());
                }
            }
        }
    }
    if change.verdict.outcome == Outcome::Refused {
        // No number of approvals permits a change that the policies block.
        return ApprovalProgress::Missing(change.verdict.approvals.max(1));
    }
    let have = u8::try_from(yes.len()).unwrap_or(u8::MAX);
    match change.verdict.approvals.checked_sub(have) {
        None | Some(0) => ApprovalProgress::Met(yes),
        Some(missing) => ApprovalProgress::Missing(missing),
    }
}

//! Approvals: seats, quorum, who may sit.
//!
//! One person fills one seat. Nobody decides what they asked for or what they gain by, whichever
//! of their sign-ins or groups it would run through; while a sign-in claims to be somebody, it counts
//! as them wherever that bars it. An approval is bound to the hash of the effect that its giver saw,
//! and to the round in which it was asked for: a different effect voids it for good, also when the
//! effect flips back. Approvals are append-only: a decision is never edited, and authority is checked
//! when deciding and again when carrying out.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{change::Change, diff::EffectHash, ids::PersonId, time::Timestamp, verdict::Outcome};

/// What an approver said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Yes.
    Approve,
    /// No: one is enough.
    Decline,
}

/// One decision by one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub approver: PersonId,
    /// What.
    pub decision: Decision,
    /// Why, in their words.
    pub reason: String,
    /// What they saw.
    pub effect: EffectHash,
    /// How often the change had been sent back by then.
    pub round: u32,
    /// When.
    pub at: Timestamp,
}

/// Why somebody may not decide a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Barred {
    /// Not an approver.
    NotApprover,
    /// Their sign-in is not joined to a person of the directory.
    NotJoined,
    /// Signed in without a second factor.
    NoMfa,
    /// Became an approver only after this was submitted.
    JoinedLater,
    /// Asked for it.
    Requester,
    /// Gains by it.
    Gains,
    /// May be who asked, gains or decided: a claim to be them is not settled.
    Claims,
    /// Decided already.
    Decided,
    /// Looked at another effect than the one in force.
    OtherEffect,
}

impl Barred {
    /// What the person reads beside the disabled button.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotApprover => "Only approvers decide changes.",
            Self::NotJoined => {
                "Your sign-in is not joined to a person in Identity Center, so you can only read."
            }
            Self::NoMfa => {
                "You signed in without a second factor. Sign in again with MFA to decide."
            }
            Self::JoinedLater => "You became an approver after this was submitted.",
            Self::Requester => "You asked for this. Somebody else must decide.",
            Self::Gains => "You would gain access by this. Somebody else must decide.",
            Self::Claims => {
                "Your sign-in and another one claim to be the same person of the directory, and the other one asked \
                 for this, would gain by it, or has decided it. Somebody else must decide."
            }
            Self::Decided => "You have decided this already.",
            Self::OtherEffect => {
                "The effect of this change is no longer what you looked at. Read it again."
            }
        }
    }
}

/// What is known of the person who wants to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who; none if their sign-in is not joined.
    pub person: Option<PersonId>,
    /// Since when they are approver, by the ledger and the token both; none if they are not.
    pub approver_since: Option<Timestamp>,
    /// Whether a second factor is proven for this session.
    pub mfa: Mfa,
    /// Persons who may be the same human, by a claim that nobody has settled.
    pub doubles: BTreeSet<PersonId>,
}

/// Whether a second factor is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mfa {
    /// By the token, or by the pool's settings for a native user.
    Proven,
    /// Not by anything we can trust.
    NotProven,
}

impl Change {
    /// The decisions that are not void: on the effect in force, given since it was last sent back.
    pub fn in_force(&self) -> impl Iterator<Item = &Approval> {
        self.approvals
            .iter()
            .filter(|given| given.effect == self.effect && given.round == self.round)
    }
}

/// Whether somebody may decide a change. `gaining` is everyone who gains by it, groups expanded.
pub fn may_decide(
    change: &Change,
    gaining: &BTreeSet<PersonId>,
    candidate: &Candidate,
    seen: &EffectHash,
) -> Result<PersonId, Barred> {
    let person = may_sit(change, gaining, candidate)?;
    if seen != &change.effect {
        return Err(Barred::OtherEffect);
    }
    Ok(person)
}

/// Whether somebody could decide a change at all, before they look at it.
pub fn may_sit(
    change: &Change,
    gaining: &BTreeSet<PersonId>,
    candidate: &Candidate,
) -> Result<PersonId, Barred> {
    let Some(since) = candidate.approver_since else {
        return Err(Barred::NotApprover);
    };
    // Before whether they are joined: this is the reason that nothing of theirs can cure.
    let double = |person: &PersonId| candidate.doubles.contains(person);
    if double(&change.requester)
        || gaining.iter().any(double)
        || change.in_force().any(|a| double(&a.approver))
    {
        return Err(Barred::Claims);
    }
    let Some(person) = candidate.person.clone() else {
        return Err(Barred::NotJoined);
    };
    if candidate.mfa == Mfa::NotProven {
        return Err(Barred::NoMfa);
    }
    if since > change.submitted {
        return Err(Barred::JoinedLater);
    }
    if person == change.requester {
        return Err(Barred::Requester);
    }
    if gaining.contains(&person) {
        return Err(Barred::Gains);
    }
    if change.in_force().any(|a| a.approver == person) {
        return Err(Barred::Decided);
    }
    Ok(person)
}

/// How far the approvals of a change have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tally {
    /// Somebody said no.
    Declined(PersonId),
    /// Enough said yes.
    Met(BTreeSet<PersonId>),
    /// So many more are needed; at least one, for ever, where the rules refuse.
    Missing(u8),
}

/// Counts the approvals that are valid now: bound to the effect and the round in force, one seat a
/// person, given by somebody who is neither requester nor gaining, and still an approver (`still`).
pub fn tally(
    change: &Change,
    gaining: &BTreeSet<PersonId>,
    still: impl Fn(&PersonId) -> bool,
) -> Tally {
    let mut yes = BTreeSet::new();
    for approval in change.in_force() {
        match approval.decision {
            Decision::Decline => return Tally::Declined(approval.approver.clone()),
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
        // No number of approvals carries out what the rules refuse.
        return Tally::Missing(change.verdict.approvals.max(1));
    }
    let have = u8::try_from(yes.len()).unwrap_or(u8::MAX);
    match change.verdict.approvals.checked_sub(have) {
        None | Some(0) => Tally::Met(yes),
        Some(missing) => Tally::Missing(missing),
    }
}

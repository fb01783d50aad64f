//! The approval slots of a change: who may fill one, and how many are filled.
//!
//! One person fills one approval slot. A person cannot decide a change that they requested or that gives them access,
//! through any of their sign-ins or groups. While a sign-in has an unsettled claim to be a certain person, it counts as
//! that person wherever that bars it from deciding. Authority is checked when deciding and again when the change is
//! carried out.

use std::collections::BTreeSet;

use super::{Change, Proposal};
use crate::{
    approval::{Approval, ApprovalProgress, ApproverRefusal, Candidate, Decision, Mfa},
    ids::{EffectHash, PersonId},
    snapshot::Snapshot,
    verdict::Outcome,
};

impl Change {
    /// Returns the decisions that are not void: those on the effect in force and of the current round.
    pub fn in_force(&self) -> impl Iterator<Item = &Approval> {
        self.approvals
            .iter()
            .filter(|given| given.effect == self.effect && given.round == self.round)
    }
}

impl Proposal {
    /// Returns those of the people who gain or whom an item concerns who may not make this decision. Whom an item concerns
    /// may decline: it may take from them what is theirs.
    pub fn barred_from(
        &self,
        decision: Decision,
        gaining: &BTreeSet<PersonId>,
        snapshot: &Snapshot,
    ) -> BTreeSet<PersonId> {
        let mut barred = gaining.clone();
        if decision == Decision::Decline {
            let items = self.operations.iter();
            for person in items.flat_map(|item| item.subject().may_decline(snapshot)) {
                barred.remove(&person);
            }
        }
        barred
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

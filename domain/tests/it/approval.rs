//! Who may decide a change, and when it is decided: every reason, and the order in which they are reported.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case has failed"
)]

use std::collections::BTreeSet;

use domain::{
    approval::{Approval, ApprovalProgress, ApproverRefusal, Candidate, Decision, Mfa},
    authorize::Role,
    change::{
        Change, CommentKind, CommentRefusal, Proposal, State, may_comment, may_decide,
        may_fill_slot, tally,
    },
    ids::{ChangeId, EffectHash, PersonId},
    time::{Duration, Timestamp},
    verdict::{Outcome, RulesVersion, Verdict},
};
use proptest::prelude::*;

const SUBMITTED: Timestamp = Timestamp(1_000_000);
const REQUESTER: u8 = 1;
const GAINS: u8 = 2;

fn person(n: u8) -> PersonId {
    PersonId::parse(&format!("00000003-0000-4000-8000-0000000000{n:02x}")).unwrap()
}

fn people(all: &[u8]) -> BTreeSet<PersonId> {
    all.iter().map(|n| person(*n)).collect()
}

fn in_force() -> EffectHash {
    EffectHash("in force".into())
}

fn change(needed: u8, approvals: Vec<Approval>) -> Change {
    Change {
        id: ChangeId::parse("00000004-0000-4000-8000-000000000001").unwrap(),
        requester: person(REQUESTER),
        proposal: Proposal {
            operations: vec![],
            justification: "because of an incident".into(),
            ticket: None,
            not_before: None,
            review_on: None,
        },
        submitted: SUBMITTED,
        decide_by: SUBMITTED + Duration::hours(3),
        verdict: Verdict {
            outcome: Outcome::NeedsApproval,
            approvals: needed,
            hits: vec![],
            rules: RulesVersion("r".into()),
        },
        effect: in_force(),
        state: State::Waiting,
        approvals,
        round: 0,
    }
}

fn said(who: u8, decision: Decision, effect: &str) -> Approval {
    Approval {
        approver: person(who),
        decision,
        reason: "looks right".into(),
        effect: EffectHash(effect.into()),
        round: 0,
        at: SUBMITTED,
    }
}

fn yes(who: u8) -> Approval {
    said(who, Decision::Approve, "in force")
}

fn candidate(who: u8) -> Candidate {
    Candidate {
        person: Some(person(who)),
        approver_since: Some(Timestamp(0)),
        mfa: Mfa::Proven,
        doubles: BTreeSet::new(),
    }
}

fn gaining() -> BTreeSet<PersonId> {
    people(&[GAINS])
}

fn verdict_on(change: &Change, candidate: &Candidate) -> Result<PersonId, ApproverRefusal> {
    may_decide(change, &gaining(), candidate, &in_force())
}

#[test]
fn an_approver_with_no_part_in_it_may_decide() {
    assert_eq!(verdict_on(&change(2, vec![]), &candidate(3)), Ok(person(3)));
}

#[test]
fn each_thing_that_bars_somebody_bars_them_by_its_own_name() {
    let waiting = change(2, vec![yes(4)]);
    for (who, barred) in [
        (
            Candidate {
                approver_since: None,
                ..candidate(3)
            },
            ApproverRefusal::NotApprover,
        ),
        (
            Candidate {
                person: None,
                ..candidate(3)
            },
            ApproverRefusal::NotLinked,
        ),
        (
            Candidate {
                mfa: Mfa::NotProven,
                ..candidate(3)
            },
            ApproverRefusal::NoMfa,
        ),
        (
            Candidate {
                approver_since: Some(Timestamp(SUBMITTED.0 + 1)),
                ..candidate(3)
            },
            ApproverRefusal::ApproverLater,
        ),
        (candidate(REQUESTER), ApproverRefusal::Requester),
        (candidate(GAINS), ApproverRefusal::Beneficiary),
        (candidate(4), ApproverRefusal::AlreadyDecided),
    ] {
        assert_eq!(verdict_on(&waiting, &who), Err(barred));
        assert_eq!(may_fill_slot(&waiting, &gaining(), &who), Err(barred));
        assert!(barred.reason().ends_with('.'));
    }
}

#[test]
fn the_requester_who_decides_and_administrators_comment_and_nobody_else() {
    let waiting = change(2, vec![yes(4)]);
    let nobody = Candidate {
        approver_since: None,
        ..candidate(5)
    };
    let without_factor = Candidate {
        mfa: Mfa::NotProven,
        ..candidate(3)
    };
    let may = |who: &Candidate, kind, roles: &[Role]| {
        let roles = roles.iter().copied().collect();
        may_comment(&waiting, kind, &gaining(), who, &roles)
    };
    for kind in [CommentKind::Comment, CommentKind::Question] {
        assert_eq!(may(&candidate(3), kind, &[Role::Approver]), Ok(()));
        assert_eq!(may(&without_factor, kind, &[Role::Approver]), Ok(()));
        assert_eq!(
            may(&candidate(4), kind, &[Role::Approver]),
            Ok(()),
            "decided"
        );
        assert_eq!(may(&nobody, kind, &[Role::Administrator]), Ok(()));
        let reads_only = Err(CommentRefusal::ReadsOnly);
        assert_eq!(may(&nobody, kind, &[Role::Auditor]), reads_only);
        assert_eq!(may(&nobody, kind, &[]), reads_only);
        assert_eq!(may(&candidate(GAINS), kind, &[Role::Approver]), reads_only);
    }
    let own = candidate(REQUESTER);
    assert_eq!(may(&own, CommentKind::Comment, &[]), Ok(()));
    let itself = may(&own, CommentKind::Question, &[Role::Administrator]);
    assert_eq!(itself, Err(CommentRefusal::OwnQuestion));
}

#[test]
fn who_became_an_approver_in_the_very_moment_of_submission_may_decide() {
    let who = Candidate {
        approver_since: Some(SUBMITTED),
        ..candidate(3)
    };
    assert!(verdict_on(&change(2, vec![]), &who).is_ok());
}

#[test]
fn who_looked_at_another_effect_has_to_look_again() {
    let other = EffectHash("another".into());
    let waiting = change(2, vec![]);
    assert_eq!(
        may_decide(&waiting, &gaining(), &candidate(3), &other),
        Err(ApproverRefusal::OtherEffect)
    );
    assert_eq!(
        may_fill_slot(&waiting, &gaining(), &candidate(3)),
        Ok(person(3))
    );
}

#[test]
fn a_decision_on_an_effect_that_is_no_longer_in_force_leaves_the_seat_free() {
    let voided = change(1, vec![said(3, Decision::Approve, "before")]);
    assert_eq!(verdict_on(&voided, &candidate(3)), Ok(person(3)));
    assert_eq!(
        tally(&voided, &gaining(), |_| true),
        ApprovalProgress::Missing(1)
    );
}

#[test]
fn an_effect_that_flips_back_brings_no_approval_back() {
    let mut again = change(1, vec![yes(3)]);
    again.round = 1;
    assert_eq!(
        tally(&again, &gaining(), |_| true),
        ApprovalProgress::Missing(1)
    );
    assert_eq!(verdict_on(&again, &candidate(3)), Ok(person(3)));
}

#[test]
fn a_claim_that_nobody_settled_bars_whom_it_would_make_their_own_judge() {
    let waiting = change(2, vec![yes(4)]);
    let claims = |other: u8| Candidate {
        doubles: people(&[other]),
        ..candidate(3)
    };
    for other in [REQUESTER, GAINS, 4] {
        assert_eq!(
            verdict_on(&waiting, &claims(other)),
            Err(ApproverRefusal::UnsettledClaim)
        );
    }
    assert_eq!(verdict_on(&waiting, &claims(5)), Ok(person(3)));
    let unjoined = Candidate {
        person: None,
        ..claims(REQUESTER)
    };
    assert_eq!(
        verdict_on(&waiting, &unjoined),
        Err(ApproverRefusal::UnsettledClaim)
    );
}

#[test]
fn approvals_are_counted_by_person() {
    for (needed, approvals, expected) in [
        (2, vec![], ApprovalProgress::Missing(2)),
        (2, vec![yes(3)], ApprovalProgress::Missing(1)),
        (2, vec![yes(3), yes(3)], ApprovalProgress::Missing(1)),
        (
            2,
            vec![yes(3), yes(4)],
            ApprovalProgress::Met(people(&[3, 4])),
        ),
        (
            1,
            vec![yes(3), yes(4)],
            ApprovalProgress::Met(people(&[3, 4])),
        ),
        (
            2,
            vec![yes(3), yes(REQUESTER)],
            ApprovalProgress::Missing(1),
        ),
        (2, vec![yes(3), yes(GAINS)], ApprovalProgress::Missing(1)),
        (
            2,
            vec![yes(3), said(4, Decision::Approve, "before")],
            ApprovalProgress::Missing(1),
        ),
        (
            2,
            vec![yes(3), yes(4), said(5, Decision::Decline, "in force")],
            ApprovalProgress::Declined(person(5)),
        ),
        (
            1,
            vec![yes(3), said(5, Decision::Decline, "before")],
            ApprovalProgress::Met(people(&[3])),
        ),
    ] {
        let found = tally(&change(needed, approvals.clone()), &gaining(), |_| true);
        assert_eq!(found, expected, "{approvals:?}");
    }
}

#[test]
fn an_approver_who_is_none_any_more_does_not_count_when_it_is_carried_out() {
    let approved = change(2, vec![yes(3), yes(4)]);
    assert_eq!(
        tally(&approved, &gaining(), |who| *who != person(4)),
        ApprovalProgress::Missing(1)
    );
}

#[test]
fn who_comes_to_gain_after_approving_does_not_count() {
    let approved = change(2, vec![yes(3), yes(4)]);
    assert_eq!(
        tally(&approved, &people(&[4]), |_| true),
        ApprovalProgress::Missing(1)
    );
}

#[test]
fn a_refused_change_is_never_met() {
    let mut refused = change(0, vec![yes(3), yes(4)]);
    refused.verdict.outcome = Outcome::Refused;
    assert!(!matches!(
        tally(&refused, &gaining(), |_| true),
        ApprovalProgress::Met(_)
    ));
}

#[test]
fn a_free_change_needs_nobody() {
    let mut free = change(0, vec![]);
    free.verdict.outcome = Outcome::Allowed;
    assert_eq!(
        tally(&free, &gaining(), |_| true),
        ApprovalProgress::Met(BTreeSet::new())
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Lets everyone decide who passes `may_fill_slot`, one after the other. If the quorum is met, that many different
    /// people have approved, and neither the requester nor a beneficiary is among them.
    #[test]
    fn met_means_that_so_many_others_agreed(
        needed in 1u8..4,
        order in prop::collection::vec((0u8..8, any::<bool>()), 0..12),
        gains in prop::collection::btree_set(0u8..8, 0..3),
    ) {
        let gains: BTreeSet<PersonId> = gains.into_iter().map(person).collect();
        let mut waiting = change(needed, vec![]);
        for (who, current) in order {
            let seen = if current { in_force() } else { EffectHash("before".into()) };
            if let Ok(approver) = may_decide(&waiting, &gains, &candidate(who), &seen) {
                waiting.approvals.push(Approval { approver, ..yes(who) });
            }
        }
        let given: BTreeSet<&PersonId> = waiting.approvals.iter().map(|a| &a.approver).collect();
        prop_assert_eq!(given.len(), waiting.approvals.len());
        prop_assert!(!given.contains(&person(REQUESTER)));
        prop_assert!(given.iter().all(|who| !gains.contains(*who)));
        match tally(&waiting, &gains, |_| true) {
            ApprovalProgress::Met(people) => prop_assert!(people.len() >= usize::from(needed)),
            ApprovalProgress::Missing(more) => prop_assert_eq!(given.len() + usize::from(more), usize::from(needed)),
            ApprovalProgress::Declined(_) => prop_assert!(false, "nobody declined"),
        }
    }
}

//! What follows from a read, case by case. The plan goes from `seen` to `a` to `b`.

use super::*;
use crate::{
    engine::StepRow,
    ids::{ChangeId, PersonId},
    permission_set::ContentHash,
    subject::{PlannedStep, Step, SubjectKey},
};

fn person() -> PersonId {
    PersonId::parse("00000001-0000-4000-8000-000000000001").unwrap()
}

fn is(content: &str) -> Content {
    Content::Is(ContentHash(content.to_owned()))
}

fn plan() -> SagaPlan {
    let step = |leaves: &str| PlannedStep {
        step: Step::Link {
            person: person(),
            user: None,
        },
        leaves: is(leaves),
    };
    SagaPlan {
        key: SubjectKey::IdentityLink { person: person() },
        seen: is("seen"),
        steps: vec![step("a"), step("b")],
    }
}

fn row(phases: &[StepPhase], attempt: u32) -> ProgressRow {
    let change = ChangeId::parse("00000002-0000-4000-8000-000000000001").unwrap();
    let step = |phase: &StepPhase| StepRow {
        phase: *phase,
        attempt,
        intended_at: None,
        ended_at: None,
        error: None,
    };
    ProgressRow {
        steps: phases.iter().map(step).collect(),
        ..ProgressRow::new(change, 0)
    }
}

/// Decides on a read of `content` with the first step intended for the `attempt`th time.
fn after(answer: StepAnswer, attempt: u32, effect: LateEffect, content: &str) -> Decision {
    let row = row(&[StepPhase::Intended], attempt);
    let attempt = Attempt::answered(answer);
    let content = SubjectContent::Is(ContentHash(content.to_owned()));
    decide(
        &plan(),
        &row,
        &attempt,
        effect,
        &content,
        &Pacing::default(),
    )
}

fn unknown() -> StepAnswer {
    StepAnswer::Unknown("time-out".to_owned())
}

fn refused(retry: Retry) -> StepAnswer {
    StepAnswer::Refused {
        reason: "busy".to_owned(),
        retry,
    }
}

#[test]
fn whatever_the_answer_says_the_content_decides_that_a_step_is_done() {
    for answer in [
        StepAnswer::Done,
        StepAnswer::NotSent,
        unknown(),
        refused(Retry::Later),
        refused(Retry::Never),
    ] {
        let next = after(answer.clone(), 1, LateEffect::Possible, "a");
        assert_eq!(next, Decision::Start { done: 1 }, "{answer:?}");
        let all = after(answer.clone(), 1, LateEffect::Possible, "b");
        assert_eq!(all, Decision::Finish, "{answer:?}");
        let other = after(answer.clone(), 1, LateEffect::Possible, "other");
        let stop = Decision::Stop(SagaStop::ChangedMeanwhile);
        assert_eq!(other, stop, "{answer:?}");
    }
}

#[test]
fn an_unknown_outcome_is_waited_for_and_then_tried_again_without_limit() {
    let doubt = after(unknown(), 1, LateEffect::Possible, "seen");
    assert_eq!(doubt, Decision::Doubt);
    let error = "time-out".to_owned();
    let later = after(unknown(), 1_000, LateEffect::Excluded, "seen");
    assert_eq!(later, Decision::TryLater { error });
}

#[test]
fn a_refusal_that_may_pass_is_tried_again_until_the_attempts_are_used_up() {
    let tries = Pacing::default().step_tries;
    let later = after(
        refused(Retry::Later),
        tries - 1,
        LateEffect::Possible,
        "seen",
    );
    assert!(matches!(later, Decision::TryLater { .. }), "{later:?}");
    let reason = "busy".to_owned();
    let stop = Decision::Stop(SagaStop::Refused { reason });
    let last = after(refused(Retry::Later), tries, LateEffect::Possible, "seen");
    assert_eq!(last, stop);
    let once = after(refused(Retry::Never), 1, LateEffect::Possible, "seen");
    assert_eq!(once, stop);
}

#[test]
fn a_step_that_is_reported_as_done_but_not_seen_is_looked_for_and_then_tried_again() {
    let look = after(StepAnswer::Done, 1, LateEffect::Excluded, "seen");
    assert_eq!(look, Decision::LookAgain);
    let attempt = Attempt {
        looks: LOOKS,
        ..Attempt::answered(StepAnswer::Done)
    };
    let decide = |tries: u32| {
        let content = SubjectContent::Is(ContentHash("seen".to_owned()));
        let row = row(&[StepPhase::Intended], tries);
        decide(
            &plan(),
            &row,
            &attempt,
            LateEffect::Excluded,
            &content,
            &Pacing::default(),
        )
    };
    assert!(matches!(decide(1), Decision::TryLater { .. }));
    let tries = Pacing::default().step_tries;
    assert_eq!(decide(tries), Decision::Stop(SagaStop::NotSeen));
}

#[test]
fn a_step_that_was_done_and_is_undone_was_undone_by_somebody_else() {
    let row = row(&[StepPhase::Done], 1);
    let attempt = Attempt::answered(StepAnswer::Done);
    let content = SubjectContent::Is(ContentHash("seen".to_owned()));
    let excluded = LateEffect::Excluded;
    let next = decide(
        &plan(),
        &row,
        &attempt,
        excluded,
        &content,
        &Pacing::default(),
    );
    assert_eq!(next, Decision::Stop(SagaStop::ChangedMeanwhile));
}

#[test]
fn nothing_is_concluded_from_a_read_that_failed() {
    let row = row(&[StepPhase::Intended], 1);
    let attempt = Attempt::answered(refused(Retry::Never));
    let content = SubjectContent::Unreadable("no connection".to_owned());
    let excluded = LateEffect::Excluded;
    let next = decide(
        &plan(),
        &row,
        &attempt,
        excluded,
        &content,
        &Pacing::default(),
    );
    assert_eq!(next, Decision::ReadAgain);
}

#[test]
fn a_step_that_deletes_is_done_when_a_complete_read_does_not_find_the_subject() {
    let mut plan = plan();
    plan.steps[1].leaves = Content::Gone;
    let next = |phases: &[StepPhase], content: &SubjectContent| {
        let row = row(phases, 1);
        let attempt = Attempt::answered(StepAnswer::Done);
        let excluded = LateEffect::Excluded;
        decide(&plan, &row, &attempt, excluded, content, &Pacing::default())
    };
    let deleting = [StepPhase::Done, StepPhase::Intended];
    let there = SubjectContent::Is(ContentHash("a".to_owned()));
    assert_eq!(next(&deleting, &there), Decision::LookAgain);
    assert_eq!(next(&deleting, &SubjectContent::Gone), Decision::Finish);
    let unread = SubjectContent::Unreadable("no connection".to_owned());
    assert_eq!(next(&deleting, &unread), Decision::ReadAgain);
}

#[test]
fn a_subject_that_no_step_deletes_and_is_gone_stops_the_saga() {
    let row = row(&[StepPhase::Intended], 1);
    let attempt = Attempt::answered(StepAnswer::Done);
    let excluded = LateEffect::Excluded;
    let gone = SubjectContent::Gone;
    let next = decide(&plan(), &row, &attempt, excluded, &gone, &Pacing::default());
    assert_eq!(next, Decision::Stop(SagaStop::Gone));
}

#[test]
fn a_plan_of_before_deletions_is_read_as_it_was_written() {
    let written = r#"{"step":{"step":"link","person":"00000001-0000-4000-8000-000000000001","user":null},"leaves":"a"}"#;
    let read: PlannedStep = serde_json::from_str(written).unwrap();
    assert_eq!(read, plan().steps[0]);
    assert_eq!(serde_json::to_string(&read).unwrap(), written);
    let without = written.replace(r#","leaves":"a""#, "");
    assert!(serde_json::from_str::<PlannedStep>(&without).is_err());
}

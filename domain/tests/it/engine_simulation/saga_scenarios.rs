//! What a saga does, one situation at a time.

use domain::{
    engine::{Cause, DomainEvent, Item, ItemResult, Plan, SagaStop, StepPhase, StepResult},
    grant::Term,
    ids::Principal,
    subject::SagaPlan,
    time::{Duration, Timestamp},
};

use super::{
    aws::Faults,
    generator::{HOUR, MINUTE, assignment, change, close, finish, group, open},
    simulation::{Defect, Simulation},
    store::PresenceInAws,
    subjects::{SubjectFaults, WriteKind, content, saga},
};

pub fn saga_plan(n: u64, plan: SagaPlan) -> Plan {
    Plan {
        change: change(n),
        items: vec![Item::Saga { plan: plan.into() }],
        not_before: None,
    }
}

/// A healthy world with one subject, whose content is 0.
fn one_subject() -> Simulation {
    let mut simulation = Simulation::new(3, Vec::new(), Faults::default(), Defect::None);
    simulation.subjects.add(1, WriteKind::Comparing);
    simulation
}

fn stands(simulation: &Simulation, n: u64) -> PresenceInAws {
    simulation.store.plans[&change(n)].1
}

fn stop(simulation: &Simulation, n: u64) -> (SagaStop, usize) {
    match simulation.store.result(&change(n), 0) {
        Some(ItemResult::Stopped { stop, done, .. }) => (stop.clone(), *done),
        other => panic!("{other:?}"),
    }
}

/// The steps that were told, each with whether it was done.
fn told(simulation: &Simulation) -> Vec<(usize, bool)> {
    let step = |(_, event): &(i64, DomainEvent)| match event {
        DomainEvent::Step { step, result, .. } => {
            Some((*step, matches!(result, StepResult::Done { .. })))
        }
        _ => None,
    };
    simulation.store.told.iter().filter_map(step).collect()
}

#[test]
fn a_saga_writes_its_steps_in_order_and_ends_with_a_read() {
    let mut simulation = one_subject();
    simulation.approve(0, saga_plan(1, saga(1, 0, &[1, 2])));
    finish(&mut simulation).unwrap();
    assert_eq!(stands(&simulation, 1), PresenceInAws::Verified);
    assert_eq!(simulation.subjects.all[0].content(), Some(&content(2)));
    assert_eq!(told(&simulation), [(0, true), (1, true)]);
    let result = simulation.store.result(&change(1), 0);
    assert!(
        matches!(result, Some(ItemResult::Carried { how: Cause::OurWrite, verified_at })
            if *verified_at < Timestamp(MINUTE)),
        "{result:?}"
    );
}

#[test]
fn what_is_so_already_is_not_written() {
    let mut simulation = one_subject();
    simulation.somebody_else(0, 0, Some(content(2)));
    simulation.approve(1_000, saga_plan(1, saga(1, 0, &[1, 2])));
    finish(&mut simulation).unwrap();
    let result = simulation.store.result(&change(1), 0);
    assert!(
        matches!(
            result,
            Some(ItemResult::Carried {
                how: Cause::AlreadySo,
                ..
            })
        ),
        "{result:?}"
    );
    assert_eq!(simulation.subjects.calls, 0);
}

#[test]
fn a_saga_continues_at_the_step_that_its_subject_has_reached() {
    let mut simulation = one_subject();
    simulation.somebody_else(0, 0, Some(content(1)));
    simulation.approve(1_000, saga_plan(1, saga(1, 0, &[1, 2])));
    finish(&mut simulation).unwrap();
    assert_eq!(stands(&simulation, 1), PresenceInAws::Verified);
    assert_eq!(simulation.subjects.calls, 1);
}

#[test]
fn what_somebody_else_changed_meanwhile_is_not_written_over() {
    let mut simulation = one_subject();
    simulation.somebody_else(0, 0, Some(content(4)));
    simulation.approve(1_000, saga_plan(1, saga(1, 0, &[1, 2])));
    finish(&mut simulation).unwrap();
    assert_eq!(stop(&simulation, 1), (SagaStop::ChangedMeanwhile, 0));
    assert_eq!(simulation.subjects.calls, 0);
    assert_eq!(told(&simulation), [(0, false)]);
}

#[test]
fn a_change_by_somebody_else_between_two_steps_leaves_the_first_one_done_and_says_so() {
    let mut simulation = one_subject();
    simulation.subjects.faults.refused = 1_000;
    simulation.somebody_else(0, 0, Some(content(1)));
    simulation.approve(1_000, saga_plan(1, saga(1, 0, &[1, 2])));
    // The second step is refused, so that somebody else comes between.
    simulation.somebody_else(3_000, 0, Some(content(4)));
    finish(&mut simulation).unwrap();
    assert_eq!(stop(&simulation, 1), (SagaStop::ChangedMeanwhile, 1));
    assert_eq!(told(&simulation), [(0, true), (1, false)]);
    assert_eq!(simulation.subjects.all[0].content(), Some(&content(4)));
}

#[test]
fn of_two_people_who_change_one_subject_at_once_the_first_wins_and_the_second_is_told() {
    let mut simulation = one_subject();
    simulation.approve(0, saga_plan(1, saga(1, 0, &[1])));
    simulation.approve(1, saga_plan(2, saga(1, 0, &[2])));
    finish(&mut simulation).unwrap();
    let (first, second) = match stands(&simulation, 1) {
        PresenceInAws::Verified => (1, 2),
        _ => (2, 1),
    };
    assert_eq!(stands(&simulation, first), PresenceInAws::Verified);
    assert_eq!(stop(&simulation, second), (SagaStop::ChangedMeanwhile, 0));
    assert_eq!(simulation.subjects.effects, 1);
    let last = simulation.store.told.iter().rev();
    let reason = last.into_iter().find_map(|(_, event)| match event {
        DomainEvent::Failed { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert!(reason.unwrap().contains("Somebody else changed it"));
}

#[test]
fn a_subject_that_disappears_ends_its_saga() {
    let mut simulation = one_subject();
    simulation.somebody_else(0, 0, None);
    simulation.approve(1_000, saga_plan(1, saga(1, 0, &[1])));
    finish(&mut simulation).unwrap();
    assert_eq!(stop(&simulation, 1), (SagaStop::Gone, 0));
    assert_eq!(simulation.subjects.calls, 0);
}

#[test]
fn a_step_that_is_refused_for_good_is_written_once_and_named() {
    let mut simulation = one_subject();
    simulation.subjects.faults.refused_for_good = 1_000;
    simulation.approve(0, saga_plan(1, saga(1, 0, &[1, 2])));
    finish(&mut simulation).unwrap();
    let reason = "it is not allowed".to_owned();
    assert_eq!(stop(&simulation, 1), (SagaStop::Refused { reason }, 0));
    assert_eq!(simulation.subjects.calls, 1);
    let row = &simulation.store.progress[&(change(1), 0)];
    assert_eq!(row.steps[0].phase, StepPhase::Failed);
}

#[test]
fn a_refusal_that_does_not_pass_ends_the_saga_after_eight_attempts() {
    let mut simulation = one_subject();
    simulation.subjects.faults.refused = 1_000;
    simulation.approve(0, saga_plan(1, saga(1, 0, &[1])));
    finish(&mut simulation).unwrap();
    let reason = "the database is busy".to_owned();
    assert_eq!(stop(&simulation, 1), (SagaStop::Refused { reason }, 0));
    assert_eq!(simulation.subjects.calls, 8);
}

#[test]
fn a_step_that_no_read_shows_is_not_called_done_whatever_its_answer_says() {
    let mut simulation = one_subject();
    simulation.subjects.faults.hollow = 1_000;
    simulation.approve(0, saga_plan(1, saga(1, 0, &[1])));
    finish(&mut simulation).unwrap();
    assert_eq!(stop(&simulation, 1), (SagaStop::NotSeen, 0));
    assert_eq!(simulation.subjects.calls, 8);
    assert_eq!(told(&simulation), [(0, false)]);
}

#[test]
fn a_step_that_was_not_sent_does_not_count_as_an_attempt() {
    let mut simulation = one_subject();
    simulation.subjects.faults.not_sent = 1_000;
    simulation.approve(0, saga_plan(1, saga(1, 0, &[1])));
    simulation.heal(2 * MINUTE);
    finish(&mut simulation).unwrap();
    assert_eq!(stands(&simulation, 1), PresenceInAws::Verified);
    assert!(
        simulation.subjects.calls > 20,
        "{}",
        simulation.subjects.calls
    );
    assert_eq!(
        simulation.store.progress[&(change(1), 0)].steps[0].attempt,
        1
    );
}

#[test]
fn an_unknown_outcome_that_took_effect_late_is_waited_for_and_not_repeated() {
    let mut simulation = one_subject();
    simulation.subjects = super::subjects::Subjects::default();
    simulation.subjects.add(1, WriteKind::Blind);
    simulation.subjects.faults.lost_applied = 1_000;
    simulation.subjects.faults.late = 1_000;
    simulation.approve(0, saga_plan(1, saga(1, 0, &[1])));
    finish(&mut simulation).unwrap();
    assert_eq!(stands(&simulation, 1), PresenceInAws::Verified);
    assert_eq!(simulation.subjects.calls, 1);
}

#[test]
fn an_unknown_outcome_without_effect_is_repeated_after_the_doubt() {
    let mut simulation = one_subject();
    simulation.subjects.faults.lost_not_applied = 1_000;
    simulation.approve(0, saga_plan(1, saga(1, 0, &[1])));
    simulation.run_until(25_000).unwrap();
    assert_eq!(simulation.subjects.calls, 1, "repeated while in doubt");
    simulation.subjects.faults = SubjectFaults::default();
    simulation.run_until(MINUTE).unwrap();
    assert_eq!(stands(&simulation, 1), PresenceInAws::Verified);
    assert_eq!(simulation.subjects.calls, 2);
}

#[test]
fn a_subject_that_cannot_be_read_is_waited_for_without_end_and_without_a_write() {
    let mut simulation = one_subject();
    simulation.subjects.faults.unreadable = 1_000;
    simulation.approve(0, saga_plan(1, saga(1, 0, &[1])));
    simulation.run_until(10 * HOUR).unwrap();
    assert_eq!(stands(&simulation, 1), PresenceInAws::Applying);
    assert_eq!(simulation.subjects.calls, 0);
    simulation.subjects.faults = SubjectFaults::default();
    simulation.run_until(10 * HOUR + MINUTE).unwrap();
    assert_eq!(stands(&simulation, 1), PresenceInAws::Verified);
}

#[test]
fn a_step_without_an_answer_is_decided_by_a_read_after_the_deadline() {
    let mut simulation = one_subject();
    simulation.subjects.faults.silent = 1_000;
    simulation.approve(0, saga_plan(1, saga(1, 0, &[1])));
    simulation.run_until(MINUTE).unwrap();
    simulation.subjects.faults = SubjectFaults::default();
    simulation.run_until(4 * MINUTE).unwrap();
    assert_eq!(stands(&simulation, 1), PresenceInAws::Applying);
    simulation.run_until(6 * MINUTE).unwrap();
    assert_eq!(stands(&simulation, 1), PresenceInAws::Verified);
}

#[test]
fn a_change_with_access_and_a_saga_is_verified_when_both_are() {
    let key = assignment(1, 1, Principal::Group(group(11)));
    let mut simulation = Simulation::new(3, vec![key.clone()], Faults::default(), Defect::None);
    simulation.subjects.add(1, WriteKind::Comparing);
    simulation.subjects.faults.unreadable = 1_000;
    let mut plan = saga_plan(1, saga(1, 0, &[1]));
    plan.items.insert(0, open(1, &key, Term::Standing));
    simulation.approve(0, plan);
    simulation.run_until(10 * MINUTE).unwrap();
    assert!(simulation.aws.present[0]);
    assert_eq!(stands(&simulation, 1), PresenceInAws::Applying);
    // The result of the access is durable, and survives the process.
    simulation.stop(MINUTE);
    simulation.subjects.faults = SubjectFaults::default();
    finish(&mut simulation).unwrap();
    assert_eq!(stands(&simulation, 1), PresenceInAws::Verified);
    let row = &simulation.store.changes[&change(1)];
    assert!(
        row.items.iter().all(|item| item.result.is_some()),
        "{row:?}"
    );
    assert_eq!(simulation.aws.creates[0], 1);
}

#[test]
fn access_that_starts_later_begins_at_its_time_and_lasts_as_long_as_requested() {
    let key = assignment(1, 1, Principal::Group(group(11)));
    let mut simulation = Simulation::new(3, vec![key.clone()], Faults::default(), Defect::None);
    let term = Term::For(Duration::minutes(15));
    simulation.approve(
        0,
        Plan {
            change: change(1),
            items: vec![open(1, &key, term)],
            not_before: Some(Timestamp(HOUR)),
        },
    );
    // What waits is not forgotten by a restart.
    simulation.run_until(10 * MINUTE).unwrap();
    simulation.stop(MINUTE);
    simulation.run_until(HOUR - 1).unwrap();
    assert_eq!(simulation.aws.calls, 0);
    simulation.run_until(HOUR + 14 * MINUTE).unwrap();
    assert!(simulation.aws.present[0]);
    let starts = simulation
        .store
        .windows
        .values()
        .next()
        .unwrap()
        .window
        .starts;
    assert!((HOUR..HOUR + 1_000).contains(&starts.0), "{starts:?}");
    simulation.run_until(HOUR + 16 * MINUTE).unwrap();
    assert!(!simulation.aws.present[0]);
}

#[test]
fn a_removal_that_starts_later_waits_and_holds_no_grant_until_then() {
    let key = assignment(1, 1, Principal::Group(group(11)));
    let mut simulation = Simulation::new(3, vec![key.clone()], Faults::default(), Defect::None);
    simulation.aws.set(0, true, -HOUR);
    simulation.approve(
        0,
        Plan {
            change: change(1),
            items: vec![close(&key)],
            not_before: Some(Timestamp(HOUR)),
        },
    );
    simulation.approve(
        1_000,
        Plan {
            change: change(2),
            items: vec![open(2, &key, Term::Standing)],
            not_before: None,
        },
    );
    simulation.run_until(HOUR - 1).unwrap();
    assert!(simulation.aws.present[0]);
    assert_eq!(stands(&simulation, 2), PresenceInAws::Verified);
    simulation.run_until(HOUR + MINUTE).unwrap();
    assert!(!simulation.aws.present[0]);
    assert_eq!(stands(&simulation, 1), PresenceInAws::Verified);
}

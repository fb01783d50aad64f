//! Kills the process at every possible instant of the two simplest scenarios, individually and in pairs.

use domain::{engine::Plan, grant::Term, ids::Principal, time::Duration};

use super::{
    aws::Faults,
    generator::{HOUR, MINUTE, assignment, change, close, group, open},
    simulation::{Defect, Simulation},
    store::PresenceInAws,
};

fn story(die_at: &[u64], plans: &[(i64, Plan)], there: bool) -> Simulation {
    let key = assignment(1, 1, Principal::Group(group(11)));
    let mut simulation = Simulation::new(1, vec![key], Faults::default(), Defect::None);
    simulation.die_at = die_at.to_vec();
    // Calls that were sent before a crash always arrive in these scenarios.
    simulation.aws.set(0, there, -HOUR);
    for (when, plan) in plans {
        simulation.approve(*when, plan.clone());
    }
    simulation
        .run_until(3 * HOUR)
        .unwrap_or_else(|violation| panic!("dying at {die_at:?}: {violation}"));
    simulation
        .quiet()
        .unwrap_or_else(|violation| panic!("dying at {die_at:?}: {violation}"));
    simulation
}

fn every_crash(plans: &[(i64, Plan)], there: bool, check: impl Fn(&Simulation, &[u64])) -> u64 {
    let calm = story(&[], plans, there);
    check(&calm, &[]);
    let last = calm.boundaries;
    for first in 1..=last {
        check(&story(&[first], plans, there), &[first]);
        for second in first + 1..=last + 4 {
            check(&story(&[first, second], plans, there), &[first, second]);
        }
    }
    last
}

#[test]
fn a_grant_is_created_exactly_once_wherever_the_process_dies() {
    let key = assignment(1, 1, Principal::Group(group(11)));
    let plan = Plan {
        change: change(1),
        items: vec![open(1, &key, Term::Standing)],
        not_before: None,
    };
    let boundaries = every_crash(&[(1_000, plan)], false, |simulation, died| {
        assert!(simulation.aws.present[0], "dying at {died:?}");
        assert_eq!(simulation.aws.creates[0], 1, "dying at {died:?}");
        assert_eq!(
            simulation.store.plans[&change(1)].1,
            PresenceInAws::Verified,
            "dying at {died:?}"
        );
    });
    println!("{boundaries} crash points, alone and in pairs");
    assert!(boundaries >= 12, "{boundaries}");
}

#[test]
fn a_grant_of_what_is_there_creates_nothing_wherever_the_process_dies() {
    let key = assignment(1, 1, Principal::Group(group(11)));
    let plan = Plan {
        change: change(1),
        items: vec![open(1, &key, Term::Standing)],
        not_before: None,
    };
    every_crash(&[(1_000, plan)], true, |simulation, died| {
        assert_eq!(simulation.aws.calls, 0, "dying at {died:?}");
        assert_eq!(
            simulation.store.plans[&change(1)].1,
            PresenceInAws::Verified,
            "dying at {died:?}"
        );
    });
}

#[test]
fn a_removal_ends_removed_and_told_once_wherever_the_process_dies() {
    let key = assignment(1, 1, Principal::Group(group(11)));
    let plan = Plan {
        change: change(1),
        items: vec![close(&key)],
        not_before: None,
    };
    let boundaries = every_crash(&[(1_000, plan)], true, |simulation, died| {
        assert!(!simulation.aws.present[0], "dying at {died:?}");
        assert_eq!(
            simulation.store.plans[&change(1)].1,
            PresenceInAws::Verified,
            "dying at {died:?}"
        );
        let removed = |(_, event): &&(i64, domain::engine::DomainEvent)| {
            matches!(event, domain::engine::DomainEvent::Removed { .. })
        };
        assert_eq!(
            simulation.store.told.iter().filter(removed).count(),
            1,
            "dying at {died:?}"
        );
    });
    assert!(boundaries >= 10, "{boundaries}");
}

#[test]
fn an_hour_of_access_comes_and_goes_wherever_the_process_dies() {
    let key = assignment(1, 1, Principal::Group(group(11)));
    let plan = Plan {
        change: change(1),
        items: vec![open(1, &key, Term::For(Duration(20 * MINUTE)))],
        not_before: None,
    };
    every_crash(&[(1_000, plan)], false, |simulation, died| {
        assert!(!simulation.aws.present[0], "dying at {died:?}");
        assert_eq!(simulation.aws.creates[0], 1, "dying at {died:?}");
    });
}

//! Individual scenarios with exact times, where a random run would not show the required behaviour.

use domain::{
    engine::{AccessResource, Cause, DomainEvent, Item, ItemResult, Plan, REREADS},
    grant::Term,
    ids::Principal,
    time::{Duration, Timestamp},
};

use super::{
    aws::Faults,
    generator::{HOUR, MINUTE, assignment, change, close, finish, group, open, user},
    simulation::{Defect, Simulation},
    store::PresenceInAws,
};

fn one_key() -> AccessResource {
    assignment(1, 1, Principal::Group(group(11)))
}

fn healthy(keys: Vec<AccessResource>) -> Simulation {
    Simulation::new(3, keys, Faults::default(), Defect::None)
}

fn plan(n: u64, item: Item) -> Plan {
    Plan {
        change: change(n),
        items: vec![item],
        not_before: None,
    }
}

fn length(minutes: i64) -> Term {
    Term::For(Duration::minutes(minutes))
}

#[test]
fn two_windows_on_one_assignment_never_cut_each_other_off() {
    let mut simulation = healthy(vec![one_key()]);
    simulation.approve(0, plan(1, open(1, &one_key(), length(15))));
    simulation.approve(5 * MINUTE, plan(2, open(2, &one_key(), length(30))));
    simulation.run_until(34 * MINUTE).unwrap();
    assert!(
        simulation.aws.present[0],
        "the end of the first window removed the access of the second"
    );
    assert_eq!(simulation.aws.creates[0], 1);
    simulation.run_until(37 * MINUTE).unwrap();
    assert!(!simulation.aws.present[0]);
    let second = &simulation.store.changes[&change(2)].items[0].result;
    assert!(
        matches!(
            second,
            Some(ItemResult::Granted {
                how: Cause::AlreadySo,
                ..
            })
        ),
        "{second:?}"
    );
}

#[test]
fn a_window_that_begins_as_another_ends_never_leaves_the_access_in_doubt() {
    for offset in -3..=3 {
        let mut simulation = healthy(vec![one_key()]);
        simulation.approve(0, plan(1, open(1, &one_key(), length(15))));
        simulation.approve(
            15 * MINUTE + offset * 500,
            plan(2, open(2, &one_key(), length(30))),
        );
        simulation.run_until(20 * MINUTE).unwrap();
        assert!(simulation.aws.present[0], "offset {offset}");
        assert_eq!(
            simulation.store.plans[&change(2)].1,
            PresenceInAws::Verified,
            "offset {offset}"
        );
        finish(&mut simulation).unwrap();
    }
}

#[test]
fn standing_access_that_nobody_adopted_goes_with_the_window_that_found_it() {
    let mut simulation = healthy(vec![one_key()]);
    simulation.aws.set(0, true, -HOUR);
    simulation.approve(0, plan(1, open(1, &one_key(), length(15))));
    simulation.run_until(17 * MINUTE).unwrap();
    assert!(!simulation.aws.present[0]);
    assert_eq!(simulation.aws.creates[0], 0);
}

#[test]
fn adopted_access_outlives_the_windows_on_it() {
    let mut simulation = healthy(vec![one_key()]);
    simulation.aws.set(0, true, -HOUR);
    simulation.adopt(0, 0, change(9));
    simulation.approve(MINUTE, plan(1, open(1, &one_key(), length(15))));
    finish(&mut simulation).unwrap();
    assert!(simulation.aws.present[0]);
    assert_eq!(simulation.aws.calls, 0);
}

#[test]
fn a_refusal_of_seven_days_is_told_on_schedule_and_healed_within_a_cycle() {
    let day = 24 * HOUR;
    let faults = Faults {
        outage: Some((MINUTE, 7 * day)),
        ..Faults::default()
    };
    let mut simulation = Simulation::new(3, vec![one_key()], faults, Defect::None);
    simulation.aws.set(0, true, -HOUR);
    simulation.approve(2 * MINUTE, plan(1, close(&one_key())));
    simulation.run_until(7 * day).unwrap();
    assert!(simulation.aws.present[0]);
    let alarms: Vec<i64> = simulation
        .store
        .told
        .iter()
        .filter_map(|(at, event)| match event {
            DomainEvent::Overdue { due, .. } => Some(at - due.0),
            _ => None,
        })
        .collect();
    let promised = [MINUTE, 10 * MINUTE]
        .into_iter()
        .chain((1..168).map(|n| n * HOUR));
    for (told, due) in alarms.iter().zip(promised) {
        assert!(
            (due..due + 2_000).contains(told),
            "recorded after {told} ms, due after {due}"
        );
    }
    assert_eq!(alarms.len(), 2 + 167);
    simulation.run_until(7 * day + 6 * MINUTE).unwrap();
    assert!(
        !simulation.aws.present[0],
        "not removed within one cycle after AWS recovered"
    );
    assert_eq!(
        simulation.store.plans[&change(1)].1,
        PresenceInAws::Verified
    );
}

#[test]
fn a_late_duplicate_is_found_one_five_and_sixty_minutes_later() {
    for (n, distance) in REREADS.iter().enumerate() {
        let mut simulation = healthy(vec![one_key()]);
        simulation.approve(0, plan(1, open(1, &one_key(), length(15))));
        // No crawl runs in this simulation, so only the re-reads can find it.
        let after_the_look_before = if n == 0 {
            30_000
        } else {
            REREADS[n - 1].0 + 30_000
        };
        simulation.by_hand(15 * MINUTE + 10_000 + after_the_look_before, 0);
        simulation
            .run_until(15 * MINUTE + distance.0 + MINUTE)
            .unwrap();
        assert!(
            !simulation.aws.present[0],
            "the re-read after {distance:?} did not find it"
        );
        let told = simulation
            .store
            .told
            .iter()
            .any(|(_, t)| matches!(t, DomainEvent::Reappeared { .. }));
        assert!(told);
    }
}

#[test]
fn what_a_hand_takes_away_is_told_and_not_put_back() {
    let mut simulation = healthy(vec![one_key()]);
    simulation.approve(0, plan(1, open(1, &one_key(), Term::Standing)));
    simulation.by_hand(10 * MINUTE, 0);
    simulation.crawl(20 * MINUTE);
    finish(&mut simulation).unwrap();
    assert!(!simulation.aws.present[0]);
    assert_eq!(simulation.aws.creates[0], 1);
    let missing = simulation
        .store
        .told
        .iter()
        .filter(|(_, t)| matches!(t, DomainEvent::Missing { .. }));
    assert_eq!(missing.count(), 1);
}

fn told(simulation: &Simulation, which: impl Fn(&DomainEvent) -> bool) -> usize {
    simulation
        .store
        .told
        .iter()
        .filter(|(_, t)| which(t))
        .count()
}

#[test]
fn what_somebody_makes_again_after_it_was_gone_does_not_pass_for_what_was_approved() {
    let mut simulation = healthy(vec![one_key()]);
    simulation.approve(0, plan(1, open(1, &one_key(), Term::Standing)));
    simulation.by_hand(10 * MINUTE, 0);
    simulation.crawl(20 * MINUTE);
    simulation.run_until(23 * MINUTE).unwrap();
    let row = simulation.store.windows.values().next().unwrap();
    assert!(row.over.is_some(), "the second read agreed: {row:?}");
    simulation.by_hand(30 * MINUTE, 0);
    finish(&mut simulation).unwrap();
    assert!(!simulation.aws.present[0], "it was not approved again");
    assert_eq!(simulation.aws.creates[0], 1);
    let (gone, back) = (
        told(&simulation, |t| matches!(t, DomainEvent::Removed { .. })),
        told(&simulation, |t| matches!(t, DomainEvent::Reappeared { .. })),
    );
    assert_eq!((gone, back), (2, 1));
}

#[test]
fn what_is_taken_away_and_put_back_within_the_minute_stays() {
    let mut simulation = healthy(vec![one_key()]);
    simulation.approve(0, plan(1, open(1, &one_key(), Term::Standing)));
    simulation.by_hand(10 * MINUTE, 0);
    simulation.crawl(10 * MINUTE + 1_000);
    simulation.run_until(10 * MINUTE + 32_000).unwrap();
    assert_eq!(
        told(&simulation, |t| matches!(t, DomainEvent::Missing { .. })),
        1
    );
    simulation.by_hand(10 * MINUTE + 40_000, 0);
    finish(&mut simulation).unwrap();
    assert!(simulation.aws.present[0]);
    assert_eq!(
        told(&simulation, |t| matches!(t, DomainEvent::Removed { .. })),
        0
    );
}

#[test]
fn the_removal_of_what_belongs_to_nobody_any_more_ends_with_words_and_is_tried_every_hour() {
    let mut simulation = healthy(vec![one_key()]);
    simulation.aws.set(0, true, -HOUR);
    simulation.aws.orphans.insert(0);
    simulation.approve(0, plan(1, close(&one_key())));
    simulation.run_until(10 * MINUTE).unwrap();
    assert_eq!(simulation.store.plans[&change(1)].1, PresenceInAws::Failed);
    let tries = simulation.aws.calls;
    assert_eq!(tries, 5);
    simulation.run_until(10 * HOUR).unwrap();
    let later = simulation.aws.calls - tries;
    assert!((9..=10).contains(&later), "{later} attempts in ten hours");
    assert_eq!(
        told(&simulation, |t| matches!(t, DomainEvent::Failed { .. })),
        1,
        "reported once, not with each attempt"
    );
    simulation.aws.orphans.clear();
    simulation.run_until(11 * HOUR + MINUTE).unwrap();
    assert!(
        !simulation.aws.present[0],
        "removed as soon as AWS permits it"
    );
}

#[test]
fn a_removal_starts_by_its_verdict_and_not_before() {
    let mut simulation = healthy(vec![one_key()]);
    simulation.aws.set(0, true, -HOUR);
    // Every verdict sends back, refuses or does not arrive.
    simulation.verdict_faults = 1_000;
    simulation.approve(0, plan(1, close(&one_key())));
    simulation.run_until(HOUR).unwrap();
    assert!(simulation.aws.present[0], "removed without a verdict");
    assert_eq!(simulation.aws.calls, 0);
    assert!(simulation.store.operations.is_empty());
}

#[test]
fn a_removal_names_the_last_instant_of_use() {
    let mut simulation = healthy(vec![one_key()]);
    simulation.aws.set(0, true, -HOUR);
    simulation.approve(0, plan(1, close(&one_key())));
    finish(&mut simulation).unwrap();
    let result = simulation.store.changes[&change(1)].items[0].result.clone();
    let Some(ItemResult::Removed {
        verified_at,
        last_use,
        how: Cause::OurWrite,
        ..
    }) = result
    else {
        panic!("{result:?}");
    };
    assert_eq!(last_use, verified_at + Duration::hours(1));
    assert!(verified_at < Timestamp(MINUTE));
}

#[test]
fn a_grant_waits_behind_the_removal_of_the_same_thing() {
    let mut simulation = healthy(vec![one_key()]);
    simulation.aws.set(0, true, -HOUR);
    simulation.approve(0, plan(1, close(&one_key())));
    simulation.approve(10, plan(2, open(2, &one_key(), length(60))));
    simulation.run_until(10 * MINUTE).unwrap();
    for n in [1, 2] {
        assert_eq!(
            simulation.store.plans[&change(n)].1,
            PresenceInAws::Verified,
            "change {n}"
        );
    }
    assert!(simulation.aws.present[0]);
    assert_eq!(simulation.aws.creates[0], 1);
}

#[test]
fn an_expiry_during_an_outage_of_the_process_is_made_up_at_once() {
    let mut simulation = healthy(vec![one_key()]);
    simulation.approve(0, plan(1, open(1, &one_key(), length(15))));
    simulation.run_until(MINUTE).unwrap();
    simulation.stop(HOUR);
    simulation.run_until(MINUTE + HOUR + 20_000).unwrap();
    assert!(!simulation.aws.present[0]);
}

/// Many resources, each in its own account.
fn crowd(n: u64) -> Vec<AccessResource> {
    (0..n)
        .map(|account| assignment(100 + account, 1, Principal::User(user(21))))
        .collect()
}

#[test]
fn sixty_expiries_at_once_are_gone_within_the_minute_and_never_more_than_fifteen_at_work() {
    let keys = crowd(60);
    let mut simulation = healthy(keys.clone());
    for (n, key) in keys.iter().enumerate() {
        simulation.aws.set(n, true, -HOUR);
        simulation.approve(0, plan(n as u64, close(key)));
    }
    simulation.run_until(2 * MINUTE).unwrap();
    let left = simulation.aws.present.iter().filter(|p| **p).count();
    assert_eq!(left, 0, "still there");
    assert!(
        simulation.aws.most_in_flight <= 15,
        "{} at once",
        simulation.aws.most_in_flight
    );
}

#[test]
fn an_urgent_removal_does_not_wait_behind_a_giant_grant() {
    let mut keys = crowd(90);
    let urgent = assignment(999, 1, Principal::User(user(21)));
    keys.push(urgent.clone());
    let mut simulation = healthy(keys.clone());
    simulation.aws.set(90, true, -HOUR);
    let items = keys[..90].iter().enumerate();
    let items = items
        .map(|(n, key)| open(n as u64, key, Term::Standing))
        .collect();
    simulation.approve(
        0,
        Plan {
            change: change(1),
            items,
            not_before: None,
        },
    );
    simulation.approve(5_000, plan(2, close(&urgent)));
    simulation.run_until(30_000).unwrap();
    assert!(!simulation.aws.present[90], "the removal waited");
    let granted = simulation.aws.present[..90].iter().filter(|p| **p).count();
    assert!(
        granted < 90,
        "the grants were complete, so the test shows nothing"
    );
    simulation.run_until(20 * MINUTE).unwrap();
    assert_eq!(
        simulation.store.plans[&change(1)].1,
        PresenceInAws::Verified
    );
}

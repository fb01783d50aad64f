//! Simulates the engine from seeds, with all kinds of faults, and checks the invariants I1 to I12 of the reference
//! after every event, independently of the engine's code.
//!
//! `LEASTWISE_SIM_RUNS` sets the number of runs (default 2,000); `LEASTWISE_SIM_SEED` runs one seed and prints its
//! events.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "small numbers in a test"
)]

mod aws;
mod crash_points;
mod defects;
mod generator;
mod reference_model;
mod rng;
mod saga_crash_points;
mod saga_model;
mod saga_scenarios;
mod scenarios;
mod simulation;
mod store;
mod subjects;

use std::sync::atomic::{AtomicU64, Ordering};

use domain::engine::ItemResult;
use generator::run;
use simulation::Defect;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_goes_wrong_the_invariants_hold() {
    if let Some(seed) = number("LEASTWISE_SIM_SEED") {
        let mut simulation = generator::simulation(seed, Defect::None);
        simulation.trace = Some(Vec::new());
        let result = generator::finish(&mut simulation);
        println!("{}", simulation.trace.take().unwrap_or_default().join("\n"));
        println!("{:?}", simulation.faults);
        result.unwrap();
        return;
    }
    let runs = number("LEASTWISE_SIM_RUNS").unwrap_or(2_000);
    let first = number("LEASTWISE_SIM_FIRST").unwrap_or(1);
    let (next, events) = (AtomicU64::new(first), AtomicU64::new(0));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut failures = Vec::new();
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= first + runs || failures.len() >= 5 {
                            return failures;
                        }
                        match run(seed, Defect::None) {
                            Ok(simulation) => {
                                events.fetch_add(simulation.events, Ordering::Relaxed);
                            }
                            Err(violation) => failures.push(format!("seed {seed}: {violation}")),
                        }
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|w| w.join().unwrap())
            .collect()
    });
    println!(
        "seeds {first} to {}: {} events, {} simulated hours",
        first + runs - 1,
        events.load(Ordering::Relaxed),
        runs * 5
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Ensures that checks are reached: every way in which an operation can end, a grant or removal can result, and an
/// event can be recorded must occur in the first few hundred runs.
#[test]
fn the_worlds_reach_every_way_that_things_can_go() {
    let mut reached = std::collections::BTreeMap::<String, u64>::new();
    for seed in 1..=300 {
        let simulation = run(seed, Defect::None).unwrap();
        for row in simulation.store.operations.values() {
            *reached
                .entry(format!("{:?} {:?}", row.kind, row.phase))
                .or_default() += 1;
        }
        for row in simulation.store.progress.values() {
            for step in &row.steps {
                let name = format!("Step {:?} {}", step.phase, step.attempt.min(2));
                *reached.entry(name).or_default() += 1;
            }
            if let Some(ItemResult::Stopped { stop, done, .. }) = &row.result {
                let text = format!("{stop:?}");
                let name = text.split([' ', '{']).next().unwrap_or_default();
                *reached
                    .entry(format!("{name} {}", (*done).min(1)))
                    .or_default() += 1;
            }
            if let Some(ItemResult::Carried { how, .. }) = &row.result {
                *reached.entry(format!("Carried {how:?}")).or_default() += 1;
            }
        }
        for (_, event) in &simulation.store.told {
            if let domain::engine::DomainEvent::Step { result, .. } = event {
                let text = format!("{result:?}");
                let name = text.split([' ', '{']).next().unwrap_or_default();
                *reached.entry(format!("Step {name}")).or_default() += 1;
            }
            let text = format!("{event:?}");
            let name = text.split([' ', '{']).next().unwrap_or_default();
            *reached.entry(name.to_owned()).or_default() += 1;
            if let domain::engine::DomainEvent::Item { result, .. } = event {
                let text = format!("{result:?}");
                let how = if text.contains("AlreadySo") {
                    "AlreadySo"
                } else {
                    "OurWrite"
                };
                let name = text.split([' ', '{']).next().unwrap_or_default();
                *reached.entry(format!("{name} {how}")).or_default() += 1;
            }
        }
    }
    println!("{reached:?}");
    for expected in [
        "Applying",
        "SentBack",
        "Item",
        "Verified",
        "Failed",
        "Removed",
        "Overdue",
        "Reappeared",
        "Missing",
        "Granted OurWrite",
        "Granted AlreadySo",
        "Removed OurWrite",
        "Removed AlreadySo",
        "Create Over(Verified)",
        "Create Over(NotSeen)",
        "Create Over(Refused)",
        "Create Over(Failed)",
        "Create Over(NotSent)",
        "Delete Over(Verified)",
        "Delete Over(NotSeen)",
        "Delete Over(Refused)",
        "Delete Over(Failed)",
        "Step Done",
        "Step Failed",
        "Step Done 0",
        "Step Done 1",
        "Step Done 2",
        "Step Failed 1",
        "ChangedMeanwhile 0",
        "ChangedMeanwhile 1",
        "Gone 0",
        "Gone 1",
        "Refused 0",
        "Refused 1",
        "Carried OurWrite",
        "Carried AlreadySo",
    ] {
        assert!(reached.contains_key(expected), "never: {expected}");
    }
}

#[test]
fn a_seed_gives_the_same_world_twice() {
    let trace = || {
        let mut simulation = generator::simulation(7, Defect::None);
        simulation.trace = Some(Vec::new());
        generator::finish(&mut simulation).unwrap();
        simulation.trace.take()
    };
    assert_eq!(trace(), trace());
}

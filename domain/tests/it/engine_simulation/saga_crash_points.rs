//! Kills the process at every possible instant of a saga, individually and in pairs.

use domain::engine::{Cause, DomainEvent, ItemResult, Plan, StepResult};

use super::{
    aws::Faults,
    generator::{HOUR, change},
    saga_scenarios::saga_plan,
    simulation::{Defect, Simulation},
    store::PresenceInAws,
    subjects::{WriteKind, content, saga},
};

fn story(die_at: &[u64], kind: WriteKind, plan: &Plan) -> Simulation {
    let mut simulation = Simulation::new(1, Vec::new(), Faults::default(), Defect::None);
    simulation.die_at = die_at.to_vec();
    simulation.subjects.add(1, kind);
    simulation.approve(1_000, plan.clone());
    simulation
        .run_until(3 * HOUR)
        .and_then(|()| simulation.quiet())
        .unwrap_or_else(|violation| panic!("dying at {die_at:?}: {violation}"));
    simulation
}

#[test]
fn each_step_is_carried_out_and_told_exactly_once_wherever_the_process_dies() {
    let plan = saga_plan(1, saga(1, 0, &[1, 2]));
    for kind in [WriteKind::Blind, WriteKind::Comparing] {
        let check = |died: &[u64]| {
            let simulation = story(died, kind, &plan);
            let at = format!("{kind:?}, dying at {died:?}");
            let subject = &simulation.subjects.all[0];
            assert_eq!(subject.content(), Some(&content(2)), "{at}");
            assert_eq!(simulation.subjects.effects, 2, "{at}");
            let stands = simulation.store.plans[&change(1)].1;
            assert_eq!(stands, PresenceInAws::Verified, "{at}");
            let told = simulation.store.told.iter().filter(|(_, event)| {
                matches!(event, DomainEvent::Step { result: StepResult::Done { how, .. }, .. }
                    if *how == Cause::OurWrite)
            });
            assert_eq!(told.count(), 2, "{at}");
            let result = simulation.store.result(&change(1), 0);
            let ours = matches!(
                result,
                Some(ItemResult::Carried {
                    how: Cause::OurWrite,
                    ..
                })
            );
            assert!(ours, "{at}: {result:?}");
            simulation.boundaries
        };
        let last = check(&[]);
        for first in 1..=last {
            check(&[first]);
            for second in first + 1..=last + 4 {
                check(&[first, second]);
            }
        }
        println!("{last} crash points, alone and in pairs");
        assert!(last >= 14, "{last}");
    }
}

//! Generates a simulation from a seed: requests, faults and changes outside Leastwise.

use domain::{
    engine::{AccessResource, Item, Plan},
    grant::Term,
    ids::{
        AccountId, Assignment, ChangeId, GrantId, GroupId, Pair, PermissionSetArn, Principal,
        UserId,
    },
    subject::SagaPlan,
    time::{Duration, Timestamp},
};

use super::{
    aws::Faults,
    rng::TestRng,
    simulation::{Defect, Simulation, uuid},
    subjects::{SubjectFaults, WriteKind, content, saga},
};

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
/// The resource below that no change affects.
pub const STRANGER: usize = 5;

pub fn assignment(account: u64, set: u64, principal: Principal) -> AccessResource {
    let arn = format!("arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-{set:016x}");
    AccessResource::Assignment(Assignment {
        pair: Pair {
            account: AccountId::parse(&format!("{account:012}")).expect("12 digits"),
            set: PermissionSetArn::parse(&arn).expect("an ARN"),
        },
        principal,
    })
}

pub fn group(n: u64) -> GroupId {
    GroupId::parse(&uuid(n)).expect("a UUID")
}

pub fn user(n: u64) -> UserId {
    UserId::parse(&uuid(n)).expect("a UUID")
}

fn keys() -> Vec<AccessResource> {
    vec![
        assignment(1, 1, Principal::Group(group(11))),
        assignment(1, 1, Principal::User(user(21))),
        assignment(1, 2, Principal::Group(group(11))),
        assignment(2, 1, Principal::Group(group(12))),
        AccessResource::Membership {
            group: group(12),
            user: user(21),
        },
        assignment(2, 1, Principal::User(user(22))),
    ]
}

pub fn change(n: u64) -> ChangeId {
    ChangeId::parse(&uuid(0xc000 + n)).expect("a UUID")
}

pub fn open(n: u64, key: &AccessResource, term: Term) -> Item {
    Item::Open {
        grant: GrantId::parse(&uuid(0x6000 + n)).expect("a UUID"),
        key: key.clone(),
        term,
        session: Duration::hours(1),
    }
}

pub fn close(key: &AccessResource) -> Item {
    Item::Close {
        key: key.clone(),
        session: Duration::hours(1),
    }
}

fn faults(rng: &mut TestRng) -> Faults {
    if rng.chance(120) {
        return Faults::default();
    }
    let mut some = |most: i64| {
        if rng.chance(400) {
            rng.between(1, most) as u32
        } else {
            0
        }
    };
    let mut faults = Faults {
        crash: some(120),
        conflict: some(400),
        throttle: some(300),
        denied: some(80),
        fails: some(300),
        never_ends: some(150),
        lost_applied: some(300),
        lost_not_applied: some(300),
        very_late: some(200),
        hollow_success: some(100),
        lost_status: some(200),
        unreadable: some(300),
        incomplete: some(400),
        zombie: some(1_000),
        slow: some(300),
        outage: None,
    };
    if rng.chance(150) {
        let from = rng.between(0, 40 * MINUTE);
        faults.outage = Some((from, from + rng.between(MINUTE, 30 * MINUTE)));
    }
    faults
}

pub fn simulation(seed: u64, defect: Defect) -> Simulation {
    let mut rng = TestRng::new(seed ^ 0xabcd_ef01);
    let faults = faults(&mut rng);
    let healthy = faults.crash == 0 && format!("{faults:?}") == format!("{:?}", Faults::default());
    let keys = keys();
    let mut simulation = Simulation::new(seed, keys.clone(), faults, defect);
    simulation.reference.healthy = healthy;
    simulation.verdict_faults = if rng.chance(300) { 250 } else { 0 };
    for key in 0..STRANGER {
        if rng.chance(200) {
            simulation.aws.set(key, true, -HOUR);
        }
    }
    simulation.aws.set(STRANGER, true, -HOUR);
    for n in 0..rng.between(2, 7) as u64 {
        let mut items: Vec<Item> = Vec::new();
        for m in 0..rng.between(1, 3) as u64 {
            let key = &keys[rng.below(STRANGER)];
            if items.iter().any(|i| i.access() == Some(key)) {
                continue;
            }
            items.push(if rng.chance(280) {
                close(key)
            } else {
                let term = if rng.chance(200) || matches!(key, AccessResource::Membership { .. }) {
                    Term::Standing
                } else {
                    Term::For(Duration(rng.between(5, 40) * MINUTE))
                };
                open(n * 4 + m, key, term)
            });
        }
        let when = if rng.chance(300) {
            // Concurrent requests cause the races.
            10 * MINUTE + rng.between(0, 5_000)
        } else {
            rng.between(1_000, 40 * MINUTE)
        };
        let plan = Plan {
            change: change(n),
            items,
            not_before: rng
                .chance(100)
                .then(|| Timestamp(when + rng.between(0, 10 * MINUTE))),
        };
        simulation.approve(when, plan);
    }
    if rng.chance(100) {
        simulation.adopt(rng.between(0, 40 * MINUTE), rng.below(STRANGER), change(99));
    }
    if !healthy && rng.chance(400) {
        for _ in 0..rng.between(1, 4) {
            simulation.by_hand(rng.between(0, 50 * MINUTE), rng.below(STRANGER));
        }
    }
    if rng.chance(60) {
        // A user that no longer exists in the directory.
        simulation.reference.healthy = false;
        simulation.aws.orphans.insert(1);
    }
    for n in 0..20 {
        simulation.crawl(n * 12 * MINUTE + rng.between(0, MINUTE));
    }
    simulation.heal(60 * MINUTE);
    add_sagas(&mut simulation, healthy, &mut rng);
    simulation
}

/// The number of subjects.
const SUBJECTS: u64 = 3;

/// Adds changes of subjects, some of them with access beside, and what others do to the subjects.
fn add_sagas(simulation: &mut Simulation, healthy: bool, rng: &mut TestRng) {
    if rng.chance(300) {
        return;
    }
    if !healthy {
        simulation.subjects.faults = SubjectFaults::some(rng);
    }
    for n in 0..SUBJECTS {
        let kind = if rng.chance(500) {
            WriteKind::Blind
        } else {
            WriteKind::Comparing
        };
        simulation.subjects.add(n, kind);
    }
    let keys = keys();
    for n in 0..rng.between(1, 6) as u64 {
        let mut items = Vec::new();
        let first = rng.below(SUBJECTS as usize) as u64;
        for m in 0..rng.between(1, 2) as u64 {
            items.push(Item::Saga {
                plan: some_saga((first + m) % SUBJECTS, rng).into(),
            });
        }
        if rng.chance(250) {
            let key = &keys[rng.below(STRANGER)];
            items.push(if rng.chance(500) {
                close(key)
            } else {
                open(100 + n, key, Term::Standing)
            });
        }
        let when = if rng.chance(400) {
            10 * MINUTE + rng.between(0, 5_000)
        } else {
            rng.between(1_000, 40 * MINUTE)
        };
        let plan = Plan {
            change: change(50 + n),
            items,
            not_before: rng
                .chance(150)
                .then(|| Timestamp(when + rng.between(0, 10 * MINUTE))),
        };
        simulation.approve(when, plan);
    }
    if rng.chance(400) {
        for _ in 0..rng.between(1, 3) {
            let when = if rng.chance(500) {
                10 * MINUTE + rng.between(0, 30_000)
            } else {
                rng.between(0, 45 * MINUTE)
            };
            let now = (!rng.chance(200)).then(|| content(rng.between(0, 5) as u64));
            simulation.somebody_else(when, rng.below(SUBJECTS as usize), now);
        }
    }
}

/// A plan of one to three steps. Most of them start from what the subject contains at first.
fn some_saga(subject: u64, rng: &mut TestRng) -> SagaPlan {
    let mut contents: Vec<u64> = (0..5).collect();
    let seen = usize::from(rng.chance(300));
    contents.remove(seen);
    let through = (0..rng.between(1, 3))
        .map(|_| contents.remove(rng.below(contents.len())))
        .collect::<Vec<_>>();
    saga(subject, seen as u64, &through)
}

/// Runs a seed to the end and checks the final state.
pub fn run(seed: u64, defect: Defect) -> Result<Simulation, String> {
    let mut simulation = simulation(seed, defect);
    finish(&mut simulation)?;
    Ok(simulation)
}

pub fn finish(simulation: &mut Simulation) -> Result<(), String> {
    simulation.run_until(5 * HOUR)?;
    simulation.quiet()
}

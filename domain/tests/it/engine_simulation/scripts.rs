//! Generates a world from a seed: requests, faults and changes outside Leastwise.

use domain::{
    engine::{Item, Key, Plan},
    grant::Term,
    ids::{
        AccountId, Assignment, ChangeId, GrantId, GroupId, Pair, PermissionSetArn, Principal,
        UserId,
    },
    time::Duration,
};

use super::{
    aws::Faults,
    dice::Dice,
    world::{Defect, World, uuid},
};

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
/// The resource below that no change affects.
pub const STRANGER: usize = 5;

pub fn assignment(account: u64, set: u64, principal: Principal) -> Key {
    let arn = format!("arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-{set:016x}");
    Key::Assignment(Assignment {
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

fn keys() -> Vec<Key> {
    vec![
        assignment(1, 1, Principal::Group(group(11))),
        assignment(1, 1, Principal::User(user(21))),
        assignment(1, 2, Principal::Group(group(11))),
        assignment(2, 1, Principal::Group(group(12))),
        Key::Membership {
            group: group(12),
            user: user(21),
        },
        assignment(2, 1, Principal::User(user(22))),
    ]
}

pub fn change(n: u64) -> ChangeId {
    ChangeId::parse(&uuid(0xc000 + n)).expect("a UUID")
}

pub fn open(n: u64, key: &Key, term: Term) -> Item {
    Item::Open {
        grant: GrantId::parse(&uuid(0x6000 + n)).expect("a UUID"),
        key: key.clone(),
        term,
        session: Duration::hours(1),
    }
}

pub fn close(key: &Key) -> Item {
    Item::Close {
        key: key.clone(),
        session: Duration::hours(1),
    }
}

fn faults(dice: &mut Dice) -> Faults {
    if dice.chance(120) {
        return Faults::default();
    }
    let mut some = |most: i64| {
        if dice.chance(400) {
            dice.between(1, most) as u32
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
    if dice.chance(150) {
        let from = dice.between(0, 40 * MINUTE);
        faults.outage = Some((from, from + dice.between(MINUTE, 30 * MINUTE)));
    }
    faults
}

pub fn world(seed: u64, defect: Defect) -> World {
    let mut dice = Dice::new(seed ^ 0xabcd_ef01);
    let faults = faults(&mut dice);
    let healthy = faults.crash == 0 && format!("{faults:?}") == format!("{:?}", Faults::default());
    let keys = keys();
    let mut world = World::new(seed, keys.clone(), faults, defect);
    world.truth.healthy = healthy;
    world.verdict_faults = if dice.chance(300) { 250 } else { 0 };
    for key in 0..STRANGER {
        if dice.chance(200) {
            world.aws.set(key, true, -HOUR);
        }
    }
    world.aws.set(STRANGER, true, -HOUR);
    for n in 0..dice.between(2, 7) as u64 {
        let mut items: Vec<Item> = Vec::new();
        for m in 0..dice.between(1, 3) as u64 {
            let key = &keys[dice.below(STRANGER)];
            if items.iter().any(|i| i.key() == key) {
                continue;
            }
            items.push(if dice.chance(280) {
                close(key)
            } else {
                let term = if dice.chance(200) || matches!(key, Key::Membership { .. }) {
                    Term::Standing
                } else {
                    Term::For(Duration(dice.between(5, 40) * MINUTE))
                };
                open(n * 4 + m, key, term)
            });
        }
        let plan = Plan {
            change: change(n),
            items,
        };
        let when = if dice.chance(300) {
            // Concurrent requests cause the races.
            10 * MINUTE + dice.between(0, 5_000)
        } else {
            dice.between(1_000, 40 * MINUTE)
        };
        world.approve(when, plan);
    }
    if dice.chance(100) {
        world.adopt(
            dice.between(0, 40 * MINUTE),
            dice.below(STRANGER),
            change(99),
        );
    }
    if !healthy && dice.chance(400) {
        for _ in 0..dice.between(1, 4) {
            world.by_hand(dice.between(0, 50 * MINUTE), dice.below(STRANGER));
        }
    }
    if dice.chance(60) {
        // A user that no longer exists in the directory.
        world.truth.healthy = false;
        world.aws.orphans.insert(1);
    }
    for n in 0..20 {
        world.crawl(n * 12 * MINUTE + dice.between(0, MINUTE));
    }
    world.heal(60 * MINUTE);
    world
}

/// Runs a seed to the end and checks the final state.
pub fn run(seed: u64, defect: Defect) -> Result<World, String> {
    let mut world = world(seed, defect);
    finish(&mut world)?;
    Ok(world)
}

pub fn finish(world: &mut World) -> Result<(), String> {
    world.run_until(5 * HOUR)?;
    world.quiet()
}

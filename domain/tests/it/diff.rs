//! Properties of effective access and of its difference, over random small organizations. The reference implementation
//! here is as simple as possible: every assignment times every member.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case has failed"
)]

use std::collections::BTreeSet;

use domain::{
    access::{self, Path},
    budget::Budget,
    change::Operation,
    diff::{self, Effect, Gainer, Step, Steps},
    directory::{Group, Origin, User, UserStatus},
    grant::Term,
    ids::{AccountId, Assignment, GroupId, Pair, PermissionSetArn, Principal, UserId},
    shared_map::SharedMap,
    snapshot::{PairRead, Parts, Provisioned, Snapshot},
    subject::{SubjectContext, SubjectStates},
    time::{Duration, Timestamp},
};
use proptest::prelude::*;

use crate::expected_state::after;

/// The last user and the last group are not in the directory.
const USERS: u8 = 5;
const GROUPS: u8 = 4;
const PAIRS: u8 = 4;

fn user(n: u8) -> UserId {
    UserId::parse(&format!("00000001-0000-4000-8000-0000000000{n:02x}")).unwrap()
}
fn group(n: u8) -> GroupId {
    GroupId::parse(&format!("00000002-0000-4000-8000-0000000000{n:02x}")).unwrap()
}
fn pair(n: u8) -> Pair {
    let set = format!(
        "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-{:016x}",
        n % 2
    );
    Pair {
        account: AccountId::parse(&format!("{:012}", n / 2)).unwrap(),
        set: PermissionSetArn::parse(&set).unwrap(),
    }
}

fn principal() -> impl Strategy<Value = Principal> {
    prop_oneof![
        (0..USERS).prop_map(|n| Principal::User(user(n))),
        (0..GROUPS).prop_map(|n| Principal::Group(group(n))),
    ]
}

fn assignment() -> impl Strategy<Value = Assignment> {
    (0..PAIRS, principal()).prop_map(|(n, principal)| Assignment {
        pair: pair(n),
        principal,
    })
}

fn term() -> impl Strategy<Value = Term> {
    prop_oneof![
        Just(Term::Standing),
        (15i64..720).prop_map(|minutes| Term::For(Duration::minutes(minutes))),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let membership = (0..GROUPS, 0..USERS).prop_map(|(g, u)| (group(g), user(u)));
    prop_oneof![
        (assignment(), term())
            .prop_map(|(assignment, term)| Operation::Assign { assignment, term }),
        assignment().prop_map(|assignment| Operation::Unassign { assignment }),
        membership
            .clone()
            .prop_map(|(group, user)| Operation::AddMember { group, user }),
        membership.prop_map(|(group, user)| Operation::RemoveMember { group, user }),
    ]
}

/// At most one operation per target, as in a valid proposal.
fn operations(most: usize) -> impl Strategy<Value = Vec<Operation>> {
    prop::collection::vec(operation(), 0..most).prop_map(|all| {
        let mut seen = BTreeSet::new();
        all.into_iter()
            .filter(|operation| seen.insert(target(operation)))
            .collect()
    })
}

fn target(operation: &Operation) -> String {
    format!("{:?}", operation.key())
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    let members = prop::collection::btree_map(
        (0..GROUPS).prop_map(group),
        prop::collection::btree_set((0..USERS).prop_map(user), 0..4),
        0..4,
    );
    let assigned = prop::collection::btree_set(assignment(), 0..8);
    (members, assigned).prop_map(|(members, assigned)| {
        let mut parts = Parts {
            members: members
                .into_iter()
                .map(|(group, users)| (group, users.into()))
                .collect(),
            ..Parts::default()
        };
        for n in 0..USERS - 1 {
            parts.users.insert(user(n), known_user(n));
        }
        for n in 0..GROUPS - 1 {
            parts.groups.insert(group(n), known_group(n));
        }
        for assignment in assigned {
            parts
                .pairs
                .or_insert_with(assignment.pair, || PairRead {
                    as_of: Timestamp(9),
                    principals: SharedMap::default(),
                    provisioned: Provisioned::Latest,
                })
                .principals
                .insert(assignment.principal, Timestamp(1));
        }
        Snapshot::new(parts)
    })
}

fn known_user(n: u8) -> User {
    User {
        id: user(n),
        user_name: format!("u{n}"),
        display_name: format!("U{n}"),
        email: None,
        title: None,
        status: UserStatus::Enabled,
        origin: Origin::IdentityCenter,
        external_ids: vec![],
    }
}

fn known_group(n: u8) -> Group {
    Group {
        id: group(n),
        display_name: format!("G{n}"),
        description: None,
        origin: Origin::IdentityCenter,
    }
}

type Whole = BTreeSet<(Gainer, Pair, Path)>;

/// Computes effective access in the simplest way.
fn whole(snapshot: &Snapshot) -> Whole {
    let parts = snapshot.parts();
    let mut found = Whole::new();
    for (pair, read) in &parts.pairs {
        for principal in read.principals.keys() {
            match principal {
                Principal::User(user) if parts.users.contains_key(user) => {
                    found.insert((Gainer::User(user.clone()), pair.clone(), Path::Direct));
                }
                Principal::User(_) => {}
                Principal::Group(group) => {
                    let path = Path::Group(group.clone());
                    found.insert((
                        Gainer::FutureMember(group.clone()),
                        pair.clone(),
                        path.clone(),
                    ));
                    for user in parts.members.get(group).into_iter().flatten() {
                        found.insert((Gainer::User(user.clone()), pair.clone(), path.clone()));
                    }
                }
            }
        }
    }
    found
}

fn effect(snapshot: &Snapshot, under_way: &[Operation], operations: &[Operation]) -> Effect {
    let context = SubjectContext {
        snapshot,
        states: &SubjectStates::default(),
    };
    diff::effect(context, under_way, operations, Budget::UNLIMITED).expect("nothing ends it")
}

fn steps(steps: &Steps) -> Whole {
    whole_of(steps.iter())
}

fn whole_of(steps: impl Iterator<Item = Step>) -> Whole {
    steps
        .map(|step| (step.gainer, step.pair, step.path))
        .collect()
}

fn undo(operations: &[Operation]) -> Vec<Operation> {
    operations
        .iter()
        .rev()
        .map(|operation| operation.subject().undo().unwrap())
        .collect()
}

/// Whether an operation would change anything.
fn changes(snapshot: &Snapshot, operation: &Operation) -> bool {
    let assigned = |assignment: &Assignment| {
        snapshot
            .pair(&assignment.pair)
            .is_some_and(|read| read.principals.contains_key(&assignment.principal))
    };
    let member = |group: &GroupId, user: &UserId| snapshot.members(group).any(|m| m == user);
    let assignment = operation.assignment();
    let membership = operation.membership();
    assignment.is_some_and(|assignment| assigned(assignment) != operation.gives())
        || membership.is_some_and(|(group, user)| member(group, user) != operation.gives())
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_people_of_accounts_and_the_accounts_of_people_agree(snapshot in snapshot()) {
        let by_account: BTreeSet<_> = (0..PAIRS)
            .map(|n| pair(n).account)
            .collect::<BTreeSet<_>>()
            .iter()
            .flat_map(|account| access::reaching(&snapshot, account).collect::<Vec<_>>())
            .collect();
        let by_person: BTreeSet<_> = (0..USERS)
            .flat_map(|n| access::reach_of(&snapshot, &user(n)).collect::<Vec<_>>())
            .collect();
        prop_assert_eq!(&by_account, &by_person);
        let plain: Whole = whole(&snapshot)
            .into_iter()
            .filter(|(gainer, _, _)| matches!(gainer, Gainer::User(_)))
            .collect();
        let found: Whole = by_account
            .into_iter()
            .map(|reach| (Gainer::User(reach.user), reach.pair, reach.path))
            .collect();
        prop_assert_eq!(plain, found);
    }

    #[test]
    fn orphans_are_exactly_what_names_nobody(snapshot in snapshot()) {
        for (_, principal) in access::orphans(&snapshot) {
            prop_assert!(!snapshot.exists(principal));
        }
        let all: usize = snapshot.parts().pairs.values().map(|read| read.principals.len()).sum();
        let known = snapshot
            .parts()
            .pairs
            .values()
            .flat_map(|read| read.principals.keys())
            .filter(|principal| snapshot.exists(principal))
            .count();
        prop_assert_eq!(access::orphans(&snapshot).count() + known, all);
    }

    #[test]
    fn applying_a_preview_gives_the_new_snapshot(snapshot in snapshot(), operations in operations(6)) {
        let effect = effect(&snapshot, &[], &operations);
        let mut expected: Whole = whole(&snapshot);
        expected.retain(|path| !steps(&effect.lost).contains(path));
        expected.extend(steps(&effect.gained));
        prop_assert_eq!(expected, whole(&after(&snapshot, &operations)));
    }

    #[test]
    fn what_is_new_is_gained_and_what_is_gone_is_lost(snapshot in snapshot(), operations in operations(6)) {
        let effect = effect(&snapshot, &[], &operations);
        let (then, now) = (whole(&snapshot), whole(&after(&snapshot, &operations)));
        let (gained, lost) = (steps(&effect.gained), steps(&effect.lost));
        prop_assert!(now.difference(&then).all(|path| gained.contains(path)));
        prop_assert_eq!(then.difference(&now).cloned().collect::<Whole>(), lost);
        prop_assert!(gained.iter().all(|path| now.contains(path)));
        // Beyond what is new, only assignments that are requested again count as gained.
        let asked: BTreeSet<&Pair> = operations.iter().filter_map(|operation| match operation {
            Operation::Assign { assignment, .. } => Some(&assignment.pair),
            _ => None,
        }).collect();
        prop_assert!(gained.iter().all(|path| !then.contains(path) || asked.contains(&path.1)));
        prop_assert!(effect.gained.iter().is_sorted() && effect.lost.iter().is_sorted());
    }

    #[test]
    fn grant_then_revoke_is_identity(snapshot in snapshot(), operations in operations(6)) {
        let real: Vec<Operation> = operations.into_iter().filter(|o| changes(&snapshot, o)).collect();
        let there = after(&snapshot, &real);
        let back = after(&there, &undo(&real));
        prop_assert_eq!(whole(&snapshot), whole(&back));
        let (forth, back) = (effect(&snapshot, &[], &real), effect(&there, &[], &undo(&real)));
        prop_assert_eq!(steps(&forth.gained), steps(&back.lost));
        prop_assert_eq!(steps(&forth.lost), steps(&back.gained));
    }

    #[test]
    fn the_order_of_operations_makes_no_difference(snapshot in snapshot(), operations in operations(6)) {
        let mut turned = operations.clone();
        turned.reverse();
        prop_assert_eq!(effect(&snapshot, &[], &operations), effect(&snapshot, &[], &turned));
    }

    /// No sequence of changes gives access that was not evaluated, in whatever order AWS carries them out and whichever
    /// operations fail.
    #[test]
    fn nothing_appears_that_neither_change_was_judged_for(
        snapshot in snapshot(),
        under_way in operations(4),
        operations in operations(4),
        done in prop::collection::vec(any::<bool>(), 4),
        mine in prop::collection::vec(any::<bool>(), 4),
        mine_first in any::<bool>(),
    ) {
        let judged_first = effect(&snapshot, &[], &under_way);
        let judged_second = effect(&snapshot, &under_way, &operations);
        let carried: Vec<Operation> = under_way
            .iter()
            .zip(&done)
            .filter(|(_, done)| **done)
            .map(|(operation, _)| operation.clone())
            .collect();
        let operations: Vec<Operation> = operations
            .iter()
            .zip(&mine)
            .filter(|(_, done)| **done)
            .map(|(operation, _)| operation.clone())
            .collect();
        let end = if mine_first {
            after(&after(&snapshot, &operations), &carried)
        } else {
            after(&after(&snapshot, &carried), &operations)
        };
        let before = whole(&snapshot);
        let evaluation: Whole = [judged_first, judged_second]
            .iter()
            .flat_map(|effect| whole_of(effect.evaluated_steps()))
            .collect();
        for path in whole(&end) {
            prop_assert!(before.contains(&path) || evaluation.contains(&path), "{path:?}");
        }
    }

    #[test]
    fn what_is_under_way_is_not_blamed_on_another_change(
        snapshot in snapshot(),
        under_way in operations(4),
    ) {
        prop_assert_eq!(effect(&snapshot, &under_way, &[]), Effect::default());
    }
}

fn one_group() -> Snapshot {
    let mut parts = Parts::default();
    for n in 0..2 {
        parts.users.insert(user(n), known_user(n));
    }
    parts.groups.insert(group(0), known_group(0));
    parts.members.insert(group(0), [user(0)].into());
    Snapshot::new(parts)
}

fn assign(term: Term) -> Operation {
    Operation::Assign {
        assignment: Assignment {
            pair: pair(0),
            principal: Principal::Group(group(0)),
        },
        term,
    }
}

fn term_of(effect: &Effect, who: u8) -> Option<Term> {
    effect
        .gained
        .iter()
        .find(|step| step.gainer == Gainer::User(user(who)))
        .map(|step| step.term)
}

const HOUR: Term = Term::For(Duration::hours(1));

#[test]
fn an_assignment_gives_its_term_to_everyone_in_the_group_and_to_whoever_joins() {
    let effect = effect(&one_group(), &[], &[assign(HOUR)]);
    assert_eq!(effect.gained.len(), 2);
    assert!(effect.gained.iter().all(|step| step.term == HOUR));
    assert_eq!(effect.gaining(), [&user(0)].into());
}

#[test]
fn asking_again_for_what_exists_is_a_gain_with_the_new_term() {
    let there = after(&one_group(), &[assign(HOUR)]);
    let effect = effect(&there, &[], &[assign(Term::Standing)]);
    assert_eq!(term_of(&effect, 0), Some(Term::Standing));
    assert!(effect.lost.is_empty());
}

#[test]
fn asking_again_while_the_first_is_under_way_is_a_gain_too() {
    let effect = effect(&one_group(), &[assign(HOUR)], &[assign(Term::Standing)]);
    assert_eq!(term_of(&effect, 0), Some(Term::Standing));
}

#[test]
fn who_joins_a_group_that_is_assigned_already_stays_for_good() {
    let joins = Operation::AddMember {
        group: group(0),
        user: user(1),
    };
    let there = after(&one_group(), &[assign(Term::Standing)]);
    let beside = effect(&there, &[], &[joins.clone(), assign(HOUR)]);
    assert_eq!(term_of(&beside, 1), Some(Term::Standing));
    assert_eq!(term_of(&beside, 0), Some(HOUR));
    let new = effect(&one_group(), &[], &[joins, assign(HOUR)]);
    assert_eq!(term_of(&new, 1), Some(HOUR));
}

#[test]
fn of_two_terms_for_one_assignment_the_longer_is_judged() {
    for operations in [
        [assign(HOUR), assign(Term::Standing)],
        [assign(Term::Standing), assign(HOUR)],
    ] {
        assert_eq!(
            term_of(&effect(&one_group(), &[], &operations), 0),
            Some(Term::Standing)
        );
    }
}

#[test]
fn a_path_that_remains_is_not_lost_with_another() {
    let direct = Operation::Assign {
        assignment: Assignment {
            pair: pair(0),
            principal: Principal::User(user(0)),
        },
        term: Term::Standing,
    };
    let there = after(&one_group(), &[assign(Term::Standing), direct]);
    let gone = Operation::RemoveMember {
        group: group(0),
        user: user(0),
    };
    let effect = effect(&there, &[], &[gone]);
    assert_eq!(effect.lost.len(), 1);
    assert_eq!(effect.lost.paths()[0].path, Path::Group(group(0)));
}

#[test]
fn taking_away_what_is_under_way_does_not_hide_who_joins_meanwhile() {
    let take = Operation::Unassign {
        assignment: Assignment {
            pair: pair(0),
            principal: Principal::Group(group(0)),
        },
    };
    let joins = Operation::AddMember {
        group: group(0),
        user: user(1),
    };
    let effect = effect(&one_group(), &[assign(Term::Standing)], &[take, joins]);
    assert!(effect.gained.is_empty());
    assert_eq!(effect.passing.len(), 1);
    assert_eq!(effect.passing.paths()[0].gainers.users(), [user(1)]);
}

//! The cost of evaluating a change by the size of the group that gains, on an organization as large as `large` of the
//! sandbox. Ignored in plain runs; see CONTRIBUTING.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case has failed"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use domain::{
    approval::Mfa,
    authorize::Role,
    budget::Budget,
    change::Operation,
    classification::{Basis, Classification, Environment, Pci, Source},
    directory::{Group, Origin, User, UserStatus},
    grant::Term,
    ids::{AccountId, Assignment, GroupId, Pair, PermissionSetArn, PersonId, Principal, UserId},
    org::{Account, AccountState},
    permission_set::{Content, PermissionSet, analysis::Analysis},
    policies::{RequestContext, Rules, evaluate},
    private::{Private, Salt},
    shared_map::SharedMap,
    snapshot::{PairRead, Parts, Provisioned, Snapshot},
    subject::{
        SubjectKey, SubjectState,
        account_classification::{self, Declaration, content},
    },
    time::{Duration, Timestamp},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SIZES: [usize; 5] = [20, 200, 1_500, 8_000, 50_000];
const USERS: usize = 50_000;
const GROUPS: usize = 5_000;
const ACCOUNTS: usize = 3_000;
const SETS: usize = 500;
const PAIRS: usize = 41_800;
const ASSIGNMENTS: usize = 150_000;
const NOW: Timestamp = Timestamp(1_795_425_245_000);

fn uuid(kind: u8, dice: &mut ChaCha8Rng) -> String {
    format!(
        "{:08x}-{kind:04x}-4000-8000-{:012x}",
        dice.r#gen::<u32>(),
        dice.r#gen::<u64>() >> 16
    )
}

fn skewed(dice: &mut ChaCha8Rng, count: usize) -> usize {
    let part = dice.r#gen::<f64>().powi(3);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "counts here are below a million, and the part is in [0, 1)"
    )]
    let index = (part * count as f64) as usize;
    index.min(count - 1)
}

/// The organization, and a group of each size.
fn organization() -> (Snapshot, Vec<GroupId>) {
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    let mut parts = Parts::default();
    let users: Vec<UserId> = (0..USERS).map(|n| user(n, &mut parts, &mut dice)).collect();
    let groups: Vec<GroupId> = (0..GROUPS + SIZES.len())
        .map(|n| group(n, &mut parts, &mut dice))
        .collect();
    for user in &users {
        for _ in 0..3 {
            let group = &groups[skewed(&mut dice, GROUPS)];
            let members = parts.members.or_default(group.clone());
            members.insert(user.clone());
        }
    }
    for (group, size) in groups[GROUPS..].iter().zip(SIZES) {
        let members = users.iter().take(size).cloned().collect();
        parts.members.insert(group.clone(), members);
    }
    let accounts: Vec<AccountId> = (0..ACCOUNTS).map(|n| account(n, &mut parts)).collect();
    let sets: Vec<PermissionSetArn> = (0..SETS).map(|n| set(n, &mut parts)).collect();
    let mut pairs: BTreeSet<Pair> = BTreeSet::new();
    while pairs.len() < PAIRS {
        pairs.insert(Pair {
            account: accounts[dice.gen_range(1..ACCOUNTS)].clone(),
            set: sets[skewed(&mut dice, SETS)].clone(),
        });
    }
    let pairs: Vec<Pair> = pairs.into_iter().collect();
    let mut made = 0;
    while made < ASSIGNMENTS {
        let pair = if made < PAIRS {
            made
        } else {
            skewed(&mut dice, PAIRS)
        };
        let principal = if dice.gen_range(0..5) == 0 {
            Principal::User(users[dice.gen_range(0..USERS)].clone())
        } else {
            Principal::Group(groups[skewed(&mut dice, GROUPS)].clone())
        };
        made += usize::from(assign(&mut parts, &pairs[pair], principal));
    }
    // As in the rest of the organization, a group with more members is assigned more often.
    for (group, size) in groups[GROUPS..].iter().zip(SIZES) {
        for _ in 0..(size * 4 / 5).min(7_000) {
            let pair = &pairs[dice.gen_range(0..PAIRS)];
            assign(&mut parts, pair, Principal::Group(group.clone()));
        }
    }
    (Snapshot::new(parts), groups[GROUPS..].to_vec())
}

fn user(n: usize, parts: &mut Parts, dice: &mut ChaCha8Rng) -> UserId {
    let id = UserId::parse(&uuid(1, dice)).unwrap();
    let user = User {
        id: id.clone(),
        user_name: format!("user.{n}"),
        display_name: format!("User {n}"),
        email: None,
        title: None,
        status: UserStatus::Enabled,
        origin: Origin::External,
        external_ids: Vec::new(),
    };
    let person = PersonId::parse(&uuid(3, dice)).unwrap();
    parts.persons.insert(id.clone(), person);
    parts.users.insert(id.clone(), user);
    id
}

fn group(n: usize, parts: &mut Parts, dice: &mut ChaCha8Rng) -> GroupId {
    let id = GroupId::parse(&uuid(2, dice)).unwrap();
    let group = Group {
        id: id.clone(),
        display_name: format!("group {n}"),
        description: None,
        origin: Origin::IdentityCenter,
    };
    parts.groups.insert(id.clone(), group);
    id
}

fn account(n: usize, parts: &mut Parts) -> AccountId {
    let id = AccountId::parse(&format!("{:012}", 100_000_000_000 + n * 7)).unwrap();
    let account = Account {
        id: id.clone(),
        name: format!("account-{n}"),
        email: String::new(),
        state: AccountState::Active,
        ous: Vec::new(),
        tags: BTreeMap::new(),
    };
    let environment = if n.is_multiple_of(3) {
        Environment::Production
    } else {
        Environment::Development
    };
    let class = Classification {
        environment,
        environment_source: Source::Tag,
        pci: if n.is_multiple_of(2) {
            Pci::In
        } else {
            Pci::Out
        },
        pci_source: Source::Tag,
        contradictory: false,
        waiting: None,
        basis: Basis::default(),
    };
    parts.accounts.insert(id.clone(), (account, class));
    id
}

fn set(n: usize, parts: &mut Parts) -> PermissionSetArn {
    let arn = format!("arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-{n:016x}");
    let arn = PermissionSetArn::parse(&arn).unwrap();
    let content = Content::default();
    let set = PermissionSet {
        arn: arn.clone(),
        name: format!("set-{n}"),
        description: None,
        hash: content.hash(),
        content,
        analysis: Analysis::default(),
    };
    parts.sets.insert(arn.clone(), set);
    arn
}

/// Returns whether the assignment is new.
fn assign(parts: &mut Parts, pair: &Pair, principal: Principal) -> bool {
    let read = parts.pairs.or_insert_with(pair.clone(), || PairRead {
        as_of: Timestamp(9),
        principals: SharedMap::default(),
        provisioned: Provisioned::Latest,
    });
    read.principals.insert(principal, Timestamp(1)).is_none()
}

/// Returns a line of `/proc/self/status` in megabytes of 10^6 bytes.
fn megabytes(line: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kibibytes = status
        .lines()
        .find_map(|one| one.strip_prefix(line)?.strip_prefix(':'))
        .and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kibibytes.unwrap() * 1_024.0 / 1_000_000.0
}

fn default_rules() -> Rules {
    Rules::parse(
        include_str!("../../../server/policies/leastwise.cedarschema"),
        include_str!("../../../server/policies/eligibility.cedar"),
        include_str!("../../../server/policies/guardrails.cedar"),
    )
    .unwrap()
}

fn administrator() -> RequestContext {
    RequestContext {
        requester: PersonId::parse("00000000-0000-4000-8000-000000000000").unwrap(),
        roles: [Role::Administrator].into(),
        mfa: Mfa::Proven,
        ticket: false,
        review_on: None,
        approvals: BTreeSet::new(),
        ours: BTreeSet::new(),
        new_persons: BTreeMap::new(),
        new_user: None,
        earlier_removals: BTreeSet::new(),
        states: domain::subject::SubjectStates::default(),
        agreed_removals: BTreeSet::new(),
    }
}

#[test]
#[ignore = "measures; run by hand"]
#[expect(clippy::disallowed_methods, reason = "this is a stopwatch")]
fn manual_the_cost_of_a_preview() {
    let rules = default_rules();
    let (snapshot, groups) = organization();
    let most: usize =
        std::env::var("PREVIEW_COST_UP_TO").map_or(usize::MAX, |n| n.parse().unwrap());
    let asked = administrator();
    let pair = snapshot.parts().pairs.keys().nth(100).unwrap().clone();
    for (group, size) in groups.iter().zip(SIZES).filter(|(_, size)| *size <= most) {
        let operations = [Operation::Assign {
            assignment: Assignment {
                pair: pair.clone(),
                principal: Principal::Group(group.clone()),
            },
            term: Term::Standing,
        }];
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let (before, started) = (megabytes("VmRSS"), Instant::now());
        let evaluation = evaluate(
            &snapshot,
            &[],
            &operations,
            &asked,
            &rules,
            NOW,
            Budget::UNLIMITED,
        )
        .unwrap();
        let took = started.elapsed();
        let grown = megabytes("VmHWM") - before;
        println!(
            "group of {size}: {took:?}, {grown:.1} MB, {} gains, hash {:?}",
            evaluation.effect.evaluated_steps().count(),
            evaluation.hash
        );
    }
}

/// Counts the checks of the budget, which every loop over people or paths makes, instead of the time.
#[test]
fn a_grant_to_a_group_costs_its_people_once_and_none_of_its_other_assignments() {
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    let mut parts = Parts::default();
    let users: Vec<UserId> = (0..5_000).map(|n| user(n, &mut parts, &mut dice)).collect();
    let crowd = group(0, &mut parts, &mut dice);
    let members = users.into_iter().collect();
    parts.members.insert(crowd.clone(), members);
    let set = set(0, &mut parts);
    let pairs: Vec<Pair> = (0..1_000)
        .map(|n| Pair {
            account: account(n, &mut parts),
            set: set.clone(),
        })
        .collect();
    for pair in &pairs[1..] {
        assign(&mut parts, pair, Principal::Group(crowd.clone()));
    }
    let operations = [Operation::Assign {
        assignment: Assignment {
            pair: pairs[0].clone(),
            principal: Principal::Group(crowd),
        },
        term: Term::Standing,
    }];
    let checks = std::cell::Cell::new(0);
    let stop = || {
        checks.set(checks.get() + 1);
        false
    };
    let evaluation = evaluate(
        &Snapshot::new(parts),
        &[],
        &operations,
        &administrator(),
        &default_rules(),
        NOW,
        Budget::until(&stop),
    )
    .unwrap();
    assert_eq!(evaluation.effect.gained.len(), 5_001);
    // All people, and future members.
    assert_eq!(evaluation.gains.len(), 2);
    assert!(checks.get() < 100, "{} checks", checks.get());
}

#[test]
fn a_snapshot_that_is_classified_again_is_what_a_new_one_would_be() {
    let mut parts = Parts::default();
    let accounts: Vec<AccountId> = (0..3).map(|n| account(n, &mut parts)).collect();
    let sets: Vec<PermissionSetArn> = (0..3).map(|n| set(n, &mut parts)).collect();
    let somebody = group(0, &mut parts, &mut ChaCha8Rng::seed_from_u64(7));
    for (account, set) in accounts.iter().zip(&sets) {
        let pair = Pair {
            account: account.clone(),
            set: set.clone(),
        };
        assign(&mut parts, &pair, Principal::Group(somebody.clone()));
    }
    let before = Snapshot::new(parts.clone());
    let management = Classification {
        environment: Environment::Management,
        environment_source: Source::Role,
        ..parts.accounts[&accounts[1]].1
    };
    let changed = BTreeMap::from([(accounts[1].clone(), management)]);
    let again = before.classified(&changed);
    parts.accounts.get_mut(&accounts[1]).unwrap().1 = management;
    let new = Snapshot::new(parts);
    assert_eq!(again.parts(), new.parts());
    for (set, expected) in sets.iter().zip([false, true, false]) {
        assert!(!before.is_in_management(set));
        assert_eq!(again.is_in_management(set), expected);
        assert_eq!(new.is_in_management(set), expected);
    }
    // What does not depend on the classification is not copied.
    let (before, again) = (before.parts(), again.parts());
    assert!(again.pairs.is_shared_with(&before.pairs));
}

/// Returns an item that declares an account production PCI.
fn declared(account: &AccountId, class: &Classification) -> Operation {
    Operation::Classify {
        account: account.clone(),
        before: None,
        after: Some(Declaration {
            environment: Environment::Production,
            pci: Pci::In,
            owner: None,
            purpose: Private::new(Salt([7; 32]), "takes card payments"),
            out_of_scope: None,
            valid_until: NOW + Duration::days(300),
            against: class.reported(),
            without: class.undeclared().strictness(),
        }),
        seen: content(None),
    }
}

/// The number of items that a change is measured with.
const ITEMS: [usize; 2] = [500, 2_000];

#[test]
#[ignore = "measures; run by hand"]
#[expect(clippy::disallowed_methods, reason = "this is a stopwatch")]
fn manual_the_cost_of_a_change_of_many_items() {
    let rules = default_rules();
    let (snapshot, groups) = organization();
    let mut asked = administrator();
    let parts = snapshot.parts();
    for account in parts.accounts.keys() {
        let key = SubjectKey::AccountClassification {
            account: account.clone(),
        };
        let state = account_classification::State {
            declaration: None,
            content: content(None),
            declared: None,
            at: NOW,
        };
        let state = SubjectState::AccountClassification(state);
        asked.states.0.insert(key, state);
    }
    let pairs: Vec<&Pair> = parts.pairs.keys().collect();
    let users: Vec<&UserId> = parts.users.keys().collect();
    let given = |pair: &Pair, principal: Principal| Operation::Assign {
        assignment: Assignment {
            pair: pair.clone(),
            principal,
        },
        term: Term::Standing,
    };
    let existing: Vec<Operation> = parts
        .pairs
        .iter()
        .flat_map(|(pair, read)| read.principals.keys().map(move |who| (pair, who)))
        .map(|(pair, principal)| Operation::Unassign {
            assignment: Assignment {
                pair: pair.clone(),
                principal: principal.clone(),
            },
        })
        .step_by(7)
        .collect();
    for items in ITEMS {
        let of_group = pairs.iter().take(items);
        let of_group = of_group.map(|pair| given(pair, Principal::Group(groups[1].clone())));
        let of_users = users.iter().take(items);
        let of_users = of_users.map(|user| given(pairs[100], Principal::User((*user).clone())));
        let spread = users.iter().zip(pairs.iter().step_by(20)).take(items);
        let spread = spread.map(|(user, pair)| given(pair, Principal::User((*user).clone())));
        let joins = users.iter().rev().take(items);
        let joins = joins.map(|user| Operation::AddMember {
            group: groups[1].clone(),
            user: (*user).clone(),
        });
        let classified = parts.accounts.iter().take(items);
        let classified = classified.map(|(account, (_, class))| declared(account, class));
        let (spread, joins): (Vec<_>, Vec<_>) = (spread.collect(), joins.collect());
        let classified: Vec<Operation> = classified.collect();
        let all = spread.iter().chain(&joins).chain(&classified).cloned();
        let cases: [(&str, Vec<Operation>); 7] = [
            ("a group of 200 on as many pairs", of_group.collect()),
            ("as many users on one pair", of_users.collect()),
            ("all of the next three together", all.collect()),
            ("as many users on as many pairs", spread),
            ("as many users into a group with 160 assignments", joins),
            ("classifications", classified),
            ("removals", existing.iter().take(items).cloned().collect()),
        ];
        for (what, operations) in cases {
            let started = Instant::now();
            let evaluation = evaluate(
                &snapshot,
                &[],
                &operations,
                &asked,
                &rules,
                NOW,
                Budget::UNLIMITED,
            )
            .unwrap();
            println!(
                "{} items, {what}: {:?}, {} gains, {} losses, {} classes",
                operations.len(),
                started.elapsed(),
                evaluation.effect.gained.len(),
                evaluation.effect.lost.len(),
                evaluation.gains.len(),
            );
        }
    }
}

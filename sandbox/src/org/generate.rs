//! Organisations of a given size, generated from a seed, for benchmarks and load tests. Skewed as in practice: a few
//! permission sets and groups are used nearly everywhere.

mod added_groups;
mod units;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

pub(super) use added_groups::add_groups;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use units::{unit_id, units};
use uuid::Builder;

use super::sample;
use super::{
    Account, AccountState, Assignment, ExternalId, Group, InstanceStatus, Membership, Organisation,
    PermissionSet, PrincipalType, User,
};

/// The size of a generated organisation.
pub(super) struct Size {
    accounts: usize,
    permission_sets: usize,
    groups: usize,
    users: usize,
    assignments: usize,
    /// Pairs of account and permission set with at least one assignment.
    pairs: usize,
    groups_per_user: usize,
}

impl Size {
    pub const MEDIUM: Self = Self {
        accounts: 500,
        permission_sets: 150,
        groups: 800,
        users: 8_000,
        assignments: 15_000,
        pairs: 4_950,
        groups_per_user: 3,
    };
    pub const LARGE: Self = Self {
        accounts: 3_000,
        permission_sets: 500,
        groups: 5_000,
        users: 50_000,
        assignments: 150_000,
        pairs: 41_800,
        groups_per_user: 3,
    };
}

const BEGUN_MS: i64 = 1_740_000_000_000;
const ROOT: &str = "r-gen1";
const ENVIRONMENTS: [&str; 3] = ["production", "staging", "development"];
const LINES: [&str; 8] = [
    "cards",
    "ledger",
    "tokens",
    "settlement",
    "merchant",
    "risk",
    "web",
    "data",
];
const TITLES: [&str; 6] = [
    "Engineer",
    "Senior Engineer",
    "Analyst",
    "Operations Specialist",
    "Product Manager",
    "Support Engineer",
];
const GIVEN: [&str; 24] = [
    "Ada", "Ben", "Cora", "Deniz", "Emil", "Fatima", "Goran", "Hanna", "Ivan", "Jana", "Kofi",
    "Lara", "Milan", "Nadia", "Omar", "Paula", "Quinn", "Rosa", "Stefan", "Tara", "Umar", "Vera",
    "Wout", "Xenia",
];
const FAMILY: [&str; 24] = [
    "Adler", "Bakker", "Conti", "Dietrich", "Eriksen", "Ferrari", "Garcia", "Hughes", "Ivanov",
    "Jansen", "Keller", "Lopez", "Moreau", "Nagy", "Olsen", "Pires", "Quist", "Romano", "Schmidt",
    "Turner", "Urban", "Varga", "Weber", "Young",
];
const POLICIES: [&str; 8] = [
    "ReadOnlyAccess",
    "job-function/ViewOnlyAccess",
    "SecurityAudit",
    "PowerUserAccess",
    "CloudWatchReadOnlyAccess",
    "AmazonS3ReadOnlyAccess",
    "AmazonRDSReadOnlyAccess",
    "AdministratorAccess",
];

pub(super) fn organisation(size: &Size, seed: u64) -> Organisation {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let accounts = accounts(size, &mut dice);
    let permission_sets = permission_sets(size, &mut dice);
    let groups = groups(size, &mut dice);
    let mut users = users(size, &mut dice);
    sample::settle(&mut users);
    let memberships = memberships(size, &groups, &users, &mut dice);
    let assignments = assignments(
        size,
        &accounts,
        &permission_sets,
        (&groups, &users),
        &mut dice,
    );
    let first_users: Vec<Arc<str>> = users.iter().take(20).map(|user| user.id.clone()).collect();
    Organisation {
        organization_id: "o-generated1".into(),
        root_id: ROOT.into(),
        management_account: accounts[0].id.clone(),
        delegated_admin_account: accounts[1].id.clone(),
        delegated_services: BTreeMap::new(),
        instance_arn: sample::INSTANCE_ARN.into(),
        instance_status: InstanceStatus::Active,
        account_instances: Vec::new(),
        identity_store_id: "d-9067e0a1b2".into(),
        region: sample::REGION.into(),
        created_ms: BEGUN_MS,
        ragged_pages: false,
        units: units(),
        accounts,
        users,
        groups,
        memberships,
        permission_sets,
        assignments,
        provisioned_roles: Vec::new(),
        events: Vec::new(),
        pool: sample::pool_linked_to(&first_users),
    }
}

/// Returns a random index below `count`, skewed towards small ones.
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

fn uuid(dice: &mut ChaCha8Rng) -> Arc<str> {
    Builder::from_random_bytes(dice.r#gen())
        .into_uuid()
        .to_string()
        .into()
}

fn accounts(size: &Size, dice: &mut ChaCha8Rng) -> Vec<Account> {
    let mut taken = HashSet::new();
    (0..size.accounts)
        .map(|number| {
            let id = loop {
                let id = dice.gen_range(100_000_000_000_u64..1_000_000_000_000);
                if taken.insert(id) {
                    break id;
                }
            };
            let line = LINES[number % LINES.len()];
            let environment = ENVIRONMENTS[number / LINES.len() % ENVIRONMENTS.len()];
            let (name, parent) = match number {
                0 => ("management".to_owned(), ROOT.into()),
                1 => ("identity".to_owned(), unit_id("platform")),
                2 => ("log-archive".to_owned(), unit_id("platform")),
                _ => (
                    format!("{line}-{environment}-{number:04}"),
                    unit_id(&format!("{line}{environment}")),
                ),
            };
            let pci = match number % LINES.len() {
                0..=3 => "in",
                4..=5 => "connected",
                _ => "out",
            };
            let tag = |key: &str, value: &str| (Arc::from(key), Arc::from(value));
            let mut tags: BTreeMap<Arc<str>, Arc<str>> = [
                tag("environment", environment),
                tag("pci", pci),
                tag("owner", line),
            ]
            .into();
            if number == 1 {
                tags.insert("leastwise".into(), "host".into());
            }
            Account {
                id: id.to_string().into(),
                email: format!("aws+{number}@generated.example").into(),
                name: name.into(),
                // One in a hundred is suspended and still listed.
                state: if number % 100 == 99 {
                    AccountState::Suspended
                } else {
                    AccountState::Active
                },
                parent,
                tags,
                joined_ms: BEGUN_MS,
                customer_policies: Vec::new(),
            }
        })
        .collect()
}

fn permission_sets(size: &Size, dice: &mut ChaCha8Rng) -> Vec<PermissionSet> {
    let instance = sample::INSTANCE_ARN.replace("instance", "permissionSet");
    (0..size.permission_sets)
        .map(|number| {
            let policy = POLICIES[number % POLICIES.len()];
            let bucket = LINES[number % LINES.len()];
            let short = policy.rsplit('/').next().unwrap_or(policy);
            PermissionSet {
                arn: format!("{instance}/ps-{:016x}", dice.r#gen::<u64>()).into(),
                name: format!("{short:.22}-{number:03}"),
                description: Some(format!("{short} for {bucket}")),
                session_duration: format!("PT{}H", 1 + number % 8),
                relay_state: None,
                managed_policies: vec![format!("arn:aws:iam::aws:policy/{policy}")],
                customer_policies: Vec::new(),
                inline_policy: (number % 3 == 0).then(|| {
                    format!(
                        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["s3:GetObject"],"Resource":"arn:aws:s3:::{bucket}-{number}/*"}}]}}"#
                    )
                }),
                boundary: None,
                tags: BTreeMap::new(),
                created_ms: BEGUN_MS,
                revision: 1,
            }
        })
        .collect()
}

fn groups(size: &Size, dice: &mut ChaCha8Rng) -> Vec<Group> {
    let issuer: Arc<str> = "https://generated.okta.com".into();
    (0..size.groups)
        .map(|number| Group {
            id: uuid(dice),
            display_name: format!("{}-team-{number:04}", LINES[number % LINES.len()]).into(),
            description: None,
            external_ids: if number % 2 == 0 {
                vec![ExternalId {
                    issuer: issuer.clone(),
                    id: format!("g{number}").into(),
                }]
            } else {
                Vec::new()
            },
            created_ms: BEGUN_MS,
            updated_ms: BEGUN_MS,
            revision: 1,
        })
        .collect()
}

fn users(size: &Size, dice: &mut ChaCha8Rng) -> Vec<User> {
    let issuer: Arc<str> = "https://generated.okta.com".into();
    let titles: Vec<Arc<str>> = TITLES.iter().map(|title| (*title).into()).collect();
    let lines: Vec<Arc<str>> = LINES.iter().map(|line| (*line).into()).collect();
    let mut users: Vec<User> = Vec::with_capacity(size.users);
    for number in 0..size.users {
        let (given, family) = (GIVEN[number % 24], FAMILY[number / 24 % 24]);
        let name = format!("{given}.{family}.{number}").to_lowercase();
        // Each manager has eight direct reports.
        let manager = number
            .checked_sub(1)
            .map(|above| users[above / 8].id.clone());
        users.push(User {
            id: uuid(dice),
            email: Some(format!("{name}@generated.example").into()),
            user_name: name.into(),
            given_name: given.into(),
            family_name: family.into(),
            display_name: None,
            title: Some(titles[number % titles.len()].clone()),
            user_type: None,
            department: Some(lines[number % lines.len()].clone()),
            manager,
            profile: serde_json::Map::new(),
            enabled: number % 50 != 49,
            external_ids: vec![ExternalId {
                issuer: issuer.clone(),
                id: format!("u{number}").into(),
            }],
            created_ms: BEGUN_MS,
            updated_ms: BEGUN_MS,
            revision: 1,
        });
    }
    users
}

fn memberships(
    size: &Size,
    groups: &[Group],
    users: &[User],
    dice: &mut ChaCha8Rng,
) -> Vec<Membership> {
    let mut memberships = Vec::with_capacity(users.len() * size.groups_per_user);
    for user in users {
        let mut joined = BTreeSet::new();
        while joined.len() < size.groups_per_user {
            joined.insert(skewed(dice, groups.len()));
        }
        for group in joined {
            memberships.push(Membership {
                id: uuid(dice),
                group: groups[group].id.clone(),
                user: user.id.clone(),
                created_ms: BEGUN_MS,
            });
        }
    }
    memberships
}

/// Returns one assignment for each of exactly `size.pairs` pairs, and distributes the rest over them.
fn assignments(
    size: &Size,
    accounts: &[Account],
    sets: &[PermissionSet],
    (groups, users): (&[Group], &[User]),
    dice: &mut ChaCha8Rng,
) -> Vec<Assignment> {
    let mut pairs = Vec::with_capacity(size.pairs);
    let mut known = HashSet::with_capacity(size.pairs);
    while pairs.len() < size.pairs {
        // The management account gets no role: a delegated administrator could not manage a permission set provisioned
        // there.
        let pair = (dice.gen_range(1..accounts.len()), skewed(dice, sets.len()));
        if known.insert(pair) {
            pairs.push(pair);
        }
    }
    let mut assignments = Vec::with_capacity(size.assignments);
    let mut taken = HashSet::with_capacity(size.assignments);
    while assignments.len() < size.assignments {
        let pair = if assignments.len() < pairs.len() {
            assignments.len()
        } else {
            skewed(dice, pairs.len())
        };
        // Four in five go to groups, one in a thousand to a user who no longer exists.
        let principal = match dice.gen_range(0..1_000) {
            0 => Chosen::Gone,
            1..200 => Chosen::User(dice.gen_range(0..users.len())),
            _ => Chosen::Group(skewed(dice, groups.len())),
        };
        if principal != Chosen::Gone && !taken.insert((pair, principal)) {
            continue;
        }
        let (principal_type, principal_id) = match principal {
            Chosen::Gone => (PrincipalType::User, uuid(dice)),
            Chosen::User(index) => (PrincipalType::User, users[index].id.clone()),
            Chosen::Group(index) => (PrincipalType::Group, groups[index].id.clone()),
        };
        let (account, set) = pairs[pair];
        assignments.push(Assignment {
            account: accounts[account].id.clone(),
            permission_set: sets[set].arn.clone(),
            principal_type,
            principal_id,
        });
    }
    assignments
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Chosen {
    Gone,
    User(usize),
    Group(usize),
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Size, organisation};
    use crate::org::Organisation;

    fn pairs(organisation: &Organisation) -> usize {
        let pairs: HashSet<_> = organisation
            .assignments
            .iter()
            .map(|held| (&held.account, &held.permission_set))
            .collect();
        pairs.len()
    }

    #[test]
    fn medium_has_exactly_its_sizes() {
        let medium = Organisation::medium(7);
        assert_eq!(
            (
                medium.accounts.len(),
                medium.permission_sets.len(),
                medium.groups.len(),
                medium.users.len(),
                medium.assignments.len(),
                pairs(&medium),
            ),
            (500, 150, 800, 8_000, 15_000, 4_950)
        );
    }

    #[test]
    fn large_has_exactly_its_sizes() {
        let large = organisation(&Size::LARGE, 7);
        assert_eq!(
            (
                large.accounts.len(),
                large.permission_sets.len(),
                large.groups.len(),
                large.users.len(),
                large.assignments.len(),
                pairs(&large),
            ),
            (3_000, 500, 5_000, 50_000, 150_000, 41_800)
        );
    }

    #[test]
    fn an_added_group_has_exactly_its_size_and_changes_no_other() {
        let mut medium = Organisation::medium(7);
        let before = (
            medium.groups.len(),
            medium.memberships.len(),
            pairs(&medium),
        );
        super::add_groups(&mut medium, &[20, 2_000], 7);
        let members = |name: &str| {
            let group = medium
                .groups
                .iter()
                .find(|group| &*group.display_name == name);
            let id = &group.expect("added").id;
            medium
                .memberships
                .iter()
                .filter(|one| one.group == *id)
                .count()
        };
        assert_eq!((members("people-20"), members("people-2000")), (20, 2_000));
        let after = (
            medium.groups.len(),
            medium.memberships.len(),
            pairs(&medium),
        );
        assert_eq!(after, (before.0 + 2, before.1 + 2_020, before.2));
    }

    #[test]
    fn the_same_seed_makes_the_same_organisation_and_another_seed_another() {
        let text = |seed| serde_json::to_string(&Organisation::medium(seed)).expect("serializes");
        assert_eq!(text(3), text(3));
        assert_ne!(text(3), text(4));
    }

    #[test]
    fn the_people_who_sign_in_are_linked_by_external_id() {
        let medium = Organisation::medium(1);
        let of_user = |sub: &str| {
            let mut users = medium.users.iter();
            users.find(|user| user.external_ids.iter().any(|ext| &*ext.id == sub))
        };
        let mut unlinked = Vec::new();
        for person in &medium.pool.users {
            match of_user(&person.sub) {
                Some(user) => {
                    assert_eq!(Some(&*user.id), person.identity_store_user_id.as_deref());
                    assert_eq!(*user.user_name, *person.username);
                }
                None => unlinked.push(person.username.as_str()),
            }
        }
        // In the pool but not in the directory, as in the sample.
        assert_eq!(unlinked, ["noor.elamin"]);
    }

    #[test]
    fn names_fit_what_aws_allows() {
        let medium = Organisation::medium(1);
        for set in &medium.permission_sets {
            assert!(set.name.len() <= 32, "{}", set.name);
        }
        let names: HashSet<_> = medium.permission_sets.iter().map(|set| &set.name).collect();
        assert_eq!(names.len(), medium.permission_sets.len());
        for account in &medium.accounts {
            assert!(account.id.len() == 12 && account.id.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
}

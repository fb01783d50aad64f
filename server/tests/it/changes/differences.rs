//! A read model that follows from an older one by difference is the same as one that is built new, after any sequence of
//! reads, deletions, classifications, edits, access windows and overdue removals.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};

use domain::{
    access,
    classification::{Environment, Pci},
    crawl::{SingleRead, take},
    directory::UserStatus,
    engine::{AccessResource, Listing, Presence, WindowRow},
    grant::Window,
    ids::{Assignment, ChangeId, GrantId, GroupId, Pair, Principal, UserId},
    org::SpecialAccounts,
    permission_set::{
        JudgedContent,
        analysis::{Capability, Extent, Finding, PolicyRef},
    },
    policies::{Agreement, RemovalLimits, RemovalPolicies, Rules},
    snapshot::{Gap, Parts, Snapshot},
    time::{Date, Duration, Timestamp},
};
use proptest::prelude::*;
use server::{
    service::app_state::{AccessReasons, ReadModel},
    state::{ELIGIBILITY, GUARDRAILS, REMOVAL_SCHEMA, REMOVALS, SCHEMA},
};

use super::support::company::{self, Company, account, group, person, set, user};

const PEOPLE: [&str; 7] = ["ann", "bob", "cas", "dan", "eve", "fay", "nobody"];
const GROUPS: [&str; 4] = ["operators", "empty", "okta", "gone"];
const ACCOUNTS: [&str; 6] = [
    "cards-prod",
    "cards-staging",
    "web-prod",
    "web-dev",
    "master",
    "nowhere",
];
const SETS: [&str; 5] = ["viewer", "reader", "administrator", "unknown", "nothing"];

/// The policies, and one that names a group: then access by any path depends on who is a member.
static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| {
    let named = format!(
        "@id(\"no-operators\") @reason(\"r\") @control(\"c\") @title(\"t\")\n\
         forbid (principal in Group::\"{}\", action, resource) when {{ context.direct && resource.production_pci }};\n",
        group("operators")
    );
    let limits = RemovalLimits::default();
    let removals = RemovalPolicies::parse(REMOVAL_SCHEMA, REMOVALS, limits).unwrap();
    let rules = Rules::parse(SCHEMA, ELIGIBILITY, &format!("{GUARDRAILS}\n{named}")).unwrap();
    Arc::new(rules.with_removals(removals).unwrap())
});

/// The policies of this build.
static OTHER_RULES: LazyLock<Arc<Rules>> =
    LazyLock::new(|| Arc::new(server::state::rules(RemovalLimits::default()).unwrap()));

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    Read(SingleRead),
    Classified(usize, Environment, Pci),
    Renamed(usize),
    Left(usize),
    SetGone(usize),
    UserGone(usize),
    UserDisabled(usize),
    GroupGone(usize),
    /// A crawl that finds everything as it was.
    ReadAgain,
    NeverRead(Vec<Gap>),
    Opened(usize, AccessResource, Option<i64>, BTreeSet<usize>),
    Closed(usize),
    Overdue(BTreeMap<AccessResource, Timestamp>),
    DayBegins,
    /// Other policies are put in force.
    OtherRules,
}

fn principal() -> impl Strategy<Value = Principal> {
    prop_oneof![
        (0..PEOPLE.len()).prop_map(|one| Principal::User(user(PEOPLE[one]))),
        (0..GROUPS.len()).prop_map(|one| Principal::Group(group(GROUPS[one]))),
    ]
}

fn pair() -> impl Strategy<Value = Pair> {
    (0..ACCOUNTS.len(), 0..SETS.len())
        .prop_map(|(at, with)| company::pair(ACCOUNTS[at], SETS[with]))
}

fn people() -> impl Strategy<Value = BTreeSet<UserId>> {
    prop::collection::btree_set((0..PEOPLE.len()).prop_map(|one| user(PEOPLE[one])), 0..4)
}

fn some_group() -> impl Strategy<Value = GroupId> {
    (0..GROUPS.len()).prop_map(|one| group(GROUPS[one]))
}

fn resource() -> impl Strategy<Value = AccessResource> {
    prop_oneof![
        3 => (pair(), principal())
            .prop_map(|(pair, principal)| AccessResource::Assignment(Assignment { pair, principal })),
        1 => (some_group(), 0..PEOPLE.len())
            .prop_map(|(group, who)| AccessResource::Membership { group, user: user(PEOPLE[who]) }),
    ]
}

fn class() -> impl Strategy<Value = (Environment, Pci)> {
    let environments = [
        Environment::Production,
        Environment::Staging,
        Environment::Development,
        Environment::Management,
    ];
    (
        prop::sample::select(environments.to_vec()),
        prop::sample::select(vec![Pci::In, Pci::Out]),
    )
}

fn edited() -> impl Strategy<Value = SingleRead> {
    let capability = prop::option::of(prop::sample::select(vec![
        Capability::Administrator,
        Capability::ReadsData,
        Capability::LogsAndGuardrails,
    ]));
    let outdated =
        prop::collection::btree_set((0..5_usize).prop_map(|at| account(ACCOUNTS[at])), 0..3);
    (0..4_usize, capability, outdated).prop_map(|(which, capability, outdated)| {
        let mut edited = Company::new().parts.sets[&set(SETS[which])].clone();
        edited.analysis.findings = capability
            .map(|capability| Finding {
                capability,
                reason: "as the test says".into(),
                policy: PolicyRef::Inline,
                statement: Some(0),
                actions: vec![],
                more: 0,
                unreviewed: 0,
            })
            .into_iter()
            .collect();
        edited.analysis.extents = capability
            .map(|capability| (capability, Extent::default()))
            .into_iter()
            .collect();
        SingleRead::Set {
            set: Box::new(edited),
            outdated,
        }
    })
}

fn read() -> impl Strategy<Value = SingleRead> {
    prop_oneof![
        6 => (pair(), prop::collection::btree_set(principal(), 0..4))
            .prop_map(|(pair, principals)| SingleRead::Listing(Listing::Pair { pair, principals })),
        2 => (some_group(), people())
            .prop_map(|(group, members)| SingleRead::Listing(Listing::Group { group, members })),
        2 => (some_group(), 0..PEOPLE.len(), any::<bool>()).prop_map(|(group, who, is_in)| {
            let presence = if is_in { Presence::Present } else { Presence::Absent };
            SingleRead::Listing(Listing::Membership { group, user: user(PEOPLE[who]), presence })
        }),
        1 => (some_group(), people()).prop_map(|(group, users)| SingleRead::MembersSeen { group, users }),
        2 => edited(),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let gaps = vec![
        Gap::Users,
        Gap::Groups,
        Gap::Accounts,
        Gap::Sets,
        Gap::MembersOf(group("empty")),
        Gap::AssignmentsOf(company::pair("web-dev", "viewer")),
    ];
    prop_oneof![
        12 => read().prop_map(Step::Read),
        3 => (0..5_usize, class()).prop_map(|(at, (environment, pci))| Step::Classified(at, environment, pci)),
        1 => (0..5_usize).prop_map(Step::Renamed),
        1 => (0..5_usize).prop_map(Step::Left),
        1 => (0..4_usize).prop_map(Step::SetGone),
        1 => (0..6_usize).prop_map(Step::UserGone),
        1 => (0..6_usize).prop_map(Step::UserDisabled),
        1 => (0..3_usize).prop_map(Step::GroupGone),
        1 => Just(Step::ReadAgain),
        1 => prop::sample::subsequence(gaps, 0..=6).prop_map(Step::NeverRead),
        4 => (0..6_usize, resource(), prop::option::of(1..600_i64), prop::collection::btree_set(0..6_usize, 0..3))
            .prop_map(|(grant, key, minutes, agreed)| Step::Opened(grant, key, minutes, agreed)),
        2 => (0..6_usize).prop_map(Step::Closed),
        1 => prop::collection::btree_map(resource(), (0..9_i64).prop_map(Timestamp), 0..3).prop_map(Step::Overdue),
        2 => Just(Step::DayBegins),
        1 => Just(Step::OtherRules),
    ]
}

/// The stored state, and both read models of it.
struct Sequence {
    parts: Parts,
    rows: BTreeMap<GrantId, WindowRow>,
    agreed: BTreeMap<ChangeId, Agreement>,
    overdue: BTreeMap<AccessResource, Timestamp>,
    by_difference: ReadModel,
    rules: &'static Arc<Rules>,
    now: i64,
    days: i64,
}

/// A day after the first one.
fn day(n: i64) -> Option<Date> {
    Date::of(Timestamp(0) + Duration::days(n))
}

fn grant(n: usize) -> GrantId {
    GrantId::parse(&format!("00000005-0000-4000-8000-{n:012}")).unwrap()
}

impl Sequence {
    fn new() -> Self {
        let mut parts = Company::new().parts;
        parts.coverage.newest = Some(Timestamp(1));
        let snapshot = Snapshot::new(parts.clone());
        let (special, reasons) = (SpecialAccounts::default(), AccessReasons::default());
        Self {
            by_difference: ReadModel::new(snapshot, special, reasons, &RULES),
            rules: &RULES,
            parts,
            rows: BTreeMap::new(),
            agreed: BTreeMap::new(),
            overdue: BTreeMap::new(),
            now: 10,
            days: 0,
        }
    }

    fn happens(&mut self, step: &Step) {
        self.now += 1;
        let mut written = BTreeSet::new();
        let parts = &mut self.parts;
        let account_of = |at: &usize| account(ACCOUNTS[*at]);
        match step {
            Step::Read(read) => {
                if let Some(next) = take(parts, read, Timestamp(self.now)) {
                    *parts = next;
                }
            }
            Step::Classified(at, environment, pci) => {
                let mut known = parts.accounts.get(&account_of(at)).cloned();
                let known = known
                    .get_or_insert_with(|| Company::new().parts.accounts[&account_of(at)].clone());
                (known.1.environment, known.1.pci) = (*environment, *pci);
                parts.accounts.insert(account_of(at), known.clone());
            }
            Step::Renamed(at) => {
                if let Some((known, _)) = parts.accounts.get_mut(&account_of(at)) {
                    known.name.push('z');
                }
            }
            Step::Left(at) => drop(parts.accounts.remove(&account_of(at))),
            Step::SetGone(which) => drop(parts.sets.remove(&set(SETS[*which]))),
            Step::UserGone(who) => drop(parts.users.remove(&user(PEOPLE[*who]))),
            Step::UserDisabled(who) => {
                if let Some(known) = parts.users.get_mut(&user(PEOPLE[*who])) {
                    known.status = UserStatus::Disabled;
                }
            }
            Step::GroupGone(which) => {
                parts.groups.remove(&group(GROUPS[*which]));
                parts.members.remove(&group(GROUPS[*which]));
            }
            Step::ReadAgain => {
                for pair in parts.pairs.clone().keys() {
                    parts.pairs.get_mut(pair).unwrap().as_of = Timestamp(self.now);
                }
                parts.coverage.newest = Some(Timestamp(self.now));
            }
            Step::NeverRead(gaps) => parts.coverage.never_read.clone_from(gaps),
            Step::Opened(n, key, minutes, agreed) => {
                let change = format!("00000006-0000-4000-8000-{:012}", self.now);
                let change = ChangeId::parse(&change).unwrap();
                let viewer = Company::new().parts.sets[&set("viewer")].clone();
                let agreed = Agreement {
                    approvals: agreed.iter().map(|who| person(PEOPLE[*who])).collect(),
                    gaining: ["bob", "eve"]
                        .map(|who| (user(who), company::pair("cards-prod", "viewer")))
                        .into(),
                    sets: [(viewer.arn.clone(), JudgedContent::of(&viewer))]
                        .into_iter()
                        .collect(),
                    review_on: minutes.and_then(|minutes| day(minutes % 5)),
                };
                self.agreed.insert(change.clone(), agreed);
                // The resource of a window never changes.
                let key = self
                    .rows
                    .get(&grant(*n))
                    .map_or(key, |row| &row.key)
                    .clone();
                let window = Window {
                    grant: grant(*n),
                    change,
                    starts: Timestamp(0),
                    ends: minutes.map(|minutes| Timestamp(0) + Duration::minutes(minutes)),
                    ended: None,
                };
                let row = WindowRow {
                    key,
                    window,
                    delivery: None,
                    over: None,
                };
                self.rows.insert(grant(*n), row);
                written.insert(grant(*n));
            }
            Step::Closed(n) => {
                self.rows.remove(&grant(*n));
                written.insert(grant(*n));
            }
            Step::Overdue(overdue) => self.overdue = overdue.clone(),
            Step::DayBegins => self.days += 1,
            Step::OtherRules => {
                let named = self.rules.version() == RULES.version();
                self.rules = if named { &OTHER_RULES } else { &RULES };
            }
        }
        let rows = self
            .rows
            .values()
            .filter(|row| written.contains(&row.window.grant));
        let (rows, agreed) = (rows.cloned().collect(), self.agreed.clone());
        let known = &self.by_difference.reasons;
        let reasons = known.updated(&written, rows, agreed, self.overdue.clone());
        let reasons = reasons.on(day(self.days));
        let (parts, special) = (self.parts.clone(), SpecialAccounts::default());
        self.by_difference = self
            .by_difference
            .updated(parts, special, reasons, self.rules);
    }

    fn built_new(&self) -> ReadModel {
        let rows = self.rows.values().cloned().collect();
        let reasons = AccessReasons::of(rows, self.agreed.clone(), self.overdue.clone());
        let reasons = reasons.on(day(self.days));
        let snapshot = Snapshot::new(self.parts.clone());
        ReadModel::new(snapshot, SpecialAccounts::default(), reasons, self.rules)
    }
}

/// Panics at the first thing that the two read models show differently.
fn assert_same(one: &ReadModel, other: &ReadModel) {
    let all = |of: fn(&ReadModel) -> String| assert_eq!(of(one), of(other));
    assert_eq!(one.rules.version(), other.rules.version());
    assert_eq!(one.snapshot.parts(), other.snapshot.parts());
    all(|model| format!("{:?}", model.snapshot.never_read()));
    for who in PEOPLE {
        let of = |model: &ReadModel| {
            let snapshot = &model.snapshot;
            let reach: Vec<_> = access::reach_of(snapshot, &user(who)).collect();
            (
                reach,
                snapshot.groups_of(&user(who)).to_vec(),
                snapshot.pairs_of(&Principal::User(user(who))).to_vec(),
                snapshot.user_of(&person(who)).cloned(),
            )
        };
        assert_eq!(of(one), of(other), "{who}");
    }
    for name in GROUPS {
        let of = |model: &ReadModel| {
            let pairs = model.snapshot.pairs_of(&Principal::Group(group(name)));
            pairs.to_vec()
        };
        assert_eq!(of(one), of(other), "{name}");
    }
    for name in SETS {
        let of = |model: &ReadModel| model.snapshot.is_in_management(&set(name));
        assert_eq!(of(one), of(other), "{name}");
    }
    let orphans = |model: &ReadModel| -> Vec<(Pair, Principal)> {
        let orphans = access::orphans(&model.snapshot);
        orphans
            .map(|(pair, who)| (pair.clone(), who.clone()))
            .collect()
    };
    assert_eq!(orphans(one), orphans(other));
    assert_eq!(one.reasons.windows, other.reasons.windows);
    assert_eq!(one.reasons.records, other.reasons.records);
    assert_eq!(one.pci_findings, other.pci_findings);
    let (left, right) = (&one.exposure, &other.exposure);
    assert_eq!(left.totals, right.totals);
    assert_eq!(left.people, right.people);
    let counts = |model: &ReadModel| {
        let exposure = &model.exposure;
        [
            exposure.standing_people,
            exposure.administrators,
            exposure.disabled_people,
        ]
    };
    assert_eq!(counts(one), counts(other));
    assert_eq!(left.top_exposed, right.top_exposed);
    assert_eq!(left.findings(), right.findings());
    assert!(one.index.accounts().eq(other.index.accounts()), "accounts");
    all(|model| format!("{:#?}", model.index.people().collect::<Vec<_>>()));
    all(|model| format!("{:#?}", model.index.groups().collect::<Vec<_>>()));
    all(|model| format!("{:#?}", model.index.sets().collect::<Vec<_>>()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_read_model_by_difference_is_the_one_that_is_built_new(
        steps in prop::collection::vec(step(), 1..25)
    ) {
        let mut sequence = Sequence::new();
        for step in &steps {
            sequence.happens(step);
            assert_same(&sequence.by_difference, &sequence.built_new());
        }
    }
}

#[test]
fn a_read_of_one_pair_copies_nothing_that_it_does_not_touch() {
    let mut sequence = Sequence::new();
    let listing = |who: &str| Listing::Pair {
        pair: company::pair("cards-prod", "viewer"),
        principals: [Principal::User(user(who))].into(),
    };
    sequence.happens(&Step::Read(SingleRead::Listing(listing("bob"))));
    let before = sequence.by_difference.clone();
    sequence.happens(&Step::Read(SingleRead::Listing(listing("eve"))));
    let (before, after) = (
        before.snapshot.parts(),
        sequence.by_difference.snapshot.parts(),
    );
    assert!(!after.pairs.is_shared_with(&before.pairs));
    assert!(after.users.is_shared_with(&before.users));
    assert!(after.members.is_shared_with(&before.members));
    assert!(after.accounts.is_shared_with(&before.accounts));
    assert!(after.sets.is_shared_with(&before.sets));
}

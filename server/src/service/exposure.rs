//! The exposure of production PCI, computed once per read model so that the home page only reads it. Computed from the
//! assignments of each principal and never path by path, because a large organization has millions of paths.

mod bit_set;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use domain::{
    access,
    directory::UserStatus,
    grant::Window,
    ids::{AccountId, Assignment, PermissionSetArn, Principal, UserId},
    snapshot::Snapshot,
    verdict::{Hit, Tally},
};

use self::bit_set::BitSet;
use super::{
    index::{Roster, powerful, stands},
    pci_findings::PciFindings,
};

/// The maximum number of people listed on the home page.
const TOP_EXPOSED: usize = 12;
/// The maximum number of accounts and permission sets listed in one row.
const NAMED: usize = 3;

/// The access of one person to production PCI.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PersonExposure {
    pub accounts: u32,
    /// The number of permission sets.
    pub sets: u32,
    pub paths: u32,
    /// The number of paths that are direct assignments.
    pub direct: u32,
    /// The number of paths that are standing.
    pub standing: u32,
    /// The number of paths that make the person an administrator or let them become one.
    pub powerful: u32,
}

/// A person who is listed on the home page.
#[derive(Debug, Clone)]
pub struct TopExposed {
    pub user: UserId,
    /// The strictest accounts of the person.
    pub accounts: Vec<AccountId>,
    /// The riskiest permission sets of the person.
    pub sets: Vec<PermissionSetArn>,
}

/// The findings of one policy in production PCI.
#[derive(Debug, Clone)]
pub struct PolicyViolations {
    /// The policy, as displayed.
    pub hit: Hit,
    /// The number of affected assignments.
    pub assignments: usize,
    /// The number of people with access through these assignments.
    pub people: usize,
    pub accounts: BTreeSet<AccountId>,
    /// The strictest of the accounts.
    pub named: Vec<AccountId>,
}

/// The exposure of production PCI.
#[derive(Debug, Clone, Default)]
pub struct Exposure {
    /// The number of accounts that count as production PCI.
    pub accounts: usize,
    /// Those of them whose classification is assumed.
    pub unclassified: usize,
    /// The number of all accounts of which AWS reports a less strict classification than is on record.
    pub waiting_accounts: usize,
    /// The people with access to these accounts.
    pub people: BTreeMap<UserId, PersonExposure>,
    /// The number of people with standing access.
    pub standing_people: usize,
    /// The number of people who are administrators there or can become one.
    pub administrators: usize,
    /// The most exposed people, in order.
    pub top_exposed: Vec<TopExposed>,
    /// The number of standing assignments.
    pub standing_assignments: usize,
    /// The number of temporary assignments.
    pub temporary_assignments: usize,
    /// The number of assignments whose principal is deleted from the directory.
    pub orphans: usize,
    /// The number of them that are standing.
    pub standing_orphans: usize,
    /// The number of people who are disabled in the directory.
    pub disabled_people: usize,
    /// The number of assignments with policy findings.
    pub against: Tally,
    /// The number of paths of all people.
    pub paths: usize,
    /// The number of standing paths.
    pub standing_paths: usize,
    /// The number of paths with policy findings.
    pub paths_against: Tally,
    /// The findings by policy id, most assignments first.
    pub findings: Vec<(String, PolicyViolations)>,
}

/// Computes the exposure.
pub fn expose(
    snapshot: &Snapshot,
    windows: &BTreeMap<Assignment, Vec<Window>>,
    pci_findings: &BTreeMap<AccountId, Arc<PciFindings>>,
    roster: &Roster<'_>,
) -> Exposure {
    let mut out = Exposure {
        accounts: pci_findings.len(),
        unclassified: pci_findings
            .keys()
            .filter_map(|id| snapshot.account(id))
            .filter(|(_, class)| class.is_assumed())
            .count(),
        waiting_accounts: snapshot
            .parts()
            .accounts
            .values()
            .filter(|(_, class)| class.waiting.is_some())
            .count(),
        against: pci_findings.values().map(|one| one.assignments).sum(),
        paths_against: pci_findings.values().map(|one| one.paths).sum(),
        ..Exposure::default()
    };
    let opened = opened(snapshot, windows, pci_findings, roster, &mut out);
    out.people = people(snapshot, &opened, roster);
    let count = |which: fn(&PersonExposure) -> u32| {
        out.people.values().filter(|one| which(one) > 0).count()
    };
    out.standing_people = count(|one| one.standing);
    out.administrators = count(|one| one.powerful);
    let disabled = out.people.keys().filter(|user| {
        let user = snapshot.user(user);
        user.is_some_and(|user| user.status == UserStatus::Disabled)
    });
    out.disabled_people = disabled.count();
    out.top_exposed = top_exposed(snapshot, pci_findings, &out.people);
    out.findings = findings(snapshot, pci_findings, roster);
    out
}

/// The access that one principal's assignments give in production PCI.
#[derive(Default)]
struct PrincipalReach {
    accounts: BitSet,
    sets: BitSet,
    paths: u32,
    standing: u32,
    powerful: u32,
}

fn opened<'a>(
    snapshot: &'a Snapshot,
    windows: &BTreeMap<Assignment, Vec<Window>>,
    pci_findings: &'a BTreeMap<AccountId, Arc<PciFindings>>,
    roster: &Roster<'_>,
    out: &mut Exposure,
) -> HashMap<&'a Principal, PrincipalReach> {
    let mut opened: HashMap<&Principal, PrincipalReach> = HashMap::new();
    let mut sets: HashMap<&PermissionSetArn, (usize, bool)> = HashMap::new();
    for (account_number, account) in pci_findings.keys().enumerate() {
        for (pair, read) in snapshot.pairs_in(account) {
            let next = sets.len();
            let (set_number, power) = *sets.entry(&pair.set).or_insert_with(|| {
                let set = snapshot.set(&pair.set);
                (next, set.is_some_and(|set| powerful(&set.analysis)))
            });
            for principal in read.principals.keys() {
                let (paths, standing) = (
                    roster.behind(principal).len(),
                    stands(windows, pair, principal),
                );
                if snapshot.is_gone(principal) {
                    out.orphans += 1;
                    out.standing_orphans += usize::from(standing);
                }
                out.paths += paths;
                if standing {
                    out.standing_assignments += 1;
                    out.standing_paths += paths;
                } else {
                    out.temporary_assignments += 1;
                }
                let opens = opened.entry(principal).or_default();
                opens.accounts.insert(account_number);
                opens.sets.insert(set_number);
                opens.paths += 1;
                opens.standing += u32::from(standing);
                opens.powerful += u32::from(power);
            }
        }
    }
    opened
}

fn people(
    snapshot: &Snapshot,
    opened: &HashMap<&Principal, PrincipalReach>,
    roster: &Roster<'_>,
) -> BTreeMap<UserId, PersonExposure> {
    let mut found = BTreeMap::new();
    let (mut accounts, mut sets) = (BitSet::default(), BitSet::default());
    for (user, known) in roster.everybody() {
        let direct = known
            .then(|| opened.get(&Principal::User(user.clone())))
            .flatten();
        let groups = snapshot.groups_of(user).iter();
        let through = groups.filter_map(|group| opened.get(&Principal::Group(group.clone())));
        let mut exposure = PersonExposure {
            direct: direct.map_or(0, |direct| direct.paths),
            ..PersonExposure::default()
        };
        accounts.clear();
        sets.clear();
        for opens in direct.into_iter().chain(through) {
            accounts.extend(&opens.accounts);
            sets.extend(&opens.sets);
            exposure.paths += opens.paths;
            exposure.standing += opens.standing;
            exposure.powerful += opens.powerful;
        }
        if exposure.paths > 0 {
            (exposure.accounts, exposure.sets) = (accounts.len(), sets.len());
            found.insert(user.clone(), exposure);
        }
    }
    found
}

/// Returns the most exposed people: administrators first, then those with standing access, then by the number of
/// accounts.
fn top_exposed(
    snapshot: &Snapshot,
    pci_findings: &BTreeMap<AccountId, Arc<PciFindings>>,
    people: &BTreeMap<UserId, PersonExposure>,
) -> Vec<TopExposed> {
    let mut ranked: Vec<_> = people
        .iter()
        .map(|(user, one)| {
            let weight = (one.powerful > 0, one.standing > 0, one.accounts, one.paths);
            (Reverse(weight), user)
        })
        .collect();
    if ranked.len() > TOP_EXPOSED {
        ranked.select_nth_unstable(TOP_EXPOSED);
        ranked.truncate(TOP_EXPOSED);
    }
    ranked.sort_unstable();
    ranked
        .into_iter()
        .map(|(_, user)| {
            let (mut accounts, mut sets) = (BTreeSet::new(), BTreeSet::new());
            for reach in access::reach_of(snapshot, user) {
                if pci_findings.contains_key(&reach.pair.account) {
                    accounts.insert(reach.pair.account);
                    sets.insert(reach.pair.set);
                }
            }
            TopExposed {
                user: user.clone(),
                accounts: strictest(snapshot, &accounts),
                sets: riskiest(snapshot, &sets),
            }
        })
        .collect()
}

/// Returns the first few accounts, those in PCI scope first, then the strictest.
fn strictest(snapshot: &Snapshot, accounts: &BTreeSet<AccountId>) -> Vec<AccountId> {
    let mut all: Vec<(_, &AccountId)> = accounts
        .iter()
        .map(|id| {
            let class = snapshot.account(id).map(|(_, class)| class);
            (
                class.map(|class| Reverse((class.pci, class.environment))),
                id,
            )
        })
        .collect();
    all.sort();
    all.into_iter()
        .take(NAMED)
        .map(|(_, id)| id.clone())
        .collect()
}

/// Returns the first few permission sets, riskiest first.
fn riskiest(snapshot: &Snapshot, sets: &BTreeSet<PermissionSetArn>) -> Vec<PermissionSetArn> {
    let mut all: Vec<_> = sets
        .iter()
        .map(|arn| {
            let set = super::names::set(snapshot, arn);
            (
                set.risks.is_empty(),
                set.risks.first().copied(),
                set.name,
                arn,
            )
        })
        .collect();
    all.sort();
    all.into_iter()
        .take(NAMED)
        .map(|(.., arn)| arn.clone())
        .collect()
}

fn findings(
    snapshot: &Snapshot,
    pci_findings: &BTreeMap<AccountId, Arc<PciFindings>>,
    roster: &Roster<'_>,
) -> Vec<(String, PolicyViolations)> {
    // By policy: the findings, and the affected people.
    let mut by_rule: BTreeMap<&str, (PolicyViolations, HashMap<*const UserId, &[UserId]>)> =
        BTreeMap::new();
    for (account, one) in pci_findings {
        for violated in &one.violated {
            let hit = violated.hit();
            let (found, people) = by_rule.entry(&hit.rule).or_insert_with(|| {
                let found = PolicyViolations {
                    hit: hit.clone(),
                    assignments: 0,
                    people: 0,
                    accounts: BTreeSet::new(),
                    named: Vec::new(),
                };
                (found, HashMap::new())
            });
            if hit.remedy.is_none() && found.hit.remedy.is_some() {
                found.hit = hit.clone();
            }
            found.assignments += violated.assignments as usize;
            found.accounts.insert(account.clone());
            people.extend(violated.people.iter().map(|all| (all.as_ptr(), &**all)));
        }
    }
    let mut numbers: HashMap<*const UserId, Vec<usize>> = HashMap::new();
    let mut findings: Vec<_> = by_rule
        .into_iter()
        .map(|(rule, (mut found, people))| {
            let mut seen = BitSet::default();
            for (at, all) in people {
                let numbers = numbers
                    .entry(at)
                    .or_insert_with(|| all.iter().filter_map(|user| roster.number(user)).collect());
                for number in numbers {
                    seen.insert(*number);
                }
            }
            found.people = seen.len() as usize;
            found.named = strictest(snapshot, &found.accounts);
            (rule.to_owned(), found)
        })
        .collect();
    findings.sort_by(|(a_rule, a), (b_rule, b)| {
        b.assignments
            .cmp(&a.assignments)
            .then_with(|| a_rule.cmp(b_rule))
    });
    findings
}

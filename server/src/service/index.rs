//! Lists in the order in which pages show them, with the numbers beside each name, worked out once per
//! world: a list of 50,000 people is only searched and cut on a request. Holds ids and numbers, never a
//! second copy of what was observed.

mod words;

pub use words::Words;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use domain::{
    grant::Window,
    guardrails::{Held, Holder},
    ids::{AccountId, Assignment, GroupId, Pair, PermissionSetArn, Principal, UserId},
    permission_set::analysis::{Analysis, Risk},
    snapshot::{PairRead, Provisioned, Snapshot},
};

use super::exposure::{Exposed, Reacher};

/// A person, in the list of people.
#[derive(Debug)]
pub struct PersonEntry {
    /// Who.
    pub id: UserId,
    /// What a search looks at, in lower case.
    pub text: Box<str>,
    /// Groups they are in.
    pub groups: u32,
    /// Accounts they reach.
    pub accounts: u32,
    /// Production PCI accounts they reach.
    pub production_pci: u32,
}

/// An account, on the board.
#[derive(Debug)]
pub struct AccountEntry {
    /// Which.
    pub id: AccountId,
    /// What a search looks at, in lower case.
    pub text: Box<str>,
    /// People who can reach it.
    pub people: u32,
    /// Assignments without an end.
    pub standing: u32,
    /// Assignments that the guardrails speak against; none outside production PCI.
    pub findings: Option<u32>,
}

/// A group, in the list of groups.
#[derive(Debug)]
pub struct GroupEntry {
    /// Which.
    pub id: GroupId,
    /// What a search looks at, in lower case.
    pub text: Box<str>,
    /// Accounts that it opens.
    pub accounts: u32,
    /// Production PCI accounts that it opens.
    pub production_pci: u32,
}

/// A permission set, in the list of sets.
#[derive(Debug)]
pub struct SetEntry {
    /// Which.
    pub arn: PermissionSetArn,
    /// What a search looks at, in lower case.
    pub text: Box<str>,
    /// Accounts that hold it.
    pub accounts: u32,
    /// Production PCI accounts that hold it.
    pub production_pci: u32,
    /// People who can use it somewhere.
    pub people: u32,
    /// Accounts that hold an older content.
    pub outdated: u32,
}

/// Every list.
#[derive(Debug, Default)]
pub struct Index {
    /// By name.
    pub people: Vec<PersonEntry>,
    /// Most exposed first.
    pub accounts: Vec<AccountEntry>,
    /// By name.
    pub groups: Vec<GroupEntry>,
    /// Riskiest first.
    pub sets: Vec<SetEntry>,
    /// Who reaches production PCI, most exposed first.
    pub exposed: Vec<UserId>,
    /// Of them, how many have access without an end.
    pub standing_people: usize,
    /// Of them, how many are administrator there, or could become it.
    pub administrators: usize,
    /// Assignments in production PCI that the guardrails speak against.
    pub against: usize,
}

impl Index {
    /// Works out every list.
    pub fn new(
        snapshot: &Snapshot,
        windows: &BTreeMap<Assignment, Vec<Window>>,
        held: &BTreeMap<AccountId, Arc<Vec<Held>>>,
        exposure: &Exposed,
    ) -> Self {
        let findings: BTreeMap<&AccountId, u32> = held
            .iter()
            .map(|(id, held)| (id, spoken_against(held)))
            .collect();
        let users = Users::of(snapshot);
        let (accounts, reached) = accounts(snapshot, windows, &findings, &users);
        let mut exposed: Vec<(&UserId, &Reacher)> = exposure.people.iter().collect();
        exposed
            .sort_by(|(a_id, a), (b_id, b)| weight(b).cmp(&weight(a)).then_with(|| a_id.cmp(b_id)));
        Self {
            people: people(snapshot, &users, &reached),
            accounts,
            groups: groups(snapshot),
            sets: sets(snapshot, &users),
            standing_people: exposed
                .iter()
                .filter(|(_, reacher)| reacher.standing > 0)
                .count(),
            administrators: exposed
                .iter()
                .filter(|(_, reacher)| reacher.powerful > 0)
                .count(),
            exposed: exposed.into_iter().map(|(id, _)| id.clone()).collect(),
            against: findings.values().map(|count| *count as usize).sum(),
        }
    }
}

/// Power first, then what stands, then breadth.
fn weight(reacher: &Reacher) -> (bool, bool, usize, usize) {
    (
        reacher.powerful > 0,
        reacher.standing > 0,
        reacher.accounts.len(),
        reacher.paths,
    )
}

/// Whether a set makes its holder an administrator, or lets them become one.
pub fn powerful(analysis: &Analysis) -> bool {
    [
        Risk::Administrator,
        Risk::Escalation,
        Risk::IdentityCenterTakeover,
    ]
    .into_iter()
    .any(|risk| analysis.has(risk))
}

fn text(parts: &[&str]) -> Box<str> {
    parts.join("\n").to_lowercase().into_boxed_str()
}

fn spoken_against(held: &[Held]) -> u32 {
    let assignments: BTreeSet<(&Pair, Principal)> = held
        .iter()
        .filter(|one| !one.hits.is_empty())
        .map(|one| match &one.holder {
            Holder::Person { reach } => (&reach.pair, reach.principal()),
            Holder::EmptyGroup { assignment, .. } | Holder::Orphan { assignment, .. } => {
                (&assignment.pair, assignment.principal.clone())
            }
        })
        .collect();
    count(assignments.len())
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Users and group members as small numbers, so that millions of memberships are walked in milliseconds.
struct Users<'a> {
    number: HashMap<&'a UserId, u32>,
    members: HashMap<&'a GroupId, Vec<u32>>,
}

impl<'a> Users<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        let parts = snapshot.parts();
        let mut number: HashMap<&UserId, u32> = HashMap::with_capacity(parts.users.len());
        for id in parts.users.keys() {
            let next = count(number.len());
            number.insert(id, next);
        }
        let mut members = HashMap::with_capacity(parts.members.len());
        for (group, users) in &parts.members {
            let mut numbers = Vec::with_capacity(users.len());
            for user in users {
                let next = count(number.len());
                numbers.push(*number.entry(user).or_insert(next));
            }
            members.insert(group, numbers);
        }
        Self { number, members }
    }

    /// Who reaches a pair, some of them more than once.
    fn behind<'b>(&'b self, read: &'b PairRead) -> impl Iterator<Item = u32> + 'b {
        read.principals.keys().flat_map(move |principal| {
            let (one, many) = match principal {
                Principal::User(user) => (self.number.get(user).copied(), None),
                Principal::Group(group) => (None, self.members.get(group)),
            };
            one.into_iter().chain(many.into_iter().flatten().copied())
        })
    }
}

/// How much each user reaches: accounts, and production PCI accounts.
type Reached = Vec<(u32, u32)>;

fn accounts(
    snapshot: &Snapshot,
    windows: &BTreeMap<Assignment, Vec<Window>>,
    findings: &BTreeMap<&AccountId, u32>,
    users: &Users<'_>,
) -> (Vec<AccountEntry>, Reached) {
    let mut reached: Reached = vec![(0, 0); users.number.len()];
    let mut seen = vec![0_u32; users.number.len()];
    let mut entries = Vec::with_capacity(snapshot.parts().accounts.len());
    for (round, (id, (account, class))) in (1_u32..).zip(&snapshot.parts().accounts) {
        let guarded = u32::from(class.counts_as_production_pci());
        let (mut people, mut standing) = (0, 0);
        for (pair, read) in snapshot.pairs_in(id) {
            standing += read
                .principals
                .keys()
                .filter(|principal| stands(windows, pair, principal))
                .count();
            for user in users.behind(read) {
                let at = user as usize;
                if seen[at] != round {
                    seen[at] = round;
                    people += 1;
                    reached[at].0 += 1;
                    reached[at].1 += guarded;
                }
            }
        }
        let findings = findings.get(id).copied();
        let text = text(&[&account.name, id.as_str(), &account.email]);
        entries.push(AccountEntry {
            id: id.clone(),
            text,
            people,
            standing: count(standing),
            findings,
        });
    }
    entries.sort_by(|a, b| {
        (b.findings, b.people)
            .cmp(&(a.findings, a.people))
            .then_with(|| a.text.cmp(&b.text))
    });
    (entries, reached)
}

fn stands(windows: &BTreeMap<Assignment, Vec<Window>>, pair: &Pair, principal: &Principal) -> bool {
    if windows.is_empty() {
        return true;
    }
    let assignment = Assignment {
        pair: pair.clone(),
        principal: principal.clone(),
    };
    windows
        .get(&assignment)
        .is_none_or(|all| all.iter().any(|window| window.stops().is_none()))
}

fn people(snapshot: &Snapshot, users: &Users<'_>, reached: &Reached) -> Vec<PersonEntry> {
    let mut entries: Vec<PersonEntry> = snapshot
        .parts()
        .users
        .iter()
        .map(|(id, user)| {
            let (accounts, production_pci) = users
                .number
                .get(id)
                .and_then(|at| reached.get(*at as usize))
                .copied()
                .unwrap_or_default();
            let email = user.email.as_deref().unwrap_or_default();
            // The address often is the sign-in name: then it stands here once.
            let email = if email == user.user_name { "" } else { email };
            let title = user.title.as_deref().unwrap_or_default();
            PersonEntry {
                id: id.clone(),
                text: text(&[&user.display_name, &user.user_name, email, title]),
                groups: count(snapshot.groups_of(id).len()),
                accounts,
                production_pci,
            }
        })
        .collect();
    entries.sort_by(|a, b| a.text.cmp(&b.text).then_with(|| a.id.cmp(&b.id)));
    entries
}

fn groups(snapshot: &Snapshot) -> Vec<GroupEntry> {
    let mut entries: Vec<GroupEntry> = snapshot
        .parts()
        .groups
        .iter()
        .map(|(id, group)| {
            let opens: BTreeSet<&AccountId> = snapshot
                .pairs_of(&Principal::Group(id.clone()))
                .iter()
                .map(|pair| &pair.account)
                .collect();
            let guarded = opens
                .iter()
                .filter(|account| guarded(snapshot, account))
                .count();
            let description = group.description.as_deref().unwrap_or_default();
            GroupEntry {
                id: id.clone(),
                text: text(&[&group.display_name, description]),
                accounts: count(opens.len()),
                production_pci: count(guarded),
            }
        })
        .collect();
    entries.sort_by(|a, b| a.text.cmp(&b.text).then_with(|| a.id.cmp(&b.id)));
    entries
}

/// Whether an account counts as production PCI; one that nobody knows does.
pub fn guarded(snapshot: &Snapshot, account: &AccountId) -> bool {
    snapshot
        .account(account)
        .is_none_or(|(_, class)| class.counts_as_production_pci())
}

fn sets(snapshot: &Snapshot, users: &Users<'_>) -> Vec<SetEntry> {
    let mut by_set: BTreeMap<&PermissionSetArn, Vec<(&AccountId, &PairRead)>> = BTreeMap::new();
    for (pair, read) in &snapshot.parts().pairs {
        by_set
            .entry(&pair.set)
            .or_default()
            .push((&pair.account, read));
    }
    let mut seen = vec![0_u32; users.number.len()];
    let mut entries = Vec::with_capacity(snapshot.parts().sets.len());
    for (round, (arn, set)) in (1_u32..).zip(&snapshot.parts().sets) {
        let holds = by_set.get(arn).map_or(&[][..], Vec::as_slice);
        let mut people = 0;
        for user in holds.iter().flat_map(|(_, read)| users.behind(read)) {
            let at = user as usize;
            people += u32::from(seen[at] != round);
            seen[at] = round;
        }
        let description = set.description.as_deref().unwrap_or_default();
        let risks: Vec<&str> = set.analysis.risks().into_iter().map(Risk::label).collect();
        entries.push(SetEntry {
            arn: arn.clone(),
            text: text(&[&set.name, description, &risks.join("\n")]),
            accounts: count(holds.len()),
            production_pci: count(
                holds
                    .iter()
                    .filter(|(account, _)| guarded(snapshot, account))
                    .count(),
            ),
            people,
            outdated: count(
                holds
                    .iter()
                    .filter(|(_, read)| read.provisioned == Provisioned::Outdated)
                    .count(),
            ),
        });
    }
    entries.sort_by_cached_key(|entry| {
        let risks = snapshot
            .set(&entry.arn)
            .map(|set| set.analysis.risks())
            .unwrap_or_default();
        let worst = risks.first().copied();
        (
            worst.is_none(),
            worst,
            std::cmp::Reverse((risks.len(), entry.production_pci, entry.people)),
            entry.text.clone(),
        )
    });
    entries
}

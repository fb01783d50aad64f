//! The lists in the order in which pages show them, with the numbers that each row displays, computed once per read
//! model. A request only searches and cuts, even in a list of 50,000 people. Holds ids and numbers, never a second copy
//! of the observed data.

mod roster;
mod search_terms;

pub use roster::Roster;
pub use search_terms::SearchTerms;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{
    grant::Window,
    ids::{AccountId, Assignment, GroupId, Pair, PermissionSetArn, Principal, UserId},
    permission_set::analysis::{Analysis, Risk},
    snapshot::{PairRead, Provisioned, Snapshot},
    verdict::Tally,
};

use super::pci_findings::PciFindings;

/// A row in the list of people.
#[derive(Debug)]
pub struct PersonEntry {
    pub id: UserId,
    /// The searchable text, in lower case.
    pub text: Box<str>,
    /// The number of groups of the person.
    pub groups: u32,
    /// The number of accounts that the person can reach.
    pub accounts: u32,
    /// The number of production PCI accounts that the person can reach.
    pub production_pci: u32,
}

/// A row on the board of accounts.
#[derive(Debug)]
pub struct AccountEntry {
    pub id: AccountId,
    /// The searchable text, in lower case.
    pub text: Box<str>,
    /// The number of people who can reach the account.
    pub people: u32,
    /// The number of standing assignments.
    pub standing: u32,
    /// The number of assignments with policy findings; none outside production PCI.
    pub findings: Option<Tally>,
}

/// A row in the list of groups.
#[derive(Debug)]
pub struct GroupEntry {
    pub id: GroupId,
    /// The searchable text, in lower case.
    pub text: Box<str>,
    /// The number of accounts that the group gives access to.
    pub accounts: u32,
    /// The number of production PCI accounts that the group gives access to.
    pub production_pci: u32,
}

/// A row in the list of permission sets.
#[derive(Debug)]
pub struct SetEntry {
    pub arn: PermissionSetArn,
    /// The searchable text, in lower case.
    pub text: Box<str>,
    /// The number of accounts with this permission set.
    pub accounts: u32,
    /// The number of production PCI accounts with this permission set.
    pub production_pci: u32,
    /// The number of people who can use it in any account.
    pub people: u32,
    /// The number of accounts with an outdated version.
    pub outdated: u32,
}

/// All lists.
#[derive(Debug, Default)]
pub struct Index {
    /// Sorted by name.
    pub people: Vec<PersonEntry>,
    /// Most exposed first.
    pub accounts: Vec<AccountEntry>,
    /// Sorted by name.
    pub groups: Vec<GroupEntry>,
    /// Riskiest first.
    pub sets: Vec<SetEntry>,
}

impl Index {
    /// Computes all lists.
    pub fn new(
        snapshot: &Snapshot,
        windows: &BTreeMap<Assignment, Vec<Window>>,
        pci_findings: &BTreeMap<AccountId, Arc<PciFindings>>,
        roster: &Roster<'_>,
    ) -> Self {
        let (accounts, reached) = accounts(snapshot, windows, pci_findings, roster);
        Self {
            people: people(snapshot, roster, &reached),
            accounts,
            groups: groups(snapshot),
            sets: sets(snapshot, roster),
        }
    }
}

/// Whether a permission set makes its holder an administrator, or lets them become one.
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

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// For each user, the number of accounts and of production PCI accounts that they can reach.
type Reached = Vec<(u32, u32)>;

fn accounts(
    snapshot: &Snapshot,
    windows: &BTreeMap<Assignment, Vec<Window>>,
    findings: &BTreeMap<AccountId, Arc<PciFindings>>,
    roster: &Roster<'_>,
) -> (Vec<AccountEntry>, Reached) {
    let mut reached: Reached = vec![(0, 0); roster.head_count()];
    let mut seen = vec![0_u32; roster.head_count()];
    let mut entries = Vec::with_capacity(snapshot.parts().accounts.len());
    for (round, (id, (account, class))) in (1_u32..).zip(&snapshot.parts().accounts) {
        let pci_findings = u32::from(class.counts_as_production_pci());
        let (mut people, mut standing) = (0, 0);
        for (pair, read) in snapshot.pairs_in(id) {
            standing += read
                .principals
                .keys()
                .filter(|principal| stands(windows, pair, principal))
                .count();
            for at in roster.behind_all(read) {
                if seen[at] != round {
                    seen[at] = round;
                    people += 1;
                    reached[at].0 += 1;
                    reached[at].1 += pci_findings;
                }
            }
        }
        let findings = findings.get(id).map(|one| one.assignments);
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

/// Whether an assignment is standing.
pub fn stands(
    windows: &BTreeMap<Assignment, Vec<Window>>,
    pair: &Pair,
    principal: &Principal,
) -> bool {
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

fn people(snapshot: &Snapshot, roster: &Roster<'_>, reached: &Reached) -> Vec<PersonEntry> {
    let mut entries: Vec<PersonEntry> = snapshot
        .parts()
        .users
        .iter()
        .map(|(id, user)| {
            let (accounts, production_pci) = roster
                .number(id)
                .and_then(|at| reached.get(at))
                .copied()
                .unwrap_or_default();
            let email = user.email.as_deref().unwrap_or_default();
            // The address is often the user name; index it once.
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
            let pci_findings = opens
                .iter()
                .filter(|account| is_production_pci(snapshot, account))
                .count();
            let description = group.description.as_deref().unwrap_or_default();
            GroupEntry {
                id: id.clone(),
                text: text(&[&group.display_name, description]),
                accounts: count(opens.len()),
                production_pci: count(pci_findings),
            }
        })
        .collect();
    entries.sort_by(|a, b| a.text.cmp(&b.text).then_with(|| a.id.cmp(&b.id)));
    entries
}

/// Whether an account counts as production PCI. An unknown account does.
pub fn is_production_pci(snapshot: &Snapshot, account: &AccountId) -> bool {
    snapshot
        .account(account)
        .is_none_or(|(_, class)| class.counts_as_production_pci())
}

fn sets(snapshot: &Snapshot, roster: &Roster<'_>) -> Vec<SetEntry> {
    let mut by_set: BTreeMap<&PermissionSetArn, Vec<(&AccountId, &PairRead)>> = BTreeMap::new();
    for (pair, read) in &snapshot.parts().pairs {
        by_set
            .entry(&pair.set)
            .or_default()
            .push((&pair.account, read));
    }
    let mut seen = vec![0_u32; roster.head_count()];
    let mut entries = Vec::with_capacity(snapshot.parts().sets.len());
    for (round, (arn, set)) in (1_u32..).zip(&snapshot.parts().sets) {
        let holds = by_set.get(arn).map_or(&[][..], Vec::as_slice);
        let mut people = 0;
        for at in holds.iter().flat_map(|(_, read)| roster.behind_all(read)) {
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
                    .filter(|(account, _)| is_production_pci(snapshot, account))
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

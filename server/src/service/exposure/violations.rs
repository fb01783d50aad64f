//! The findings in production PCI by policy. Counts for each policy how many accounts a person is affected in, so that
//! the number of people follows a difference without visiting the other accounts.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use domain::{
    ids::{AccountId, UserId},
    shared_map::SharedMap,
    snapshot::{Shared, Snapshot},
    verdict::{Hit, Outcome},
};

use super::strictest;
use crate::service::{
    bit_set::BitSet,
    pci_findings::{PciFindings, ViolatedPolicy},
    reach::IdNumbers,
};

type FindingsByAccount = SharedMap<AccountId, Arc<PciFindings>>;

/// The findings of one policy in production PCI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyViolations {
    /// The policy, as displayed.
    pub hit: Hit,
    /// The number of affected assignments.
    pub assignments: usize,
    /// Those of them that no policy violates: they only lack an approval.
    pub unapproved: usize,
    /// The number of people with access through these assignments.
    pub people: usize,
    pub accounts: Shared<BTreeSet<AccountId>>,
    /// The strictest of the accounts.
    pub named: Vec<AccountId>,
}

/// In how many accounts a policy affects each person, by number.
type Affected = Arc<Vec<u32>>;

/// The findings of all policies.
#[derive(Debug, Clone, Default)]
pub(super) struct Violations {
    /// Most assignments first.
    list: Vec<(String, PolicyViolations)>,
    users: IdNumbers<UserId>,
    affected: BTreeMap<String, Affected>,
}

/// The numbers of the people in lists that several accounts share, by address.
type Lists = HashMap<*const UserId, Vec<usize>>;

impl Violations {
    pub(super) fn list(&self) -> &[(String, PolicyViolations)] {
        &self.list
    }

    /// Returns the number of policies with an outcome for a person's access.
    pub(super) fn of_person(&self, user: &UserId, outcome: Outcome) -> usize {
        let Some(number) = self.users.get(user) else {
            return 0;
        };
        let violated = self.list.iter().filter(|(rule, found)| {
            let affected = self.affected.get(rule);
            let accounts = affected.and_then(|affected| affected.get(number));
            found.hit.outcome() == outcome && accounts.is_some_and(|accounts| *accounts > 0)
        });
        violated.count()
    }

    /// Brings the findings up to date where those of accounts differ.
    pub(super) fn update(
        &mut self,
        before: &FindingsByAccount,
        after: &FindingsByAccount,
        snapshot: &Snapshot,
        reclassified: &BTreeSet<AccountId>,
    ) {
        let mut rules: BTreeMap<String, PolicyViolations> =
            std::mem::take(&mut self.list).into_iter().collect();
        if rules.is_empty() {
            self.users = IdNumbers::of(snapshot.parts().users.keys());
        }
        // The accounts of a rule, or how it is displayed in one of them, differ.
        let mut stale: BTreeSet<String> = BTreeSet::new();
        let mut lists = Lists::new();
        for change in after.changes_since(before) {
            let of = |findings: Option<&Arc<PciFindings>>| -> BTreeMap<String, ViolatedPolicy> {
                let violated = findings.into_iter().flat_map(|one| &one.violated);
                violated
                    .map(|one| (one.hit().rule.clone(), one.clone()))
                    .collect()
            };
            let (old, new) = (of(change.before), of(change.after));
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for rule in names {
                let (old, new) = (old.get(rule), new.get(rule));
                let found = rules.entry(rule.clone());
                let found = found.or_insert_with(|| blank(old.or(new)));
                let count = |one: Option<&ViolatedPolicy>| one.map_or(0, |one| one.assignments);
                found.assignments += count(new) as usize;
                found.assignments -= count(old) as usize;
                let unapproved = |one: Option<&ViolatedPolicy>| one.map_or(0, |one| one.unapproved);
                found.unapproved += unapproved(new) as usize;
                found.unapproved -= unapproved(old) as usize;
                if old.map(ViolatedPolicy::hit) != new.map(ViolatedPolicy::hit) {
                    stale.insert(rule.clone());
                    if new.is_some() {
                        found.accounts.insert(change.key.clone());
                    } else {
                        found.accounts.remove(change.key);
                    }
                }
                let affected = self.affected.entry(rule.clone()).or_default();
                let people = |one: Option<&ViolatedPolicy>| one.map(|one| one.people.clone());
                if people(old) != people(new) {
                    let (old, new) = (
                        numbers(&mut self.users, &mut lists, old),
                        numbers(&mut self.users, &mut lists, new),
                    );
                    found.people = count_people(affected, found.people, &old, &new);
                }
            }
        }
        for (rule, found) in &mut rules {
            let changes = stale.contains(rule);
            if changes {
                found.hit = shown(rule, found, after);
            }
            if changes || !reclassified.is_disjoint(&found.accounts) {
                found.named = strictest(snapshot, &found.accounts);
            }
        }
        rules.retain(|_, found| !found.accounts.is_empty());
        self.affected.retain(|rule, _| rules.contains_key(rule));
        self.list = rules.into_iter().collect();
        self.list
            .sort_by_key(|(_, found)| Reverse(found.assignments));
    }
}

fn blank(one: Option<&ViolatedPolicy>) -> PolicyViolations {
    let hit = one
        .expect("one of the two findings of a change exists")
        .hit();
    PolicyViolations {
        hit: hit.clone(),
        assignments: 0,
        unapproved: 0,
        people: 0,
        accounts: Shared::default(),
        named: Vec::new(),
    }
}

/// Returns the policy as displayed: as in the first account where nothing remedies it, or in the first account.
fn shown(rule: &str, found: &PolicyViolations, findings: &FindingsByAccount) -> Hit {
    let hits = found.accounts.iter().filter_map(|account| {
        let mut violated = findings.get(account)?.violated.iter();
        violated.find(|one| one.hit().rule == rule)
    });
    let hits = hits.map(ViolatedPolicy::hit);
    let strict = hits.clone().find(|hit| hit.remedy.is_none());
    let shown = strict.or_else(|| hits.clone().next());
    shown.unwrap_or(&found.hit).clone()
}

/// Returns the numbers of the people that a policy affects in one account.
fn numbers(
    users: &mut IdNumbers<UserId>,
    lists: &mut Lists,
    violated: Option<&ViolatedPolicy>,
) -> BitSet {
    let mut people = BitSet::default();
    for list in violated.into_iter().flat_map(|one| &one.people) {
        let known = lists.entry(list.as_ptr());
        let known = known.or_insert_with(|| list.iter().map(|user| users.number(user)).collect());
        for number in known {
            people.insert(*number);
        }
    }
    people
}

/// Counts people in one account more or less. Returns the number of people who are affected anywhere.
fn count_people(affected: &mut Affected, people: usize, old: &BitSet, new: &BitSet) -> usize {
    let affected = Arc::make_mut(affected);
    let (mut gained, mut lost) = (0, 0);
    for number in new.without(old) {
        if affected.len() <= number {
            affected.resize(number + 1, 0);
        }
        gained += usize::from(affected[number] == 0);
        affected[number] += 1;
    }
    for number in old.without(new) {
        if let Some(count) = affected.get_mut(number) {
            *count -= 1;
            lost += usize::from(*count == 0);
        }
    }
    people + gained - lost
}

//! The lists in the order in which pages show them, with the numbers that each row displays, kept with the read model. A
//! request only searches and cuts, even in a list of 50,000 people. Holds ids and numbers, never a second copy of the
//! observed data.
//!
//! Each list is a map by its order, so that a row that differs is taken out at its old place and put in at its new one.

mod rows;

pub use rows::{AccountEntry, GroupEntry, PersonEntry, SetEntry};

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use domain::{
    ids::{AccountId, GroupId, Pair, PermissionSetArn, Principal, UserId},
    permission_set::analysis::Capability,
    shared_map::SharedMap,
    snapshot::{Provisioned, Snapshot},
    verdict::Tally,
};

use self::rows::Text;
pub use super::reach::powerful;
use super::{
    bit_set::BitSet,
    reach::{AssignmentCounts, ExposureWeight, PersonExposure, PersonReach, Reaches},
    read_model::ModelBasis,
};

type PersonOrder = (Reverse<ExposureWeight>, Text, UserId);
type AccountOrder = (Reverse<(Option<Tally>, u32)>, Text, AccountId);
type SetOrder = (
    (bool, Option<Capability>, Reverse<(usize, u32, u32)>),
    Text,
    PermissionSetArn,
);

/// In how many accounts a permission set is, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct SetCounts {
    accounts: u32,
    production_pci: u32,
    outdated: u32,
}

/// All lists.
#[derive(Debug, Clone, Default)]
pub struct Index {
    people: SharedMap<PersonOrder, PersonEntry>,
    accounts: SharedMap<AccountOrder, AccountEntry>,
    groups: SharedMap<(Text, GroupId), GroupEntry>,
    sets: SharedMap<SetOrder, SetEntry>,
    /// The number of people by account, and by permission set. None is zero.
    people_in: SharedMap<AccountId, u32>,
    people_with: SharedMap<PermissionSetArn, u32>,
    held: SharedMap<PermissionSetArn, SetCounts>,
}

/// What differs for the lists.
pub(super) struct TouchedRows<'a> {
    /// Accounts whose row may differ for another reason than its number of people.
    pub(super) accounts: &'a BTreeSet<AccountId>,
    /// Pairs that differ, or whose account is classified differently.
    pub(super) pairs: &'a BTreeSet<Pair>,
    /// Permission sets that differ.
    pub(super) sets: &'a BTreeSet<PermissionSetArn>,
    /// Principals whose assignments differ, or the classification of their accounts.
    pub(super) principals: &'a BTreeSet<Principal>,
    /// Groups that differ.
    pub(super) groups: &'a BTreeSet<GroupId>,
}

/// How many people more or less have an account or permission set, by number. A new build adds what everybody has, so this
/// is an array.
#[derive(Debug, Default)]
pub(super) struct PeopleChange {
    accounts: Vec<i64>,
    sets: Vec<i64>,
}

impl PeopleChange {
    /// Adds what differs for one person.
    pub(super) fn add(&mut self, before: &PersonReach, after: &PersonReach) {
        differ(&mut self.accounts, &before.accounts, &after.accounts);
        differ(&mut self.sets, &before.sets, &after.sets);
    }
}

fn differ(counts: &mut Vec<i64>, before: &BitSet, after: &BitSet) {
    let mut add = |number: usize, by: i64| {
        if number >= counts.len() {
            counts.resize(number + 1, 0);
        }
        counts[number] += by;
    };
    after.without(before).for_each(|number| add(number, 1));
    before.without(after).for_each(|number| add(number, -1));
}

/// Returns the numbers whose count differs, each with by how much.
fn changed(counts: &[i64]) -> impl Iterator<Item = (usize, i64)> + '_ {
    let numbered = counts.iter().copied().enumerate();
    numbered.filter(|(_, by)| *by != 0)
}

fn plus(count: u32, change: i64) -> u32 {
    u32::try_from(i64::from(count) + change).unwrap_or_default()
}

impl Index {
    /// Returns the people, most exposed first.
    pub fn people(&self) -> impl Iterator<Item = &PersonEntry> + Clone {
        self.people.values()
    }

    /// Returns the accounts, most exposed first.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountEntry> + Clone {
        self.accounts.values()
    }

    /// Returns the number of accounts.
    pub fn account_count(&self) -> usize {
        self.accounts.len()
    }

    /// Returns the groups, sorted by name.
    pub fn groups(&self) -> impl Iterator<Item = &GroupEntry> + Clone {
        self.groups.values()
    }

    /// Returns the permission sets, most dangerous first.
    pub fn sets(&self) -> impl Iterator<Item = &SetEntry> + Clone {
        self.sets.values()
    }

    /// Returns the lists of a new read model. `everybody` is what each person has.
    pub(super) fn new(
        (old, new): (&ModelBasis<'_>, &ModelBasis<'_>),
        everybody: &[(&UserId, PersonReach)],
        accounts: &BTreeSet<AccountId>,
    ) -> Self {
        let (mut change, nobody) = (PeopleChange::default(), PersonReach::default());
        let mut people = Vec::with_capacity(everybody.len());
        for (user, reach) in everybody {
            change.add(&nobody, reach);
            let row = person_entry(new.snapshot, new.reaches, user, reach);
            people.extend(row.map(|row| (person_order(&row, reach), row)));
        }
        people.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let parts = new.snapshot.parts();
        let groups = parts.groups.keys();
        let groups: BTreeMap<_, _> = groups
            .filter_map(|group| group_entry(new, group))
            .map(|row| ((row.text.clone(), row.id.clone()), row))
            .collect();
        let mut index = Self {
            people: people.into_iter().collect(),
            groups: groups.into_iter().collect(),
            ..Self::default()
        };
        let rows = TouchedRows {
            pairs: &parts.pairs.keys().cloned().collect(),
            sets: &parts.sets.keys().cloned().collect(),
            principals: &BTreeSet::new(),
            groups: &BTreeSet::new(),
            accounts,
        };
        index.update(old, new, &rows, &change);
        index
    }

    /// Sets the row of one person, if it differs. The names of the directory differ only in a new build.
    pub(super) fn update_person(
        &mut self,
        (old, before): (&ModelBasis<'_>, &PersonReach),
        (new, after): (&ModelBasis<'_>, &PersonReach),
        user: &UserId,
    ) {
        let is_new = old.snapshot.user(user).is_none();
        if !is_new && person_counts(old, user, before) == person_counts(new, user, after) {
            return;
        }
        if let Some(row) = person_entry(new.snapshot, new.reaches, user, after) {
            let (was, is) = (person_order(&row, before), person_order(&row, after));
            if was != is {
                self.people.remove(&was);
            }
            self.people.insert(is, row);
        }
    }

    /// Brings the other lists up to date.
    pub(super) fn update(
        &mut self,
        old: &ModelBasis<'_>,
        new: &ModelBasis<'_>,
        touched: &TouchedRows<'_>,
        change: &PeopleChange,
    ) {
        let (mut accounts, mut sets) = (touched.accounts.clone(), touched.sets.clone());
        let before = self.clone();
        for (number, by) in changed(&change.accounts) {
            if let Some(account) = new.reaches.accounts.id(number) {
                let people = self.people_in.or_default(account.clone());
                *people = plus(*people, by);
                accounts.insert(account.clone());
            }
        }
        for (number, by) in changed(&change.sets) {
            if let Some(set) = new.reaches.sets.id(number) {
                let people = self.people_with.or_default(set.clone());
                *people = plus(*people, by);
                sets.insert(set.clone());
            }
        }
        for pair in touched.pairs {
            let (old, new) = (
                set_counts(old.snapshot, pair),
                set_counts(new.snapshot, pair),
            );
            if old != new {
                let held = self.held.or_default(pair.set.clone());
                held.accounts = held.accounts + new.accounts - old.accounts;
                held.production_pci = held.production_pci + new.production_pci - old.production_pci;
                held.outdated = held.outdated + new.outdated - old.outdated;
                sets.insert(pair.set.clone());
            }
        }
        for account in &accounts {
            if let Some(order) = before.account_order(old, account) {
                self.accounts.remove(&order);
            }
            if let (Some(order), Some(row)) = (
                self.account_order(new, account),
                self.account_entry(new, account),
            ) {
                self.accounts.insert(order, row);
            }
        }
        for set in &sets {
            if let Some((order, _)) = before.set_row(old.snapshot, set) {
                self.sets.remove(&order);
            }
            if let Some((order, row)) = self.set_row(new.snapshot, set) {
                self.sets.insert(order, row);
            }
        }
        let assigned = touched.principals.iter().filter_map(|one| match one {
            Principal::Group(group) => Some(group),
            Principal::User(_) => None,
        });
        for group in assigned.chain(touched.groups) {
            if let Some(row) = group_entry(new, group) {
                self.groups.insert((row.text.clone(), row.id.clone()), row);
            }
        }
    }

    fn account_order(&self, basis: &ModelBasis<'_>, id: &AccountId) -> Option<AccountOrder> {
        let (account, _) = basis.snapshot.account(id)?;
        let findings = basis.pci_findings.get(id).map(|one| one.assignments);
        let people = self.people_in.get(id).copied().unwrap_or_default();
        let text = text(&[&account.name, id.as_str(), &account.email]);
        Some((Reverse((findings, people)), text, id.clone()))
    }

    fn account_entry(&self, basis: &ModelBasis<'_>, id: &AccountId) -> Option<AccountEntry> {
        let (Reverse((findings, people)), text, id) = self.account_order(basis, id)?;
        let assignments = AssignmentCounts::of(basis.snapshot, basis.windows, &id);
        Some(AccountEntry {
            id,
            text,
            people,
            standing: count(assignments.standing),
            temporary: count(assignments.temporary),
            findings,
        })
    }

    fn set_row(&self, snapshot: &Snapshot, arn: &PermissionSetArn) -> Option<(SetOrder, SetEntry)> {
        let set = snapshot.set(arn)?;
        let held = self.held.get(arn).copied().unwrap_or_default();
        let people = self.people_with.get(arn).copied().unwrap_or_default();
        let description = set.description.as_deref().unwrap_or_default();
        let capabilities = set.analysis.capabilities();
        let worst = capabilities.first().copied();
        let labels: Vec<&str> = capabilities
            .iter()
            .copied()
            .map(Capability::label)
            .collect();
        let text = text(&[&set.name, description, &labels.join(" ")]);
        let rank = Reverse((capabilities.len(), held.production_pci, people));
        let order = ((worst.is_none(), worst, rank), text.clone(), arn.clone());
        let row = SetEntry {
            arn: arn.clone(),
            text,
            accounts: held.accounts,
            production_pci: held.production_pci,
            people,
            outdated: held.outdated,
        };
        Some((order, row))
    }
}

/// Returns what the row of a user is made of beside the directory: groups, accounts, and the access to production PCI.
fn person_counts(
    basis: &ModelBasis<'_>,
    user: &UserId,
    reach: &PersonReach,
) -> (usize, u32, PersonExposure) {
    let groups = basis.snapshot.groups_of(user).len();
    let accounts = reach.accounts.len_within(&basis.reaches.known);
    (groups, accounts, reach.exposure)
}

/// Returns the row of a user of the directory.
fn person_entry(
    snapshot: &Snapshot,
    reaches: &Reaches,
    id: &UserId,
    reach: &PersonReach,
) -> Option<PersonEntry> {
    let user = snapshot.user(id)?;
    let email = user.email.as_deref().unwrap_or_default();
    // The address is often the user name; index it once.
    let email = if email == user.user_name { "" } else { email };
    let title = user.title.as_deref().unwrap_or_default();
    Some(PersonEntry {
        id: id.clone(),
        text: text(&[&user.display_name, &user.user_name, email, title]),
        groups: count(snapshot.groups_of(id).len()),
        accounts: reach.accounts.len_within(&reaches.known),
        production_pci: reach.exposure.accounts,
        powerful: reach.exposure.powerful,
        worst: reach.exposure.worst,
        status: user.status,
        origin: user.origin,
    })
}

fn person_order(row: &PersonEntry, reach: &PersonReach) -> PersonOrder {
    let weight = reach.exposure.weight();
    (Reverse(weight), row.text.clone(), row.id.clone())
}

fn group_entry(basis: &ModelBasis<'_>, id: &GroupId) -> Option<GroupEntry> {
    let group = basis.snapshot.group(id)?;
    let reaches = basis.reaches;
    let none = BitSet::default();
    let opens = reaches.of(&Principal::Group(id.clone()));
    let opens = opens.map_or(&none, |reach| &reach.accounts);
    let description = group.description.as_deref().unwrap_or_default();
    let unknown = opens.without(&reaches.known).count();
    Some(GroupEntry {
        id: id.clone(),
        text: text(&[&group.display_name, description]),
        origin: group.origin,
        members: count(basis.snapshot.members(id).count()),
        accounts: opens.len(),
        // An unknown account counts as production PCI.
        production_pci: opens.len_within(&reaches.pci) + count(unknown),
    })
}

/// Returns what one pair adds to the numbers of its permission set.
fn set_counts(snapshot: &Snapshot, pair: &Pair) -> SetCounts {
    let Some(read) = snapshot.pair(pair) else {
        return SetCounts::default();
    };
    SetCounts {
        accounts: 1,
        production_pci: u32::from(is_production_pci(snapshot, &pair.account)),
        outdated: u32::from(read.provisioned == Provisioned::Outdated),
    }
}

/// Returns the fields as lines. A line break in a field would shift those after it.
fn text(fields: &[&str]) -> Text {
    let fields: Vec<String> = fields
        .iter()
        .map(|field| field.replace('\n', " "))
        .collect();
    fields.join("\n").to_lowercase().into()
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Whether an account counts as production PCI. An unknown account does.
pub fn is_production_pci(snapshot: &Snapshot, account: &AccountId) -> bool {
    snapshot
        .account(account)
        .is_none_or(|(_, class)| class.counts_as_production_pci())
}

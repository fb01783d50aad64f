//! What a classification does to the report of production PCI: what leaves the report, and what enters it.
//!
//! Costs as much as the classified accounts and the people in them hold, and not as much as the organization.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use crate::{
    access::people_known,
    classification::Classification,
    ids::{AccountId, GroupId, Principal, UserId},
    snapshot::{Figure, Knowledge, Snapshot},
};

/// What leaves the report, and what enters it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ReportDifference {
    pub leaves: ReportPart,
    pub enters: ReportPart,
}

/// What is in the report either before or after a classification, and not both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ReportPart {
    pub accounts: usize,
    /// The people who reach one of these accounts, and are in the report on this side only.
    pub people: Figure,
    /// The people who reach one of these accounts, and are in the report before and after because of others.
    pub people_of_others: Figure,
    /// The standing assignments in these accounts.
    pub standing: Figure,
    /// The assignments in these accounts that violate a policy.
    pub violations: Figure,
}

/// The assignments of one account, as the report counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CountedAssignments {
    pub standing: usize,
    pub violations: usize,
}

impl ReportDifference {
    /// Compares the report of a snapshot with the one in which accounts are classified as in `after`. `count` counts the
    /// assignments of an account on the side on which it is in the report.
    pub fn of<'a>(
        snapshot: &'a Snapshot,
        after: &'a BTreeMap<AccountId, Classification>,
        mut count: impl FnMut(&'a AccountId) -> CountedAssignments,
    ) -> Self {
        let mut comparison = Comparison {
            snapshot,
            after,
            groups: HashMap::new(),
        };
        let mut part = |side: Presence| {
            let accounts = after.keys();
            let accounts = accounts.filter(|id| comparison.of_account(id) == side);
            let accounts: Vec<&AccountId> = accounts.collect();
            comparison.part(&accounts, side, &mut count)
        };
        Self {
            leaves: part(Presence::BEFORE),
            enters: part(Presence::AFTER),
        }
    }
}

/// On which sides something is in the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Presence {
    before: bool,
    after: bool,
}

impl Presence {
    const BEFORE: Self = Self {
        before: true,
        after: false,
    };
    const AFTER: Self = Self {
        before: false,
        after: true,
    };
    const BOTH: Self = Self {
        before: true,
        after: true,
    };

    fn or(self, other: Self) -> Self {
        Self {
            before: self.before || other.before,
            after: self.after || other.after,
        }
    }
}

/// Looks up each group once, however many people are in it.
struct Comparison<'a> {
    snapshot: &'a Snapshot,
    after: &'a BTreeMap<AccountId, Classification>,
    groups: HashMap<&'a GroupId, Presence>,
}

impl<'a> Comparison<'a> {
    fn part(
        &mut self,
        accounts: &[&'a AccountId],
        side: Presence,
        count: &mut impl FnMut(&'a AccountId) -> CountedAssignments,
    ) -> ReportPart {
        let (snapshot, never) = (self.snapshot, self.snapshot.never_read());
        let people = people_in(snapshot, accounts);
        let all = people.len();
        let people = people.into_iter();
        let only = people.filter(|user| self.of_person(user) == side).count();
        let mut sum = CountedAssignments::default();
        for account in accounts {
            let counted = count(account);
            sum.standing += counted.standing;
            sum.violations += counted.violations;
        }
        let of_each = |known: &dyn Fn(&AccountId) -> Knowledge| {
            let each = accounts.iter().map(|account| known(account));
            each.fold(Knowledge::Read, Knowledge::and)
        };
        // Which other accounts somebody reaches rests on everything that was read.
        let reached = of_each(&|_| never.production_pci());
        ReportPart {
            accounts: accounts.len(),
            people: reached.figure(only),
            people_of_others: reached.figure(all - only),
            standing: of_each(&|id| never.assignments_in(id)).figure(sum.standing),
            violations: of_each(&|id| people_known(snapshot, id).and(never.sets()))
                .figure(sum.violations),
        }
    }

    fn of_account(&self, id: &AccountId) -> Presence {
        let Some((_, class)) = self.snapshot.account(id) else {
            return Presence::default();
        };
        let before = class.counts_as_production_pci();
        let after = self.after.get(id);
        Presence {
            before,
            after: after.map_or(before, Classification::counts_as_production_pci),
        }
    }

    fn of_principal(&self, principal: &Principal) -> Presence {
        let mut found = Presence::default();
        for pair in self.snapshot.pairs_of(principal) {
            found = found.or(self.of_account(&pair.account));
            if found == Presence::BOTH {
                break;
            }
        }
        found
    }

    fn of_group(&mut self, group: &'a GroupId) -> Presence {
        if let Some(known) = self.groups.get(group) {
            return *known;
        }
        let found = self.of_principal(&Principal::Group(group.clone()));
        self.groups.insert(group, found);
        found
    }

    fn of_person(&mut self, user: &UserId) -> Presence {
        let (snapshot, own) = (self.snapshot, Principal::User(user.clone()));
        let mut found = if snapshot.is_gone(&own) {
            Presence::default()
        } else {
            self.of_principal(&own)
        };
        for group in snapshot.groups_of(user) {
            found = found.or(self.of_group(group));
        }
        found
    }
}

/// Returns the people who reach one of these accounts.
fn people_in<'a>(snapshot: &'a Snapshot, accounts: &[&'a AccountId]) -> BTreeSet<&'a UserId> {
    let pairs = accounts.iter().flat_map(|id| snapshot.pairs_in(id));
    let principals: BTreeSet<&Principal> =
        pairs.flat_map(|(_, read)| read.principals.keys()).collect();
    let mut people = BTreeSet::new();
    for principal in principals {
        match principal {
            Principal::User(user) if !snapshot.is_gone(principal) => drop(people.insert(user)),
            Principal::User(_) => {}
            Principal::Group(group) => people.extend(snapshot.members(group)),
        }
    }
    people
}

//! The exposure of production PCI, kept with the read model so that the home page only reads it. Each number is a sum of
//! what single accounts and single people add, so that a difference costs what differs.

mod rank;
mod violations;

pub use violations::PolicyViolations;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    ops::{Add, Sub},
    sync::Arc,
};

use domain::{
    access,
    classification::Environment,
    directory::UserStatus,
    ids::{AccountId, Assignment, PermissionSetArn, UserId},
    shared_map::SharedMap,
    snapshot::Snapshot,
    verdict::{Outcome, Tally},
};

use self::{
    rank::{Rank, TOP_EXPOSED, rank, ranked},
    violations::Violations,
};
pub use super::reach::PersonExposure;
use super::{
    reach::{AssignmentCounts, PersonReach, behind, stands},
    read_model::ModelBasis,
};

/// The maximum number of accounts and permission sets listed in one row.
const NAMED: usize = 3;

/// A person who is listed on the home page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopExposed {
    pub user: UserId,
    /// The strictest accounts of the person.
    pub accounts: Vec<AccountId>,
    /// The most dangerous permission sets of the person.
    pub sets: Vec<PermissionSetArn>,
}

/// What accounts add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountTotals {
    /// The number of accounts that count as production PCI.
    pub accounts: usize,
    /// Those of them whose classification is assumed.
    pub unclassified: usize,
    /// The number of all accounts of which AWS reports a less strict classification than is on record.
    pub waiting_accounts: usize,
    /// The number of standing assignments.
    pub standing_assignments: usize,
    /// The number of temporary assignments.
    pub temporary_assignments: usize,
    /// The number of assignments whose principal is deleted from the directory.
    pub orphans: usize,
    /// The number of them that are standing.
    pub standing_orphans: usize,
    /// The number of assignments with policy findings.
    pub against: Tally,
    /// The number of paths of all people.
    pub paths: usize,
    /// The number of standing paths.
    pub standing_paths: usize,
    /// The number of paths with policy findings.
    pub paths_against: Tally,
}

impl AccountTotals {
    /// Returns what one account adds.
    fn of(basis: &ModelBasis<'_>, account: &AccountId) -> Self {
        let mut totals = Self::default();
        let Some((_, class)) = basis.snapshot.account(account) else {
            return totals;
        };
        totals.waiting_accounts = usize::from(class.waiting.is_some());
        let Some(findings) = basis.pci_findings.get(account) else {
            return totals;
        };
        totals.accounts = 1;
        totals.unclassified = usize::from(class.is_assumed());
        (totals.against, totals.paths_against) = (findings.assignments, findings.paths);
        for (pair, read) in basis.snapshot.pairs_in(account) {
            for principal in read.principals.keys() {
                let paths = behind(basis.snapshot, principal);
                let standing = stands(basis.windows, pair, principal);
                if basis.snapshot.is_gone(principal) {
                    totals.orphans += 1;
                    totals.standing_orphans += usize::from(standing);
                }
                totals.paths += paths;
                if standing {
                    totals.standing_assignments += 1;
                    totals.standing_paths += paths;
                } else {
                    totals.temporary_assignments += 1;
                }
            }
        }
        totals
    }

    fn with(self, other: Self, change: fn(usize, usize) -> usize) -> Self {
        let tally = |own: Tally, other: Tally| Tally {
            against: change(own.against, other.against),
            unapproved: change(own.unapproved, other.unapproved),
        };
        Self {
            accounts: change(self.accounts, other.accounts),
            unclassified: change(self.unclassified, other.unclassified),
            waiting_accounts: change(self.waiting_accounts, other.waiting_accounts),
            standing_assignments: change(self.standing_assignments, other.standing_assignments),
            temporary_assignments: change(self.temporary_assignments, other.temporary_assignments),
            orphans: change(self.orphans, other.orphans),
            standing_orphans: change(self.standing_orphans, other.standing_orphans),
            against: tally(self.against, other.against),
            paths: change(self.paths, other.paths),
            standing_paths: change(self.standing_paths, other.standing_paths),
            paths_against: tally(self.paths_against, other.paths_against),
        }
    }
}

/// The exposure of production PCI.
#[derive(Debug, Clone, Default)]
pub struct Exposure {
    /// What the accounts add up to.
    pub totals: AccountTotals,
    /// The people with access to these accounts.
    pub people: SharedMap<UserId, PersonExposure>,
    /// The number of people with standing access.
    pub standing_people: usize,
    /// The number of people who are administrators there or can become one.
    pub administrators: usize,
    /// The number of people who are disabled in the directory.
    pub disabled_people: usize,
    /// The most exposed people, in order.
    pub top_exposed: Vec<TopExposed>,
    /// The assignments in production PCI whose principal is deleted from the directory, by account.
    pub orphans: SharedMap<AccountId, Arc<[Assignment]>>,
    /// The assignments of the accounts that do not count as production PCI, by environment: [`Self::totals`] has the others.
    pub environments: BTreeMap<Environment, AssignmentCounts>,
    ranked: Vec<Rank>,
    violations: Violations,
}

impl Exposure {
    /// Returns the findings by policy id, most assignments first.
    pub fn findings(&self) -> &[(String, PolicyViolations)] {
        self.violations.list()
    }

    /// Returns the number of policies that the access of a person to production PCI violates.
    pub fn violated_by(&self, user: &UserId) -> usize {
        self.violations.of_person(user, Outcome::Refused)
    }

    /// Returns the number of policies by which that access lacks an approval.
    pub fn unapproved_by(&self, user: &UserId) -> usize {
        self.violations.of_person(user, Outcome::NeedsApproval)
    }

    /// Returns the exposure of a new read model. `everybody` is what each person has.
    pub(super) fn new(
        (old, new): (&ModelBasis<'_>, &ModelBasis<'_>),
        everybody: &[(&UserId, PersonReach)],
        accounts: &BTreeSet<AccountId>,
    ) -> Self {
        let (mut exposure, nobody) = (Self::default(), PersonReach::default());
        for (user, reach) in everybody {
            exposure.update_person(new.snapshot, user, (&nobody, reach));
        }
        exposure.update_accounts(old, new, accounts.iter());
        exposure.update_findings(old, new, &BTreeSet::new());
        let exposed = exposure.people.keys().cloned().collect();
        exposure.update_top(new, &exposed, Renewed::Rows);
        exposure
    }

    /// Brings the numbers of accounts up to date.
    pub(super) fn update_accounts<'a>(
        &mut self,
        old: &ModelBasis<'_>,
        new: &ModelBasis<'_>,
        touched: impl Iterator<Item = &'a AccountId>,
    ) {
        for account in touched {
            let before = AccountTotals::of(old, account);
            let after = AccountTotals::of(new, account);
            let without = self.totals.with(before, usize::sub);
            self.totals = without.with(after, usize::add);
            let orphans = (after.orphans > 0).then(|| orphans(new, account));
            self.orphans.set(account, orphans);
            self.count_environment(old, account, usize::sub);
            self.count_environment(new, account, usize::add);
        }
        self.environments.retain(|_, counts| counts.all() > 0);
    }

    fn count_environment(
        &mut self,
        basis: &ModelBasis<'_>,
        account: &AccountId,
        change: fn(usize, usize) -> usize,
    ) {
        let known = basis.snapshot.account(account).map(|(_, class)| class);
        if let Some(class) = known.filter(|class| !class.counts_as_production_pci()) {
            let own = AssignmentCounts::of(basis.snapshot, basis.windows, account);
            let counts = self.environments.entry(class.environment).or_default();
            *counts = counts.with(own, change);
        }
    }

    /// Brings the findings by policy up to date. `reclassified` are the accounts that were renamed or classified
    /// differently.
    pub(super) fn update_findings(
        &mut self,
        old: &ModelBasis<'_>,
        new: &ModelBasis<'_>,
        reclassified: &BTreeSet<AccountId>,
    ) {
        let (before, after) = (old.pci_findings, new.pci_findings);
        self.violations
            .update(before, after, new.snapshot, reclassified);
    }

    /// Sets what one person has.
    pub(super) fn update_person(
        &mut self,
        snapshot: &Snapshot,
        user: &UserId,
        (before, after): (&PersonReach, &PersonReach),
    ) {
        let (before, after) = (before.exposure, after.exposure);
        if before == after {
            return;
        }
        let disabled = || {
            let user = snapshot.user(user);
            user.is_some_and(|user| user.status == UserStatus::Disabled)
        };
        let counts = |one: PersonExposure| {
            let is_exposed = one.paths > 0;
            [
                usize::from(one.standing > 0),
                usize::from(one.powerful > 0),
                usize::from(is_exposed && disabled()),
            ]
        };
        let (without, with) = (counts(before), counts(after));
        let numbers = [
            &mut self.standing_people,
            &mut self.administrators,
            &mut self.disabled_people,
        ];
        for (number, (without, with)) in numbers.into_iter().zip(without.into_iter().zip(with)) {
            *number = *number + with - without;
        }
        self.people.set(user, (after.paths > 0).then_some(after));
    }

    /// Brings the list of the most exposed people up to date, after everybody. `touched` are the people whose access may
    /// differ; `renewed` says whether accounts or permission sets differ, which each row names.
    pub(super) fn update_top(
        &mut self,
        new: &ModelBasis<'_>,
        touched: &BTreeSet<UserId>,
        renewed: Renewed,
    ) {
        let last = self.ranked.last();
        let enters = |user: &UserId| {
            let one = self.people.get(user);
            let one = one.map(|one| rank(new.snapshot, user, one));
            one.is_some_and(|one| {
                self.ranked.len() < TOP_EXPOSED || last.is_some_and(|last| one < *last)
            })
        };
        let listed = |user: &UserId| self.ranked.iter().any(|(.., known)| known == user);
        let stale = touched.iter().any(|user| listed(user) || enters(user));
        if stale {
            self.ranked = ranked(new.snapshot, &self.people);
        } else if renewed == Renewed::Nothing {
            return;
        }
        let known: BTreeMap<UserId, TopExposed> = match renewed {
            Renewed::Nothing => {
                let known = std::mem::take(&mut self.top_exposed).into_iter();
                let same = known.filter(|row| !touched.contains(&row.user));
                same.map(|row| (row.user.clone(), row)).collect()
            }
            Renewed::Rows => BTreeMap::new(),
        };
        let rows = self.ranked.iter().map(|(.., user)| {
            let known = known.get(user).cloned();
            known.unwrap_or_else(|| row(new, user))
        });
        self.top_exposed = rows.collect();
    }
}

fn orphans(basis: &ModelBasis<'_>, account: &AccountId) -> Arc<[Assignment]> {
    let snapshot = basis.snapshot;
    let assigned = snapshot.pairs_in(account).flat_map(|(pair, read)| {
        let gone = read.principals.keys().filter(|one| snapshot.is_gone(one));
        gone.map(move |principal| Assignment {
            pair: pair.clone(),
            principal: principal.clone(),
        })
    });
    assigned.collect()
}

/// What must be computed anew although the people are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewed {
    Nothing,
    /// The rows, because accounts or permission sets differ.
    Rows,
}

fn row(basis: &ModelBasis<'_>, user: &UserId) -> TopExposed {
    let (mut accounts, mut sets) = (BTreeSet::new(), BTreeSet::new());
    for reach in access::reach_of(basis.snapshot, user) {
        if basis.pci_findings.contains_key(&reach.pair.account) {
            accounts.insert(reach.pair.account);
            sets.insert(reach.pair.set);
        }
    }
    TopExposed {
        user: user.clone(),
        accounts: strictest(basis.snapshot, &accounts),
        sets: most_dangerous(basis.snapshot, &sets),
    }
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

/// Returns the first few permission sets, most dangerous first.
fn most_dangerous(snapshot: &Snapshot, sets: &BTreeSet<PermissionSetArn>) -> Vec<PermissionSetArn> {
    let mut all: Vec<_> = sets
        .iter()
        .map(|arn| {
            let set = super::names::set(snapshot, arn);
            (
                set.capabilities.is_empty(),
                set.capabilities.first().copied(),
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

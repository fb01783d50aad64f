//! What a difference touches: the accounts that are evaluated and counted again, the principals and people whose access
//! is computed again. Touching too much costs time only; what is not touched must be the same.

use std::collections::BTreeSet;

use domain::{
    engine::AccessResource,
    ids::{AccountId, GroupId, Pair, Principal, UserId},
    policies::Rules,
    snapshot::{ChangedItems, Snapshot},
};

use super::ReadModel;
use crate::service::reach::Reaches;

/// What a difference touches.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Accounts that are evaluated and counted again.
    pub(super) accounts: BTreeSet<AccountId>,
    /// Principals whose assignments, or what they give, may differ.
    pub(super) principals: BTreeSet<Principal>,
    /// Those of them with access to an account that counts otherwise now: what people have differs also if the same is
    /// assigned.
    pub(super) reclassified: BTreeSet<Principal>,
    /// Pairs that differ, or whose account counts otherwise now.
    pub(super) pairs: BTreeSet<Pair>,
}

impl Touched {
    /// Collects what differs between two read models, of which the new one has its snapshot and reasons already.
    pub(super) fn between(
        old: &ReadModel,
        new: &ReadModel,
        items: &ChangedItems,
        rules: &Rules,
    ) -> Self {
        let mut touched = Self {
            accounts: items.accounts.clone(),
            pairs: items.pairs.clone(),
            ..Self::default()
        };
        for pair in &items.pairs {
            touched.accounts.insert(pair.account.clone());
            let of = |snapshot: &Snapshot| {
                let read = snapshot.pair(pair);
                read.map(|read| read.principals.clone()).unwrap_or_default()
            };
            let (before, after) = (of(&old.snapshot), of(&new.snapshot));
            let changes = after.changes_since(&before);
            touched
                .principals
                .extend(changes.map(|one| one.key.clone()));
        }
        for group in &items.groups {
            touched.group(old, new, group);
            if rules.names_group(group) {
                touched.members(old, new, group);
            }
        }
        if !items.sets.is_empty() {
            let pairs = new.snapshot.parts().pairs.keys();
            let of_sets = pairs.filter(|pair| items.sets.contains(&pair.set));
            touched
                .accounts
                .extend(of_sets.map(|pair| pair.account.clone()));
        }
        touched.reasons(old, new);
        touched
    }

    /// Touches the accounts that a group gives access to.
    fn group(&mut self, old: &ReadModel, new: &ReadModel, group: &GroupId) {
        let group = Principal::Group(group.clone());
        for snapshot in [&old.snapshot, &new.snapshot] {
            let pairs = snapshot.pairs_of(&group).iter();
            self.accounts.extend(pairs.map(|pair| pair.account.clone()));
        }
    }

    /// Touches the accounts that the people have who joined or left a group: a policy names it.
    fn members(&mut self, old: &ReadModel, new: &ReadModel, group: &GroupId) {
        for user in moved(&old.snapshot, &new.snapshot, group) {
            let direct = Principal::User(user.clone());
            for snapshot in [&old.snapshot, &new.snapshot] {
                let groups = snapshot.groups_of(&user).iter().cloned();
                let principals = groups.map(Principal::Group).chain([direct.clone()]);
                for principal in principals {
                    let pairs = snapshot.pairs_of(&principal).iter();
                    self.accounts.extend(pairs.map(|pair| pair.account.clone()));
                }
            }
        }
    }

    /// Touches what access windows, approvals and overdue removals concern.
    fn reasons(&mut self, old: &ReadModel, new: &ReadModel) {
        let (before, after) = (&old.reasons, &new.reasons);
        for one in after.windows.changes_since(&before.windows) {
            self.accounts.insert(one.key.pair.account.clone());
            self.principals.insert(one.key.principal.clone());
        }
        let (before, after) = (&before.records, &after.records);
        for one in after.assignments.changes_since(&before.assignments) {
            self.accounts.insert(one.key.pair.account.clone());
        }
        for one in after.memberships.changes_since(&before.memberships) {
            self.group(old, new, one.key);
        }
        if after.overdue != before.overdue {
            let late = after.overdue.iter().chain(&before.overdue);
            for (key, _) in
                late.filter(|(key, _)| after.overdue.get(*key) != before.overdue.get(*key))
            {
                match key {
                    AccessResource::Assignment(assignment) => {
                        self.accounts.insert(assignment.pair.account.clone());
                    }
                    AccessResource::Membership { group, .. } => self.group(old, new, group),
                }
            }
        }
        let (assignments, groups) = after.passed_since(before);
        let accounts = assignments.into_iter().map(|one| one.pair.account.clone());
        self.accounts.extend(accounts);
        for one in groups {
            self.group(old, new, one);
        }
        // Leastwise cannot remove access by a permission set of the management account.
        let other: BTreeSet<_> = new.snapshot.other_management_sets(&old.snapshot).collect();
        if !other.is_empty() {
            let ours = after
                .assignments
                .keys()
                .filter(|one| other.contains(&one.pair.set));
            self.accounts
                .extend(ours.map(|one| one.pair.account.clone()));
        }
    }

    /// Notes in the reaches how accounts and permission sets count now, and touches the principals that have them.
    pub(super) fn renumber(
        &mut self,
        reaches: &mut Reaches,
        old: &ReadModel,
        new: &Snapshot,
        items: &ChangedItems,
    ) {
        for account in &items.accounts {
            if !reaches.flag(new, account) {
                continue;
            }
            for snapshot in [&old.snapshot, new] {
                for (pair, read) in snapshot.pairs_in(account) {
                    self.pairs.insert(pair.clone());
                    self.reclassified.extend(read.principals.keys().cloned());
                }
            }
        }
        self.principals.extend(self.reclassified.iter().cloned());
        let mut differing = items.sets.clone();
        differing.retain(|set| reaches.flag_set(new, set));
        if !differing.is_empty() {
            let pairs = new.parts().pairs.iter();
            for (_, read) in pairs.filter(|(pair, _)| differing.contains(&pair.set)) {
                self.principals.extend(read.principals.keys().cloned());
            }
        }
    }
}

/// Returns the people whose access may differ: those behind the principals that changed, and those who joined or left
/// a group.
pub(super) fn people(
    old: &ReadModel,
    new: &Snapshot,
    changed: &BTreeSet<&Principal>,
    items: &ChangedItems,
) -> BTreeSet<UserId> {
    let mut people = BTreeSet::new();
    for principal in changed {
        match principal {
            Principal::User(user) => drop(people.insert(user.clone())),
            Principal::Group(group) => {
                people.extend(old.snapshot.members(group).cloned());
                people.extend(new.members(group).cloned());
            }
        }
    }
    for group in &items.groups {
        people.extend(moved(&old.snapshot, new, group));
    }
    people
}

/// Returns the users who are a member of a group in one of two snapshots only.
fn moved(old: &Snapshot, new: &Snapshot, group: &GroupId) -> Vec<UserId> {
    let of = |snapshot: &Snapshot| {
        snapshot
            .parts()
            .members
            .get(group)
            .cloned()
            .unwrap_or_default()
    };
    let (before, after) = (of(old), of(new));
    before.symmetric_difference(&after).cloned().collect()
}

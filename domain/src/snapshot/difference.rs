//! What differs between the data of two snapshots, as far as something is derived from it.
//!
//! Read times are no difference: each crawl has newer ones, and nothing is derived from them. Shared data is skipped, so
//! this costs as much as differs.

use std::collections::BTreeSet;

use super::{NeverRead, Parts};
use crate::ids::{AccountId, GroupId, Pair, PermissionSetArn};

/// What differs between two snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The directory, the persons, or what was never read: everything derived is built new.
    Everything,
    /// These items only.
    Items(ChangedItems),
}

/// The items that differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedItems {
    /// Pairs with other principals or another version of their permission set.
    pub pairs: BTreeSet<Pair>,
    /// Groups with other members.
    pub groups: BTreeSet<GroupId>,
    /// Accounts that are new, gone, renamed, moved or classified differently.
    pub accounts: BTreeSet<AccountId>,
    /// Permission sets that are new, gone or edited.
    pub sets: BTreeSet<PermissionSetArn>,
}

impl Difference {
    /// Compares the data of two snapshots.
    pub fn between(before: &Parts, after: &Parts) -> Self {
        let same = before.users == after.users
            && before.groups == after.groups
            && before.persons == after.persons
            && before.other_users == after.other_users
            && before.units == after.units
            && same_lists_read(before, after);
        if !same {
            return Self::Everything;
        }
        let pairs = after.pairs.changes_since(&before.pairs).filter(|one| {
            let of = |read: Option<&super::PairRead>| {
                read.map(|read| (read.principals.clone(), read.provisioned))
            };
            of(one.before) != of(one.after)
        });
        Self::Items(ChangedItems {
            pairs: pairs.map(|one| one.key.clone()).collect(),
            groups: keys(after.members.changes_since(&before.members)),
            accounts: keys(after.accounts.changes_since(&before.accounts)),
            sets: keys(after.sets.changes_since(&before.sets)),
        })
    }
}

fn keys<'a, K: Ord + Clone + 'a, V: PartialEq + 'a>(
    changes: crate::shared_map::Changes<'a, K, V>,
) -> BTreeSet<K> {
    changes.map(|one| one.key.clone()).collect()
}

/// Whether the same of the lists of users and groups was read: who is gone depends on it.
fn same_lists_read(before: &Parts, after: &Parts) -> bool {
    if before.coverage == after.coverage && before.coverage.newest.is_some() {
        return true;
    }
    let (old, new) = (NeverRead::of(before), NeverRead::of(after));
    (old.users(), old.groups()) == (new.users(), new.groups())
}

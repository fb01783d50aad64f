//! A snapshot with operations applied. Holds only what the operations touch, so that a preview does not copy an
//! organization.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    change::Operation,
    ids::{GroupId, Pair, Principal, UserId},
    snapshot::Snapshot,
};

/// Assignments and memberships after operations, in their order.
#[derive(Clone)]
pub(super) struct Overlay<'a> {
    snapshot: &'a Snapshot,
    assigned: BTreeMap<&'a Principal, BTreeMap<&'a Pair, bool>>,
    members: BTreeMap<&'a GroupId, BTreeMap<&'a UserId, bool>>,
}

impl<'a> Overlay<'a> {
    pub(super) fn of(
        snapshot: &'a Snapshot,
        operations: impl IntoIterator<Item = &'a Operation>,
    ) -> Self {
        let nothing = Self {
            snapshot,
            assigned: BTreeMap::new(),
            members: BTreeMap::new(),
        };
        nothing.and(operations)
    }

    /// Returns what further operations lead to.
    pub(super) fn and(&self, operations: impl IntoIterator<Item = &'a Operation>) -> Self {
        let mut next = self.clone();
        for operation in operations {
            let gives = operation.gives();
            if let Some(assignment) = operation.assignment() {
                let of = next.assigned.entry(&assignment.principal).or_default();
                of.insert(&assignment.pair, gives);
            }
            if let Some((group, user)) = operation.membership() {
                next.members.entry(group).or_default().insert(user, gives);
            }
        }
        next
    }

    pub(super) fn is_assigned(&self, pair: &Pair, principal: &Principal) -> bool {
        let moved = self.assigned.get(principal).and_then(|of| of.get(pair));
        moved.copied().unwrap_or_else(|| {
            self.snapshot
                .pair(pair)
                .is_some_and(|read| read.principals.contains_key(principal))
        })
    }

    pub(super) fn is_member(&self, group: &GroupId, user: &UserId) -> bool {
        let moved = self.members.get(group).and_then(|of| of.get(user));
        moved.copied().unwrap_or_else(|| {
            self.read_members(group)
                .is_some_and(|all| all.contains(user))
        })
    }

    /// Returns the users whom the operations added to a group or removed from it.
    pub(super) fn moved(&self, group: &GroupId) -> impl Iterator<Item = &'a UserId> + '_ {
        self.members
            .get(group)
            .into_iter()
            .flat_map(|of| of.keys().copied())
    }

    /// Returns the members of a group, sorted.
    pub(super) fn members(&self, group: &GroupId) -> Arc<[UserId]> {
        let read = || self.read_members(group).into_iter().flatten();
        let Some(moved) = self.members.get(group) else {
            return read().cloned().collect();
        };
        let mut members: Vec<&UserId> = read().filter(|user| !moved.contains_key(user)).collect();
        members.extend(
            moved
                .iter()
                .filter(|(_, joined)| **joined)
                .map(|(user, _)| *user),
        );
        members.sort();
        members.into_iter().cloned().collect()
    }

    /// Returns the pairs that a group is assigned to.
    pub(super) fn pairs_of(&self, group: &Principal) -> BTreeSet<&'a Pair> {
        let mut pairs: BTreeSet<&Pair> = self.snapshot.pairs_of(group).iter().collect();
        for (pair, assigned) in self.assigned.get(group).into_iter().flatten() {
            if *assigned {
                pairs.insert(pair);
            } else {
                pairs.remove(pair);
            }
        }
        pairs
    }

    fn read_members(&self, group: &GroupId) -> Option<&'a BTreeSet<UserId>> {
        let members = self.snapshot.parts().members.get(group);
        members.map(|members| &**members)
    }
}

//! The most that a removal may affect: how many people lose access, and to what.
//!
//! An effect contains what the last reads show. What they do not show may exist all the same, so it counts here and can
//! make a removal wait for an approval. It never makes a removal impossible.

use std::collections::{BTreeSet, HashSet};

use super::results::RequestContext;
use crate::{
    change::Operation,
    diff::Effect,
    ids::{AccountId, GroupId, Pair, PermissionSetArn, Principal, UserId},
    snapshot::{Knowledge, Snapshot},
};

/// An account and a permission set in it that somebody may lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LostPair<'a> {
    /// None if it may be any account.
    pub account: Option<&'a AccountId>,
    /// None if it may be any permission set.
    pub set: Option<&'a PermissionSetArn>,
}

impl<'a> LostPair<'a> {
    pub(super) fn of(pair: &'a Pair) -> Self {
        Self {
            account: Some(&pair.account),
            set: Some(&pair.set),
        }
    }
}

/// How many people may lose something. A group whose members were never read counts as the largest group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LosingPeople {
    /// By the change.
    pub by_change: usize,
    /// By the change, and by the requester's earlier removals as far as these count.
    pub together: usize,
}

/// Returns the number of people who may lose something by a change.
pub(super) fn people(
    snapshot: &Snapshot,
    operations: &[Operation],
    effect: &Effect,
    asked: &RequestContext,
) -> LosingPeople {
    let is_unread = |operation: &Operation| {
        let removed = operation.unassigns().map(|removed| &removed.principal);
        matches!(removed, Some(Principal::Group(group))
            if snapshot.never_read().members_of(group) == Knowledge::NeverRead)
    };
    if operations.iter().any(is_unread) {
        return LosingPeople {
            by_change: usize::MAX,
            together: usize::MAX,
        };
    }
    let people = may_lose(snapshot, operations, effect);
    let own = asked.own_user(snapshot);
    // Somebody else agreed that these people lose access: whatever else they lose is not held up by other people.
    let adds_up = |user: &&UserId| Some(*user) != own && !asked.agreed_removals.contains(*user);
    let mut together: HashSet<&UserId> = people.iter().copied().filter(adds_up).collect();
    // Earlier removals hold up nobody who removes only what does not add up, such as their own access.
    if !together.is_empty() {
        together.extend(asked.earlier_removals.iter().filter(adds_up));
    }
    LosingPeople {
        by_change: people.len(),
        together: together.len().max(people.len()),
    }
}

/// Returns the known people who may lose something. Everybody whom the operations name counts, because an assignment may
/// exist that the last read does not show.
pub fn may_lose<'a>(
    snapshot: &'a Snapshot,
    operations: &'a [Operation],
    effect: &'a Effect,
) -> HashSet<&'a UserId> {
    let mut people: HashSet<&UserId> = effect.lost.lists().flat_map(|users| users.iter()).collect();
    for operation in operations {
        people.extend(operation.leaves().map(|(_, user)| user));
        match operation.unassigns().map(|removed| &removed.principal) {
            Some(Principal::Group(group)) => people.extend(snapshot.members(group)),
            Some(Principal::User(user)) => drop(people.insert(user)),
            None => {}
        }
    }
    people
}

/// Returns what somebody may lose.
pub(super) fn pairs<'a>(
    snapshot: &'a Snapshot,
    operations: &'a [Operation],
    effect: &'a Effect,
) -> BTreeSet<LostPair<'a>> {
    let lost = effect.lost.paths().iter();
    let mut pairs: BTreeSet<LostPair<'_>> = lost.map(|path| LostPair::of(&path.pair)).collect();
    for operation in operations {
        // An assignment is removed although nobody loses access by it, such as that of a principal that no longer exists.
        let removed = operation.unassigns();
        pairs.extend(removed.map(|assignment| LostPair::of(&assignment.pair)));
        if operation.leaves().is_some() {
            pairs.extend(unseen(snapshot));
        }
    }
    pairs
}

/// Returns what members of a group have, and what they may have because it was never read.
pub(super) fn of_group<'a>(
    snapshot: &'a Snapshot,
    group: &GroupId,
) -> impl Iterator<Item = LostPair<'a>> {
    let known = snapshot.pairs_of(&Principal::Group(group.clone())).iter();
    known.map(LostPair::of).chain(unseen(snapshot))
}

/// Returns what any group may be assigned although no read shows it. The number follows that of the permission sets, not
/// of the accounts.
fn unseen(snapshot: &Snapshot) -> impl Iterator<Item = LostPair<'_>> {
    let never = snapshot.never_read();
    let any_set = (never.set_list() == Knowledge::NeverRead).then_some(None);
    let sets = never.sets_assigned_unseen().into_iter().map(Some);
    sets.chain(any_set)
        .map(|set| LostPair { account: None, set })
}

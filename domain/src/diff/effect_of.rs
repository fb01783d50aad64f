//! Computes the effect of operations from what they touch: the members of an assigned group, and the pairs of a group
//! that somebody joins or leaves. No other assignment is looked at.
//!
//! `policies/reference/` compares the result with that of comparing all paths.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Effect, Gainers, Steps, overlay::Overlay, requested_grants::RequestedGrants,
    steps::StepsBuilder,
};
use crate::{
    access::Path,
    budget::{Budget, Stopped},
    change::Operation,
    grant::Term,
    ids::{Assignment, GroupId, Pair, Principal, UserId},
    snapshot::Snapshot,
};

/// The states that an effect compares. Each includes what other changes are adding.
pub(super) struct States<'a> {
    snapshot: &'a Snapshot,
    requested: &'a RequestedGrants<'a>,
    /// Before the operations.
    there: Overlay<'a>,
    /// Before the operations, if everything that other changes remove is gone.
    at_least: Overlay<'a>,
    /// After the operations.
    now: Overlay<'a>,
    /// After the operations, if nothing that they remove is gone.
    at_most: Overlay<'a>,
    budget: Budget<'a>,
}

/// The paths that appear: those that remain after the operations, and those that exist only if a removal comes late.
#[derive(Default)]
struct Appearing {
    gained: StepsBuilder,
    passing: StepsBuilder,
}

impl Appearing {
    fn add(&mut self, stays: bool, pair: &Pair, path: Path, term: Term, gainers: Gainers) {
        let builder = if stays {
            &mut self.gained
        } else {
            &mut self.passing
        };
        builder.add(pair.clone(), path, term, gainers);
    }
}

impl<'a> States<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        under_way: &'a [Operation],
        operations: &'a [Operation],
        requested: &'a RequestedGrants<'a>,
        budget: Budget<'a>,
    ) -> Self {
        let (coming, going): (Vec<&Operation>, Vec<&Operation>) =
            under_way.iter().partition(|operation| operation.gives());
        // An item of this change counts as new even if another change contains the same item. Otherwise two such changes
        // would each be evaluated as if the other were complete, and neither would be evaluated in full.
        let coming = coming.into_iter().filter(|other| !requested.gives(other));
        let there = Overlay::of(snapshot, coming);
        Self {
            snapshot,
            requested,
            at_least: there.and(going),
            now: there.and(operations),
            at_most: there.and(operations.iter().filter(|operation| operation.gives())),
            there,
            budget,
        }
    }

    pub(super) fn effect(&self, operations: &[Operation]) -> Result<Effect, Stopped> {
        let mut appearing = Appearing::default();
        let mut members = BTreeMap::new();
        for (principal, pair, term) in self.requested.assignments() {
            self.budget.check()?;
            match principal {
                Principal::User(user) => {
                    if self.snapshot.user(user).is_some() {
                        let stays = self.now.is_assigned(pair, principal);
                        let alone = Gainers::Users([user.clone()].into());
                        appearing.add(stays, pair, Path::Direct, term, alone);
                    }
                }
                Principal::Group(group) => {
                    let all = members
                        .entry(group)
                        .or_insert_with(|| self.at_most.members(group));
                    self.assigned((pair, group), term, all, &mut appearing);
                }
            }
        }
        for (group, joined) in self.requested.joined() {
            self.joined(group, joined, &mut appearing)?;
        }
        Ok(Effect {
            gained: appearing.gained.build(),
            passing: appearing.passing.build(),
            lost: self.lost(operations)?,
            ..Effect::default()
        })
    }

    /// Adds the gains by one assignment of a group. The result is the same for all members, except for those whom a
    /// change moves.
    fn assigned(
        &self,
        (pair, group): (&Pair, &GroupId),
        term: Term,
        members: &Arc<[UserId]>,
        appearing: &mut Appearing,
    ) {
        let principal = &Principal::Group(group.clone());
        let path = || Path::Group(group.clone());
        let remains = self.now.is_assigned(pair, principal);
        let moved: BTreeSet<&UserId> = self
            .at_most
            .moved(group)
            .chain(self.now.moved(group))
            .collect();
        let mut apart: BTreeMap<(bool, Term), Vec<UserId>> = BTreeMap::new();
        for user in moved
            .iter()
            .copied()
            .filter(|user| self.at_most.is_member(group, user))
        {
            let term = if self.appears_by_joining(pair, principal, group, user) {
                Term::Standing
            } else {
                term
            };
            let stays = remains && self.now.is_member(group, user);
            apart.entry((stays, term)).or_default().push(user.clone());
        }
        let others = apart.remove(&(remains, term)).unwrap_or_default();
        let all_alike = apart.is_empty();
        for ((stays, term), users) in apart {
            appearing.add(stays, pair, path(), term, Gainers::Users(users.into()));
        }
        let alike: Arc<[UserId]> = if all_alike {
            Arc::clone(members)
        } else {
            let stays =
                |user: &&UserId| !moved.contains(user) || others.binary_search(user).is_ok();
            members.iter().filter(stays).cloned().collect()
        };
        appearing.add(remains, pair, path(), term, Gainers::Users(alike));
        let future = Gainers::FutureMembers(group.clone());
        appearing.add(remains, pair, path(), term, future);
    }

    /// Whether a user gains standing access because they join a group that is assigned already.
    fn appears_by_joining(
        &self,
        pair: &Pair,
        principal: &Principal,
        group: &GroupId,
        user: &UserId,
    ) -> bool {
        let existed =
            self.at_least.is_assigned(pair, principal) && self.at_least.is_member(group, user);
        self.requested.joins(group, user) && !existed && self.there.is_assigned(pair, principal)
    }

    /// Adds the gains of users who join a group, by the assignments that the operations do not contain.
    fn joined(
        &self,
        group: &GroupId,
        joined: &BTreeSet<&UserId>,
        appearing: &mut Appearing,
    ) -> Result<(), Stopped> {
        let principal = Principal::Group(group.clone());
        // A user who was a member gains only by the assignments that another change may already have removed.
        let new = |existed: bool, kept: &dyn Fn(&UserId) -> bool| -> Arc<[UserId]> {
            let matching = joined
                .iter()
                .filter(|user| !(existed && self.at_least.is_member(group, user)) && kept(user));
            matching.map(|user| (*user).clone()).collect()
        };
        let stays = |user: &UserId| self.now.is_member(group, user);
        let lists = [false, true].map(|existed| {
            let staying = new(existed, &stays);
            let leaving = new(existed, &|user| !stays(user));
            (staying, leaving, new(existed, &|_| true))
        });
        for (at, pair) in self.there.pairs_of(&principal).into_iter().enumerate() {
            self.budget.check_at(at)?;
            if self.requested.assigns(pair, &principal) {
                continue;
            }
            let existed = self.at_least.is_assigned(pair, &principal);
            let (staying, leaving, all) = &lists[usize::from(existed)];
            let mut add = |stays: bool, users: &Arc<[UserId]>| {
                let path = Path::Group(group.clone());
                let users = Gainers::Users(Arc::clone(users));
                appearing.add(stays, pair, path, Term::Standing, users);
            };
            if self.now.is_assigned(pair, &principal) {
                add(true, staying);
                add(false, leaving);
            } else {
                add(false, all);
            }
        }
        Ok(())
    }

    /// Returns the paths that the operations remove.
    fn lost(&self, operations: &[Operation]) -> Result<Steps, Stopped> {
        let mut lost = StepsBuilder::default();
        let mut left: BTreeMap<&GroupId, BTreeSet<&UserId>> = BTreeMap::new();
        let mut removed: BTreeSet<&Assignment> = BTreeSet::new();
        for operation in operations {
            removed.extend(operation.unassigns());
            if let Some((group, user)) = operation.leaves() {
                left.entry(group).or_default().insert(user);
            }
        }
        let mut members = BTreeMap::new();
        for Assignment { pair, principal } in removed {
            self.budget.check()?;
            if !self.there.is_assigned(pair, principal) || self.now.is_assigned(pair, principal) {
                continue;
            }
            match principal {
                Principal::User(user) => {
                    if self.snapshot.user(user).is_some() {
                        let alone = Gainers::Users([user.clone()].into());
                        lost.add(pair.clone(), Path::Direct, Term::Standing, alone);
                    }
                }
                Principal::Group(group) => {
                    let all = members
                        .entry(group)
                        .or_insert_with(|| self.there.members(group));
                    for gainers in [
                        Gainers::Users(Arc::clone(all)),
                        Gainers::FutureMembers(group.clone()),
                    ] {
                        let path = Path::Group(group.clone());
                        lost.add(pair.clone(), path, Term::Standing, gainers);
                    }
                }
            }
        }
        for (group, users) in left {
            let gone = |user: &&&UserId| {
                self.there.is_member(group, user) && !self.now.is_member(group, user)
            };
            let users: Arc<[UserId]> = users
                .iter()
                .filter(gone)
                .map(|user| (*user).clone())
                .collect();
            let principal = Principal::Group(group.clone());
            for (at, pair) in self.there.pairs_of(&principal).into_iter().enumerate() {
                self.budget.check_at(at)?;
                // Otherwise all members lose it together with the assignment.
                if self.now.is_assigned(pair, &principal) {
                    let path = Path::Group(group.clone());
                    let users = Gainers::Users(Arc::clone(&users));
                    lost.add(pair.clone(), path, Term::Standing, users);
                }
            }
        }
        Ok(lost.build())
    }
}

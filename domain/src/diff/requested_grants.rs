//! What the operations of a change grant, as opposed to what exists or comes from other changes.
//!
//! Only records what is granted and for how long; `effect` derives the effective access.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    change::Operation,
    grant::Term,
    ids::{GroupId, Pair, Principal, UserId},
};

/// The granted assignments, each with the longest requested term, and the granted memberships.
pub(super) struct RequestedGrants<'a> {
    terms: BTreeMap<&'a Principal, BTreeMap<&'a Pair, Term>>,
    joined: BTreeMap<&'a GroupId, BTreeSet<&'a UserId>>,
}

impl<'a> RequestedGrants<'a> {
    pub(super) fn by(operations: &'a [Operation]) -> Self {
        let mut requested = Self {
            terms: BTreeMap::new(),
            joined: BTreeMap::new(),
        };
        for operation in operations {
            if let Some((assignment, term)) = operation.assigns() {
                let of = requested.terms.entry(&assignment.principal).or_default();
                let longest = of.entry(&assignment.pair).or_insert(term);
                *longest = (*longest).max(term);
            }
            if let Some((group, user)) = operation.joins() {
                requested.joined.entry(group).or_default().insert(user);
            }
        }
        requested
    }

    /// Whether the operations grant the same as another operation, regardless of the term.
    pub(super) fn gives(&self, other: &Operation) -> bool {
        let assigned = other.assigns();
        assigned
            .is_some_and(|(assignment, _)| self.assigns(&assignment.pair, &assignment.principal))
            || other
                .joins()
                .is_some_and(|(group, user)| self.joins(group, user))
    }

    /// Whether the operations assign a pair to a principal.
    pub(super) fn assigns(&self, pair: &Pair, principal: &Principal) -> bool {
        self.terms
            .get(principal)
            .is_some_and(|of| of.contains_key(pair))
    }

    /// Whether the operations add a user to a group.
    pub(super) fn joins(&self, group: &GroupId, user: &UserId) -> bool {
        self.joined.get(group).is_some_and(|of| of.contains(user))
    }

    /// Returns each granted assignment with its term.
    pub(super) fn assignments(&self) -> impl Iterator<Item = (&'a Principal, &'a Pair, Term)> + '_ {
        self.terms.iter().flat_map(|(principal, of)| {
            let pairs = of.iter();
            pairs.map(move |(pair, term)| (*principal, *pair, *term))
        })
    }

    /// Returns the users whom the operations add, by group.
    pub(super) fn joined(&self) -> impl Iterator<Item = (&'a GroupId, &BTreeSet<&'a UserId>)> + '_ {
        self.joined.iter().map(|(group, users)| (*group, users))
    }
}

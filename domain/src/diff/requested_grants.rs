//! What the operations of a change grant, as opposed to what exists or comes from other changes.
//!
//! Only records what is granted and for how long; `effect` derives the effective access.

use std::collections::{BTreeMap, BTreeSet};

use super::{Gainer, ReachPath};
use crate::{
    access::Path,
    change::Operation,
    grant::Term,
    ids::{Assignment, GroupId, Principal, UserId},
    snapshot::Snapshot,
};

/// Returns the assignment behind a path.
fn assignment((gainer, pair, path): &ReachPath) -> Assignment {
    let principal = match (path, gainer) {
        (Path::Group(group), _) | (Path::Direct, Gainer::FutureMember(group)) => {
            Principal::Group(group.clone())
        }
        (Path::Direct, Gainer::User(user)) => Principal::User(user.clone()),
    };
    Assignment {
        pair: pair.clone(),
        principal,
    }
}

/// The granted assignments, each with the longest requested term, and the granted memberships.
pub(super) struct RequestedGrants<'a> {
    terms: BTreeMap<&'a Assignment, Term>,
    joined: BTreeSet<(&'a GroupId, &'a UserId)>,
}

impl<'a> RequestedGrants<'a> {
    pub(super) fn by(operations: &'a [Operation]) -> Self {
        let mut requested = Self {
            terms: BTreeMap::new(),
            joined: BTreeSet::new(),
        };
        for operation in operations {
            match operation {
                Operation::Assign { assignment, term } => {
                    let longest = requested.terms.entry(assignment).or_insert(*term);
                    *longest = (*longest).max(*term);
                }
                Operation::AddMember { group, user } => {
                    requested.joined.insert((group, user));
                }
                Operation::Unassign { .. } | Operation::RemoveMember { .. } => {}
            }
        }
        requested
    }

    /// Whether the operations grant the same as another operation, regardless of the term.
    pub(super) fn gives(&self, other: &Operation) -> bool {
        match other {
            Operation::Assign { assignment, .. } => self.terms.contains_key(assignment),
            Operation::AddMember { group, user } => self.joined.contains(&(group, user)),
            Operation::Unassign { .. } | Operation::RemoveMember { .. } => false,
        }
    }

    /// Returns the term for which the operations grant a path; none if they do not. A user who is added to a group that
    /// is already assigned gains standing access, even if the same change requests temporary access for that
    /// assignment.
    pub(super) fn term(&self, there: &Snapshot, path: &ReachPath, appears: bool) -> Option<Term> {
        let joins = match path {
            (Gainer::User(user), _, Path::Group(group)) => self.joined.contains(&(group, user)),
            _ => false,
        };
        let rests_on = assignment(path);
        let asked = self.terms.get(&rests_on).copied();
        let assigned = there
            .pair(&rests_on.pair)
            .is_some_and(|read| read.principals.contains_key(&rests_on.principal));
        if joins && appears && assigned {
            return Some(Term::Standing);
        }
        asked
    }
}

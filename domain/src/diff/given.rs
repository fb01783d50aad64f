//! What operations give, told apart from what is there or comes from others.
//!
//! Says for how long and whether; what follows for who reaches what is for `effect`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Gainer, ReachPath};
use crate::{
    access::Path,
    change::Operation,
    grant::Term,
    ids::{Assignment, GroupId, Principal, UserId},
    snapshot::Snapshot,
};

/// The assignment that a path rests on.
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

/// What operations give: assignments, each with the longest term asked for, and memberships.
pub(super) struct Given<'a> {
    terms: BTreeMap<&'a Assignment, Term>,
    joined: BTreeSet<(&'a GroupId, &'a UserId)>,
}

impl<'a> Given<'a> {
    pub(super) fn by(operations: &'a [Operation]) -> Self {
        let mut given = Self {
            terms: BTreeMap::new(),
            joined: BTreeSet::new(),
        };
        for operation in operations {
            match operation {
                Operation::Assign { assignment, term } => {
                    let longest = given.terms.entry(assignment).or_insert(*term);
                    *longest = (*longest).max(*term);
                }
                Operation::AddMember { group, user } => {
                    given.joined.insert((group, user));
                }
                Operation::Unassign { .. } | Operation::RemoveMember { .. } => {}
            }
        }
        given
    }

    /// Whether the operations give the same as another operation, for however long.
    pub(super) fn gives(&self, other: &Operation) -> bool {
        match other {
            Operation::Assign { assignment, .. } => self.terms.contains_key(assignment),
            Operation::AddMember { group, user } => self.joined.contains(&(group, user)),
            Operation::Unassign { .. } | Operation::RemoveMember { .. } => false,
        }
    }

    /// For how long the operations give a path; none if it does not come from them. Somebody who
    /// joins a group that is assigned already stays for good, even if the same change asks for a
    /// window on that assignment as well.
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

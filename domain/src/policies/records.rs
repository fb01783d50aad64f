//! What Leastwise recorded about existing access: what it granted, who agreed, and what should have been removed.
//!
//! Does not evaluate anything. Access without a record counts as standing and unapproved.

use std::collections::{BTreeMap, BTreeSet};

#[cfg(feature = "cedar")]
use crate::ids::Principal;
use crate::{
    engine::AccessResource,
    grant::Term,
    ids::{Assignment, GroupId, Pair, PersonId, UserId},
    shared_map::SharedMap,
    snapshot::Shared,
    time::Timestamp,
};

/// The record of an assignment that Leastwise created or adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The granted term.
    pub term: Term,
    /// Who agreed when it was granted.
    pub agreed: Agreement,
}

/// Who agreed to whose gain. It does not cover what the approvers did not see: later members of a group and later
/// assignments of a group need an agreement of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agreement {
    /// The people who agreed.
    pub approvals: Shared<BTreeSet<PersonId>>,
    /// The gains that they saw: each user with the account and permission set.
    pub gaining: Shared<BTreeSet<(UserId, Pair)>>,
}

/// All records about existing access. Copies share what they do not change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// What Leastwise granted.
    pub assignments: SharedMap<Assignment, Record>,
    /// The members that Leastwise added to each group, and who agreed to that.
    pub memberships: SharedMap<GroupId, Shared<BTreeMap<UserId, Agreement>>>,
    /// What should have been removed, and since when.
    pub overdue: Shared<BTreeMap<AccessResource, Timestamp>>,
}

#[cfg(feature = "cedar")]
impl Records {
    /// Returns who agreed to a user's access by an assignment or, without a user, to the access of future members of an
    /// empty group.
    pub(super) fn agreed(
        &self,
        assignment: &Assignment,
        user: Option<&UserId>,
    ) -> BTreeSet<String> {
        let granted = self
            .assignments
            .get(assignment)
            .map(|record| &record.agreed);
        let joined = || match (&assignment.principal, user) {
            (Principal::Group(group), Some(user)) => self.memberships.get(group)?.get(user),
            _ => None,
        };
        let saw = |agreed: &&Agreement| {
            user.is_none_or(|user| {
                let gain = (user.clone(), assignment.pair.clone());
                agreed.gaining.contains(&gain)
            })
        };
        let agreed = granted.filter(saw).or_else(|| joined().filter(saw));
        let names = agreed
            .into_iter()
            .flat_map(|agreed| agreed.approvals.iter());
        names.map(|person| person.as_str().to_owned()).collect()
    }

    /// Whether the people who have access by an assignment can have different results.
    pub(super) fn tell_apart(&self, assignment: &Assignment) -> bool {
        let late = !self.overdue.is_empty()
            && (self
                .overdue
                .contains_key(&AccessResource::Assignment(assignment.clone()))
                || matches!(&assignment.principal, Principal::Group(group) if self.late_in(group)));
        let joined = |group: &GroupId| self.memberships.contains_key(group);
        late || self.assignments.contains_key(assignment)
            || matches!(&assignment.principal, Principal::Group(group) if joined(group))
    }

    /// Whether the removal of any membership of a group is overdue.
    fn late_in(&self, group: &GroupId) -> bool {
        let next = self.overdue.range(AccessResource::first_in(group)..).next();
        matches!(next, Some((AccessResource::Membership { group: of, .. }, _)) if of == group)
    }

    /// Returns since when the removal of an assignment, or of a user's access by it, is overdue.
    pub(super) fn overdue(
        &self,
        assignment: &Assignment,
        user: Option<&UserId>,
    ) -> Option<Timestamp> {
        if self.overdue.is_empty() {
            return None;
        }
        let joined = match (&assignment.principal, user) {
            (Principal::Group(group), Some(user)) => {
                self.overdue.get(&AccessResource::Membership {
                    group: group.clone(),
                    user: user.clone(),
                })
            }
            _ => None,
        };
        let granted = self
            .overdue
            .get(&AccessResource::Assignment(assignment.clone()));
        granted.into_iter().chain(joined).min().copied()
    }
}

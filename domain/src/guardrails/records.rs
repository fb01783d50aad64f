//! What is on record of what exists: what Leastwise granted, who agreed to it, and what should be gone.
//!
//! Says nothing of what is right; only what was agreed, and to whose gain. What is not here counts as
//! standing and approved by nobody.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    engine::Key,
    grant::Term,
    ids::{Assignment, GroupId, Pair, PersonId, Principal, UserId},
    time::Timestamp,
};

/// What Leastwise itself knows of an assignment that it made or adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// For how long it was granted.
    pub term: Term,
    /// What was agreed, when it was granted.
    pub agreed: Agreement,
}

/// Who agreed that who gains what. It says nothing of what the approvers did not see: whoever comes into a
/// group later, and whatever the group is assigned to later, has an agreement of its own, or none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Who agreed.
    pub approvals: BTreeSet<PersonId>,
    /// Whom they saw gain where and with what.
    pub gaining: BTreeSet<(UserId, Pair)>,
}

/// Everything on record of what exists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// What Leastwise granted.
    pub assignments: BTreeMap<Assignment, Record>,
    /// Whom it put into a group, and who agreed to that.
    pub memberships: BTreeMap<GroupId, BTreeMap<UserId, Agreement>>,
    /// What should be gone, and since when: its removal is late.
    pub overdue: BTreeMap<Key, Timestamp>,
}

impl Records {
    /// Who agreed that somebody holds by an assignment; of nobody in particular, who agreed that whoever
    /// joins the empty group would.
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
        let names = agreed.into_iter().flat_map(|agreed| &agreed.approvals);
        names.map(|person| person.as_str().to_owned()).collect()
    }

    /// Whether it could make a difference who holds by an assignment.
    pub(super) fn tell_apart(&self, assignment: &Assignment) -> bool {
        let late = !self.overdue.is_empty()
            && (self
                .overdue
                .contains_key(&Key::Assignment(assignment.clone()))
                || matches!(&assignment.principal, Principal::Group(group) if self.late_in(group)));
        let joined = |group: &GroupId| self.memberships.contains_key(group);
        late || self.assignments.contains_key(assignment)
            || matches!(&assignment.principal, Principal::Group(group) if joined(group))
    }

    /// Whether anybody should be out of a group.
    fn late_in(&self, group: &GroupId) -> bool {
        let next = self.overdue.range(Key::first_in(group)..).next();
        matches!(next, Some((Key::Membership { group: of, .. }, _)) if of == group)
    }

    /// Since when an assignment, or what somebody holds by it, should be gone.
    pub(super) fn overdue(
        &self,
        assignment: &Assignment,
        user: Option<&UserId>,
    ) -> Option<Timestamp> {
        if self.overdue.is_empty() {
            return None;
        }
        let joined = match (&assignment.principal, user) {
            (Principal::Group(group), Some(user)) => self.overdue.get(&Key::Membership {
                group: group.clone(),
                user: user.clone(),
            }),
            _ => None,
        };
        let granted = self.overdue.get(&Key::Assignment(assignment.clone()));
        granted.into_iter().chain(joined).min().copied()
    }
}

//! What Leastwise recorded about existing access: what it granted, who agreed, and what should have been removed.
//!
//! Does not evaluate anything. Access without a record counts as standing and unapproved.

use std::collections::{BTreeMap, BTreeSet};

#[cfg(feature = "cedar")]
use super::request_template::{ApprovedContent, OnRecord};
use crate::{
    engine::AccessResource,
    grant::Term,
    ids::{Assignment, GroupId, Pair, PermissionSetArn, PersonId, UserId},
    permission_set::JudgedContent,
    shared_map::SharedMap,
    snapshot::Shared,
    time::{Date, Timestamp},
};
#[cfg(feature = "cedar")]
use crate::{ids::Principal, permission_set::PermissionSet};

/// The record of an assignment that Leastwise created or adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The granted term.
    pub term: Term,
    /// Who agreed when it was granted.
    pub agreed: Agreement,
}

/// Who agreed to whose gain. It does not cover what the approvers did not see: later members of a group, later
/// assignments of a group and later content of a permission set need an agreement of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agreement {
    /// The people who agreed.
    pub approvals: Shared<BTreeSet<PersonId>>,
    /// The gains that they saw: each user with the account and permission set.
    pub gaining: Shared<BTreeSet<(UserId, Pair)>>,
    /// The content of the permission sets that they saw. Records of earlier versions do not have it.
    pub sets: Shared<BTreeMap<PermissionSetArn, JudgedContent>>,
    /// The date by which somebody reviews the access. A review is another agreement, with a later date.
    pub review_on: Option<Date>,
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
    /// The day with which dates of reviews are compared. Without one, no date has passed.
    pub today: Option<Date>,
}

impl Agreement {
    /// Whether the date by which somebody reviews the access was before a day.
    pub fn review_passed(&self, today: Option<Date>) -> bool {
        self.review_on.is_some_and(|date| Some(date) < today)
    }
}

#[cfg(feature = "cedar")]
impl Agreement {
    fn content(&self, arn: &PermissionSetArn, now: Option<&PermissionSet>) -> ApprovedContent {
        match (self.sets.get(arn), now) {
            _ if self.approvals.is_empty() => ApprovedContent::None,
            (Some(seen), Some(now)) if seen.covers(now) => ApprovedContent::Same,
            (Some(_), Some(_)) => ApprovedContent::Changed,
            _ => ApprovedContent::Unknown,
        }
    }

    /// Returns the approvals that count for the content of now, by name.
    fn counted(&self, content: ApprovedContent) -> BTreeSet<String> {
        let approvals = self.approvals.iter();
        approvals
            .filter(|_| content == ApprovedContent::Same)
            .map(|person| person.as_str().to_owned())
            .collect()
    }
}

#[cfg(feature = "cedar")]
impl Records {
    /// Returns what is on record about a user's access by an assignment or, without a user, about the access of future
    /// members of an empty group. `set` is the permission set as it is now, if it is known.
    pub(super) fn agreed(
        &self,
        assignment: &Assignment,
        user: Option<&UserId>,
        set: Option<&PermissionSet>,
    ) -> OnRecord {
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
        let agreed = granted.into_iter().chain(joined()).filter(saw);
        let on_record = agreed.map(|agreed| {
            let content = agreed.content(&assignment.pair.set, set);
            OnRecord {
                approvals: agreed.counted(content),
                content,
                review_passed: agreed.review_passed(self.today),
            }
        });
        // Whoever was agreed to twice, with the group and as its member, is held to the agreement that still counts.
        let lapsed =
            |found: &OnRecord| (found.content != ApprovedContent::Same, found.review_passed);
        on_record.min_by_key(lapsed).unwrap_or_default()
    }

    /// Returns the assignments and the groups that have a date of a review which has passed since `before`, the records of
    /// an earlier day.
    pub fn passed_since(&self, before: &Self) -> (Vec<&Assignment>, Vec<&GroupId>) {
        let (old, new) = (before.today, self.today);
        // Every record is looked at, so only once a day.
        if old == new {
            return (Vec::new(), Vec::new());
        }
        let passed = |agreed: &Agreement| agreed.review_passed(new) != agreed.review_passed(old);
        let assignments = self.assignments.iter();
        let groups = self.memberships.iter();
        (
            assignments
                .filter(|(_, record)| passed(&record.agreed))
                .map(|(assignment, _)| assignment)
                .collect(),
            groups
                .filter(|(_, joined)| joined.values().any(passed))
                .map(|(group, _)| group)
                .collect(),
        )
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

//! Group memberships as subjects of a change. A removal is objected to only if the write cannot succeed or would be
//! undone.

use std::collections::BTreeSet;

use super::{
    AccessChange, AccessResource, Delay, InvalidItem, NoUndo, Objection, Operation, Part, Subject,
    SubjectContext, SubjectEffect, SubjectKey, Work, unknown,
};
use crate::{
    directory::Origin,
    grant::Term,
    ids::{AccountId, GroupId, PersonId, Principal, UserId},
    snapshot::Snapshot,
};

/// A user joins a group.
pub struct Addition<'a> {
    pub group: &'a GroupId,
    pub user: &'a UserId,
}

/// A user leaves a group.
pub struct Removal<'a> {
    pub group: &'a GroupId,
    pub user: &'a UserId,
}

impl<'a> Subject<'a> for Addition<'a> {
    fn key(&self) -> SubjectKey {
        key(self.group, self.user)
    }

    fn access(&self) -> Option<AccessChange<'a>> {
        Some(AccessChange::Joins(self.group, self.user))
    }

    fn account(&self) -> Option<&'a AccountId> {
        None
    }

    fn order(&self) -> Vec<Part> {
        parts("Add ", (self.group, self.user), " to ")
    }

    fn thing(&self) -> Vec<Part> {
        parts("the addition of ", (self.group, self.user), " to ")
    }

    fn check(&self) -> Result<(), InvalidItem> {
        Ok(())
    }

    fn objections(&self, SubjectContext { snapshot, .. }: SubjectContext<'_>) -> Vec<Objection> {
        let user = Principal::User(self.user.clone());
        let unknown = unknown::principal(snapshot, &user);
        unwritable(snapshot, self.group)
            .into_iter()
            .chain(unknown)
            .collect()
    }

    fn effect(&self, _: SubjectContext<'_>) -> Option<SubjectEffect> {
        None
    }

    fn bars(&self, _: SubjectContext<'_>) -> Vec<PersonId> {
        Vec::new()
    }

    fn may_decline(&self, _: &Snapshot) -> BTreeSet<PersonId> {
        BTreeSet::new()
    }

    fn delay(&self) -> Delay {
        Delay::May
    }

    fn work(&self) -> Work {
        Work::Keep {
            access: access(self.group, self.user),
            term: Term::Standing,
        }
    }

    fn undo(&self) -> Result<Operation, NoUndo> {
        Ok(Operation::RemoveMember {
            group: self.group.clone(),
            user: self.user.clone(),
        })
    }
}

impl<'a> Subject<'a> for Removal<'a> {
    fn key(&self) -> SubjectKey {
        key(self.group, self.user)
    }

    fn access(&self) -> Option<AccessChange<'a>> {
        Some(AccessChange::Leaves(self.group, self.user))
    }

    fn account(&self) -> Option<&'a AccountId> {
        None
    }

    fn order(&self) -> Vec<Part> {
        parts("Remove ", (self.group, self.user), " from ")
    }

    fn thing(&self) -> Vec<Part> {
        parts("the removal of ", (self.group, self.user), " from ")
    }

    fn check(&self) -> Result<(), InvalidItem> {
        Ok(())
    }

    fn objections(&self, SubjectContext { snapshot, .. }: SubjectContext<'_>) -> Vec<Objection> {
        unwritable(snapshot, self.group)
            .into_iter()
            .filter(|_| !is_member_of_lost_group(snapshot, self.group, self.user))
            .collect()
    }

    fn effect(&self, _: SubjectContext<'_>) -> Option<SubjectEffect> {
        None
    }

    fn bars(&self, _: SubjectContext<'_>) -> Vec<PersonId> {
        Vec::new()
    }

    fn may_decline(&self, _: &Snapshot) -> BTreeSet<PersonId> {
        BTreeSet::new()
    }

    fn work(&self) -> Work {
        Work::Remove {
            access: access(self.group, self.user),
        }
    }

    fn delay(&self) -> Delay {
        Delay::Never
    }

    fn undo(&self) -> Result<Operation, NoUndo> {
        Ok(Operation::AddMember {
            group: self.group.clone(),
            user: self.user.clone(),
        })
    }
}

fn key(group: &GroupId, user: &UserId) -> SubjectKey {
    SubjectKey::Membership {
        group: group.clone(),
        user: user.clone(),
    }
}

fn access(group: &GroupId, user: &UserId) -> AccessResource {
    AccessResource::Membership {
        group: group.clone(),
        user: user.clone(),
    }
}

fn parts(
    verb: &'static str,
    (group, user): (&GroupId, &UserId),
    preposition: &'static str,
) -> Vec<Part> {
    vec![
        Part::Text(verb),
        Part::Principal(Principal::User(user.clone())),
        Part::Text(preposition),
        Part::Principal(Principal::Group(group.clone())),
    ]
}

/// Whether the directory no longer lists a group in which the user still has a recorded membership. Removing that
/// membership must remain possible.
fn is_member_of_lost_group(snapshot: &Snapshot, group: &GroupId, user: &UserId) -> bool {
    snapshot.group(group).is_none() && snapshot.members(group).any(|member| member == user)
}

/// Returns why the members of a group cannot be changed.
fn unwritable(snapshot: &Snapshot, group: &GroupId) -> Option<Objection> {
    match snapshot.group(group).map(|known| (known, known.origin)) {
        None => unknown::principal(snapshot, &Principal::Group(group.clone())),
        Some((_, Origin::IdentityCenter)) => None,
        Some((known, Origin::External)) => Some(Objection::blocks(
            "system.external-group",
            format!(
                "The members of {} are managed in the identity provider, which would undo this change without a trace. \
                 Change them there.",
                known.display_name
            ),
            "PCI 8.2.4",
        )),
    }
}

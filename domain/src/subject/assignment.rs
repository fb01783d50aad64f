//! Account assignments as subjects of a change. A removal is objected to only if the write cannot succeed, never because
//! of who has the access.

use std::collections::BTreeSet;

use super::{
    AccessChange, AccessResource, Delay, InvalidItem, NoUndo, Objection, Operation, Part, Subject,
    SubjectContext, SubjectEffect, SubjectKey, Work, unknown,
};
use crate::{
    classification::is_live,
    grant::{LONGEST_WINDOW, SHORTEST_WINDOW, Term},
    ids::{AccountId, Assignment, PersonId},
    snapshot::Snapshot,
};

/// An assignment is created.
pub struct Grant<'a> {
    pub assignment: &'a Assignment,
    pub term: Term,
}

/// An assignment is removed.
pub struct Removal<'a> {
    pub assignment: &'a Assignment,
}

impl<'a> Subject<'a> for Grant<'a> {
    fn key(&self) -> SubjectKey {
        SubjectKey::Assignment(self.assignment.clone())
    }

    fn access(&self) -> Option<AccessChange<'a>> {
        Some(AccessChange::Assigns(self.assignment, self.term))
    }

    fn account(&self) -> Option<&'a AccountId> {
        Some(&self.assignment.pair.account)
    }

    fn order(&self) -> Vec<Part> {
        let mut parts = vec![Part::Text("Grant ")];
        parts.extend(named(self.assignment, " to "));
        parts.extend([Part::Text(" "), Part::Term(self.term)]);
        parts
    }

    fn thing(&self) -> Vec<Part> {
        let mut parts = vec![Part::Text("the assignment of ")];
        parts.extend(named(self.assignment, " to "));
        parts
    }

    fn check(&self) -> Result<(), InvalidItem> {
        match self.term {
            Term::For(window) if !(SHORTEST_WINDOW..=LONGEST_WINDOW).contains(&window) => {
                Err(InvalidItem::Window)
            }
            Term::For(_) | Term::Standing => Ok(()),
        }
    }

    fn objections(&self, SubjectContext { snapshot, .. }: SubjectContext<'_>) -> Vec<Objection> {
        let pair = &self.assignment.pair;
        let mut found = unwritable(snapshot, self.assignment);
        found.extend(unknown::account(snapshot, &pair.account));
        found.extend(unknown::set(snapshot, &pair.set));
        found.extend(unknown::principal(snapshot, &self.assignment.principal));
        found
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
            access: AccessResource::Assignment(self.assignment.clone()),
            term: self.term,
        }
    }

    fn undo(&self) -> Result<Operation, NoUndo> {
        Ok(Operation::Unassign {
            assignment: self.assignment.clone(),
        })
    }
}

impl<'a> Subject<'a> for Removal<'a> {
    fn key(&self) -> SubjectKey {
        SubjectKey::Assignment(self.assignment.clone())
    }

    fn access(&self) -> Option<AccessChange<'a>> {
        Some(AccessChange::Unassigns(self.assignment))
    }

    fn account(&self) -> Option<&'a AccountId> {
        Some(&self.assignment.pair.account)
    }

    fn order(&self) -> Vec<Part> {
        let mut parts = vec![Part::Text("Remove ")];
        parts.extend(named(self.assignment, " from "));
        parts
    }

    fn thing(&self) -> Vec<Part> {
        let mut parts = vec![Part::Text("the removal of ")];
        parts.extend(named(self.assignment, " from "));
        parts
    }

    fn check(&self) -> Result<(), InvalidItem> {
        Ok(())
    }

    fn objections(&self, SubjectContext { snapshot, .. }: SubjectContext<'_>) -> Vec<Objection> {
        let pair = &self.assignment.pair;
        let mut found = unwritable(snapshot, self.assignment);
        // What AWS lists can be removed, even if the account, set or principal is gone.
        if snapshot.pair(pair).is_none() {
            found.extend(unknown::account(snapshot, &pair.account));
            found.extend(unknown::set(snapshot, &pair.set));
        }
        found
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
            access: AccessResource::Assignment(self.assignment.clone()),
        }
    }

    fn delay(&self) -> Delay {
        Delay::Never
    }

    /// The removed access had no end that Leastwise knows.
    fn undo(&self) -> Result<Operation, NoUndo> {
        Ok(Operation::Assign {
            assignment: self.assignment.clone(),
            term: Term::Standing,
        })
    }
}

/// Returns what an assignment names, the account first.
pub(super) fn names(Assignment { pair, principal }: &Assignment) -> Vec<Part> {
    vec![
        Part::Account(pair.account.clone()),
        Part::Set(pair.set.clone()),
        Part::Principal(principal.clone()),
    ]
}

fn named(assignment: &Assignment, preposition: &'static str) -> [Part; 5] {
    let Assignment { pair, principal } = assignment;
    [
        Part::Set(pair.set.clone()),
        Part::Text(" on "),
        Part::Account(pair.account.clone()),
        Part::Text(preposition),
        Part::Principal(principal.clone()),
    ]
}

/// Returns the reasons why AWS would refuse to create or delete an assignment.
pub fn unwritable(snapshot: &Snapshot, assignment: &Assignment) -> Vec<Objection> {
    let mut found = Vec::new();
    let account = &assignment.pair.account;
    if snapshot.is_management(account) {
        found.push(Objection::blocks(
            "system.management-account",
            format!(
                "{account} is the management account, and AWS does not let a delegated administrator change access to it. \
                 Make this change in the management account, with a separate permission set."
            ),
            "PCI 7.2.3",
        ));
    } else if snapshot.is_in_management(&assignment.pair.set) {
        found.push(Objection::blocks(
            "system.management-set",
            "This permission set is provisioned in the management account, so a delegated administrator cannot \
             manage it in any account. Use a separate permission set here."
                .to_owned(),
            "PCI 7.2.3",
        ));
    }
    if let Some((known, _)) = snapshot.account(account)
        && !is_live(known)
    {
        let inactive = Objection::blocks(
            "system.account-not-active",
            format!(
                "Account {} ({account}) is {} as of the last complete read of AWS, so access to it cannot be changed. If that \
                 has changed, try again after the next read.",
                known.name,
                known.state.as_str().to_lowercase().replace('_', " ")
            ),
            "PCI 7.2.1",
        );
        found.push(inactive.passing());
    }
    found
}

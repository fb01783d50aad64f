//! Which Identity Center user an identity is, if people say so. Two other people must agree to a link, because whoever is
//! linked acts as that user; e-mail addresses and names are never evidence.

use super::{
    InvalidItem, Objection, Operation, Part, PlannedStep, PropertyChange, PropertyValue, SagaPlan,
    Step, Subject, SubjectContext, SubjectEffect, SubjectKey, SubjectState, Work, content_hash,
    unknown,
};
use crate::{
    directory::UserStatus,
    ids::{PersonId, Principal, UserId},
};

/// An identity would be linked to a user.
pub const LINKED: &str = "system.identity-link";
/// The link of an identity would end.
pub const UNLINKED: &str = "system.identity-link-ended";
/// The user is disabled.
pub const DISABLED: &str = "system.user-disabled";

/// What is known of an identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The linked user.
    pub user: Option<UserId>,
    /// The other identities that are, were or claim to be the new user.
    pub others: Vec<PersonId>,
}

/// An item that replaces the linked user of an identity.
pub struct Link<'a> {
    pub person: &'a PersonId,
    pub before: Option<&'a UserId>,
    pub after: Option<&'a UserId>,
}

impl Link<'_> {
    fn state<'a>(&self, context: SubjectContext<'a>) -> Option<&'a State> {
        match context.states.get(&self.key()) {
            Some(SubjectState::IdentityLink(state)) => Some(state),
            _ => None,
        }
    }
}

fn user(id: &UserId) -> Part {
    Part::Principal(Principal::User(id.clone()))
}

impl Subject for Link<'_> {
    fn key(&self) -> SubjectKey {
        SubjectKey::IdentityLink {
            person: self.person.clone(),
        }
    }

    fn order(&self) -> Vec<Part> {
        let person = Part::Person(self.person.clone());
        match (self.before, self.after) {
            (_, Some(after)) => vec![
                Part::Text("Link "),
                person,
                Part::Text(" to the Identity Center user "),
                user(after),
            ],
            (Some(before), None) => vec![
                Part::Text("End the link of "),
                person,
                Part::Text(" to the Identity Center user "),
                user(before),
            ],
            (None, None) => vec![Part::Text("Leave "), person, Part::Text(" without a link")],
        }
    }

    fn thing(&self) -> Vec<Part> {
        let text = match self.after {
            Some(_) => "the link of ",
            None => "the end of the link of ",
        };
        let mut parts = vec![Part::Text(text), Part::Person(self.person.clone())];
        if let Some(id) = self.after.or(self.before) {
            parts.extend([Part::Text(" to "), user(id)]);
        }
        parts
    }

    fn check(&self) -> Result<(), InvalidItem> {
        if self.before == self.after {
            return Err(InvalidItem::NoDifference);
        }
        Ok(())
    }

    fn objections(&self, context: SubjectContext<'_>) -> Vec<Objection> {
        let Some(state) = self.state(context) else {
            return vec![Objection::not_read(
                "The identity could not be read.".into(),
            )];
        };
        if state.user.as_ref() != self.before {
            return vec![Objection::changed_meanwhile(
                "The identity is linked to another user since this was requested.".into(),
            )];
        }
        let Some(after) = self.after else {
            return vec![Objection::needs(
                1,
                UNLINKED,
                "Without its link, an identity can neither decide nor administer. Somebody else must agree.".into(),
                "PCI 8.2.4",
            )];
        };
        let mut found = Vec::new();
        match context.snapshot.user(after).map(|user| user.status) {
            None => found.extend(unknown::principal(
                context.snapshot,
                &Principal::User(after.clone()),
            )),
            Some(UserStatus::Disabled) => found.push(Objection::blocks(
                DISABLED,
                "The Identity Center user is disabled. Enable the user in the identity provider, or choose another."
                    .into(),
                "PCI 8.2.6",
            )),
            Some(UserStatus::Enabled) => {}
        }
        found.push(Objection::needs(
            2,
            LINKED,
            "Whoever is linked to an Identity Center user acts as that user. Two other people must agree.".into(),
            "PCI 8.2.1",
        ));
        found
    }

    fn effect(&self) -> Option<SubjectEffect> {
        let value = |user: Option<&UserId>| user.cloned().map(PropertyValue::User);
        Some(SubjectEffect {
            key: self.key(),
            properties: vec![PropertyChange {
                name: "Identity Center user".into(),
                before: value(self.before),
                after: value(self.after),
            }],
        })
    }

    fn bars(&self, context: SubjectContext<'_>) -> Vec<PersonId> {
        let others = self.state(context).map(|state| state.others.clone());
        let users = self.before.into_iter().chain(self.after);
        users
            .filter_map(|user| context.snapshot.person(user).cloned())
            .chain(others.into_iter().flatten())
            .chain([self.person.clone()])
            .collect()
    }

    fn work(&self) -> Work {
        Work::Saga(SagaPlan {
            key: self.key(),
            seen: content_hash(&self.before),
            steps: vec![PlannedStep {
                step: Step::Link {
                    person: self.person.clone(),
                    user: self.after.cloned(),
                },
                leaves: content_hash(&self.after),
            }],
        })
    }

    fn undo(&self) -> Operation {
        Operation::LinkIdentity {
            person: self.person.clone(),
            before: self.after.cloned(),
            after: self.before.cloned(),
        }
    }
}

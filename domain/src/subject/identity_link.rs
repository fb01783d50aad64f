//! Which Identity Center user an identity is, if people say so. Two other people must agree to a link, because whoever is
//! linked acts as that user; e-mail addresses and names are never evidence.
//!
//! An item links an identity to a user, ends its link, or refuses what its sign-ins claim. If the user already is another
//! identity that is in use, the sign-ins become sign-ins of that identity. Linking a suspended identity, or ending its
//! link, ends the suspension.

mod evidence;
mod items;

use serde::{Deserialize, Serialize};

pub use evidence::{SIGN_INS, SignInEvidence};

use super::{
    AccessChange, InvalidItem, Objection, Operation, Part, PlannedStep, PropertyChange,
    PropertyValue, SagaPlan, Step, Subject, SubjectContext, SubjectEffect, SubjectKey,
    SubjectState, Work, content_hash, unknown,
};
use crate::{
    directory::UserStatus,
    ids::{AccountId, PersonId, Principal, UserId},
    permission_set::ContentHash,
    time::Timestamp,
};

/// An identity would be linked to a user.
pub const LINKED: &str = "system.identity-link";
/// The link of an identity would end.
pub const UNLINKED: &str = "system.identity-link-ended";
/// The claim of a sign-in would be refused.
pub const CLAIM_REFUSED: &str = "system.identity-claim-refused";
/// The user is disabled.
pub const DISABLED: &str = "system.user-disabled";
/// A key of a sign-in leads to another user.
pub const ELSEWHERE: &str = "system.key-of-another-user";
/// The requester is, was or claims to be one of those whom the item concerns.
pub const OWN_IDENTITY: &str = "system.own-identity";
/// Nobody has signed in as the identity.
pub const NO_SIGN_IN: &str = "system.no-sign-in";

/// What is open about an identity and settled by the next agreement about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "open")]
pub enum OpenMatter {
    /// A sign-in leads to users who are or were another identity.
    Claim { users: Vec<UserId> },
    /// The identity is suspended.
    Suspension { since: Timestamp },
}

/// What was seen of an identity, besides its user, when an item about it was requested.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Seen {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenMatter>,
    /// The identity that its sign-ins join, because it is the new user and in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joins: Option<PersonId>,
    /// What spoke for and against it. Not compared with what it is later: people judge it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<SignInEvidence>,
}

impl Seen {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What is known of an identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The linked user.
    pub user: Option<UserId>,
    pub open: Option<OpenMatter>,
    /// The number of its sign-ins.
    pub sign_ins: usize,
    /// The identity that its sign-ins would join.
    pub joins: Option<PersonId>,
    /// The other identities that are, were or claim to be the users of the item.
    pub others: Vec<PersonId>,
    /// The users, other than the new one and those that the identity was linked to, that a key of it leads to.
    pub elsewhere: Vec<UserId>,
    /// Who requests the change.
    pub requester: Option<PersonId>,
}

/// An item that replaces the linked user of an identity.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    pub person: &'a PersonId,
    pub before: Option<&'a UserId>,
    pub after: Option<&'a UserId>,
    pub seen: &'a Seen,
}

/// What an item does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim<'a> {
    Link(&'a UserId),
    End(&'a UserId),
    Refuse(&'a [UserId]),
    Nothing,
}

/// Returns the content of an identity with this user and nothing open, as a read of it shows it.
pub fn content(user: Option<&UserId>) -> ContentHash {
    open_content(user, None)
}

/// Returns the content of an identity as a read of it shows it.
pub fn open_content(user: Option<&UserId>, open: Option<&OpenMatter>) -> ContentHash {
    content_hash(&(user, open))
}

impl<'a> Link<'a> {
    fn state<'s>(&self, context: SubjectContext<'s>) -> Option<&'s State> {
        match context.states.get(&self.key()) {
            Some(SubjectState::IdentityLink(state)) => Some(state),
            _ => None,
        }
    }

    fn aim(&self) -> Aim<'a> {
        match (self.before, self.after, &self.seen.open) {
            (_, Some(user), _) => Aim::Link(user),
            (Some(user), None, _) => Aim::End(user),
            (None, None, Some(OpenMatter::Claim { users })) => Aim::Refuse(users),
            (None, None, _) => Aim::Nothing,
        }
    }

    /// Returns every user that the item is about.
    pub fn users(&self) -> Vec<&'a UserId> {
        let claimed: &[UserId] = match &self.seen.open {
            Some(OpenMatter::Claim { users }) => users,
            _ => &[],
        };
        let named = self.before.into_iter().chain(self.after);
        named.chain(claimed).collect()
    }

    /// Whether somebody is one of those whom the item concerns.
    fn concerns(&self, person: &PersonId, state: &State, context: SubjectContext<'_>) -> bool {
        let mut users = self.users().into_iter();
        person == self.person
            || state.others.contains(person)
            || users.any(|user| context.snapshot.person(user) == Some(person))
    }
}

/// Returns why the new user cannot be linked.
fn obstacles(user: &UserId, state: &State, context: SubjectContext<'_>) -> Vec<Objection> {
    let mut found = Vec::new();
    let principal = Principal::User(user.clone());
    match context.snapshot.user(user).map(|user| user.status) {
        None => found.extend(unknown::principal(context.snapshot, &principal)),
        Some(UserStatus::Disabled) => found.push(Objection::blocks(
            DISABLED,
            "The Identity Center user is disabled. Enable the user in the identity provider, or choose another."
                .into(),
            "PCI 8.2.6",
        )),
        Some(UserStatus::Enabled) => {}
    }
    found.extend(state.elsewhere.iter().map(|other| {
        Objection::blocks(
            ELSEWHERE,
            format!(
                "A key of this identity leads to the Identity Center user {other}, and a link to another user would be \
                 suspended at once. Correct the external id, or the attribute of the user pool, or choose that user."
            ),
            "PCI 8.2.1",
        )
    }));
    if state.sign_ins == 0 {
        found.push(Objection::blocks(
            NO_SIGN_IN,
            "Nobody has signed in as this identity, so there is nothing to link.".into(),
            "PCI 8.2.1",
        ));
    }
    found
}

fn user(id: &UserId) -> Part {
    Part::Principal(Principal::User(id.clone()))
}

fn property(
    name: &'static str,
    before: Option<PropertyValue>,
    after: Option<PropertyValue>,
) -> Option<PropertyChange> {
    (before != after).then(|| PropertyChange {
        name: name.into(),
        before,
        after,
    })
}

impl<'a> Subject<'a> for Link<'a> {
    fn key(&self) -> SubjectKey {
        SubjectKey::IdentityLink {
            person: self.person.clone(),
        }
    }

    fn access(&self) -> Option<AccessChange<'a>> {
        None
    }

    fn account(&self) -> Option<&'a AccountId> {
        None
    }

    fn order(&self) -> Vec<Part> {
        let person = Part::Person(self.person.clone());
        match self.aim() {
            Aim::Link(after) => vec![
                Part::Text("Link "),
                person,
                Part::Text(" to the Identity Center user "),
                user(after),
            ],
            Aim::End(before) => vec![
                Part::Text("End the link of "),
                person,
                Part::Text(" to the Identity Center user "),
                user(before),
            ],
            Aim::Refuse(users) => {
                let mut parts = vec![Part::Text("Refuse the claim of "), person];
                for claimed in users {
                    parts.extend([
                        Part::Text(" to be the Identity Center user "),
                        user(claimed),
                    ]);
                }
                parts
            }
            Aim::Nothing => vec![Part::Text("Leave "), person, Part::Text(" without a link")],
        }
    }

    fn thing(&self) -> Vec<Part> {
        let person = Part::Person(self.person.clone());
        let (text, to) = match self.aim() {
            Aim::Link(user) => ("the link of ", Some(user)),
            Aim::End(user) => ("the end of the link of ", Some(user)),
            Aim::Refuse(users) => ("the refusal of the claim of ", users.first()),
            Aim::Nothing => ("the missing link of ", None),
        };
        let mut parts = vec![Part::Text(text), person];
        if let Some(id) = to {
            parts.extend([Part::Text(" to "), user(id)]);
        }
        parts
    }

    fn check(&self) -> Result<(), InvalidItem> {
        if self.before == self.after && self.seen.open.is_none() {
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
        let (joins, open) = (&self.seen.joins, &self.seen.open);
        let other = self.after.is_some() && state.joins != *joins;
        if state.user.as_ref() != self.before || state.open != *open || other {
            return vec![Objection::changed_meanwhile(
                "The identity, or the one that its sign-ins would join, is not as it was when this was requested."
                    .into(),
            )];
        }
        let mut found = Vec::new();
        let requester = state.requester.as_ref();
        if requester.is_some_and(|person| self.concerns(person, state, context)) {
            found.push(Objection::blocks(
                OWN_IDENTITY,
                "You are, were or claim to be this identity or this user. Nobody proposes or approves who they are \
                 themselves: ask another administrator."
                    .into(),
                "PCI 7.2.2",
            ));
        }
        if let Aim::Link(user) = self.aim() {
            found.extend(obstacles(user, state, context));
        }
        found.push(match self.aim() {
            Aim::Link(_) => Objection::needs(
                2,
                LINKED,
                "Whoever is linked to an Identity Center user acts as that user. Two other people must agree."
                    .into(),
                "PCI 8.2.1",
            ),
            Aim::End(_) | Aim::Nothing => Objection::needs(
                1,
                UNLINKED,
                "Without its link, an identity can neither decide nor administer. Somebody else must agree.".into(),
                "PCI 8.2.4",
            ),
            Aim::Refuse(_) => Objection::needs(
                2,
                CLAIM_REFUSED,
                "After a refusal, the sign-in and the user count as two people, who can approve each other's changes. \
                 Two other people must agree."
                    .into(),
                "PCI 7.2.2",
            ),
        });
        found
    }

    fn effect(&self, _: SubjectContext<'_>) -> Option<SubjectEffect> {
        let value = |user: Option<&UserId>| user.cloned().map(PropertyValue::User);
        let open = match &self.seen.open {
            None => None,
            Some(OpenMatter::Claim { users }) => {
                property("claimed user", value(users.first()), None)
            }
            Some(OpenMatter::Suspension { since }) => {
                property("suspended since", Some(PropertyValue::Time(*since)), None)
            }
        };
        let joins = self.seen.joins.as_ref().filter(|_| self.after.is_some());
        let joins = joins.and_then(|_| {
            let words = "of the identity that already is this user, with its roles";
            property("sign-ins", None, Some(PropertyValue::Text(words.into())))
        });
        let user = property(
            "Identity Center user",
            value(self.before),
            value(self.after),
        );
        Some(SubjectEffect {
            key: self.key(),
            properties: user.into_iter().chain(open).chain(joins).collect(),
        })
    }

    fn bars(&self, context: SubjectContext<'_>) -> Vec<PersonId> {
        let others = self.state(context).map(|state| state.others.clone());
        let users = self.users().into_iter();
        users
            .filter_map(|user| context.snapshot.person(user).cloned())
            .chain(others.into_iter().flatten())
            .chain([self.person.clone()])
            .collect()
    }

    fn work(&self) -> Work {
        Work::Saga(SagaPlan {
            key: self.key(),
            seen: open_content(self.before, self.seen.open.as_ref()).into(),
            steps: vec![PlannedStep {
                step: Step::Link {
                    person: self.person.clone(),
                    user: self.after.cloned(),
                },
                leaves: content(self.after).into(),
            }],
        })
    }

    fn undo(&self) -> Operation {
        let after = match self.aim() {
            Aim::Refuse(users) => users.first().cloned(),
            _ => self.before.cloned(),
        };
        Operation::LinkIdentity {
            person: self.person.clone(),
            before: self.after.cloned(),
            after,
            seen: Seen::default(),
        }
    }
}

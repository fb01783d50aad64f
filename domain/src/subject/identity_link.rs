//! Which Identity Center user an identity is, if people say so. Two other people must agree to a link, because whoever is
//! linked acts as that user; e-mail addresses and names are never evidence.
//!
//! An item links an identity to a user, ends its link, refuses what its sign-ins claim, or withdraws such a refusal. If
//! the user already is another identity that is in use, the sign-ins become sign-ins of that identity. Linking a suspended
//! identity, or ending its link, ends the suspension.

mod controllers;
mod evidence;
mod items;
mod obstacles;
mod phrases;
mod state;

use std::collections::BTreeSet;

pub use controllers::{Controllers, Holders};
pub use evidence::{SIGN_INS, SignInEvidence};
pub use state::{ObservedIdentity, OpenMatter, State, content};

use super::{
    AccessChange, Delay, InvalidItem, NoUndo, Objection, Operation, Part, PlannedStep,
    PropertyChange, PropertyValue, SagaPlan, Step, Subject, SubjectContext, SubjectEffect,
    SubjectKey, SubjectState, Work,
};
use crate::{
    ids::{AccountId, PersonId, UserId},
    snapshot::Snapshot,
};

/// An identity would be linked to a user.
pub const LINKED: &str = "system.identity-link";
/// The link of an identity would end.
pub const UNLINKED: &str = "system.identity-link-ended";
/// The claim of a sign-in would be refused.
pub const CLAIM_REFUSED: &str = "system.identity-claim-refused";
/// The refusal of a claim would be withdrawn.
pub const REFUSAL_WITHDRAWN: &str = "system.identity-refusal-withdrawn";
/// The user is disabled.
pub const DISABLED: &str = "system.user-disabled";
/// A key of a sign-in leads to another user.
pub const ELSEWHERE: &str = "system.key-of-another-user";
/// The requester is, was or claims to be one of those whom the item concerns.
pub const OWN_IDENTITY: &str = "system.own-identity";
/// The identity, or one that the item makes it a part of or takes from, decides or administers here.
pub const CONTROLLER: &str = "system.identity-of-controller";
/// Too few people who decide or administer would remain.
pub const TOO_FEW: &str = "system.too-few-controllers";
/// Sign-ins of another identity became sign-ins of this one.
pub const HOLDS_OTHERS: &str = "system.identity-holds-sign-ins";
/// Nobody has signed in as the identity.
pub const NO_SIGN_IN: &str = "system.no-sign-in";

/// An item that replaces the linked user of an identity.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    pub person: &'a PersonId,
    pub before: Option<&'a UserId>,
    pub after: Option<&'a UserId>,
    pub seen: &'a ObservedIdentity,
    /// The users whose refusal is withdrawn, in ascending order.
    pub withdraws: &'a [UserId],
}

/// What an item does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim<'a> {
    Link(&'a UserId),
    End(&'a UserId),
    Refuse(&'a [UserId]),
    Withdraw(&'a [UserId]),
    Nothing,
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
            (None, None, None) if !self.withdraws.is_empty() => Aim::Withdraw(self.withdraws),
            (None, None, _) => Aim::Nothing,
        }
    }

    /// Whether the item ends the link.
    pub fn ends(&self) -> bool {
        matches!(self.aim(), Aim::End(_))
    }

    /// Whether the item withdraws the refusal of a claim.
    pub fn withdraws(&self) -> bool {
        matches!(self.aim(), Aim::Withdraw(_))
    }

    /// Whether the item does nothing but withdraw refusals that were seen, each once.
    fn is_withdrawal(&self) -> bool {
        let mut users = self.withdraws.iter();
        self.withdraws()
            && self.withdraws.is_sorted_by(|a, b| a < b)
            && users.all(|user| self.seen.refused.contains(user))
    }

    /// Returns every user that the item is about.
    pub fn users(&self) -> Vec<&'a UserId> {
        let named = self.before.into_iter().chain(self.after);
        named.chain(self.claimed()).collect()
    }

    /// Returns the users of whom people decide whether the sign-ins of the identity may claim them.
    pub fn claimed(&self) -> Vec<&'a UserId> {
        match (self.aim(), &self.seen.open) {
            (Aim::Withdraw(users), _) => users.iter().collect(),
            (_, Some(OpenMatter::Claim { users })) => users.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the users that the identity is not, after the item.
    fn refused(&self) -> BTreeSet<UserId> {
        let mut refused = self.seen.refused.clone();
        match self.aim() {
            Aim::Link(user) => {
                refused.remove(user);
            }
            Aim::Refuse(users) => refused.extend(users.iter().cloned()),
            Aim::Withdraw(users) => refused.retain(|user| !users.contains(user)),
            Aim::End(_) | Aim::Nothing => {}
        }
        refused
    }

    /// Whether somebody is one of those whom the item concerns.
    fn concerns(&self, person: &PersonId, state: &State, context: SubjectContext<'_>) -> bool {
        let mut users = self.users().into_iter();
        person == self.person
            || state.others.contains(person)
            || users.any(|user| context.snapshot.person(user) == Some(person))
    }
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
        phrases::order(self)
    }

    fn thing(&self) -> Vec<Part> {
        phrases::thing(self)
    }

    fn check(&self) -> Result<(), InvalidItem> {
        if !self.withdraws.is_empty() && !self.is_withdrawal() {
            return Err(InvalidItem::Withdrawal);
        }
        if self.before == self.after
            && self.seen.open.is_none()
            && self.refused() == self.seen.refused
        {
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
        let refused = state.refused != self.seen.refused;
        if state.user.as_ref() != self.before || state.open != *open || refused || other {
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
            found.extend(obstacles::of_link(user, state, context));
        }
        found.extend(self.controllers(state));
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
            Aim::Withdraw(_) => Objection::needs(
                2,
                REFUSAL_WITHDRAWN,
                "Without the refusal, the sign-in may claim the user again, or be linked to it by its keys. Two other \
                 people must agree."
                    .into(),
                "PCI 8.2.1",
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
        let suspended = match &self.seen.open {
            Some(OpenMatter::Suspension { since }) => {
                property("suspended since", Some(PropertyValue::Time(*since)), None)
            }
            None | Some(OpenMatter::Claim { .. }) => None,
        };
        let claimed = self.claimed().into_iter();
        let claimed = claimed.filter_map(|user| match self.aim() {
            Aim::Withdraw(_) => property("refused user", value(Some(user)), None),
            _ => property("claimed user", value(Some(user)), None),
        });
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
            properties: user
                .into_iter()
                .chain(claimed)
                .chain(suspended)
                .chain(joins)
                .collect(),
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

    /// Whoever loses a link may say that it is theirs, and so may whoever is the user that another identity is to become. Not
    /// whoever acts by the sign-ins that an end takes away.
    fn may_decline(&self, snapshot: &Snapshot) -> BTreeSet<PersonId> {
        let users = match self.aim() {
            Aim::End(_) => Vec::new(),
            _ => self.users(),
        };
        let holders = users.into_iter().filter_map(|user| snapshot.person(user));
        holders.chain([self.person]).cloned().collect()
    }

    fn delay(&self) -> Delay {
        match self.aim() {
            Aim::End(_) => Delay::Never,
            Aim::Link(_) | Aim::Refuse(_) | Aim::Withdraw(_) | Aim::Nothing => Delay::May,
        }
    }

    fn work(&self) -> Work {
        Work::Saga(SagaPlan {
            key: self.key(),
            seen: content(self.before, self.seen.open.as_ref(), &self.seen.refused).into(),
            steps: vec![PlannedStep {
                step: Step::Link {
                    person: self.person.clone(),
                    user: self.after.cloned(),
                },
                leaves: content(self.after, None, &self.refused()).into(),
            }],
        })
    }

    /// A refusal is withdrawn, so that the next sign-in claims again: nobody has agreed that the claim is true. Refusals
    /// that other changes agreed to stay. What is withdrawn is refused again only if a sign-in claims it again.
    fn undo(&self) -> Result<Operation, NoUndo> {
        let (after, withdraws) = match self.aim() {
            Aim::Withdraw(_) => return Err(NoUndo::BeforeANewClaim),
            Aim::Nothing => return Err(NoUndo::ChangedNothing),
            Aim::Refuse(users) => {
                let new: BTreeSet<&UserId> = users.iter().collect();
                let new = new
                    .into_iter()
                    .filter(|user| !self.seen.refused.contains(*user));
                (None, new.cloned().collect())
            }
            Aim::Link(_) | Aim::End(_) => (self.before.cloned(), Vec::new()),
        };
        Ok(Operation::LinkIdentity {
            person: self.person.clone(),
            before: self.after.cloned(),
            after,
            seen: ObservedIdentity {
                refused: self.refused(),
                ..ObservedIdentity::default()
            },
            withdraws,
        })
    }
}

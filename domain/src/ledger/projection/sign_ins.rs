//! The projection of sign-ins: the identity that each belongs to, the identity that it came from, and the user that it claims.
//!
//! A row that assigns a sign-in to another identity has no effect. A sign-in without an entry belongs to nobody.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Entry, Outcome, identities, pairs, person_of_target, sessions, subject};
use crate::{
    ids::{PersonId, UserId},
    ledger::EventKind,
    person::Subject,
    shared_map::SharedMap,
    time::Timestamp,
};

/// The event type of a sign-in that was assigned to an identity before it was used.
pub const ASSIGNED: &str = EventKind::SubjectAssigned.as_str();
/// The event type of a sign-in that was linked to the identity of its user.
pub const LINKED: &str = EventKind::SubjectLinked.as_str();
/// The event type of a claim.
pub const CLAIMED: &str = EventKind::SubjectClaimed.as_str();

/// Every event type that changes what is known of a sign-in.
pub const OF_SIGN_INS: [&str; 7] = [
    ASSIGNED,
    LINKED,
    CLAIMED,
    sessions::STARTED,
    identities::LINK_AGREED,
    identities::LINK_ENDED,
    identities::CLAIM_REFUSED,
];

/// A claim that is not settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedClaim {
    /// The claimed Identity Center user.
    pub user: UserId,
    /// The identity that was or had been that user then.
    pub held_by: Option<PersonId>,
    pub at: Timestamp,
}

/// A sign-in according to its entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedSignIn {
    /// The identity that it belongs to.
    pub person: PersonId,
    /// The identity that it belonged to before people agreed that the two are the same user.
    pub from: Option<PersonId>,
    pub claim: Option<RecordedClaim>,
}

/// All sign-ins according to their entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredSignIns", into = "StoredSignIns")]
pub struct SignIns {
    all: SharedMap<Subject, RecordedSignIn>,
    of: SharedMap<PersonId, BTreeSet<Subject>>,
    from: SharedMap<PersonId, BTreeSet<Subject>>,
    claiming: BTreeSet<Subject>,
}

/// Sign-ins as they are stored, without what follows from them.
#[derive(Serialize, Deserialize)]
struct StoredSignIns {
    #[serde(with = "pairs")]
    all: SharedMap<Subject, RecordedSignIn>,
}

impl From<SignIns> for StoredSignIns {
    fn from(sign_ins: SignIns) -> Self {
        Self { all: sign_ins.all }
    }
}

impl From<StoredSignIns> for SignIns {
    fn from(stored: StoredSignIns) -> Self {
        let mut sign_ins = Self::default();
        for (subject, sign_in) in &stored.all {
            sign_ins.put(subject.clone(), sign_in.clone());
        }
        sign_ins
    }
}

impl SignIns {
    pub(super) fn apply(&mut self, entry: &Entry) {
        if entry.kind.as_str() == CLAIMED {
            // The outcome of a claim is that it was denied.
            self.claim(entry);
            return;
        }
        if entry.outcome != Outcome::Success {
            return;
        }
        match entry.kind.as_str() {
            sessions::STARTED => self.begin(entry),
            ASSIGNED | LINKED => self.assign(subject(entry), person_of_target(entry)),
            identities::LINK_AGREED if entry.change_id.is_some() => self.agree(entry),
            identities::LINK_ENDED if entry.change_id.is_some() => self.end(entry),
            identities::CLAIM_REFUSED => self.settle(person_of_target(entry).as_ref()),
            _ => {}
        }
    }

    /// Assigns a sign-in that nothing assigned before. Every later move has an entry of its own, so a session that began
    /// beside such a move does not undo it.
    fn begin(&mut self, entry: &Entry) {
        let subject = subject(entry);
        if subject
            .as_ref()
            .is_some_and(|subject| !self.all.contains_key(subject))
        {
            self.assign(subject, entry.actor.person_id.clone());
        }
    }

    fn assign(&mut self, subject: Option<Subject>, person: Option<PersonId>) {
        let (Some(subject), Some(person)) = (subject, person) else {
            return;
        };
        let known = self.all.get(&subject);
        if known.is_some_and(|known| known.person == person) {
            return;
        }
        let claim = known.and_then(|known| known.claim.clone());
        let assigned = RecordedSignIn {
            person,
            from: None,
            claim,
        };
        self.put(subject, assigned);
    }

    fn claim(&mut self, entry: &Entry) {
        let (Some(subject), Some(person)) = (subject(entry), entry.actor.person_id.clone()) else {
            return;
        };
        let user = entry.target.as_ref().and_then(|at| at.principal_id.clone());
        let user = user.and_then(|user| UserId::parse(&user).ok());
        let claim = user.map(|user| RecordedClaim {
            user,
            held_by: person_of_target(entry),
            at: entry.occurred_at,
        });
        let mut claiming = self.all.get(&subject).cloned().unwrap_or(RecordedSignIn {
            person,
            from: None,
            claim: None,
        });
        claiming.claim = claim.or(claiming.claim);
        self.put(subject, claiming);
    }

    /// Settles the claims of an identity, and makes its sign-ins those of the identity that it joined.
    fn agree(&mut self, entry: &Entry) {
        let Some(person) = person_of_target(entry) else {
            return;
        };
        self.settle(Some(&person));
        let Some(holder) = identities::joins(entry) else {
            return;
        };
        for subject in self.of.get(&person).cloned().unwrap_or_default() {
            let joined = RecordedSignIn {
                person: holder.clone(),
                from: Some(person.clone()),
                claim: None,
            };
            self.put(subject, joined);
        }
    }

    /// Gives the sign-ins of an identity back that it gave to another one, and settles its claims.
    fn end(&mut self, entry: &Entry) {
        let Some(person) = person_of_target(entry) else {
            return;
        };
        for subject in self.from.get(&person).cloned().unwrap_or_default() {
            let returned = RecordedSignIn {
                person: person.clone(),
                from: None,
                claim: None,
            };
            self.put(subject, returned);
        }
        self.settle(Some(&person));
    }

    fn settle(&mut self, person: Option<&PersonId>) {
        let subjects = person.and_then(|person| self.of.get(person)).cloned();
        for subject in subjects.unwrap_or_default() {
            if let Some(sign_in) = self.all.get(&subject).cloned() {
                let settled = RecordedSignIn {
                    claim: None,
                    ..sign_in
                };
                self.put(subject, settled);
            }
        }
    }

    fn put(&mut self, subject: Subject, sign_in: RecordedSignIn) {
        if let Some(before) = self.all.get(&subject) {
            remove(&mut self.of, &before.person, &subject);
            if let Some(from) = &before.from {
                remove(&mut self.from, from, &subject);
            }
        }
        let of = self.of.or_default(sign_in.person.clone());
        of.insert(subject.clone());
        if let Some(from) = sign_in.from.clone() {
            self.from.or_default(from).insert(subject.clone());
        }
        if sign_in.claim.is_some() {
            self.claiming.insert(subject.clone());
        } else {
            self.claiming.remove(&subject);
        }
        self.all.insert(subject, sign_in);
    }

    /// Returns a sign-in; none if no entry assigns it to an identity.
    pub fn get(&self, subject: &Subject) -> Option<&RecordedSignIn> {
        self.all.get(subject)
    }

    /// Returns the identity that a sign-in belongs to.
    pub fn person_of(&self, subject: &Subject) -> Option<&PersonId> {
        Some(&self.all.get(subject)?.person)
    }

    /// Returns the sign-ins of an identity, in their order.
    pub fn of(&self, person: &PersonId) -> impl Iterator<Item = &Subject> {
        self.of.get(person).into_iter().flatten()
    }

    /// Returns the sign-ins that an identity gave to another one, in their order.
    pub fn given_by(&self, person: &PersonId) -> impl Iterator<Item = &Subject> {
        self.from.get(person).into_iter().flatten()
    }

    /// Returns the identities that have a sign-in.
    pub fn persons(&self) -> impl Iterator<Item = &PersonId> {
        self.of.keys()
    }

    /// Returns the sign-ins with a claim that is not settled.
    pub fn claiming(&self) -> impl Iterator<Item = (&RecordedSignIn, &RecordedClaim)> {
        let claiming = self.claiming.iter();
        claiming.filter_map(|subject| {
            let sign_in = self.all.get(subject)?;
            Some((sign_in, sign_in.claim.as_ref()?))
        })
    }

    /// Returns all sign-ins.
    pub fn all(&self) -> &SharedMap<Subject, RecordedSignIn> {
        &self.all
    }
}

fn remove(
    index: &mut SharedMap<PersonId, BTreeSet<Subject>>,
    person: &PersonId,
    subject: &Subject,
) {
    if let Some(subjects) = index.get_mut(person) {
        subjects.remove(subject);
        if subjects.is_empty() {
            index.remove(person);
        }
    }
}

#[cfg(test)]
mod tests;

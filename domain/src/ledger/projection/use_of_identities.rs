//! Who can act as which identity, by the entries: an identity is in use if it has a sign-in or a role.
//!
//! Only the first sign-in of a user whose identity nobody uses becomes that identity, so a row that was inserted or deleted
//! must not change the answer.

use std::collections::BTreeSet;

use super::Projection;
use crate::{
    identity::RecordedUser,
    ids::{PersonId, UserId},
    person::Subject,
};

impl Projection {
    /// Whether an identity has a sign-in or a role.
    pub fn is_in_use(&self, person: &PersonId) -> bool {
        self.sign_ins.of(person).next().is_some() || self.has_role(person)
    }

    /// Whether an identity is something without this sign-in: it has another one or a role, or the ledger records
    /// something about it.
    pub fn is_in_use_without(&self, person: &PersonId, subject: &Subject) -> bool {
        let mut others = self.sign_ins.of(person).filter(|other| *other != subject);
        others.next().is_some()
            || self.has_role(person)
            || self.sign_ins.given_by(person).next().is_some()
            || self.identities.records().contains_key(person)
    }

    fn has_role(&self, person: &PersonId) -> bool {
        self.held_roles_of(person).next().is_some()
    }

    /// Returns every identity in use.
    pub fn identities_in_use(&self) -> BTreeSet<&PersonId> {
        let with_role = self.held_roles().map(|(person, ..)| person);
        self.sign_ins.persons().chain(with_role).collect()
    }

    /// Returns the number of identities in use that are linked to a user.
    pub fn linked_identities(&self) -> usize {
        let linked = |person: &&&PersonId| {
            let record = self.identities.records().get(**person);
            record.is_some_and(|record| record.user().is_some())
        };
        self.identities_in_use().iter().filter(linked).count()
    }

    /// Returns the identity other than `person` that is a user now and in use.
    pub fn holder_of(&self, user: &UserId, person: &PersonId) -> Option<&PersonId> {
        let mut holders = self.identities.linked_to(user);
        holders.find(|holder| *holder != person && self.is_in_use(holder))
    }

    /// Whether the assignment of a sign-in without an entry may be recorded, because an earlier version stored it: it granted
    /// the identity a role and recorded nothing else about it. From the first start of this version on, each identity with a
    /// role has a recorded sign-in, or a record of what became of it.
    pub fn may_be_of_an_earlier_version(&self, subject: &Subject, person: &PersonId) -> bool {
        self.sign_ins.get(subject).is_none()
            && self.has_role(person)
            && self.sign_ins.of(person).next().is_none()
            && self.sign_ins.given_by(person).next().is_none()
            && !self.identities.records().contains_key(person)
    }

    /// Whether a row may say that an identity is a user: the ledger says the same, or the identity is not in use and
    /// nothing is recorded about it, such as one that a crawl created for the user.
    pub fn may_be_user(&self, person: &PersonId, user: &UserId) -> bool {
        match self
            .identities
            .records()
            .get(person)
            .map(|record| record.recorded_user())
        {
            Some(RecordedUser::User(recorded)) => recorded == user,
            Some(RecordedUser::None) => false,
            Some(RecordedUser::NotRecorded) | None => !self.is_in_use(person),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        ids::ChangeId,
        ledger::{
            Actor, ActorKind, Entry, EntryTarget, EventKind, Hash, Outcome, projection::EntryPlace,
        },
        time::Timestamp,
    };

    const USER: &str = "00000000-0000-4000-8000-000000000002";

    fn apply(projection: &mut Projection, entry: &Entry) {
        let place = EntryPlace {
            seq: 0,
            leaf: Hash::ZERO,
        };
        projection.apply(place, entry);
    }

    fn person(n: u8) -> PersonId {
        PersonId::parse(&format!("00000003-0000-4000-8000-0000000000{n:02}")).unwrap()
    }

    fn user() -> UserId {
        UserId::parse(USER).unwrap()
    }

    fn sign_in(sub: &str) -> Subject {
        Subject {
            iss: "https://issuer".into(),
            sub: sub.into(),
        }
    }

    /// An entry about a person, by a sign-in of theirs.
    fn about(kind: EventKind, n: u8, sub: &str) -> Entry {
        let by = Actor {
            person_id: Some(person(n)),
            iss: Some(sign_in(sub).iss),
            sub: Some(sub.into()),
            ..Actor::new(ActorKind::Human)
        };
        let mut entry = Entry::new(kind.entry_type(), Timestamp(1), Outcome::Success, by);
        entry.target = Some(EntryTarget {
            id: Some(person(n).to_string()),
            principal_id: Some(USER.into()),
            ..EntryTarget::new("person")
        });
        entry.change_id = Some(ChangeId::parse("00000004-0000-4000-8000-000000000001").unwrap());
        entry.data.insert("role".into(), "approver".into());
        entry.data.insert("user".into(), json!(USER));
        entry
    }

    #[test]
    fn an_identity_is_in_use_by_its_sign_ins_and_roles() {
        let mut projection = Projection::default();
        let mine = sign_in("ann");
        assert!(!projection.is_in_use(&person(1)));
        assert!(projection.may_be_user(&person(1), &user()));
        apply(
            &mut projection,
            &about(EventKind::SubjectAssigned, 1, "ann"),
        );
        assert!(projection.is_in_use(&person(1)));
        assert!(!projection.is_in_use_without(&person(1), &mine));
        assert!(!projection.may_be_user(&person(1), &user()));
        apply(&mut projection, &about(EventKind::RoleGranted, 1, "ann"));
        apply(&mut projection, &about(EventKind::RoleGranted, 2, "bob"));
        assert!(projection.is_in_use_without(&person(1), &mine));
        let in_use: Vec<_> = projection.identities_in_use().into_iter().collect();
        assert_eq!(in_use, [&person(1), &person(2)]);
        assert_eq!(projection.linked_identities(), 0);
    }

    #[test]
    fn a_user_is_held_by_the_identity_that_is_it_and_in_use() {
        let mut projection = Projection::default();
        apply(&mut projection, &about(EventKind::IdentityLinked, 1, "ann"));
        assert_eq!(projection.holder_of(&user(), &person(2)), None);
        apply(
            &mut projection,
            &about(EventKind::SubjectAssigned, 1, "ann"),
        );
        assert_eq!(projection.holder_of(&user(), &person(2)), Some(&person(1)));
        assert_eq!(projection.holder_of(&user(), &person(1)), None);
        assert_eq!(projection.linked_identities(), 1);
        apply(
            &mut projection,
            &about(EventKind::IdentityLinkEnded, 1, "ann"),
        );
        assert_eq!(projection.holder_of(&user(), &person(2)), None);
        assert!(!projection.may_be_user(&person(1), &user()));
        let ever: Vec<_> = projection.identities().ever_were(&user()).collect();
        assert_eq!(ever, [&person(1)], "it was the user");
    }

    #[test]
    fn a_link_that_keys_found_counts_before_it_is_recorded_with_its_ids() {
        let mut projection = Projection::default();
        apply(&mut projection, &about(EventKind::SubjectLinked, 1, "ann"));
        assert_eq!(projection.holder_of(&user(), &person(2)), Some(&person(1)));
        let record = projection.identities().record(&person(1));
        assert_eq!(record.user(), Some(&user()));
        assert!(record.is_oneself(&user(), &[]));
    }

    #[test]
    fn only_a_role_without_a_sign_in_is_of_an_earlier_version() {
        let mut projection = Projection::default();
        let may_be = |projection: &Projection| {
            projection.may_be_of_an_earlier_version(&sign_in("new"), &person(1))
        };
        assert!(!may_be(&projection));
        apply(&mut projection, &about(EventKind::RoleGranted, 1, "ann"));
        assert!(may_be(&projection));
        apply(
            &mut projection,
            &about(EventKind::SubjectAssigned, 1, "ann"),
        );
        assert!(!may_be(&projection), "it has a sign-in");
    }
}

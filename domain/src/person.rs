//! One human with all their sign-ins.
//!
//! A person links Cognito subjects to one Identity Center user. Every self-check (own request, own review, beneficiary)
//! compares persons, so that two sign-ins of one human cannot approve each other. E-mail addresses and names are never
//! compared, because they can be reassigned to somebody else.
//!
//! Somebody with write access to the directory could enter their own sign-in as a second one of another user. So only
//! the first sign-in of a person is linked automatically. A further one becomes a claim, which gives no rights: it only
//! bars from deciding until it is settled.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    directory::User,
    ids::{PersonId, UserId},
};

/// The permanent identifier of a sign-in: OIDC `iss` and `sub`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The issuer's URL, compared byte for byte.
    pub iss: String,
    /// The issuer's id of the user.
    pub sub: String,
}

/// One human.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Created when the person is first seen, never reused.
    pub id: PersonId,
    /// The Identity Center user; a person without one has read-only access.
    pub user: Option<UserId>,
    pub subjects: Vec<Subject>,
}

/// The result of looking up the Identity Center user of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityLink {
    /// Exactly one user has this subject as an external id.
    Linked(UserId),
    /// No user has it.
    Unknown,
    /// Several users have it: none is linked, and an administrator has to look into it.
    Ambiguous(Vec<UserId>),
}

/// Finds the user whose `ExternalIds` contain this subject. Issuer and id are compared byte for byte.
pub fn link_identity<'a>(subject: &Subject, users: impl Iterator<Item = &'a User>) -> IdentityLink {
    let mut found: Vec<UserId> = users
        .filter(|user| {
            user.external_ids
                .iter()
                .any(|ext| ext.issuer == subject.iss && ext.id == subject.sub)
        })
        .map(|user| user.id.clone())
        .collect();
    match found.len() {
        0 => IdentityLink::Unknown,
        1 => IdentityLink::Linked(found.remove(0)),
        _ => IdentityLink::Ambiguous(found),
    }
}

/// Unsettled claims: each is a person, and the person whose directory user they claim as well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims(pub Vec<(PersonId, PersonId)>);

impl Claims {
    /// Returns everyone who may be the same human as this person, by any number of claims in either direction. Never
    /// contains the person.
    pub fn doubles_of(&self, person: &PersonId) -> BTreeSet<PersonId> {
        let mut found = BTreeSet::from([person.clone()]);
        loop {
            let known = found.len();
            for (one, other) in &self.0 {
                if found.contains(one) || found.contains(other) {
                    found.insert(one.clone());
                    found.insert(other.clone());
                }
            }
            if found.len() == known {
                found.remove(person);
                return found;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{ExternalId, Origin, UserStatus};

    fn user(n: u8, issuer: &str, id: &str) -> User {
        User {
            id: UserId::parse(&format!("00000000-0000-4000-8000-0000000000{n:02x}")).unwrap(),
            user_name: "ann".into(),
            display_name: "Ann".into(),
            email: Some("ann@example.com".into()),
            title: None,
            status: UserStatus::Enabled,
            origin: Origin::External,
            external_ids: vec![ExternalId {
                issuer: issuer.into(),
                id: id.into(),
            }],
        }
    }

    fn subject(iss: &str, sub: &str) -> Subject {
        Subject {
            iss: iss.into(),
            sub: sub.into(),
        }
    }

    #[test]
    fn a_sign_in_is_joined_by_issuer_and_subject_together() {
        let users = [user(1, "https://a", "s1"), user(2, "https://b", "s1")];
        assert_eq!(
            link_identity(&subject("https://b", "s1"), users.iter()),
            IdentityLink::Linked(users[1].id.clone())
        );
        assert_eq!(
            link_identity(&subject("https://a", "s2"), users.iter()),
            IdentityLink::Unknown
        );
    }

    #[test]
    fn two_users_with_the_same_external_id_join_nobody() {
        let users = [user(1, "https://a", "s1"), user(2, "https://a", "s1")];
        assert!(
            matches!(link_identity(&subject("https://a", "s1"), users.iter()), IdentityLink::Ambiguous(found) if found.len() == 2)
        );
    }

    #[test]
    fn a_claim_bars_in_both_directions_and_through_others() {
        let person =
            |n: u8| PersonId::parse(&format!("00000003-0000-4000-8000-0000000000{n:02x}")).unwrap();
        let claims = Claims(vec![(person(3), person(2)), (person(2), person(1))]);
        let people = |all: &[u8]| all.iter().map(|n| person(*n)).collect::<BTreeSet<_>>();
        assert_eq!(claims.doubles_of(&person(1)), people(&[2, 3]));
        assert_eq!(claims.doubles_of(&person(3)), people(&[1, 2]));
        assert_eq!(claims.doubles_of(&person(4)), people(&[]));
    }

    #[test]
    fn an_equal_e_mail_address_joins_nobody() {
        let users = [user(1, "https://a", "s1")];
        assert_eq!(
            link_identity(&subject("https://a", "ann@example.com"), users.iter()),
            IdentityLink::Unknown
        );
    }
}

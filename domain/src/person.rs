//! One human with all their sign-ins.
//!
//! A person links Cognito subjects to one Identity Center user. Every self-check (own request, own review, beneficiary)
//! compares persons, so that two sign-ins of one human cannot approve each other. E-mail addresses and names are never
//! compared, because they can be reassigned to somebody else.
//!
//! Somebody with write access to the directory could enter their own sign-in as a second one of another user. So only
//! the first sign-in of a person is linked automatically. A further one becomes a claim, which gives no rights: it only
//! bars from deciding until it is settled.

pub mod link;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::PersonId;

/// The permanent identifier of a sign-in: OIDC `iss` and `sub`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The issuer's URL, compared byte for byte.
    pub iss: String,
    /// The issuer's id of the user.
    pub sub: String,
}

/// Returns the name under which somebody is shown whom the directory does not name: the name of the sign-in, marked. The
/// name that a sign-in states is not used, because its owner may write it.
pub fn without_directory_user(sign_in: &str) -> String {
    format!("{sign_in} (no directory user)")
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
}

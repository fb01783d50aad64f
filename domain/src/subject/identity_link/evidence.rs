//! What speaks for and against a link: the keys of each sign-in of an identity, and the users that the directory shows
//! for them.
//!
//! Recorded with the request and computed again for whoever decides. Holds no name, address or external id: names and
//! e-mail addresses are no evidence, because they can be reassigned.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    approval::Mfa,
    identity::ExternalIdDigest,
    ids::UserId,
    person::link::{LinkKeys, LinkMethod, UnusableKey},
    snapshot::Snapshot,
    time::Timestamp,
};

/// The maximum number of sign-ins of which the evidence is kept.
pub const SIGN_INS: usize = 8;
/// The maximum number of users that are kept for one key.
const USERS: usize = 5;

/// The evidence of one sign-in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SignInEvidence {
    /// The digest of its issuer and subject.
    pub sign_in: ExternalIdDigest,
    /// The users that the directory shows for the key of each method. No user: the directory does not contain the key.
    pub leads_to: BTreeMap<LinkMethod, BTreeSet<UserId>>,
    /// The methods by which the directory knows the chosen user under another key.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub against: BTreeSet<LinkMethod>,
    /// Why the keys cannot be used, if they cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unusable: Option<UnusableKey>,
    /// When the sign-in was first seen.
    pub first_seen: Timestamp,
    /// Whether its last session proved a second factor; none if there is no session of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<Mfa>,
}

impl SignInEvidence {
    /// Computes the evidence of a sign-in for a link to `user`; none if the link ends.
    pub fn of(
        keys: &LinkKeys,
        user: Option<&UserId>,
        snapshot: &Snapshot,
        first_seen: Timestamp,
        second_factor: Option<Mfa>,
    ) -> Self {
        let found: Vec<_> = snapshot.found_by(keys).collect();
        let leads_to = keys.methods().map(|method| {
            let users = found.iter();
            let users = users.filter(|user| keys.finds(method, &user.id, &user.external_ids));
            let users = users.map(|user| user.id.clone()).take(USERS);
            (method, users.collect())
        });
        let chosen = user.and_then(|user| snapshot.user(user));
        let against = chosen.into_iter();
        Self {
            sign_in: ExternalIdDigest::of_subject(&keys.subject),
            leads_to: leads_to.collect(),
            against: against
                .flat_map(|user| keys.contradicting(&user.id, &user.external_ids))
                .collect(),
            unusable: keys.unusable,
            first_seen,
            second_factor,
        }
    }
}

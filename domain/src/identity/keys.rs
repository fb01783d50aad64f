//! The keys by which the directory finds an identity.
//!
//! A sign-in is linked by its subject, by its identity at a provider or by an attribute of the user pool, so each of
//! them counts when the identity is compared with the directory. Never leaves a key out because another one is known.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{ExternalIdDigest, IdentityRecord};
use crate::{directory::ExternalId, ids::UserId, person::link::LinkKeys};

/// The SHA-256 (hex) of all keys of one sign-in. It changes when the sign-in states another key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeysDigest(String);

impl KeysDigest {
    /// # Panics
    /// Never: strings always have a canonical form.
    pub fn of(keys: &LinkKeys) -> Self {
        let canonical =
            serde_json_canonicalizer::to_vec(keys).expect("strings always have a canonical form");
        Self(hex::encode(Sha256::digest(&canonical)))
    }

    /// Reads a recorded digest. Text of another form is the digest of no keys.
    pub fn recorded(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// All keys of one identity: those of its sign-ins, and its own external ids according to the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityKeys<'a> {
    sign_ins: &'a [LinkKeys],
    external_ids: BTreeSet<ExternalIdDigest>,
    agreed: BTreeSet<KeysDigest>,
}

impl<'a> IdentityKeys<'a> {
    pub fn new(sign_ins: &'a [LinkKeys], record: &IdentityRecord) -> Self {
        let of_sign_ins = sign_ins.iter().flat_map(LinkKeys::external_ids);
        let recorded = record.own.iter().cloned();
        Self {
            sign_ins,
            external_ids: of_sign_ins
                .map(|id| ExternalIdDigest::of(&id))
                .chain(recorded)
                .collect(),
            agreed: record.agreed_keys.clone(),
        }
    }

    /// Adds external ids that the user of the identity has.
    pub fn add(&mut self, external_ids: &[ExternalId]) {
        let digests = external_ids.iter().map(ExternalIdDigest::of);
        self.external_ids.extend(digests);
    }

    /// Returns the digest of every external id by which the identity is known.
    pub fn external_ids(&self) -> &BTreeSet<ExternalIdDigest> {
        &self.external_ids
    }

    /// Returns the users that the attribute of a sign-in names.
    pub fn named(&self) -> impl Iterator<Item = &'a UserId> {
        self.sign_ins
            .iter()
            .filter_map(|keys| keys.attribute.as_ref())
    }

    /// Whether one of the keys finds a user with these external ids.
    pub fn find(&self, user: &UserId, external_ids: &[ExternalId]) -> bool {
        self.named().any(|named| named == user)
            || external_ids
                .iter()
                .any(|id| self.external_ids.contains(&ExternalIdDigest::of(id)))
    }

    /// Returns why a sign-in may not be a user with these external ids; none if nothing speaks against it. Those who agreed
    /// to a link knew what its keys contradict. What could not be read was not known to them.
    pub fn objection(&self, user: &UserId, external_ids: &[ExternalId]) -> Option<&'static str> {
        self.sign_ins.iter().find_map(|keys| {
            let objection = keys.objection(user, external_ids)?;
            let agreed = !keys.is_unread() && self.agreed.contains(&KeysDigest::of(keys));
            (!agreed).then_some(objection)
        })
    }
}

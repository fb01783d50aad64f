//! Private values, which can be erased: names, addresses, free text.
//!
//! The leaf holds only a salted hash. The value and its salt are stored separately and may be deleted; the log then
//! still verifies and reveals nothing about the person. A private value must never appear in a leaf, in `Debug` or in
//! an error.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeStruct as _};
use sha2::{Digest as _, Sha256};

use super::Hash;

/// Separates these hashes from all other uses of SHA-256 in the log.
const PREFIX: &[u8] = b"leastwise-private-v1\0";

/// A salt of 32 random bytes, new for every value. A reused salt would reveal that two values are equal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

impl Serialize for Salt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Hash(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Salt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Hash::deserialize(deserializer).map(|hash| Self(hash.0))
    }
}

/// A value that the leaf represents as `{"h": …}` only.
///
/// Equality compares the hashes, since the log knows nothing else.
#[derive(Clone)]
pub struct Private {
    hash: Hash,
    opened: Option<Box<(Salt, String)>>,
}

impl Private {
    /// Hashes the value. Sealing the entry returns the value for storage.
    pub fn new(salt: Salt, value: impl Into<String>) -> Self {
        let value = value.into();
        Self {
            hash: hash(salt, &value),
            opened: Some(Box::new((salt, value))),
        }
    }

    /// Returns the hash as it appears in the leaf.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Returns whether this is the hash of the value with the salt.
    pub fn matches(&self, salt: Salt, value: &str) -> bool {
        hash(salt, value) == self.hash
    }

    /// Returns the value and its salt, or `None` if this was read from a leaf.
    pub(super) fn opened(&self) -> Option<(Salt, &str)> {
        self.opened
            .as_deref()
            .map(|(salt, value)| (*salt, value.as_str()))
    }
}

pub(super) fn hash(salt: Salt, value: &str) -> Hash {
    let digest = Sha256::new()
        .chain_update(PREFIX)
        .chain_update(salt.0)
        .chain_update(value);
    Hash(digest.finalize().into())
}

impl PartialEq for Private {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl Eq for Private {}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Private({})", self.hash)
    }
}

impl Serialize for Private {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Private", 1)?;
        object.serialize_field("h", &self.hash)?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for Private {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Leaf {
            h: Hash,
        }
        Leaf::deserialize(deserializer).map(|leaf| Self {
            hash: leaf.h,
            opened: None,
        })
    }
}

/// A private value as the store keeps it outside the log, where it can be erased.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateValue {
    /// The JSON Pointer (RFC 6901) of its hash in the leaf, e.g. `/actor/name`.
    pub path: String,
    pub salt: Salt,
    pub value: String,
}

impl fmt::Debug for PrivateValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateValue({})", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_matches_only_under_its_own_salt() {
        let private = Private::new(Salt([7; 32]), "Ada Lovelace");
        assert!(private.matches(Salt([7; 32]), "Ada Lovelace"));
        assert!(!private.matches(Salt([8; 32]), "Ada Lovelace"));
        assert!(!private.matches(Salt([7; 32]), "Ada Lovelac"));
    }

    #[test]
    fn the_hash_of_a_private_value_is_pinned() {
        // python3: sha256(b"leastwise-private-v1\0" + bytes([7])*32 + b"Ada Lovelace").hexdigest()
        assert_eq!(
            Private::new(Salt([7; 32]), "Ada Lovelace").hash().hex(),
            "b393b51cb612693dd0feda69462581f70b279514d65410603d5d2622832f3232"
        );
    }

    #[test]
    fn nothing_that_can_be_printed_shows_the_value_or_the_salt() {
        let private = Private::new(Salt([7; 32]), "Ada Lovelace");
        let value = PrivateValue {
            path: "/actor/name".into(),
            salt: Salt([7; 32]),
            value: "Ada Lovelace".into(),
        };
        let printed = format!("{private:?} {value:?} {:?}", Salt([7; 32]));
        assert!(
            !printed.contains("Ada") && !printed.contains("07"),
            "{printed}"
        );
    }
}

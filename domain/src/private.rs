//! Private values, which can be erased: names, addresses, free text.
//!
//! A leaf of the ledger, and a document that it proves, hold only a salted hash. The value and its salt are stored
//! separately and may be deleted; the log then still verifies and reveals nothing about the person. A private value must
//! never appear in a leaf, in a stored document, in `Debug` or in an error.

use std::{cmp::Ordering, collections::BTreeMap, fmt, hash};

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeStruct as _};
use sha2::{Digest as _, Sha256};

use crate::hash::Hash;

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

/// A value that the leaf represents as `{"h": …}` only, as does every document that the leaf proves.
///
/// Equality compares the hashes, since the log knows nothing else.
#[derive(Clone)]
pub struct Private {
    hash: Hash,
    value: Value,
}

/// What is known of a value besides its hash.
#[derive(Clone)]
enum Value {
    /// It was read from a leaf or a stored document, without what is stored beside it.
    NotRead,
    /// It is not among the values that are stored beside its document.
    Erased,
    Read(Box<(Salt, String)>),
}

/// A private value for display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateText<'a> {
    /// Only the hash was read, so whether the value was erased is not known.
    NotRead,
    Erased,
    Text(&'a str),
}

impl Private {
    /// Hashes the value. Sealing the entry returns the value for storage.
    pub fn new(salt: Salt, value: impl Into<String>) -> Self {
        let value = value.into();
        Self {
            hash: hash_of(salt, &value),
            value: Value::Read(Box::new((salt, value))),
        }
    }

    /// Returns the hash as it appears in the leaf.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Returns whether this is the hash of the value with the salt.
    pub fn matches(&self, salt: Salt, value: &str) -> bool {
        hash_of(salt, value) == self.hash
    }

    /// Returns the value. None if it was not read or was erased; [`Self::text`] says which.
    pub fn value(&self) -> Option<&str> {
        self.opened().map(|(_, value)| value)
    }

    /// Returns the value for display.
    pub fn text(&self) -> PrivateText<'_> {
        match &self.value {
            Value::NotRead => PrivateText::NotRead,
            Value::Erased => PrivateText::Erased,
            Value::Read(value) => PrivateText::Text(&value.1),
        }
    }

    /// Adds the value and its salt. `values` are all that is stored beside the document of this value: one that is not
    /// among them was erased.
    pub fn open(&mut self, values: &PrivateValues) {
        self.value = match (values.0.get(&self.hash), &self.value) {
            (Some((salt, value)), _) => Value::Read(Box::new((*salt, value.clone()))),
            (None, Value::Read(_)) => return,
            (None, Value::NotRead | Value::Erased) => Value::Erased,
        };
    }

    /// Replaces the value by nothing, the same for every value.
    pub fn blank(&mut self) {
        (self.hash, self.value) = (Hash::ZERO, Value::NotRead);
    }

    /// Returns the value and its salt. None if it was not read or was erased.
    pub(crate) fn opened(&self) -> Option<(Salt, &str)> {
        match &self.value {
            Value::Read(value) => Some((value.0, &value.1)),
            Value::NotRead | Value::Erased => None,
        }
    }
}

fn hash_of(salt: Salt, value: &str) -> Hash {
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

impl PartialOrd for Private {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Private {
    fn cmp(&self, other: &Self) -> Ordering {
        self.hash.cmp(&other.hash)
    }
}

impl hash::Hash for Private {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
    }
}

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
            value: Value::NotRead,
        })
    }
}

/// A private value as the store keeps it outside the log, where it can be erased.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateValue {
    /// The JSON Pointer (RFC 6901) of its hash in the leaf, e.g. `/actor/name`, or in an item beside it, after
    /// `/items/` and the number of the item.
    pub path: String,
    pub salt: Salt,
    pub value: String,
}

impl PrivateValue {
    /// Returns the hash that stands for the value.
    pub fn hash(&self) -> Hash {
        hash_of(self.salt, &self.value)
    }
}

/// Values that were not erased, found by their hashes.
#[derive(Default)]
pub struct PrivateValues(BTreeMap<Hash, (Salt, String)>);

impl FromIterator<PrivateValue> for PrivateValues {
    fn from_iter<I: IntoIterator<Item = PrivateValue>>(values: I) -> Self {
        let by_hash = |value: PrivateValue| (value.hash(), (value.salt, value.value));
        Self(values.into_iter().map(by_hash).collect())
    }
}

impl fmt::Debug for PrivateValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateValue({})", self.path)
    }
}

impl fmt::Debug for PrivateValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateValues({})", self.0.len())
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
        let values: PrivateValues = [value.clone()].into_iter().collect();
        let printed = format!("{private:?} {value:?} {values:?} {:?}", Salt([7; 32]));
        assert!(
            !printed.contains("Ada") && !printed.contains("07"),
            "{printed}"
        );
    }

    #[test]
    fn a_value_that_was_read_is_opened_by_its_hash_only() {
        let private = Private::new(Salt([7; 32]), "Ada Lovelace");
        let stored = serde_json::to_string(&private).unwrap();
        let mut read: Private = serde_json::from_str(&stored).unwrap();
        assert_eq!((read.text(), &read), (PrivateText::NotRead, &private));
        let value = |value: &str| PrivateValue {
            path: "/actor/name".into(),
            salt: Salt([7; 32]),
            value: value.into(),
        };
        read.open(&[value("Grace Hopper")].into_iter().collect());
        assert_eq!(read.text(), PrivateText::Erased);
        read.open(&[value("Ada Lovelace")].into_iter().collect());
        assert_eq!(read.text(), PrivateText::Text("Ada Lovelace"));
        read.open(&PrivateValues::default());
        assert_eq!(read.value(), Some("Ada Lovelace"));
    }
}

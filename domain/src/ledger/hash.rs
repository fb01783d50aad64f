//! SHA-256 values of the ledger.
//!
//! A [`Hash`] does not record what it is a hash of; the RFC 6962 prefixes (0x00 leaf, 0x01 node) and the prefix of
//! private values keep the three kinds apart. A hash is 64 lowercase hex digits in a leaf and base64 in a checkpoint,
//! as C2SP requires.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The `prev` value of the first entry.
    pub const ZERO: Self = Self([0; 32]);

    /// The root of a tree without leaves: SHA-256 of the empty string (RFC 6962, 2.1).
    pub const EMPTY_TREE: Self = Self(tlog_tiles::EMPTY_HASH.0);

    /// Returns the SHA-256 of the bytes without a prefix, for `before`, `after`, `rules` and `session`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Returns the hash of a leaf: SHA-256(0x00 || bytes) (RFC 6962, 2.1).
    pub fn leaf(bytes: &[u8]) -> Self {
        Self(tlog_tiles::record_hash(bytes).0)
    }

    /// Returns the hash of an inner node: SHA-256(0x01 || left || right) (RFC 6962, 2.1).
    #[must_use]
    pub fn node(left: Self, right: Self) -> Self {
        Self(tlog_tiles::node_hash(left.into(), right.into()).0)
    }

    /// Returns 64 lowercase hex digits.
    pub fn hex(self) -> String {
        hex::encode(self.0)
    }

    /// Returns standard base64 with padding, 44 characters.
    pub fn base64(self) -> String {
        BASE64_STANDARD.encode(self.0)
    }

    /// Parses 64 lowercase hex digits. Uppercase is rejected, since each value has exactly one spelling.
    pub fn parse_hex(text: &[u8]) -> Option<Self> {
        let digits: &[u8; 64] = text.try_into().ok()?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Some(Self(bytes))
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl From<Hash> for tlog_tiles::Hash {
    fn from(hash: Hash) -> Self {
        Self(hash.0)
    }
}

impl From<tlog_tiles::Hash> for Hash {
    fn from(hash: tlog_tiles::Hash) -> Self {
        Self(hash.0)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.hex())
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse_hex(text.as_bytes())
            .ok_or_else(|| de::Error::custom("a hash is 64 lowercase hex digits"))
    }
}

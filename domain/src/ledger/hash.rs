//! SHA-256 values as the ledger uses them.
//!
//! A [`Hash`] never says by itself what it is a hash of; the RFC 6962 prefixes (0x00 leaf, 0x01
//! node) and the prefix of private values keep the three kinds apart. In a leaf a hash is 64
//! lower-case hex digits, in a checkpoint it is base64, because C2SP wrote it so.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// Thirty-two bytes out of SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first entry names as its predecessor.
    pub const ZERO: Self = Self([0; 32]);

    /// The root of a tree without leaves, SHA-256 of nothing (RFC 6962, 2.1).
    pub const EMPTY_TREE: Self = Self(tlog_tiles::EMPTY_HASH.0);

    /// SHA-256 of the bytes, without a prefix: for `before`, `after`, `rules` and `session`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash of a leaf: SHA-256(0x00 || bytes), RFC 6962, 2.1.
    pub fn leaf(bytes: &[u8]) -> Self {
        Self(tlog_tiles::record_hash(bytes).0)
    }

    /// The hash of an inner node: SHA-256(0x01 || left || right), RFC 6962, 2.1.
    #[must_use]
    pub fn node(left: Self, right: Self) -> Self {
        Self(tlog_tiles::node_hash(left.into(), right.into()).0)
    }

    /// 64 lower-case hex digits.
    pub fn hex(self) -> String {
        hex::encode(self.0)
    }

    /// Standard base64 with padding, 44 characters.
    pub fn base64(self) -> String {
        BASE64_STANDARD.encode(self.0)
    }

    /// From 64 lower-case hex digits; upper case is refused, since one value has one spelling.
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
            .ok_or_else(|| de::Error::custom("a hash is 64 lower-case hex digits"))
    }
}

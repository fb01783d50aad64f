//! The hashes of the log: leaves, nodes and the empty tree.
//!
//! The RFC 6962 prefixes (0x00 leaf, 0x01 node) and the prefix of private values keep the kinds of hashes apart. A hash is
//! 64 lowercase hex digits in a leaf and base64 in a checkpoint, as C2SP requires.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

use crate::hash::Hash;

impl Hash {
    /// The root of a tree without leaves: SHA-256 of the empty string (RFC 6962, 2.1).
    pub const EMPTY_TREE: Self = Self(tlog_tiles::EMPTY_HASH.0);

    /// Returns the hash of a leaf: SHA-256(0x00 || bytes) (RFC 6962, 2.1).
    pub fn leaf(bytes: &[u8]) -> Self {
        // Without the copy that `tlog_tiles::record_hash` makes: every verification hashes every leaf.
        let sha256 = Sha256::new_with_prefix([0]).chain_update(bytes);
        Self(sha256.finalize().into())
    }

    /// Returns the hash of an inner node: SHA-256(0x01 || left || right) (RFC 6962, 2.1).
    #[must_use]
    pub fn node(left: Self, right: Self) -> Self {
        let mut node = [1; 65];
        node[1..33].copy_from_slice(&left.0);
        node[33..].copy_from_slice(&right.0);
        Self::of(&node)
    }

    /// Returns standard base64 with padding, 44 characters.
    pub fn base64(self) -> String {
        BASE64_STANDARD.encode(self.0)
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

//! The Merkle tree of RFC 6962 over the leaf hashes: appending, roots and proofs.
//!
//! Hashes are stored under the dense index of Crosby and Wallach (`tlog_tiles`): about two rows per leaf, written once
//! and never changed. A store that reads asynchronously calls [`Need::indexes`] first, fetches those rows and passes
//! them as a map; the result is the same.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
};

use thiserror::Error;
use tlog_tiles::tlog;

use super::Hash;

/// Access to stored hashes.
pub trait HashReader {
    /// Returns the hash stored under this index, or `None` if the caller does not have it.
    fn read(&self, index: u64) -> Option<Hash>;
}

impl HashReader for BTreeMap<u64, Hash> {
    fn read(&self, index: u64) -> Option<Hash> {
        self.get(&index).copied()
    }
}

impl<S: std::hash::BuildHasher> HashReader for HashMap<u64, Hash, S> {
    fn read(&self, index: u64) -> Option<Hash> {
        self.get(&index).copied()
    }
}

/// All hashes in stored order.
impl HashReader for [Hash] {
    fn read(&self, index: u64) -> Option<Hash> {
        self.get(usize::try_from(index).ok()?).copied()
    }
}

/// An error of a tree operation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TreeError {
    /// A required hash is not stored.
    #[error("stored hash {0} is missing")]
    Missing(u64),
    /// An index at or beyond the size, an old size beyond the new one, or a size beyond 2^53.
    #[error("index {index} is not in a tree of {size}")]
    OutOfRange {
        /// The requested index or old size.
        index: u64,
        size: u64,
    },
    /// The proof does not lead to the root.
    #[error("the proof does not lead to the root")]
    WrongProof,
}

/// Returns the index under which the hash of this leaf is stored.
pub fn leaf_index(leaf: u64) -> Result<u64, TreeError> {
    in_range(leaf, MAX_SIZE)?;
    Ok(tlog::stored_hash_index(0, leaf))
}

/// Larger than any log, and small enough that index arithmetic does not overflow.
const MAX_SIZE: u64 = 1 << 53;

/// A tree operation, to determine which stored hashes it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// [`append`] of the leaf with this index.
    Append {
        /// The leaf's index.
        index: u64,
    },
    /// [`root`] at this size.
    Root {
        /// The number of leaves.
        size: u64,
    },
    /// [`prove_inclusion`].
    Inclusion {
        /// The number of leaves.
        size: u64,
        /// The leaf's index.
        index: u64,
    },
    /// [`prove_consistency`].
    Consistency {
        /// The number of leaves of the old tree.
        old: u64,
        /// The number of leaves of the new tree.
        new: u64,
    },
}

impl Need {
    /// Returns the indexes that the operation reads; at most about 2 × log2 of the size.
    pub fn indexes(self) -> Result<Vec<u64>, TreeError> {
        struct Listing(RefCell<Vec<u64>>);
        impl HashReader for Listing {
            fn read(&self, index: u64) -> Option<Hash> {
                self.0.borrow_mut().push(index);
                Some(Hash::ZERO)
            }
        }
        let listing = Listing(RefCell::default());
        match self {
            Self::Append { index } => append(&listing, index, Hash::ZERO).map(|_| ()),
            Self::Root { size } => root(&listing, size).map(|_| ()),
            Self::Inclusion { size, index } => prove_inclusion(&listing, size, index).map(|_| ()),
            Self::Consistency { old, new } => prove_consistency(&listing, old, new).map(|_| ()),
        }?;
        Ok(listing.0.into_inner())
    }
}

/// Returns the hashes to store, with their indexes, when the leaf with this index is appended.
pub fn append(
    reader: &dyn HashReader,
    index: u64,
    leaf: Hash,
) -> Result<Vec<(u64, Hash)>, TreeError> {
    in_range(index, MAX_SIZE)?;
    let hashes = ask(reader, |r| {
        tlog::stored_hashes_for_record_hash(index, leaf.into(), r)
    })?;
    let first = tlog::stored_hash_index(0, index);
    Ok((first..).zip(hashes.into_iter().map(Hash::from)).collect())
}

/// Returns the root of the first `size` leaves.
pub fn root(reader: &dyn HashReader, size: u64) -> Result<Hash, TreeError> {
    in_range(size, MAX_SIZE)?;
    ask(reader, |r| tlog::tree_hash(size, r)).map(Hash::from)
}

/// Returns the audit path from the leaf with this index to the root at `size` (RFC 6962, 2.1.1).
pub fn prove_inclusion(
    reader: &dyn HashReader,
    size: u64,
    index: u64,
) -> Result<Vec<Hash>, TreeError> {
    in_range(size, MAX_SIZE)?;
    in_range(index, size)?;
    ask(reader, |r| tlog::prove_record(size, index, r)).map(ours)
}

/// Verifies that the tree of this size and root contains this leaf hash at this index.
pub fn verify_inclusion(
    proof: &[Hash],
    size: u64,
    root: Hash,
    index: u64,
    leaf: Hash,
) -> Result<(), TreeError> {
    in_range(size, MAX_SIZE)?;
    in_range(index, size)?;
    tlog::check_record(&theirs(proof), size, root.into(), index, leaf.into())
        .map_err(|_| TreeError::WrongProof)
}

/// Returns the proof that the tree of `old` leaves is a prefix of the tree of `new` leaves (RFC 6962, 2.1.2).
pub fn prove_consistency(
    reader: &dyn HashReader,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, TreeError> {
    in_range(new, MAX_SIZE)?;
    in_range(old, new + 1)?;
    // The empty tree is a prefix of every tree, so the proof is empty.
    if old == 0 {
        return Ok(Vec::new());
    }
    ask(reader, |r| tlog::prove_tree(new, old, r)).map(ours)
}

/// Verifies that the old tree is a prefix of the new one.
pub fn verify_consistency(
    proof: &[Hash],
    old: u64,
    old_root: Hash,
    new: u64,
    new_root: Hash,
) -> Result<(), TreeError> {
    in_range(new, MAX_SIZE)?;
    in_range(old, new + 1)?;
    if old == 0 {
        let holds = proof.is_empty()
            && old_root == Hash::EMPTY_TREE
            && (new > 0 || new_root == Hash::EMPTY_TREE);
        return if holds {
            Ok(())
        } else {
            Err(TreeError::WrongProof)
        };
    }
    tlog::check_tree(&theirs(proof), new, new_root.into(), old, old_root.into())
        .map_err(|_| TreeError::WrongProof)
}

fn in_range(index: u64, size: u64) -> Result<(), TreeError> {
    if index < size {
        Ok(())
    } else {
        Err(TreeError::OutOfRange { index, size })
    }
}

fn ours(hashes: Vec<tlog::Hash>) -> Vec<Hash> {
    hashes.into_iter().map(Hash::from).collect()
}

fn theirs(hashes: &[Hash]) -> Vec<tlog::Hash> {
    hashes.iter().copied().map(tlog::Hash::from).collect()
}

/// Adapts a trait object for `tlog_tiles`, which requires a sized reader, and records the missing index.
struct Lent<'a> {
    reader: &'a dyn HashReader,
    missing: Cell<u64>,
}

impl tlog::HashReader for Lent<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        indexes
            .iter()
            .map(|&index| {
                self.reader
                    .read(index)
                    .map(tlog::Hash::from)
                    .ok_or_else(|| {
                        self.missing.set(index);
                        tlog::Error::IndexesNotInTree
                    })
            })
            .collect()
    }
}

fn ask<T>(
    reader: &dyn HashReader,
    question: impl FnOnce(&Lent<'_>) -> Result<T, tlog::Error>,
) -> Result<T, TreeError> {
    let lent = Lent {
        reader,
        missing: Cell::new(0),
    };
    // The ranges were checked, so only a missing hash can cause an error.
    question(&lent).map_err(|_| TreeError::Missing(lent.missing.get()))
}

/// The right edge of a growing tree: the roots of its complete subtrees, largest first. At most 53 hashes, so a
/// verifier computes every root of millions of leaves in constant memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    subtrees: Vec<Hash>,
}

impl Frontier {
    /// Returns the number of leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends the next leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each trailing 1 bit of the size is a subtree that this leaf completes.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                hash = Hash::node(left, hash);
            }
        }
        self.subtrees.push(hash);
        self.size += 1;
    }

    /// Returns the root of all leaves so far.
    pub fn root(&self) -> Hash {
        let mut right_to_left = self.subtrees.iter().rev().copied();
        let Some(last) = right_to_left.next() else {
            return Hash::EMPTY_TREE;
        };
        right_to_left.fold(last, |right, left| Hash::node(left, right))
    }

    /// Returns the root after one more leaf.
    pub fn root_with(&self, leaf: Hash) -> Hash {
        let mut grown = self.clone();
        grown.push(leaf);
        grown.root()
    }
}

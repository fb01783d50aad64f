//! The Merkle tree of RFC 6962 over the leaf hashes: growing it, its roots, its proofs.
//!
//! Hashes are stored under the dense index of Crosby and Wallach (`tlog_tiles`): about two rows a
//! leaf, written once, never changed. A store that reads asynchronously asks [`Need::indexes`]
//! first, fetches those rows, and hands them over as a map; the answer is the same.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
};

use thiserror::Error;
use tlog_tiles::tlog;

use super::Hash;

/// Stored hashes, as far as the caller has them.
pub trait HashReader {
    /// The hash stored under this index.
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

/// The hashes as one sequence, in stored order.
impl HashReader for [Hash] {
    fn read(&self, index: u64) -> Option<Hash> {
        self.get(usize::try_from(index).ok()?).copied()
    }
}

/// Why the tree has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TreeError {
    /// The store does not hold a hash that it must.
    #[error("stored hash {0} is missing")]
    Missing(u64),
    /// An index at or beyond the size, an old size beyond the new, or a size beyond 2^53.
    #[error("index {index} is not in a tree of {size}")]
    OutOfRange {
        /// The index or old size asked for.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// The proof does not lead to the root.
    #[error("the proof does not lead to the root")]
    WrongProof,
}

/// The index under which the hash of this leaf is stored.
pub fn leaf_index(leaf: u64) -> Result<u64, TreeError> {
    in_range(leaf, MAX_SIZE)?;
    Ok(tlog::stored_hash_index(0, leaf))
}

/// Far beyond any log, and far below where index arithmetic would overflow.
const MAX_SIZE: u64 = 1 << 53;

/// A question to the tree, to learn which stored hashes it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// [`append`] of the leaf with this index.
    Append {
        /// The leaf's index.
        index: u64,
    },
    /// [`root`] at this size.
    Root {
        /// Leaves.
        size: u64,
    },
    /// [`prove_inclusion`].
    Inclusion {
        /// Leaves.
        size: u64,
        /// The leaf's index.
        index: u64,
    },
    /// [`prove_consistency`].
    Consistency {
        /// Leaves before.
        old: u64,
        /// Leaves after.
        new: u64,
    },
}

impl Need {
    /// The indexes that the answer will read; at most about 2 × log2 of the size.
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

/// The hashes to store, with their indexes, when the leaf with this index is appended.
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

/// The root of the first `size` leaves.
pub fn root(reader: &dyn HashReader, size: u64) -> Result<Hash, TreeError> {
    in_range(size, MAX_SIZE)?;
    ask(reader, |r| tlog::tree_hash(size, r)).map(Hash::from)
}

/// The audit path from the leaf with this index to the root at `size` (RFC 6962, 2.1.1).
pub fn prove_inclusion(
    reader: &dyn HashReader,
    size: u64,
    index: u64,
) -> Result<Vec<Hash>, TreeError> {
    in_range(size, MAX_SIZE)?;
    in_range(index, size)?;
    ask(reader, |r| tlog::prove_record(size, index, r)).map(ours)
}

/// Checks that the tree of this size and root holds this leaf hash at this index.
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

/// The proof that the tree of `old` leaves is how the tree of `new` leaves begins (RFC 6962, 2.1.2).
pub fn prove_consistency(
    reader: &dyn HashReader,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, TreeError> {
    in_range(new, MAX_SIZE)?;
    in_range(old, new + 1)?;
    // Every tree begins with the empty one; there is nothing to send.
    if old == 0 {
        return Ok(Vec::new());
    }
    ask(reader, |r| tlog::prove_tree(new, old, r)).map(ours)
}

/// Checks that the old tree is how the new one begins.
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

/// Lends a trait object to `tlog_tiles`, which asks for a sized reader, and remembers what was missing.
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
    // Ranges were checked, so a missing hash is all that can fail.
    question(&lent).map_err(|_| TreeError::Missing(lent.missing.get()))
}

/// The right edge of a growing tree: the roots of its complete subtrees, largest first. At most 53
/// hashes, so a verifier computes every root of millions of leaves in constant memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    subtrees: Vec<Hash>,
}

impl Frontier {
    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds the next leaf.
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

    /// The root of all leaves so far.
    pub fn root(&self) -> Hash {
        let mut right_to_left = self.subtrees.iter().rev().copied();
        let Some(last) = right_to_left.next() else {
            return Hash::EMPTY_TREE;
        };
        right_to_left.fold(last, |right, left| Hash::node(left, right))
    }

    /// The root as it would be with one more leaf.
    pub fn root_with(&self, leaf: Hash) -> Hash {
        let mut grown = self.clone();
        grown.push(leaf);
        grown.root()
    }
}

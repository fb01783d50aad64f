//! Tests of the RFC 6962 tree against published answers.

use std::collections::BTreeMap;

use domain::ledger::{
    Frontier, Hash,
    tree::{self, Need, TreeError},
};
use proptest::prelude::*;

/// The eight leaves and their roots from the certificate-transparency test suite.
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hash(hex: &str) -> Hash {
    Hash::parse_hex(hex.as_bytes()).unwrap()
}

fn grown(leaves: impl IntoIterator<Item = Hash>) -> BTreeMap<u64, Hash> {
    let mut stored = BTreeMap::new();
    for (index, leaf) in (0..).zip(leaves) {
        let new = tree::append(&stored, index, leaf).unwrap();
        stored.extend(new);
    }
    stored
}

fn published() -> BTreeMap<u64, Hash> {
    grown(LEAVES.map(|leaf| Hash::leaf(&hex_bytes(leaf))))
}

fn hex_bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn numbered(leaves: u64) -> BTreeMap<u64, Hash> {
    grown((0..leaves).map(|n| Hash::leaf(&n.to_be_bytes())))
}

#[test]
fn the_published_roots_come_out_of_the_stored_hashes_and_of_the_frontier() {
    let stored = published();
    let mut frontier = Frontier::default();
    for (size, expected) in (0_u64..).zip(ROOTS) {
        assert_eq!(
            tree::root(&stored, size).unwrap().hex(),
            expected,
            "size {size}"
        );
        assert_eq!(frontier.root().hex(), expected, "size {size}");
        if let Some(leaf) = LEAVES.get(usize::try_from(size).unwrap()) {
            let leaf = Hash::leaf(&hex_bytes(leaf));
            assert_eq!(
                frontier.root_with(leaf).hex(),
                ROOTS[usize::try_from(size).unwrap() + 1]
            );
            frontier.push(leaf);
        }
    }
}

#[test]
fn the_published_proofs_come_out() {
    let stored = published();
    let path = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ];
    assert_eq!(
        tree::prove_inclusion(&stored, 8, 0).unwrap(),
        path.map(hash)
    );
    assert_eq!(
        tree::prove_consistency(&stored, 1, 8).unwrap(),
        path.map(hash)
    );
    let six_to_eight = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    assert_eq!(
        tree::prove_consistency(&stored, 6, 8).unwrap(),
        six_to_eight.map(hash)
    );
}

#[test]
fn stored_hashes_are_numbered_without_gaps_and_never_written_twice() {
    let mut next = 0;
    let mut stored = BTreeMap::new();
    for index in 0..200_u64 {
        for (at, hash) in tree::append(&stored, index, Hash::leaf(&index.to_be_bytes())).unwrap() {
            assert_eq!(at, next);
            next += 1;
            stored.insert(at, hash);
        }
    }
}

#[test]
fn a_store_that_fetches_first_needs_only_what_was_listed() {
    let stored = numbered(100);
    let only = |need: Need| -> BTreeMap<u64, Hash> {
        need.indexes()
            .unwrap()
            .into_iter()
            .map(|index| (index, stored[&index]))
            .collect()
    };
    for size in 1..=100_u64 {
        let root = tree::root(&stored, size).unwrap();
        assert_eq!(tree::root(&only(Need::Root { size }), size).unwrap(), root);
        let index = size / 2;
        let proof =
            tree::prove_inclusion(&only(Need::Inclusion { size, index }), size, index).unwrap();
        let leaf = Hash::leaf(&index.to_be_bytes());
        tree::verify_inclusion(&proof, size, root, index, leaf).unwrap();
        let proof = tree::prove_consistency(
            &only(Need::Consistency {
                old: index,
                new: size,
            }),
            index,
            size,
        )
        .unwrap();
        tree::verify_consistency(
            &proof,
            index,
            tree::root(&stored, index).unwrap(),
            size,
            root,
        )
        .unwrap();
        let last = size - 1;
        let written = tree::append(
            &only(Need::Append { index: last }),
            last,
            Hash::leaf(&last.to_be_bytes()),
        )
        .unwrap();
        assert!(written.iter().all(|(at, hash)| stored[at] == *hash));
    }
}

#[test]
fn a_hash_that_the_store_lost_is_named() {
    let mut stored = numbered(8);
    stored.remove(&6);
    assert_eq!(tree::root(&stored, 4), Err(TreeError::Missing(6)));
}

#[test]
fn what_is_not_in_the_tree_is_refused() {
    let stored = numbered(8);
    assert_eq!(
        tree::prove_inclusion(&stored, 8, 8),
        Err(TreeError::OutOfRange { index: 8, size: 8 })
    );
    assert!(tree::prove_consistency(&stored, 9, 8).is_err());
    assert!(tree::verify_inclusion(&[], 0, Hash::EMPTY_TREE, 0, Hash::ZERO).is_err());
    assert!(
        tree::verify_inclusion(&[Hash::ZERO; 80], u64::MAX, Hash::ZERO, 3, Hash::ZERO).is_err()
    );
    assert!(
        tree::verify_consistency(&[], 0, Hash::ZERO, 8, tree::root(&stored, 8).unwrap()).is_err()
    );
}

proptest! {
    #[test]
    fn every_inclusion_proof_verifies_and_none_does_once_altered(
        size in 1_u64..300, index in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bit in 0_u8..8,
    ) {
        let stored = numbered(size);
        let index = index.index(usize::try_from(size).unwrap()) as u64;
        let (root, leaf) = (tree::root(&stored, size).unwrap(), Hash::leaf(&index.to_be_bytes()));
        let proof = tree::prove_inclusion(&stored, size, index).unwrap();
        prop_assert!(tree::verify_inclusion(&proof, size, root, index, leaf).is_ok());

        let wrong = Err(TreeError::WrongProof);
        prop_assert_eq!(tree::verify_inclusion(&proof, size, root, index, Hash::leaf(b"another")), wrong.clone());
        let longer = [proof.as_slice(), &[Hash::ZERO]].concat();
        prop_assert_eq!(tree::verify_inclusion(&longer, size, root, index, leaf), wrong.clone());
        if !proof.is_empty() {
            prop_assert_eq!(tree::verify_inclusion(&proof[1..], size, root, index, leaf), wrong.clone());
            let mut altered = proof.clone();
            let at = at.index(proof.len() * 32);
            altered[at / 32].0[at % 32] ^= 1 << bit;
            prop_assert_eq!(tree::verify_inclusion(&altered, size, root, index, leaf), wrong.clone());
            let beside = if index + 1 < size { index + 1 } else { index - 1 };
            prop_assert_eq!(tree::verify_inclusion(&proof, size, root, beside, leaf), wrong);
        }
    }

    #[test]
    fn every_consistency_proof_verifies_and_none_does_once_altered(
        new in 1_u64..300, old in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bit in 0_u8..8,
    ) {
        let stored = numbered(new);
        let old = old.index(usize::try_from(new).unwrap() + 1) as u64;
        let (old_root, new_root) = (tree::root(&stored, old).unwrap(), tree::root(&stored, new).unwrap());
        let proof = tree::prove_consistency(&stored, old, new).unwrap();
        prop_assert!(tree::verify_consistency(&proof, old, old_root, new, new_root).is_ok());
        let wrong = Err(TreeError::WrongProof);
        prop_assert_eq!(tree::verify_consistency(&proof, old, Hash::leaf(b"another"), new, new_root), wrong.clone());
        if !proof.is_empty() {
            let mut altered = proof.clone();
            let at = at.index(proof.len() * 32);
            altered[at / 32].0[at % 32] ^= 1 << bit;
            prop_assert_eq!(tree::verify_consistency(&altered, old, old_root, new, new_root), wrong.clone());
            prop_assert_eq!(tree::verify_consistency(&proof[1..], old, old_root, new, new_root), wrong);
        }
    }
}

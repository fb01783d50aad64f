//! A small log, as the store would write it.

use std::collections::BTreeMap;

use domain::{
    ledger::{
        Actor, ActorKind, Entry, EntryType, Hash, Item, LogName, Outcome, Position, Private,
        PrivateValue, Report, Salt, Sealed, SigningKey, Verifier, Vkeys, tree, verify,
    },
    time::Timestamp,
};
use serde_json::json;

pub fn name() -> LogName {
    LogName::parse("leastwise.example/ledger").unwrap()
}

pub fn key() -> SigningKey {
    SigningKey::from_seed(name(), &[9; 32])
}

pub fn vkeys() -> Vkeys {
    Vkeys::parse(&key().vkey()).unwrap()
}

pub fn entry(n: u64, story: &str) -> Entry {
    let mut actor = Actor::new(ActorKind::Human);
    actor.name = Some(Private::new(
        Salt([u8::try_from(n % 256).unwrap(); 32]),
        format!("Person {n}"),
    ));
    let at = Timestamp(1_795_425_245_007 + i64::try_from(n).unwrap());
    let mut entry = Entry::new(
        EntryType::parse("change.submitted").unwrap(),
        at,
        Outcome::Success,
        actor,
    );
    entry.data.insert("story".into(), json!(story));
    entry.data.insert("n".into(), json!(n));
    entry
}

/// A log of sealed entries and the hashes that its store would contain.
#[derive(Clone, Default)]
pub struct Log {
    pub sealed: Vec<Sealed>,
    pub stored: BTreeMap<u64, Hash>,
}

impl Log {
    pub fn of(entries: u64) -> Self {
        Self::telling(entries, |_| "as it was")
    }

    pub fn telling(entries: u64, story: impl Fn(u64) -> &'static str) -> Self {
        let mut log = Self::default();
        for seq in 0..entries {
            let prev = log.sealed.last().map_or(Hash::ZERO, |sealed| sealed.hash);
            let sealed = entry(seq, story(seq))
                .seal(&Position {
                    log: name(),
                    seq,
                    prev,
                })
                .unwrap();
            log.stored
                .extend(tree::append(&log.stored, seq, sealed.hash).unwrap());
            log.sealed.push(sealed);
        }
        log
    }

    pub fn root(&self, size: u64) -> Hash {
        tree::root(&self.stored, size).unwrap()
    }

    pub fn checkpoint(&self, size: u64) -> String {
        key().sign(size, self.root(size)).unwrap()
    }

    pub fn checkpoints(&self, sizes: &[u64]) -> Vec<String> {
        sizes.iter().map(|&size| self.checkpoint(size)).collect()
    }

    pub fn leaves(&self) -> Vec<Vec<u8>> {
        self.sealed
            .iter()
            .map(|sealed| sealed.leaf.clone())
            .collect()
    }

    pub fn private(&self) -> Vec<Vec<PrivateValue>> {
        self.sealed
            .iter()
            .map(|sealed| sealed.private.clone())
            .collect()
    }
}

pub fn verifier(own: &[String], kept: &[String]) -> Verifier {
    Verifier::new(
        &name(),
        &vkeys(),
        own.iter().map(String::as_str),
        kept.iter().map(String::as_str),
    )
}

/// Verifies leaves numbered by line, as in a bundle.
pub fn report(leaves: &[Vec<u8>], own: &[String], kept: &[String]) -> Report {
    verify(
        verifier(own, kept),
        (0..).zip(leaves).map(|(seq, leaf)| Item::new(seq, leaf)),
    )
}

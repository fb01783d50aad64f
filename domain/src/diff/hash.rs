//! The hash of an effect, to which approvals are bound.
//!
//! It covers every gain and loss as one row, in canonical order (RFC 8785), and is computed row by row: the whole
//! document, which can have millions of rows, never exists; `policies/reference/` compares its bytes. Other bytes void the
//! approvals of all changes that wait at an upgrade, so each form of the document has a number.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Effect, Gainers, SharedPath, Steps};
use crate::{
    budget::{Budget, Stopped},
    change::Operation,
    classification::Classification,
    ids::EffectHash,
    permission_set::JudgedContent,
    private::Private,
    snapshot::Snapshot,
    subject::SubjectEffect,
    time::Date,
    verdict::RulesVersion,
};

/// How many bytes are collected before they are hashed.
const CHUNK: usize = 64 * 1024;

/// Computes one hash over the operations, the effect, the content of the affected permission sets and what it was found to
/// allow, the classification of the affected accounts and the policies. The content is that of the snapshot, and not the one
/// in the effect. If any of them changes, earlier approvals are void. A declaration that
/// changes no value changes no hash, because one person can declare and end it as often as they like. Typed texts are
/// left out: a hash without a salt would reveal them to whoever guesses, and the salt does not exist before the change is
/// requested. They never change afterwards, which the digest of the items proves. The date of the review is part of it:
/// whoever approves standing access approves until when nobody looks at it again.
///
/// # Panics
/// Never: strings and small integers always have a canonical form.
pub fn effect_hash(
    snapshot: &Snapshot,
    operations: &[Operation],
    effect: &Effect,
    review_on: Option<Date>,
    rules: &RulesVersion,
    budget: Budget<'_>,
) -> Result<EffectHash, Stopped> {
    let mut sets: BTreeMap<&str, Option<JudgedContent>> = BTreeMap::new();
    let mut accounts: BTreeMap<&str, Option<Classification>> = BTreeMap::new();
    for SharedPath { pair, .. } in effect.evaluated_paths().chain(effect.lost.paths()) {
        sets.entry(pair.set.as_str())
            .or_insert_with(|| snapshot.set(&pair.set).map(JudgedContent::of));
        accounts.entry(pair.account.as_str()).or_insert_with(|| {
            snapshot
                .account(&pair.account)
                .map(|(_, class)| class.hashed())
        });
    }
    // The members of an object are sorted by name.
    let mut document = Document::new(budget);
    document.add(b"{\"accounts\":");
    document.add(&canonical(&accounts));
    document.add(b",\"effect\":{\"gained\":");
    document.steps(&effect.gained)?;
    document.add(b",\"lost\":");
    document.steps(&effect.lost)?;
    if !effect.others.is_empty() {
        document.add(b",\"others\":");
        let mut others = effect.others.clone();
        let texts = others.iter_mut().flat_map(SubjectEffect::private);
        texts.for_each(Private::blank);
        document.add(&canonical(&others));
    }
    if !effect.passing.is_empty() {
        document.add(b",\"passing\":");
        document.steps(&effect.passing)?;
    }
    document.add(b"},\"operations\":");
    let mut operations = operations.to_vec();
    let texts = operations.iter_mut().flat_map(Operation::private);
    texts.for_each(|(_, text)| text.blank());
    document.add(&canonical(&operations));
    if let Some(date) = review_on {
        document.add(b",\"review_on\":");
        document.add(&canonical(&date));
    }
    document.add(b",\"rules\":");
    document.add(&canonical(rules));
    document.add(b",\"sets\":");
    document.add(&canonical(&sets));
    document.add(b",\"v\":2}");
    Ok(document.hash())
}

fn canonical(value: &impl Serialize) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value)
        .expect("strings and small integers always have a canonical form")
}

struct Document<'a> {
    digest: Sha256,
    pending: Vec<u8>,
    budget: Budget<'a>,
}

impl<'a> Document<'a> {
    fn new(budget: Budget<'a>) -> Self {
        Self {
            digest: Sha256::new(),
            pending: Vec::with_capacity(2 * CHUNK),
            budget,
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= CHUNK {
            self.digest.update(&self.pending);
            self.pending.clear();
        }
    }

    /// Adds each gain or loss as an object. Only the user differs between the objects of one path.
    fn steps(&mut self, steps: &Steps) -> Result<(), Stopped> {
        let rest: Vec<Vec<u8>> = steps.paths().iter().map(rest).collect();
        self.add(b"[");
        for (number, (path, at)) in steps.places().enumerate() {
            self.budget.check_at(number)?;
            if number > 0 {
                self.add(b",");
            }
            // An id consists of hex digits and dashes, which JSON does not escape.
            match &steps.paths()[path].gainers {
                Gainers::Users(users) => {
                    self.add(b"{\"gainer\":{\"user\":\"");
                    self.add(users[at].as_str().as_bytes());
                }
                Gainers::FutureMembers(group) => {
                    self.add(b"{\"gainer\":{\"future_member\":\"");
                    self.add(group.as_str().as_bytes());
                }
            }
            self.add(&rest[path]);
        }
        self.add(b"]");
        Ok(())
    }

    fn hash(mut self) -> EffectHash {
        self.digest.update(&self.pending);
        EffectHash(hex::encode(self.digest.finalize()))
    }
}

/// Returns what follows the id of the gainer in the object of one gain or loss.
fn rest(path: &SharedPath) -> Vec<u8> {
    #[derive(Serialize)]
    struct Rest<'a> {
        pair: &'a crate::ids::Pair,
        path: &'a crate::access::Path,
        term: crate::grant::Term,
    }
    let rest = canonical(&Rest {
        pair: &path.pair,
        path: &path.path,
        term: path.term,
    });
    let mut bytes = b"\"},".to_vec();
    bytes.extend_from_slice(&rest[1..]);
    bytes
}

//! Compares the effect of a change now with the effect that was approved.
//!
//! An approval covers everything narrower than what its approver saw. Whatever was added, lasts longer or cannot be
//! compared needs an approval of its own. The approved effect is used only if it proves the approved hash together with
//! the permission sets, classifications and policies of now, so that nobody can pass off another effect as the approved
//! one, and a permission set that was edited is not comparable.

use std::{collections::BTreeMap, sync::Arc};

use super::{Effect, Gainers, SharedPath, effect_hash};
use crate::{
    access::Path,
    budget::{Budget, Stopped},
    change::Operation,
    grant::Term,
    ids::{EffectHash, Pair},
    snapshot::Snapshot,
    time::Date,
    verdict::RulesVersion,
};

/// The effect of a change now, compared with the approved one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EffectComparison {
    /// Approvals are valid.
    Same,
    /// People or paths are missing, or access lasts shorter; nothing was added. Approvals are valid.
    Narrower,
    /// Something was added or is not comparable. Approvals are void.
    Exceeds,
}

/// An effect with the hash that its approvers agreed to.
#[derive(Debug, Clone, Copy)]
pub struct ApprovedEffect<'a> {
    pub effect: &'a Effect,
    pub hash: &'a EffectHash,
}

/// Compares the effect of the same operations with the same date of a review now with the approved one.
pub fn compare(
    snapshot: &Snapshot,
    (operations, review_on): (&[Operation], Option<Date>),
    approved: ApprovedEffect<'_>,
    (now, now_hash): (&Effect, &EffectHash),
    rules: &RulesVersion,
    budget: Budget<'_>,
) -> Result<EffectComparison, Stopped> {
    if now_hash == approved.hash {
        return Ok(EffectComparison::Same);
    }
    // Recomputed with what the read shows now: equal only if the effect is the approved one, and the content of all its
    // permission sets, the classification of all its accounts, the operations and the policies are as approved.
    let proven = effect_hash(
        snapshot,
        operations,
        approved.effect,
        review_on,
        rules,
        budget,
    )?;
    Ok(
        if proven == *approved.hash && covers(approved.effect, now) {
            EffectComparison::Narrower
        } else {
            EffectComparison::Exceeds
        },
    )
}

/// Whether an effect contains everything of another one, for at least as long. A change that only removes access is
/// covered by its losses; for any other change, losses do not matter. What is not access must be the same.
pub fn covers(approved: &Effect, now: &Effect) -> bool {
    let gained = ByPath::of(approved.gained.paths());
    // What stays permanently includes what may exist for a moment, and not the reverse.
    let evaluated = ByPath::of(approved.evaluated_paths());
    let gains = now.gained.paths().iter().all(|path| gained.cover(path))
        && now.passing.paths().iter().all(|path| evaluated.cover(path));
    let only_removes = approved.evaluated_paths().next().is_none();
    let lost = ByPath::of(approved.lost.paths());
    let same = approved.others == now.others;
    gains && same && (!only_removes || now.lost.paths().iter().all(|path| lost.cover(path)))
}

/// The approved terms of each path, with their gainers.
struct ByPath<'a>(BTreeMap<(&'a Pair, &'a Path), Vec<(Term, &'a Gainers)>>);

impl<'a> ByPath<'a> {
    fn of(paths: impl IntoIterator<Item = &'a SharedPath>) -> Self {
        let mut by_path: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for path in paths {
            let terms = by_path.entry((&path.pair, &path.path)).or_default();
            terms.push((path.term, &path.gainers));
        }
        Self(by_path)
    }

    /// Whether everyone behind a path has it here for at least as long.
    fn cover(&self, path: &SharedPath) -> bool {
        let Some(terms) = self.0.get(&(&path.pair, &path.path)) else {
            return path.gainers.count() == 0;
        };
        let long_enough: Vec<&Gainers> = terms
            .iter()
            .filter(|(term, _)| path.term <= *term)
            .map(|(_, gainers)| *gainers)
            .collect();
        match &path.gainers {
            Gainers::FutureMembers(_) => long_enough.contains(&&path.gainers),
            Gainers::Users(users) => {
                let same = |known: &&Gainers| matches!(known, Gainers::Users(known) if Arc::ptr_eq(known, users));
                long_enough.iter().any(same)
                    || users
                        .iter()
                        .all(|user| long_enough.iter().any(|known| known.contain(user)))
            }
        }
    }
}

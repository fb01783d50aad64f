//! Compares the effect of a change now with the effect that was approved.
//!
//! An approval covers everything narrower than what its approver saw. Whatever was added, lasts longer or cannot be
//! compared needs an approval of its own. The approved effect is used only if it proves the approved hash together with
//! the permission sets, classifications and policies of now, so that nobody can pass off another effect as the approved
//! one, and a permission set that was edited is not comparable.

use std::collections::BTreeMap;

use super::{Effect, EffectHash, Gainer, Step, effect_hash};
use crate::{
    access::Path, change::Operation, grant::Term, ids::Pair, snapshot::Snapshot,
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

/// Compares the effect of the same operations now with the approved one.
pub fn compare(
    snapshot: &Snapshot,
    operations: &[Operation],
    approved: ApprovedEffect<'_>,
    (now, now_hash): (&Effect, &EffectHash),
    rules: &RulesVersion,
) -> EffectComparison {
    if now_hash == approved.hash {
        return EffectComparison::Same;
    }
    // Recomputed with what the read shows now: equal only if the effect is the approved one, and the content of all its
    // permission sets, the classification of all its accounts, the operations and the policies are as approved.
    let proves = &effect_hash(snapshot, operations, approved.effect, rules) == approved.hash;
    if proves && covers(approved.effect, now) {
        EffectComparison::Narrower
    } else {
        EffectComparison::Exceeds
    }
}

/// Whether an effect contains everything of another one, for at least as long. A change that only removes access is
/// covered by its losses; for any other change, losses do not matter.
pub fn covers(approved: &Effect, now: &Effect) -> bool {
    let gained = Longest::of(approved.gained.iter());
    // What stays permanently includes what may exist for a moment, and not the reverse.
    let evaluated = Longest::of(approved.evaluated_steps());
    let gains = now.gained.iter().all(|step| gained.contains(step))
        && now.passing.iter().all(|step| evaluated.contains(step));
    let only_removes = approved.evaluated_steps().next().is_none();
    let lost = Longest::of(approved.lost.iter());
    gains && (!only_removes || now.lost.iter().all(|step| lost.contains(step)))
}

/// The longest term of each path.
struct Longest<'a>(BTreeMap<(&'a Gainer, &'a Pair, &'a Path), Term>);

impl<'a> Longest<'a> {
    fn of(steps: impl Iterator<Item = &'a Step>) -> Self {
        let mut longest = BTreeMap::new();
        for step in steps {
            let term = longest
                .entry((&step.gainer, &step.pair, &step.path))
                .or_insert(step.term);
            *term = (*term).max(step.term);
        }
        Self(longest)
    }

    fn contains(&self, step: &Step) -> bool {
        let known = self.0.get(&(&step.gainer, &step.pair, &step.path));
        known.is_some_and(|term| step.term <= *term)
    }
}

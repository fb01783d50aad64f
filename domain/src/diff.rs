//! Effective access before and after a change: what each person gains and loses.
//!
//! Policies evaluate gains and not operations, because a harmless operation can complete a harmful one: a group that is
//! assigned while empty, and then filled. So a gain may also be *latent*: nobody gains access today, but future members
//! of the group will.

mod comparison;
mod effect_of;
mod hash;
mod overlay;
mod requested_grants;
mod steps;
mod stored;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    access::Path,
    budget::{Budget, Stopped},
    change::Operation,
    grant::Term,
    ids::{GroupId, Pair, PermissionSetArn, UserId},
    permission_set::JudgedContent,
    snapshot::Snapshot,
    subject::{SubjectContext, SubjectEffect},
};
pub use comparison::{ApprovedEffect, EffectComparison, compare, covers};
pub use hash::effect_hash;
use requested_grants::RequestedGrants;
pub use steps::{Gainers, SharedPath, Steps};

/// The beneficiary of a gain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gainer {
    /// A user who gains access today.
    User(UserId),
    /// Any user who is added to this group later.
    FutureMember(GroupId),
}

/// One gain or loss.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Step {
    pub gainer: Gainer,
    pub pair: Pair,
    pub path: Path,
    /// The duration. A gain by membership and a loss are standing.
    pub term: Term,
}

/// The effect of a set of operations on effective access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Effect {
    /// Paths that appear.
    pub gained: Steps,
    /// Paths that disappear.
    pub lost: Steps,
    /// Paths that exist temporarily, or permanently, if a removal by this or another change comes late or fails. None
    /// of them is in `gained`. They are evaluated like gains, because AWS carries out each operation independently.
    #[serde(default, skip_serializing_if = "Steps::is_empty")]
    pub passing: Steps,
    /// What changes besides access, in the order of the items.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<SubjectEffect>,
    /// The content of each permission set that is gained, as far as it is known. Approvers agree to it; effects that
    /// earlier versions stored do not have it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sets: BTreeMap<PermissionSetArn, JudgedContent>,
}

impl Effect {
    /// Returns everything that has to be evaluated: first `gained`, then `passing`.
    pub fn evaluated_steps(&self) -> impl Iterator<Item = Step> + '_ {
        self.gained.iter().chain(self.passing.iter())
    }

    /// Returns the paths of everything that has to be evaluated, each with all gainers.
    pub fn evaluated_paths(&self) -> impl Iterator<Item = &SharedPath> {
        self.gained.paths().iter().chain(self.passing.paths())
    }

    /// Returns the users who gain access today, by `gained` or `passing`.
    pub fn gaining(&self) -> BTreeSet<&UserId> {
        let lists = self.gained.lists().chain(self.passing.lists());
        lists.flat_map(|users| users.iter()).collect()
    }

    /// Whether a user gains access today.
    pub fn gives_to(&self, user: &UserId) -> bool {
        let mut lists = self.gained.lists().chain(self.passing.lists());
        lists.any(|users| users.binary_search(user).is_ok())
    }
}

/// Computes the effect of operations on a snapshot, together with the operations of other changes that are approved and
/// unfinished. What those add counts as present; what they remove counts as absent *and* as present, whichever shows
/// the greater gain. So a sequence of harmless changes cannot add up to a harmful one, in whatever order AWS carries
/// them out and whichever removals fail.
///
/// An assignment that already exists counts as gained again, because it may last longer than the existing one, whose
/// duration AWS does not know.
pub fn effect(
    context: SubjectContext<'_>,
    under_way: &[Operation],
    operations: &[Operation],
    budget: Budget<'_>,
) -> Result<Effect, Stopped> {
    let requested = RequestedGrants::by(operations);
    let states =
        effect_of::States::new(context.snapshot, under_way, operations, &requested, budget);
    let effect = states.effect(operations)?;
    let others = operations
        .iter()
        .filter_map(|item| item.subject().effect(context));
    Ok(Effect {
        others: others.collect(),
        sets: judged(context.snapshot, &effect),
        ..effect
    })
}

fn judged(snapshot: &Snapshot, effect: &Effect) -> BTreeMap<PermissionSetArn, JudgedContent> {
    let gained: BTreeSet<_> = effect
        .evaluated_paths()
        .map(|path| &path.pair.set)
        .collect();
    let known = gained.into_iter().filter_map(|arn| snapshot.set(arn));
    known
        .map(|set| (set.arn.clone(), JudgedContent::of(set)))
        .collect()
}

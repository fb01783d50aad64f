//! Effective access before and after a change: what each person gains and loses.
//!
//! Policies evaluate gains and not operations, because a harmless operation can complete a harmful one: a group that is
//! assigned while empty, and then filled. So a gain may also be *latent*: nobody gains access today, but future members
//! of the group will.

mod comparison;
mod requested_grants;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    access::{self, Path},
    change::Operation,
    classification::Classification,
    grant::Term,
    ids::{GroupId, Pair, Principal, UserId},
    permission_set::ContentHash,
    snapshot::{PairRead, Parts, Provisioned, Snapshot},
    time::Timestamp,
    verdict::RulesVersion,
};
pub use comparison::{ApprovedEffect, EffectComparison, compare, covers};
use requested_grants::RequestedGrants;

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
    /// Paths that appear, sorted.
    pub gained: Vec<Step>,
    /// Paths that disappear, sorted.
    pub lost: Vec<Step>,
    /// Paths that exist temporarily, or permanently, if a removal by this or another change comes late or fails;
    /// sorted. None of them is in `gained`. They are evaluated like gains, because AWS carries out each operation
    /// independently.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passing: Vec<Step>,
}

impl Effect {
    /// Returns everything that has to be evaluated: first `gained`, then `passing`.
    pub fn evaluated_steps(&self) -> impl Iterator<Item = &Step> {
        self.gained.iter().chain(&self.passing)
    }

    /// Returns the users who gain access today, by `gained` or `passing`.
    pub fn gaining(&self) -> BTreeSet<&UserId> {
        self.evaluated_steps()
            .filter_map(|step| match &step.gainer {
                Gainer::User(user) => Some(user),
                Gainer::FutureMember(_) => None,
            })
            .collect()
    }
}

/// SHA-256 (hex) of what an approver agrees to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffectHash(pub String);

impl fmt::Debug for EffectHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Computes one hash over the operations, the effect, the content of the affected permission sets, the classification
/// of the affected accounts and the policies. If any of them changes, earlier approvals are void.
///
/// # Panics
/// Never: strings and small integers always have a canonical form.
pub fn effect_hash(
    snapshot: &Snapshot,
    operations: &[Operation],
    effect: &Effect,
    rules: &RulesVersion,
) -> EffectHash {
    let mut sets: BTreeMap<&str, Option<&ContentHash>> = BTreeMap::new();
    let mut accounts: BTreeMap<&str, Option<&Classification>> = BTreeMap::new();
    for step in effect.evaluated_steps().chain(&effect.lost) {
        sets.insert(
            step.pair.set.as_str(),
            snapshot.set(&step.pair.set).map(|set| &set.hash),
        );
        accounts.insert(
            step.pair.account.as_str(),
            snapshot.account(&step.pair.account).map(|(_, class)| class),
        );
    }
    let bytes = serde_json_canonicalizer::to_vec(&serde_json::json!({
        "v": 1,
        "operations": operations,
        "effect": effect,
        "sets": sets,
        "accounts": accounts,
        "rules": rules,
    }))
    .expect("strings and small integers always have a canonical form");
    EffectHash(hex::encode(Sha256::digest(&bytes)))
}

/// Computes the effect of operations on a snapshot, together with the operations of other changes that are approved and
/// unfinished. What those add counts as present; what they remove counts as absent *and* as present, whichever shows
/// the greater gain. So a sequence of harmless changes cannot add up to a harmful one, in whatever order AWS carries
/// them out and whichever removals fail.
///
/// An assignment that already exists counts as gained again, because it may last longer than the existing one, whose
/// duration AWS does not know.
pub fn effect(snapshot: &Snapshot, under_way: &[Operation], operations: &[Operation]) -> Effect {
    let touched = Touched::by(snapshot, under_way.iter().chain(operations));
    let (mut coming, going): (Vec<Operation>, Vec<Operation>) =
        under_way.iter().cloned().partition(Operation::gives);
    // An item of this change counts as new even if another change contains the same item. Otherwise two such changes
    // would each be evaluated as if the other were complete, and neither would be evaluated in full.
    let requested = RequestedGrants::by(operations);
    coming.retain(|other| !requested.gives(other));
    let there = touched.slice(snapshot, &coming);
    let at_least = paths(&touched.slice(&there, &going));
    let then = paths(&there);
    let now = paths(&touched.slice(&there, operations));
    let giving: Vec<Operation> = operations.iter().filter(|o| o.gives()).cloned().collect();
    let at_most = paths(&touched.slice(&there, &giving));
    let (gained, passing) = at_most
        .iter()
        .filter_map(|path| {
            let appears = !at_least.contains(path);
            let term = requested.term(&there, path, appears)?;
            Some((now.contains(path), step(path, term)))
        })
        .partition::<Vec<_>, _>(|(stays, _)| *stays);
    let steps = |all: Vec<(bool, Step)>| all.into_iter().map(|(_, step)| step).collect();
    Effect {
        gained: steps(gained),
        passing: steps(passing),
        lost: then
            .difference(&now)
            .map(|path| step(path, Term::Standing))
            .collect(),
    }
}

/// Returns the snapshot after operations. For previews only; the actual result is up to AWS.
pub fn after(snapshot: &Snapshot, operations: &[Operation]) -> Snapshot {
    let mut parts = snapshot.parts().clone();
    for operation in operations {
        apply(&mut parts, operation);
    }
    Snapshot::new(parts)
}

type ReachPath = (Gainer, Pair, Path);

fn step((gainer, pair, path): &ReachPath, term: Term) -> Step {
    Step {
        gainer: gainer.clone(),
        pair: pair.clone(),
        path: path.clone(),
        term,
    }
}

/// Returns all paths of a snapshot, latent ones included.
fn paths(snapshot: &Snapshot) -> BTreeSet<ReachPath> {
    let mut found = BTreeSet::new();
    for (pair, read) in &snapshot.parts().pairs {
        for reach in access::people_of(snapshot, pair, read) {
            found.insert((Gainer::User(reach.user), reach.pair, reach.path));
        }
        for principal in read.principals.keys() {
            if let Principal::Group(group) = principal {
                found.insert((
                    Gainer::FutureMember(group.clone()),
                    pair.clone(),
                    Path::Group(group.clone()),
                ));
            }
        }
    }
    found
}

/// The part of a snapshot that operations can change. Comparing all assignments (150,000) for each preview would be
/// slow.
struct Touched {
    pairs: BTreeSet<Pair>,
    groups: BTreeSet<GroupId>,
    users: BTreeSet<UserId>,
}

impl Touched {
    fn by<'a>(
        snapshot: &Snapshot,
        operations: impl Iterator<Item = &'a Operation> + Clone,
    ) -> Self {
        let mut touched = Self {
            pairs: BTreeSet::new(),
            groups: BTreeSet::new(),
            users: BTreeSet::new(),
        };
        for operation in operations {
            match operation {
                Operation::Assign { assignment, .. } | Operation::Unassign { assignment } => {
                    touched.pairs.insert(assignment.pair.clone());
                    match &assignment.principal {
                        Principal::Group(group) => touched.groups.insert(group.clone()),
                        Principal::User(user) => touched.users.insert(user.clone()),
                    };
                }
                Operation::AddMember { group, user } | Operation::RemoveMember { group, user } => {
                    touched.groups.insert(group.clone());
                    touched.users.insert(user.clone());
                }
            }
        }
        for group in &touched.groups {
            touched.pairs.extend(
                snapshot
                    .pairs_of(&Principal::Group(group.clone()))
                    .iter()
                    .cloned(),
            );
        }
        // Include every group on an affected pair, so that its members appear on both sides.
        for pair in &touched.pairs {
            let groups = snapshot
                .pair(pair)
                .into_iter()
                .flat_map(|read| read.principals.keys());
            touched.groups.extend(groups.filter_map(|p| match p {
                Principal::Group(group) => Some(group.clone()),
                Principal::User(_) => None,
            }));
        }
        touched
    }

    /// Returns the affected part of a snapshot, with operations applied.
    fn slice(&self, snapshot: &Snapshot, operations: &[Operation]) -> Snapshot {
        let whole = snapshot.parts();
        let members: BTreeMap<GroupId, BTreeSet<UserId>> = self
            .groups
            .iter()
            .filter_map(|group| {
                whole
                    .members
                    .get(group)
                    .map(|users| (group.clone(), users.clone()))
            })
            .collect();
        let mut users: BTreeSet<&UserId> = members.values().flatten().chain(&self.users).collect();
        let pairs: BTreeMap<Pair, PairRead> = self
            .pairs
            .iter()
            .filter_map(|pair| {
                whole
                    .pairs
                    .get(pair)
                    .map(|read| (pair.clone(), read.clone()))
            })
            .collect();
        for read in pairs.values() {
            users.extend(read.principals.keys().filter_map(|p| match p {
                Principal::User(user) => Some(user),
                Principal::Group(_) => None,
            }));
        }
        let users = users
            .into_iter()
            .filter_map(|id| whole.users.get(id).map(|user| (id.clone(), user.clone())))
            .collect();
        let mut parts = Parts {
            users,
            members,
            pairs,
            ..Parts::default()
        };
        for operation in operations {
            apply(&mut parts, operation);
        }
        Snapshot::new(parts)
    }
}

fn apply(parts: &mut Parts, operation: &Operation) {
    match operation {
        Operation::Assign { assignment, .. } => {
            let read = parts
                .pairs
                .entry(assignment.pair.clone())
                .or_insert_with(|| PairRead {
                    as_of: Timestamp::default(),
                    principals: BTreeMap::new(),
                    provisioned: Provisioned::Latest,
                });
            read.principals
                .entry(assignment.principal.clone())
                .or_default();
        }
        Operation::Unassign { assignment } => {
            if let Some(read) = parts.pairs.get_mut(&assignment.pair) {
                read.principals.remove(&assignment.principal);
            }
        }
        Operation::AddMember { group, user } => {
            parts
                .members
                .entry(group.clone())
                .or_default()
                .insert(user.clone());
        }
        Operation::RemoveMember { group, user } => {
            if let Some(members) = parts.members.get_mut(group) {
                members.remove(user);
            }
        }
    }
}

//! The straightforward effect: all paths of all touched groups and pairs, before and after, as rows. Its cost grows with
//! people and paths.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    access::{self, Path},
    change::Operation,
    classification::Classification,
    diff::{Gainer, Step},
    grant::Term,
    ids::{Assignment, EffectHash, GroupId, Pair, Principal, UserId},
    permission_set::JudgedContent,
    shared_map::SharedMap,
    snapshot::{PairRead, Parts, Provisioned, Shared, Snapshot},
    time::{Date, Timestamp},
    verdict::RulesVersion,
};

/// An effect with one row for each person and path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub(super) struct Rows {
    pub gained: Vec<Step>,
    pub lost: Vec<Step>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passing: Vec<Step>,
}

impl Rows {
    pub(super) fn evaluated_steps(&self) -> impl Iterator<Item = &Step> {
        self.gained.iter().chain(&self.passing)
    }

    pub(super) fn gaining(&self) -> BTreeSet<&UserId> {
        self.evaluated_steps()
            .filter_map(|step| match &step.gainer {
                Gainer::User(user) => Some(user),
                Gainer::FutureMember(_) => None,
            })
            .collect()
    }
}

pub(super) fn effect_hash(
    snapshot: &Snapshot,
    operations: &[Operation],
    effect: &Rows,
    review_on: Option<Date>,
    rules: &RulesVersion,
) -> EffectHash {
    let mut sets: BTreeMap<&str, Option<JudgedContent>> = BTreeMap::new();
    let mut accounts: BTreeMap<&str, Option<Classification>> = BTreeMap::new();
    for step in effect.evaluated_steps().chain(&effect.lost) {
        sets.insert(
            step.pair.set.as_str(),
            snapshot.set(&step.pair.set).map(JudgedContent::of),
        );
        accounts.insert(
            step.pair.account.as_str(),
            snapshot
                .account(&step.pair.account)
                .map(|(_, class)| class.hashed()),
        );
    }
    let mut document = serde_json::json!({
        "v": 2,
        "operations": operations,
        "effect": effect,
        "sets": sets,
        "accounts": accounts,
        "rules": rules,
    });
    if let Some(date) = review_on {
        document["review_on"] = date.to_string().into();
    }
    let bytes = serde_json_canonicalizer::to_vec(&document).expect("always has a canonical form");
    EffectHash(hex::encode(Sha256::digest(&bytes)))
}

pub(super) fn effect(
    snapshot: &Snapshot,
    under_way: &[Operation],
    operations: &[Operation],
) -> Rows {
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
    Rows {
        gained: steps(gained),
        passing: steps(passing),
        lost: then
            .difference(&now)
            .map(|path| step(path, Term::Standing))
            .collect(),
    }
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
            if let Some(assignment) = operation.assignment() {
                touched.pairs.insert(assignment.pair.clone());
                match &assignment.principal {
                    Principal::Group(group) => touched.groups.insert(group.clone()),
                    Principal::User(user) => touched.users.insert(user.clone()),
                };
            }
            if let Some((group, user)) = operation.membership() {
                touched.groups.insert(group.clone());
                touched.users.insert(user.clone());
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
        let members: SharedMap<GroupId, Shared<BTreeSet<UserId>>> = self
            .groups
            .iter()
            .filter_map(|group| {
                whole
                    .members
                    .get(group)
                    .map(|users| (group.clone(), users.clone()))
            })
            .collect();
        let mut users: BTreeSet<&UserId> = members
            .values()
            .flat_map(|all| all.iter())
            .chain(&self.users)
            .collect();
        let pairs: SharedMap<Pair, PairRead> = self
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
    if let Some((assignment, _)) = operation.assigns() {
        let read = parts
            .pairs
            .or_insert_with(assignment.pair.clone(), || PairRead {
                as_of: Timestamp::default(),
                principals: SharedMap::default(),
                provisioned: Provisioned::Latest,
            });
        read.principals.or_default(assignment.principal.clone());
    }
    if let Some(assignment) = operation.unassigns()
        && let Some(read) = parts.pairs.get_mut(&assignment.pair)
    {
        read.principals.remove(&assignment.principal);
    }
    if let Some((group, user)) = operation.joins() {
        let members = parts.members.or_default(group.clone());
        members.insert(user.clone());
    }
    if let Some((group, user)) = operation.leaves()
        && let Some(members) = parts.members.get_mut(group)
    {
        members.remove(user);
    }
}

/// Returns the assignment behind a path.
fn assignment((gainer, pair, path): &ReachPath) -> Assignment {
    let principal = match (path, gainer) {
        (Path::Group(group), _) | (Path::Direct, Gainer::FutureMember(group)) => {
            Principal::Group(group.clone())
        }
        (Path::Direct, Gainer::User(user)) => Principal::User(user.clone()),
    };
    Assignment {
        pair: pair.clone(),
        principal,
    }
}

/// The granted assignments, each with the longest requested term, and the granted memberships.
struct RequestedGrants<'a> {
    terms: BTreeMap<&'a Assignment, Term>,
    joined: BTreeSet<(&'a GroupId, &'a UserId)>,
}

impl<'a> RequestedGrants<'a> {
    fn by(operations: &'a [Operation]) -> Self {
        let mut requested = Self {
            terms: BTreeMap::new(),
            joined: BTreeSet::new(),
        };
        for operation in operations {
            if let Some((assignment, term)) = operation.assigns() {
                let longest = requested.terms.entry(assignment).or_insert(term);
                *longest = (*longest).max(term);
            }
            requested.joined.extend(operation.joins());
        }
        requested
    }

    /// Whether the operations grant the same as another operation, regardless of the term.
    fn gives(&self, other: &Operation) -> bool {
        let assigned = other.assigns();
        assigned.is_some_and(|(assignment, _)| self.terms.contains_key(assignment))
            || other
                .joins()
                .is_some_and(|joined| self.joined.contains(&joined))
    }

    /// Returns the term for which the operations grant a path; none if they do not. A user who is added to a group that
    /// is already assigned gains standing access, even if the same change requests temporary access for that
    /// assignment.
    fn term(&self, there: &Snapshot, path: &ReachPath, appears: bool) -> Option<Term> {
        let joins = match path {
            (Gainer::User(user), _, Path::Group(group)) => self.joined.contains(&(group, user)),
            _ => false,
        };
        let rests_on = assignment(path);
        let asked = self.terms.get(&rests_on).copied();
        let assigned = there
            .pair(&rests_on.pair)
            .is_some_and(|read| read.principals.contains_key(&rests_on.principal));
        if joins && appears && assigned {
            return Some(Term::Standing);
        }
        asked
    }
}

//! Checks that need no policy: the objections of the subjects of a change, as hits.
//!
//! Their ids are stable, begin with `system.` or `eligibility.`, and are reserved for the program.

use std::collections::{BTreeSet, HashMap, hash_map::Entry};

use crate::{
    access::Path,
    change::Operation,
    diff::SharedPath,
    ids::{GroupId, Pair, Principal, UserId},
    subject::{Objection, SubjectContext},
    verdict::Hit,
};

/// No policy makes the person eligible.
pub const ELIGIBILITY_NONE: &str = "eligibility.none";
/// A policy could not be evaluated.
pub const RULE_ERROR: &str = "system.rule-error";
/// A policy on removals could not be evaluated.
pub const REMOVAL_POLICY_ERROR: &str = "system.removal-policy-error";

pub(super) fn hit(rule: &str, reason: String, control: &str, gains: BTreeSet<usize>) -> Hit {
    Hit {
        rule: rule.to_owned(),
        reason,
        control: control.to_owned(),
        remedy: None,
        gains,
        affected: 0,
        people_together: None,
    }
}

/// Returns an objection as a hit without gains.
pub(super) fn objected(objection: Objection) -> Hit {
    let Objection {
        rule,
        reason,
        control,
        remedy,
    } = objection;
    Hit {
        remedy,
        ..hit(rule, reason, control, BTreeSet::new())
    }
}

/// The items against which there are objections.
pub(super) struct Objections<'a>(Vec<(&'a Operation, Vec<Objection>)>);

impl<'a> Objections<'a> {
    /// Returns the objections that the approvals of `agreed` people do not lift.
    pub(super) fn of(
        context: SubjectContext<'_>,
        operations: &'a [Operation],
        agreed: usize,
    ) -> Self {
        let lifted = |objection: &Objection| {
            let remedies = objection.remedy.as_ref();
            remedies.is_some_and(|remedies| remedies.lifted_by(agreed))
        };
        let found = operations.iter().filter_map(|operation| {
            let mut objections = operation.subject().objections(context);
            objections.retain(|objection| !lifted(objection));
            (!objections.is_empty()).then_some((operation, objections))
        });
        Self(found.collect())
    }

    /// Returns the users to whom only some of the reasons apply, although policies may not distinguish them.
    pub(super) fn users(&self) -> BTreeSet<&'a UserId> {
        let users = self.0.iter().filter_map(|(operation, _)| {
            let assigned = operation
                .assigns()
                .map(|(assignment, _)| &assignment.principal);
            match assigned {
                Some(Principal::User(user)) => Some(user),
                Some(Principal::Group(_)) => None,
                None => operation.joins().map(|(_, user)| user),
            }
        });
        users.collect()
    }

    /// Returns the hits in the order of the items; `gains` are all gains, by number.
    pub(super) fn hits<'g>(self, gains: impl Iterator<Item = &'g SharedPath>) -> Vec<Hit> {
        let gains = GainsByOrigin::of(gains);
        let mut found: Vec<Hit> = Vec::new();
        let mut places: HashMap<(&'static str, String), usize> = HashMap::new();
        for (operation, objections) in self.0 {
            let concerned: BTreeSet<usize> = gains.resting_on(operation).collect();
            for objection in objections {
                match places.entry((objection.rule, objection.reason.clone())) {
                    Entry::Occupied(place) => {
                        found[*place.get()].gains.extend(concerned.iter().copied());
                    }
                    Entry::Vacant(place) => {
                        place.insert(found.len());
                        found.push(Hit {
                            gains: concerned.clone(),
                            ..objected(objection)
                        });
                    }
                }
            }
        }
        found
    }
}

/// Gains by what they rest on, grouped once for all items.
pub(super) struct GainsByOrigin<'g> {
    by_pair: HashMap<&'g Pair, Vec<(usize, &'g SharedPath)>>,
    by_group: HashMap<&'g GroupId, Vec<(usize, &'g SharedPath)>>,
}

impl<'g> GainsByOrigin<'g> {
    /// Groups gains, which are numbered in their order.
    pub(super) fn of(gains: impl Iterator<Item = &'g SharedPath>) -> Self {
        let (mut by_pair, mut by_group) = (HashMap::new(), HashMap::new());
        for (number, gain) in gains.enumerate() {
            let at_pair: &mut Vec<_> = by_pair.entry(&gain.pair).or_default();
            at_pair.push((number, gain));
            if let Path::Group(group) = &gain.path {
                let of_group: &mut Vec<_> = by_group.entry(group).or_default();
                of_group.push((number, gain));
            }
        }
        Self { by_pair, by_group }
    }

    /// Returns the numbers of the gains that rest on an item.
    pub(super) fn resting_on<'a>(
        &'a self,
        operation: &'a Operation,
    ) -> impl Iterator<Item = usize> + 'a {
        let assigned = operation.assigns();
        let assigned = assigned.and_then(|(assignment, _)| self.by_pair.get(&assignment.pair));
        let joined = operation.joins();
        let joined = joined.and_then(|(group, _)| self.by_group.get(group));
        let candidates = assigned.into_iter().chain(joined).flatten();
        candidates
            .filter(|(_, gain)| rests_on(gain, operation))
            .map(|(number, _)| *number)
    }
}

/// Whether any of the gainers of a path owes the gain to an item.
fn rests_on(gain: &SharedPath, operation: &Operation) -> bool {
    let assigned = operation.assigns().is_some_and(|(assignment, _)| {
        gain.pair == assignment.pair
            && match (&assignment.principal, &gain.path) {
                (Principal::Group(group), Path::Group(path)) => group == path,
                (Principal::User(user), Path::Direct) => gain.gainers.contain(user),
                _ => false,
            }
    });
    assigned
        || operation.joins().is_some_and(|(group, user)| {
            matches!(&gain.path, Path::Group(path) if path == group) && gain.gainers.contain(user)
        })
}

//! The most exposed people, in the order of the list of people.

use std::cmp::Reverse;

use domain::{ids::UserId, shared_map::SharedMap, snapshot::Snapshot};

use crate::service::reach::{ExposureWeight, PersonExposure};

/// The maximum number of people listed on the home page.
pub(super) const TOP_EXPOSED: usize = 5;

/// The place of a person: by how exposed they are, then by name.
pub(super) type Rank = (Reverse<ExposureWeight>, String, UserId);

pub(super) fn rank(snapshot: &Snapshot, user: &UserId, one: &PersonExposure) -> Rank {
    let known = snapshot.user(user);
    let name = known.map(|user| user.display_name.to_lowercase());
    (
        Reverse(one.weight()),
        name.unwrap_or_default(),
        user.clone(),
    )
}

/// Returns the most exposed people, in order.
pub(super) fn ranked(snapshot: &Snapshot, people: &SharedMap<UserId, PersonExposure>) -> Vec<Rank> {
    let mut ranked: Vec<Rank> = Vec::with_capacity(2 * TOP_EXPOSED);
    for (user, one) in people {
        let last = ranked.last().filter(|_| ranked.len() == TOP_EXPOSED);
        if last.is_some_and(|(Reverse(last), ..)| one.weight() < *last) {
            continue;
        }
        let one = rank(snapshot, user, one);
        if ranked.len() < TOP_EXPOSED || ranked.last().is_some_and(|last| one < *last) {
            let at = ranked.partition_point(|known| *known < one);
            ranked.insert(at, one);
            ranked.truncate(TOP_EXPOSED);
        }
    }
    ranked
}

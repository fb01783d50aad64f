//! Who has the access of an undecided change already, for those who decide it, and whether what a change gave is still there. From the read model, without a query.

use std::collections::BTreeSet;

use app::backend::{GivenAccess, PairHolders};
use domain::{
    change::{Change, State},
    diff::Effect,
    ids::Pair,
    snapshot::Snapshot,
};

use crate::service::names;

/// The number of pairs, and of principals of each, on the page of a change.
const PAIRS: usize = 3;
const PRINCIPALS: usize = 8;

/// Returns who is assigned to the first pairs that somebody gains.
pub(super) fn of(snapshot: &Snapshot, effect: &Effect) -> Vec<PairHolders> {
    let paths = effect.gained.paths().iter();
    let pairs: BTreeSet<&Pair> = paths.map(|path| &path.pair).collect();
    let pairs = pairs.into_iter().take(PAIRS);
    pairs.map(|pair| holders(snapshot, pair)).collect()
}

fn holders(snapshot: &Snapshot, pair: &Pair) -> PairHolders {
    let read = snapshot.pair(pair);
    let principals = read.into_iter().flat_map(|read| read.principals.keys());
    let known = snapshot.never_read().pair(pair);
    PairHolders {
        account: names::account(snapshot, &pair.account),
        set: names::set(snapshot, &pair.set),
        principals: principals
            .take(PRINCIPALS)
            .map(|principal| names::principal(snapshot, principal))
            .collect(),
        total: known.figure(read.map_or(0, |read| read.principals.len())),
    }
}

/// Returns what the newest reads show of the assignments that a verified change gave. None if it gave none, or if one of them was not
/// read.
pub(super) fn given(snapshot: &Snapshot, change: &Change) -> Option<GivenAccess> {
    if change.state != State::Verified {
        return None;
    }
    let items = change.proposal.operations.iter();
    let given = items.filter_map(|item| Some(item.assigns()?.0));
    let (mut as_of, mut present, mut total) = (None, 0, 0);
    for assignment in given {
        let read = snapshot.pair(&assignment.pair)?;
        as_of = Some(as_of.map_or(read.as_of, |oldest| read.as_of.min(oldest)));
        present += usize::from(read.principals.contains_key(&assignment.principal));
        total += 1;
    }
    Some(GivenAccess {
        as_of: as_of?,
        present,
        total,
    })
}

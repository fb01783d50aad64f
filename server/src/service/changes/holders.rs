//! Who has the access of an undecided change already, for whoever decides it. From the read model, without a query.

use std::collections::BTreeSet;

use app::backend::PairHolders;
use domain::{diff::Effect, ids::Pair, snapshot::Snapshot};

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

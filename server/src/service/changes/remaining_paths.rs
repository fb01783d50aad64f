//! The paths that remain after a removal: removing one path proves nothing while another path leads to the same
//! account.

use std::collections::{BTreeSet, btree_set};

use app::backend::{RemainingPath, RemainingPaths};
use domain::{
    access::Path,
    change::Operation,
    diff::Steps,
    ids::{AccountId, Pair, Principal, UserId},
    snapshot::Snapshot,
};

use crate::service::names;

/// The maximum number of paths listed.
const LISTED: usize = 20;

/// A remaining path: of whom, to what and through what.
type Remaining<'a> = (&'a UserId, &'a Principal, &'a Pair);

/// Returns the paths by which the people who lost access by an operation still reach its accounts. `others` contains
/// the principals that the verifying read still found on the pair; it is newer than the snapshot.
///
/// Visits the assignments of these accounts, and neither builds a list of all paths nor visits each person's.
pub(super) fn paths(
    snapshot: &Snapshot,
    operation: &Operation,
    lost: &Steps,
    others: &BTreeSet<Principal>,
) -> RemainingPaths {
    let membership = operation.leaves();
    let accounts: BTreeSet<&AccountId> =
        lost.paths().iter().map(|path| &path.pair.account).collect();
    let users: BTreeSet<&UserId> = lost.lists().flat_map(|users| users.iter()).collect();
    let mut first: BTreeSet<Remaining<'_>> = BTreeSet::new();
    let mut total = 0;
    for (pair, read) in accounts
        .iter()
        .flat_map(|account| snapshot.pairs_in(account))
    {
        for principal in read.principals.keys() {
            if is_gone(operation, pair, principal, others) {
                continue;
            }
            let left = |user: &UserId| {
                membership.is_some_and(|(group, out)| {
                    *principal == Principal::Group(group.clone()) && user == out
                })
            };
            let behind = behind(snapshot, principal, &users);
            for user in behind.filter(|user| !left(user)) {
                total += 1;
                let path = (user, principal, pair);
                if first.len() < LISTED || first.last().is_some_and(|last| path < *last) {
                    first.insert(path);
                }
                if first.len() > LISTED {
                    first.pop_last();
                }
            }
        }
    }
    let paths: Vec<RemainingPath> = first
        .into_iter()
        .map(|path| describe(snapshot, path))
        .collect();
    RemainingPaths {
        more: total - paths.len(),
        paths,
    }
}

/// Whether the operation removed an assignment, or the verifying read no longer found it.
fn is_gone(
    operation: &Operation,
    pair: &Pair,
    principal: &Principal,
    others: &BTreeSet<Principal>,
) -> bool {
    operation.unassigns().is_some_and(|removed| {
        removed.pair == *pair && (removed.principal == *principal || !others.contains(principal))
    })
}

/// Returns those of these users who have access through an assignment.
fn behind<'a>(
    snapshot: &'a Snapshot,
    principal: &'a Principal,
    users: &BTreeSet<&'a UserId>,
) -> btree_set::IntoIter<&'a UserId> {
    let found: BTreeSet<&UserId> = match principal {
        Principal::User(user) => {
            let has = snapshot.user(user).is_some() && users.contains(user);
            has.then_some(user).into_iter().collect()
        }
        Principal::Group(group) => match snapshot.parts().members.get(group) {
            Some(members) if members.len() > users.len() => users
                .iter()
                .copied()
                .filter(|user| members.contains(*user))
                .collect(),
            Some(members) => members.iter().filter(|user| users.contains(user)).collect(),
            None => BTreeSet::new(),
        },
    };
    found.into_iter()
}

fn describe(snapshot: &Snapshot, (user, principal, pair): Remaining<'_>) -> RemainingPath {
    let path = match principal {
        Principal::User(_) => Path::Direct,
        Principal::Group(group) => Path::Group(group.clone()),
    };
    RemainingPath {
        user: names::user(snapshot, user),
        account: names::account(snapshot, &pair.account),
        set: names::set(snapshot, &pair.set),
        via: names::via(snapshot, &path),
    }
}

//! The paths that remain after a removal: removing one path proves nothing while another path leads to the same
//! account.

use std::collections::BTreeSet;

use domain::{
    access::{self, Path},
    change::Operation,
    diff::{Gainer, Step},
    engine::AccessResource,
    ids::{AccountId, Principal, UserId},
    snapshot::Snapshot,
};

use super::descriptions;
use crate::service::{app_state::ReadModel, names};

/// The maximum number of paths listed.
const LISTED: usize = 20;

/// Returns the paths by which the people who lost access by an operation still reach its accounts. `others` contains
/// the principals that the verifying read still found on the pair; it is newer than the snapshot.
pub(super) fn paths(
    snapshot: &Snapshot,
    operation: &Operation,
    lost: &[Step],
    others: &BTreeSet<Principal>,
) -> Vec<String> {
    let removed = AccessResource::of(operation);
    let pair = match &removed {
        AccessResource::Assignment(assignment) => Some(&assignment.pair),
        AccessResource::Membership { .. } => None,
    };
    let accounts: BTreeSet<&AccountId> = lost.iter().map(|step| &step.pair.account).collect();
    let users: BTreeSet<&UserId> = lost
        .iter()
        .filter_map(|step| match &step.gainer {
            Gainer::User(user) => Some(user),
            Gainer::FutureMember(_) => None,
        })
        .collect();
    let mut found = Vec::new();
    for user in users {
        for reach in
            access::reach_of(snapshot, user).filter(|reach| accounts.contains(&reach.pair.account))
        {
            let through_removed = match &removed {
                AccessResource::Assignment(assignment) => {
                    &ReadModel::assignment(&reach) == assignment
                }
                AccessResource::Membership { group, user: out } => {
                    reach.path == Path::Group(group.clone()) && user == out
                }
            };
            let seen_gone = pair == Some(&reach.pair) && !others.contains(&reach.principal());
            if !through_removed && !seen_gone {
                found.push(format!(
                    "{} still reaches {} with {} {}",
                    descriptions::principal(snapshot, &Principal::User(user.clone())),
                    names::account(snapshot, &reach.pair.account).name,
                    names::set(snapshot, &reach.pair.set).name,
                    descriptions::path(snapshot, &reach.path),
                ));
            }
        }
    }
    if found.len() > LISTED {
        let more = found.len() - LISTED;
        found.truncate(LISTED);
        found.push(format!("and {more} more"));
    }
    found
}

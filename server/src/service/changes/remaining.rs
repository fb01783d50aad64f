//! The paths that remain after a removal: removing one path proves nothing while another path leads to the same
//! account.

use std::collections::BTreeSet;

use domain::{
    access::{self, Path},
    change::Operation,
    diff::{Gainer, Step},
    engine::Key,
    ids::{AccountId, Principal, UserId},
    snapshot::Snapshot,
};

use super::words;
use crate::service::{core::World, names};

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
    let removed = Key::of(operation);
    let pair = match &removed {
        Key::Assignment(assignment) => Some(&assignment.pair),
        Key::Membership { .. } => None,
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
                Key::Assignment(assignment) => &World::assignment(&reach) == assignment,
                Key::Membership { group, user: out } => {
                    reach.path == Path::Group(group.clone()) && user == out
                }
            };
            let seen_gone = pair == Some(&reach.pair) && !others.contains(&reach.principal());
            if !through_removed && !seen_gone {
                found.push(format!(
                    "{} still reaches {} with {} {}",
                    words::principal(snapshot, &Principal::User(user.clone())),
                    names::account(snapshot, &reach.pair.account).name,
                    names::set(snapshot, &reach.pair.set).name,
                    words::path(snapshot, &reach.path),
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

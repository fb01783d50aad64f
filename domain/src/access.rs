//! Effective access: which people have access to which accounts, and by which path.
//!
//! The only place that expands assignments and memberships into people. Pages, policies, drift, reviews and reports
//! all use it, so that they cannot disagree. A disabled user is included, because the assignment still exists and the
//! user can be enabled again at any time; the user's status shows that they cannot sign in.

mod people_counter;

pub use people_counter::PeopleCounter;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{AccountId, GroupId, Pair, Principal, UserId},
    snapshot::{Knowledge, PairRead, Snapshot},
    time::Timestamp,
};

/// How a person has access to a pair.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    /// By an assignment to the user.
    Direct,
    /// As a member of this group.
    Group(GroupId),
}

/// One person's access to one pair by one path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reach {
    pub user: UserId,
    pub pair: Pair,
    pub path: Path,
    /// When the assignment behind this path was first observed.
    pub since: Timestamp,
}

impl Reach {
    /// Returns the principal of the assignment behind this path.
    pub fn principal(&self) -> Principal {
        match &self.path {
            Path::Direct => Principal::User(self.user.clone()),
            Path::Group(group) => Principal::Group(group.clone()),
        }
    }
}

/// Returns everyone with access to one account, one item per path, ordered by set and then by principal.
pub fn reaching<'a>(
    snapshot: &'a Snapshot,
    account: &'a AccountId,
) -> impl Iterator<Item = Reach> + 'a {
    snapshot
        .pairs_in(account)
        .flat_map(move |(pair, read)| people_of(snapshot, pair, read))
}

/// Returns everyone with access to one pair, one item per path. A user counts unless the list of users shows that the
/// user is gone.
pub fn people_of<'a>(
    snapshot: &'a Snapshot,
    pair: &'a Pair,
    read: &'a PairRead,
) -> impl Iterator<Item = Reach> + 'a {
    read.principals.iter().flat_map(move |(principal, since)| {
        let (direct, group) = match principal {
            Principal::User(user) => ((!snapshot.is_gone(principal)).then_some(user), None),
            Principal::Group(group) => (None, Some(group)),
        };
        let direct = direct.into_iter().map(move |user| Reach {
            user: user.clone(),
            pair: pair.clone(),
            path: Path::Direct,
            since: *since,
        });
        let through = group.into_iter().flat_map(move |group| {
            snapshot.members(group).map(move |user| Reach {
                user: user.clone(),
                pair: pair.clone(),
                path: Path::Group(group.clone()),
                since: *since,
            })
        });
        direct.chain(through)
    })
}

/// Returns everything that one user has access to, one item per path. A user who is no longer in the directory has no
/// access: assignments to them are orphaned.
pub fn reach_of<'a>(snapshot: &'a Snapshot, user: &'a UserId) -> impl Iterator<Item = Reach> + 'a {
    let own = Principal::User(user.clone());
    let direct = (!snapshot.is_gone(&own))
        .then_some((own, Path::Direct))
        .into_iter();
    let groups = snapshot
        .groups_of(user)
        .iter()
        .map(|group| (Principal::Group(group.clone()), Path::Group(group.clone())));
    direct.chain(groups).flat_map(move |(principal, path)| {
        let pairs = snapshot.pairs_of(&principal).to_vec();
        pairs.into_iter().map(move |pair| {
            let since = snapshot
                .pair(&pair)
                .and_then(|read| read.principals.get(&principal))
                .copied()
                .unwrap_or_default();
            Reach {
                user: user.clone(),
                pair,
                path: path.clone(),
                since,
            }
        })
    })
}

/// Whether everybody with access to one account is known.
pub fn people_known(snapshot: &Snapshot, account: &AccountId) -> Knowledge {
    let never = snapshot.never_read();
    // Lists ask for every account.
    if never.access() == Knowledge::Read {
        return Knowledge::Read;
    }
    let principals = snapshot.pairs_in(account);
    let principals = principals.flat_map(|(_, read)| read.principals.keys());
    principals.fold(never.assignments_in(account), |known, principal| {
        known.and(never.behind(principal))
    })
}

/// Returns the assignments whose principal is no longer in the directory. They give nobody access today, and only
/// `ListAccountAssignments` shows them.
pub fn orphans(snapshot: &Snapshot) -> impl Iterator<Item = (&Pair, &Principal)> {
    snapshot.parts().pairs.iter().flat_map(move |(pair, read)| {
        read.principals
            .keys()
            .filter(|p| snapshot.is_gone(p))
            .map(move |p| (pair, p))
    })
}

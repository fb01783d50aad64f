//! Effective access: who reaches what, and by which path.
//!
//! The one place where assignments and memberships become people. Pages, guardrails, drift,
//! reviews and reports all ask here, so that they can never disagree. A disabled user still
//! reaches (the assignment stands, and enabling is one click); it is marked, not left out.

use serde::{Deserialize, Serialize};

use crate::{
    directory::UserStatus,
    ids::{AccountId, GroupId, Pair, Principal, UserId},
    snapshot::{PairRead, Snapshot},
    time::Timestamp,
};

/// Through what a person reaches a pair.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    /// Assigned themselves.
    Direct,
    /// As a member of this group.
    Group(GroupId),
}

/// One person reaching one pair by one path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reach {
    /// Who.
    pub user: UserId,
    /// Where and with what.
    pub pair: Pair,
    /// Through what.
    pub path: Path,
    /// When the assignment on this path was first seen.
    pub since: Timestamp,
}

impl Reach {
    /// The assignment that this path rests on.
    pub fn principal(&self) -> Principal {
        match &self.path {
            Path::Direct => Principal::User(self.user.clone()),
            Path::Group(group) => Principal::Group(group.clone()),
        }
    }
}

/// Everyone who reaches one account, path by path, in order of set, then path, then user.
pub fn reaching<'a>(
    snapshot: &'a Snapshot,
    account: &'a AccountId,
) -> impl Iterator<Item = Reach> + 'a {
    snapshot
        .pairs_in(account)
        .flat_map(move |(pair, read)| people_of(snapshot, pair, read))
}

/// Everyone who reaches one pair.
pub fn people_of<'a>(
    snapshot: &'a Snapshot,
    pair: &'a Pair,
    read: &'a PairRead,
) -> impl Iterator<Item = Reach> + 'a {
    read.principals.iter().flat_map(move |(principal, since)| {
        let (direct, group) = match principal {
            Principal::User(user) => (snapshot.user(user).map(|_| user), None),
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

/// Everything that one user reaches, path by path. What is assigned to a user who is gone from the
/// directory reaches nobody: it is an orphan.
pub fn reach_of<'a>(snapshot: &'a Snapshot, user: &'a UserId) -> impl Iterator<Item = Reach> + 'a {
    let direct = snapshot
        .user(user)
        .map(|_| (Principal::User(user.clone()), Path::Direct))
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

/// Whether a user can sign in at all, as the directory says.
pub fn can_sign_in(snapshot: &Snapshot, user: &UserId) -> bool {
    snapshot
        .user(user)
        .is_some_and(|user| user.status == UserStatus::Enabled)
}

/// Assignments whose principal is gone from the directory. They give nobody access today, and
/// nothing but `ListAccountAssignments` shows them.
pub fn orphans(snapshot: &Snapshot) -> impl Iterator<Item = (&Pair, &Principal)> {
    snapshot.parts().pairs.iter().flat_map(move |(pair, read)| {
        read.principals
            .keys()
            .filter(|p| !snapshot.exists(p))
            .map(move |p| (pair, p))
    })
}

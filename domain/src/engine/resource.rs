//! How the engine reads and writes access resources.
//!
//! The engine decides about each resource separately. This module must not depend on time, access windows or AWS
//! responses.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, Assignment, GroupId, Pair, Principal, UserId};
pub use crate::subject::AccessResource;

impl AccessResource {
    /// Returns the read that shows whether the resource exists.
    pub fn target(&self) -> ReadTarget {
        match self {
            Self::Assignment(assignment) => ReadTarget::Pair(assignment.pair.clone()),
            Self::Membership { group, user } => ReadTarget::Membership {
                group: group.clone(),
                user: user.clone(),
            },
        }
    }

    /// Returns the lane of the resource.
    pub(super) fn lane(&self) -> ConcurrencyScope {
        match self {
            Self::Assignment(assignment) => {
                ConcurrencyScope::Account(assignment.pair.account.clone())
            }
            Self::Membership { group, .. } => ConcurrencyScope::Group(group.clone()),
        }
    }

    /// Returns a lower bound for the memberships of a group in sort order, for range queries.
    pub fn first_in(group: &GroupId) -> Self {
        // No user id sorts before eight zeros.
        let least = UserId::parse("00000000-0000-0000-0000-000000000000");
        Self::Membership {
            group: group.clone(),
            user: least.expect("a zero UUID is a user id"),
        }
    }

    /// Returns a lower bound for the assignments of a pair in sort order, for range queries.
    pub(super) fn first_of(pair: &Pair) -> Self {
        // Groups sort before users, and no group id sorts before eight zeros.
        let least = GroupId::parse("00000000-0000-0000-0000-000000000000");
        Self::Assignment(Assignment {
            pair: pair.clone(),
            principal: Principal::Group(least.expect("a zero UUID is a group id")),
        })
    }
}

/// The scope of one read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadTarget {
    /// All pages of `ListAccountAssignments` for one account and permission set.
    Pair(Pair),
    /// `GetGroupMembershipId`, which returns the membership or `ResourceNotFoundException`.
    Membership { group: GroupId, user: UserId },
}

/// A scope in which at most one operation may be in flight. AWS updates one role at a time per account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ConcurrencyScope {
    Account(AccountId),
    Group(GroupId),
}

/// The kind of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    Create,
    Delete,
}

impl OperationKind {
    /// Returns the priority of calls for writes of this kind.
    pub fn priority(self) -> CallPriority {
        match self {
            Self::Create => CallPriority::Grant,
            Self::Delete => CallPriority::Revoke,
        }
    }
}

/// The priority of a call in the shell's token bucket. Variants are ordered from most to least urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallPriority {
    /// Revokes access.
    Revoke,
    /// Grants access.
    Grant,
    /// Re-reads a resource that needs no write.
    Watch,
}

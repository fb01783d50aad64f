//! What the engine writes to AWS, one key at a time.
//!
//! A key is the smallest thing that can be there or not. Every rule of the engine is about one
//! key; nothing here knows time, windows or AWS's answers.

use serde::{Deserialize, Serialize};

use crate::{
    change::Operation,
    ids::{AccountId, Assignment, GroupId, Pair, Principal, UserId},
};

/// One thing that can exist in AWS or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "key")]
pub enum Key {
    /// An account assignment: written asynchronously, polled to its end.
    Assignment(Assignment),
    /// A membership: written synchronously (`CreateGroupMembership`, `DeleteGroupMembership`).
    Membership {
        /// In which group.
        group: GroupId,
        /// Who.
        user: UserId,
    },
}

impl Key {
    /// What one operation of a change touches.
    pub fn of(operation: &Operation) -> Self {
        match operation {
            Operation::Assign { assignment, .. } | Operation::Unassign { assignment } => {
                Self::Assignment(assignment.clone())
            }
            Operation::AddMember { group, user } | Operation::RemoveMember { group, user } => {
                Self::Membership {
                    group: group.clone(),
                    user: user.clone(),
                }
            }
        }
    }

    /// What has to be read to know whether it is there.
    pub fn target(&self) -> Target {
        match self {
            Self::Assignment(assignment) => Target::Pair(assignment.pair.clone()),
            Self::Membership { group, user } => Target::Membership {
                group: group.clone(),
                user: user.clone(),
            },
        }
    }

    /// What only one operation may be at work in.
    pub(super) fn lane(&self) -> Lane {
        match self {
            Self::Assignment(assignment) => Lane::Account(assignment.pair.account.clone()),
            Self::Membership { group, .. } => Lane::Group(group.clone()),
        }
    }

    /// The first membership of a group in the order of keys, to walk them from.
    pub fn first_in(group: &GroupId) -> Self {
        // No user id sorts before eight zeros.
        let least = UserId::parse("00000000-0000-0000-0000-000000000000");
        Self::Membership {
            group: group.clone(),
            user: least.expect("a zero UUID is a user id"),
        }
    }

    /// The first key of a pair in the order of keys, to walk a pair's keys from.
    pub(super) fn first_of(pair: &Pair) -> Self {
        // Groups sort before users, and no group id sorts before eight zeros.
        let least = GroupId::parse("00000000-0000-0000-0000-000000000000");
        Self::Assignment(Assignment {
            pair: pair.clone(),
            principal: Principal::Group(least.expect("a zero UUID is a group id")),
        })
    }
}

/// What one read covers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// `ListAccountAssignments`, every page.
    Pair(Pair),
    /// `GetGroupMembershipId`: there, or `ResourceNotFoundException`.
    Membership {
        /// In which group.
        group: GroupId,
        /// Who.
        user: UserId,
    },
}

/// Where at most one operation may be in flight: AWS updates one role at a time per account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    Account(AccountId),
    Group(GroupId),
}

/// What a write does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Makes it exist.
    Create,
    /// Makes it go.
    Delete,
}

/// How urgent a call is, for the shell's token bucket. Ordered: the earlier goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Taking access away.
    Revoke,
    /// Giving access.
    Grant,
    /// Looking again at something that is settled.
    Watch,
}

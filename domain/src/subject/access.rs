//! What an item does to access. Access is an assignment or a membership and nothing else, so that whoever computes access
//! matches on it exhaustively and never on kinds of items.

use serde::{Deserialize, Serialize};

use crate::{
    grant::Term,
    ids::{Assignment, GroupId, UserId},
};

/// An account assignment or a group membership: the smallest unit of access that can exist or not exist in AWS.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "key")]
pub enum AccessResource {
    /// An account assignment. AWS writes it asynchronously; the engine polls the request until it ends.
    Assignment(Assignment),
    /// A group membership. AWS writes it synchronously (`CreateGroupMembership`, `DeleteGroupMembership`).
    Membership { group: GroupId, user: UserId },
}

/// What an item does to access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessChange<'a> {
    Assigns(&'a Assignment, Term),
    Unassigns(&'a Assignment),
    Joins(&'a GroupId, &'a UserId),
    Leaves(&'a GroupId, &'a UserId),
}

impl AccessChange<'_> {
    /// Returns what is created or removed.
    pub fn resource(self) -> AccessResource {
        match self {
            Self::Assigns(assignment, _) | Self::Unassigns(assignment) => {
                AccessResource::Assignment(assignment.clone())
            }
            Self::Joins(group, user) | Self::Leaves(group, user) => AccessResource::Membership {
                group: group.clone(),
                user: user.clone(),
            },
        }
    }
}

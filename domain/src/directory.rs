//! Users, groups and memberships of the identity store.
//!
//! Groups do not nest in Identity Center; a member is always a user.

use serde::{Deserialize, Serialize};

use crate::ids::{GroupId, UserId};

/// Who decides what a user or group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Kept in the Identity Center directory itself.
    IdentityCenter,
    /// Fed by an external identity provider (SCIM, AD): its `ExternalIds` are not empty. What is
    /// written through the API there, the next push may undo without a trace.
    External,
}

/// An `ExternalId` of a user: who issued it, and what they call the user.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ExternalId {
    /// The issuer.
    pub issuer: String,
    /// The issuer's own id.
    pub id: String,
}

/// Whether a user can sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum UserStatus {
    /// Can sign in.
    Enabled,
    /// Cannot sign in; what is assigned to them stays assigned.
    Disabled,
}

/// One user of the identity store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Immutable.
    pub id: UserId,
    /// Sign-in name; may change.
    pub user_name: String,
    /// Shown name; may change.
    pub display_name: String,
    /// Primary e-mail; display only, never an identity.
    pub email: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// Whether they can sign in.
    pub status: UserStatus,
    /// Who keeps them.
    pub origin: Origin,
    /// Their external ids, by which a sign-in may be joined to them.
    pub external_ids: Vec<ExternalId>,
}

/// One group of the identity store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Immutable.
    pub id: GroupId,
    /// Shown name; may change.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who keeps its members.
    pub origin: Origin,
}

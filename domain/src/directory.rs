//! Users, groups and memberships of the identity store.
//!
//! Groups do not nest in Identity Center; a member is always a user.

use serde::{Deserialize, Serialize};

use crate::ids::{GroupId, UserId};

/// The source of truth for a user or group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Managed in the Identity Center directory.
    IdentityCenter,
    /// Provisioned by an external identity provider (SCIM, AD): its `ExternalIds` are not empty. The next
    /// synchronization may overwrite what is written through the API, without a trace.
    External,
}

/// An `ExternalId` of a user: the issuer and the issuer's id for the user.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ExternalId {
    pub issuer: String,
    /// The id that the issuer assigned.
    pub id: String,
}

/// Whether a user can sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum UserStatus {
    Enabled,
    /// The user cannot sign in, but their assignments remain.
    Disabled,
}

/// A user of the identity store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Immutable.
    pub id: UserId,
    /// The sign-in name; may change.
    pub user_name: String,
    /// May change.
    pub display_name: String,
    /// The primary e-mail address; for display only, never used to identify a person.
    pub email: Option<String>,
    pub title: Option<String>,
    pub status: UserStatus,
    pub origin: Origin,
    /// External ids, by which a sign-in can be linked to the user.
    pub external_ids: Vec<ExternalId>,
}

/// A group of the identity store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Immutable.
    pub id: GroupId,
    /// May change.
    pub display_name: String,
    pub description: Option<String>,
    pub origin: Origin,
}

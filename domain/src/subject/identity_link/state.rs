//! What is known of an identity: now, and when an item about it was requested. Its serialized forms are stored in items and
//! plans and never change.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Controllers, SignInEvidence};
use crate::{
    authorize::Role,
    ids::{PersonId, UserId},
    permission_set::ContentHash,
    subject::content_hash,
    time::Timestamp,
};

/// What is open about an identity and settled by the next agreement about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "open")]
pub enum OpenMatter {
    /// A sign-in leads to users who are or were another identity.
    Claim { users: Vec<UserId> },
    /// The identity is suspended.
    Suspension { since: Timestamp },
}

/// What was seen of an identity, besides its user, when an item about it was requested.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObservedIdentity {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenMatter>,
    /// The identity that its sign-ins join, because it is the new user and in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joins: Option<PersonId>,
    /// The users that people agreed it is not.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub refused: BTreeSet<UserId>,
    /// What spoke for and against it. Not compared with what it is later: people judge it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<SignInEvidence>,
}

impl ObservedIdentity {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What is known of an identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The linked user.
    pub user: Option<UserId>,
    pub open: Option<OpenMatter>,
    /// The users that people agreed it is not.
    pub refused: BTreeSet<UserId>,
    /// The number of its sign-ins.
    pub sign_ins: usize,
    /// The identity that its sign-ins would join.
    pub joins: Option<PersonId>,
    /// The other identities that are, were or claim to be the users of the item.
    pub others: Vec<PersonId>,
    /// The users, other than the new one and those that the identity stays, that a key of it leads to.
    pub elsewhere: Vec<UserId>,
    /// Who requests the change.
    pub requester: Option<PersonId>,
    /// The identity that its sign-ins are a part of.
    pub joined: Option<PersonId>,
    /// The identities whose sign-ins became sign-ins of this one.
    pub holds: Vec<PersonId>,
    /// The roles to decide and to administer that the identities of the item hold, suspended ones included.
    pub roles: BTreeSet<Role>,
    /// Who decides and administers before and after the change. None if that was not read.
    pub controllers: Option<Arc<Controllers>>,
}

/// Returns the content of an identity as a read of it shows it. `refused` are the users that it is not.
pub fn content(
    user: Option<&UserId>,
    open: Option<&OpenMatter>,
    refused: &BTreeSet<UserId>,
) -> ContentHash {
    if refused.is_empty() {
        content_hash(&(user, open))
    } else {
        content_hash(&(user, open, refused))
    }
}

//! What sign-ins and sessions need of the server: the user pool, the directory and the journal. `http` calls these
//! interfaces, and the composition root and the journal implement them.
//!
//! Values are plain, so that tests can implement them. Never knows cookies or HTTP.

use std::{collections::BTreeSet, net::IpAddr};

use async_trait::async_trait;
use domain::{
    approval::Mfa,
    authorize::Role,
    directory::ExternalId,
    ids::{PersonId, UserId},
    ledger::Hash,
    person::{
        Subject,
        link::{IdentityLink, LinkKeys},
    },
    second_factor::PoolMfa,
    time::Timestamp,
};

use super::journal::UserOfIdentity;
use crate::store::{
    StoreError, Tx,
    person::{Claim, NewLink},
    session::Ending,
};

/// The current status of a user in the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoolStatus {
    Active {
        /// The current groups, which replace those of the session. `None` if only the tokens contain them.
        groups: Option<BTreeSet<String>>,
        /// The time of the last global sign-out, if the pool reports it. Cognito does not: there, only the refresh
        /// token reveals it.
        signed_out_at: Option<Timestamp>,
        mfa: PoolMfa,
        /// The value of the attribute that holds the Identity Center user, if one is configured and set.
        directory_user: Option<String>,
    },
    Disabled,
    Gone,
    /// The pool did not respond.
    Unknown,
}

/// Queries the pool for one user: `AdminGetUser`, `AdminListGroupsForUser`.
#[async_trait]
pub trait PoolCheck: Send + Sync {
    /// Returns the status of a `cognito:username` within seconds, or [`PoolStatus::Unknown`].
    async fn status(&self, username: &str) -> PoolStatus;
}

/// Finds the Identity Center user of a sign-in in the directory.
#[async_trait]
pub trait UserLookup: Send + Sync {
    /// Returns the external ids of a user as of the last sync.
    fn external_ids(&self, user: &UserId) -> Vec<ExternalId>;
    /// Checks an identity by a read of the directory at this moment, and suspends it if it differs. What cannot be read
    /// has no effect.
    async fn check(&self, person: &PersonId);
    /// Applies `domain::person::link::link_identity` to the current snapshot.
    fn link(&self, keys: &LinkKeys) -> IdentityLink;
    /// Returns the directory's name of a user.
    fn display_name(&self, user: &UserId) -> Option<String>;
}

/// An event of a sign-in or a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInEvent {
    /// A session started.
    SignedIn {
        /// Whether a second factor was proven.
        mfa: Mfa,
        /// Whether the subject is linked to an Identity Center user.
        linked: bool,
        /// The time of the authentication at Cognito.
        authenticated_at: Timestamp,
        /// The digest of the session. The session row needs an entry with this digest.
        bound: Hash,
    },
    Ended(Ending),
    /// A sign-in was refused. The reason is a constant and never external text.
    Refused(&'static str),
    /// A role ended because its holder left the Cognito group that the role requires.
    RoleEnded(PersonId, Role),
    /// The sign-in claims a directory user that belongs to another person.
    Claimed(Claim),
    /// The identity is linked to a user that the ledger does not record yet.
    IdentityLinked(UserOfIdentity),
    /// The sign-in was linked to a directory user, and now belongs to this person.
    Linked(PersonId, NewLink),
    /// It is not clear which directory user the sign-in belongs to.
    NotLinked(IdentityLink),
    /// It is not clear that the sign-in still belongs to the directory user of its person. The reason names no other user.
    Unclear(UserId, String),
}

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInEntry {
    pub event: SignInEvent,
    pub at: Timestamp,
    /// The sign-in; unknown for most refusals.
    pub subject: Option<Subject>,
    /// The person of the sign-in, if known.
    pub person: Option<PersonId>,
    /// The public id of the session.
    pub session: Option<String>,
    pub client_ip: Option<IpAddr>,
    /// The request id.
    pub request: String,
}

/// Records sign-ins and sessions.
#[async_trait]
pub trait SignInJournal: Send + Sync {
    /// Records an event in the transaction that starts or ends the session, so that neither exists without the other.
    async fn record(&self, tx: &mut Tx, entry: &SignInEntry) -> Result<(), StoreError>;

    /// Records a refusal, which changes nothing else. Implementations aggregate, because an unauthenticated client can
    /// cause many.
    async fn refused(&self, entry: &SignInEntry);
}

//! What sign-in and sessions ask of the rest of the server. Implemented by `service`; plain values
//! only, so that a test can answer in a line.

use std::{collections::BTreeSet, net::IpAddr};

use async_trait::async_trait;
use domain::{
    approval::Mfa,
    authorize::Role,
    ids::PersonId,
    ledger::Hash,
    person::{Join, Subject},
    time::Timestamp,
};

use crate::store::{StoreError, Tx, person::Claim, session::Ending};

/// What the user pool says of somebody now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoolStatus {
    /// Enabled.
    Active {
        /// Groups now, which replace those of the session; none if only the tokens can tell.
        groups: Option<BTreeSet<String>>,
        /// When they were last signed out everywhere, if the pool can tell. The real Cognito cannot:
        /// there only the refresh token shows it.
        signed_out_at: Option<Timestamp>,
        /// What the pool knows of a second factor.
        mfa: PoolMfa,
    },
    /// Disabled.
    Disabled,
    /// Removed.
    Gone,
    /// It could not be asked.
    Unknown,
}

/// What a pool knows of a person's second factor. It never applies one to federated people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolMfa {
    /// The pool demands one of everybody (`MfaConfiguration` is `ON`).
    Demanded,
    /// The person has set one up (`UserMFASettingList` is not empty), so that Cognito asks for it.
    Enrolled,
    /// Neither.
    Absent,
}

/// Asks the pool about one person: `AdminGetUser`, `AdminListGroupsForUser`.
#[async_trait]
pub trait PoolCheck: Send + Sync {
    /// By `cognito:username`. Must answer within seconds; [`PoolStatus::Unknown`] if it cannot.
    async fn status(&self, username: &str) -> PoolStatus;
}

/// Finds the Identity Center user of a sign-in in what was last read of the directory.
pub trait UserLookup: Send + Sync {
    /// `domain::person::join` over the current snapshot.
    fn join(&self, subject: &Subject) -> Join;
}

/// What happened to a sign-in or a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A session began.
    SignedIn {
        /// Whether a second factor was proven.
        mfa: Mfa,
        /// Whether the subject is joined to an Identity Center user.
        joined: bool,
        /// When Cognito says they proved who they are.
        authenticated_at: Timestamp,
        /// What the session is, as a digest: its row counts with an entry that holds this.
        bound: Hash,
    },
    /// A session ended.
    Ended(Ending),
    /// A sign-in was refused. The word is ours, never text from outside.
    Refused(&'static str),
    /// Somebody has left the group without which a role gives nothing, so the role ended.
    RoleEnded(PersonId, Role),
    /// The sign-in claims to be somebody who is known by another one.
    Claimed(Claim),
}

/// One entry for the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What.
    pub event: Event,
    /// When.
    pub at: Timestamp,
    /// Who; unknown for most refusals.
    pub subject: Option<Subject>,
    /// Their person, if it is known.
    pub person: Option<PersonId>,
    /// The session's public name.
    pub session: Option<String>,
    /// From where.
    pub client_ip: Option<IpAddr>,
    /// The request id.
    pub request: String,
}

/// Writes sign-ins down.
#[async_trait]
pub trait Journal: Send + Sync {
    /// In the transaction that begins or ends the session: neither without the other.
    async fn record(&self, tx: &mut Tx, entry: &Entry) -> Result<(), StoreError>;

    /// A refusal, which changes nothing else. The implementer aggregates: a stranger can cause many.
    async fn refused(&self, entry: &Entry);
}

/// Whether the server can do its work.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Waits until what was known before the start is there again: until then no page would be true and
    /// nobody could be told from a stranger.
    async fn begun(&self) {}
    /// What is still missing, in words; nothing when it is ready. The database is asked apart.
    async fn missing(&self) -> Vec<String>;
    /// Prometheus text.
    fn metrics(&self) -> String;
}

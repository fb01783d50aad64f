//! Identities: who signs in, which Identity Center user each of them is, and what speaks for a link by hand.

use async_trait::async_trait;
use domain::{
    approval::Mfa,
    authorize::Role,
    identity::LinkDifferenceKind,
    ids::PersonId,
    person::link::{LinkMethod, LinkObstacle, UnusableKey},
    time::Timestamp,
};

use super::{ListPage, PortResult, UserRef};
use crate::lists::ListChoice;

/// Why no method of linking found a user.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoUserFound {
    /// The keys lead to a user meanwhile, and the next crawl links it.
    LinkedSoon,
    /// The keys lead to a user that the identity is not, as people agreed.
    Refused,
    /// The directory contains none of the keys.
    NotInDirectory,
    /// The directory does not say who it is.
    Unclear(LinkObstacle),
}

/// What an identity is linked to, and how.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityStatus {
    /// Keys of the directory lead to the user.
    Linked,
    /// People agreed to the link.
    LinkedByHand,
    /// No user, and why.
    Unlinked(NoUserFound),
    /// People ended the link.
    Ended,
    /// Its sign-in leads to a user who is or was another identity.
    Claims(UserRef),
    /// It differs from the directory.
    Suspended {
        difference: LinkDifferenceKind,
        /// The other user that one of its keys leads to.
        other: Option<UserRef>,
    },
}

/// Whose identity it is. Nobody proposes or approves who they are themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityHolder {
    Viewer,
    SomebodyElse,
}

/// An identity in the list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct IdentityRow {
    pub person: PersonId,
    pub holder: IdentityHolder,
    /// The name of its user, or the marked name of its sign-in.
    pub name: String,
    /// The username of its last sign-in, or the id of one that has none.
    pub username: Option<String>,
    pub user: Option<UserRef>,
    /// The roles that the ledger grants it and that it may use.
    pub roles: Vec<Role>,
    pub status: IdentityStatus,
    /// The number of users that it is not, as people agreed.
    pub refused: usize,
    /// Since when it has the status, if that is recorded.
    pub since: Option<Timestamp>,
    /// When the first of its sign-ins became known, which may be before anybody signed in.
    pub known_since: Option<Timestamp>,
    pub last_sign_in: Option<Timestamp>,
}

/// What the key of a method leads to, seen from the user of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyFinding {
    /// It leads to this user.
    For,
    /// It leads to another user, or the directory knows this user under another key.
    Against,
    /// The directory does not contain it.
    Neither,
}

/// A key of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct KeyView {
    pub method: LinkMethod,
    /// The issuer, if the key has one, and the id.
    pub key: String,
    pub leads_to: Vec<UserRef>,
    pub finding: KeyFinding,
    /// What it led to when the change was requested, if that was something else.
    pub before: Option<Vec<UserRef>>,
}

/// Whether the evidence of a sign-in is as it was when the change was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceAge {
    Same,
    /// Something of it is different now.
    Changed,
    /// The sign-in was not there.
    New,
}

/// A sign-in of an identity, as evidence.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SignInView {
    pub username: String,
    /// The name that the sign-in states. Its owner may write it.
    pub stated_name: String,
    pub keys: Vec<KeyView>,
    /// Why its keys cannot be used.
    pub unusable: Option<UnusableKey>,
    pub first_seen: Timestamp,
    pub last_sign_in: Option<Timestamp>,
    /// Whether its last session proved a second factor.
    pub second_factor: Option<Mfa>,
    pub age: EvidenceAge,
}

/// What speaks for and against an item about an identity, as of now.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LinkEvidence {
    /// The name of the identity.
    pub identity: String,
    pub sign_ins: Vec<SignInView>,
    /// The number of sign-ins of the request that are no longer there.
    pub gone: usize,
    /// The user that the item is about.
    pub user: Option<UserRef>,
    /// The user name and the e-mail address of the user, which are no evidence.
    pub reassignable: Vec<String>,
    /// The other identities that are, were or claim to be the user.
    pub others: Vec<String>,
    /// The identity that the sign-ins join.
    pub joins: Option<String>,
}

/// Reads identities.
#[async_trait]
pub trait IdentitiesPort {
    /// Returns a page of the list.
    async fn identities(&self, choice: &ListChoice) -> PortResult<ListPage<IdentityRow>>;
}

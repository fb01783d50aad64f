//! The content of an entry: who did what to what, when, from where, and with what outcome.
//!
//! The fields cover PCI DSS 10.2.2. Their JSON names are permanent; an absent field is an absent key, never `null`.
//! Version 1 gains no further keys: facts that later events need go into `data`, and erasable text into `private`.
//! Plain fields must never hold a person's name, address or free text, because a leaf cannot be changed later.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    EntryType, Hash, Private, PrivateValue,
    instant::{self, optional as optional_instant},
};
use crate::{
    ids::{AccountId, AwsRequestId, ChangeId, OperationId, PermissionSetArn, PersonId, UserId},
    time::Timestamp,
};

/// The outcome of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It succeeded.
    Success,
    /// It was attempted and failed.
    Failure,
    /// It was denied.
    Denied,
    /// It was started; a later entry records the outcome.
    Pending,
}

impl Outcome {
    /// Returns the word in leaves, searches and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Denied => "denied",
            Self::Pending => "pending",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// A signed-in person.
    Human,
    /// A program with its own credential.
    Service,
    /// Leastwise itself, e.g. for an expiry, a sync or a checkpoint.
    System,
}

/// The source of the evidence for a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MfaEvidence {
    /// The `amr` claim of the ID token.
    Amr,
    /// The `acr` claim of the ID token.
    Acr,
    /// The user pool's record of a native user.
    Pool,
}

/// Evidence of a second factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mfa {
    pub evidence: MfaEvidence,
    /// OIDC `amr`, in the order of the token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// OIDC `acr`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// OIDC `auth_time`.
    #[serde(
        default,
        with = "optional_instant",
        skip_serializing_if = "Option::is_none"
    )]
    pub auth_time: Option<Timestamp>,
    /// When the person last reauthenticated for a sensitive action.
    #[serde(
        default,
        with = "optional_instant",
        skip_serializing_if = "Option::is_none"
    )]
    pub step_up_at: Option<Timestamp>,
}

/// The actor of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    pub kind: ActorKind,
    /// The person, if the sign-in is linked to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_id: Option<PersonId>,
    /// The user in Identity Center.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_store_user_id: Option<UserId>,
    /// The issuer of the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The subject of the token. With `iss` it identifies the sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The roles held at that time, sorted by the writer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// SHA-256 of the session's identifier, which correlates the entries of a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Hash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa: Option<Mfa>,
    /// The person on whose behalf a program acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<PersonId>,
    /// The display name at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Private>,
}

impl Actor {
    /// Creates an actor with only its kind set.
    pub fn new(kind: ActorKind) -> Self {
        Self {
            kind,
            person_id: None,
            identity_store_user_id: None,
            iss: None,
            sub: None,
            roles: Vec::new(),
            session: None,
            mfa: None,
            on_behalf_of: None,
            name: None,
        }
    }
}

/// The origin of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The id of the HTTP request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The address of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub src_ip: Option<Private>,
    /// The forwarded addresses, trusted hops only, comma-separated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded_for: Option<Private>,
    /// The `User-Agent` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<Private>,
    /// The replica that wrote the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The version of Leastwise that wrote the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The offset of the replica's clock from its time source in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_offset_ms: Option<i64>,
}

/// The target of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryTarget {
    /// The kind of target, a stable noun: `assignment`, `group`, `permission_set`, `session`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The identifier within that kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// The environment of the account at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The PCI scope of the account at that time: `in`, `connected` or `out`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pci: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission_set_arn: Option<PermissionSetArn>,
    /// `USER` or `GROUP`, as in the AWS API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_type: Option<String>,
    /// The user or group id in the identity store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_id: Option<String>,
    /// The display name of the principal at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_name: Option<Private>,
    /// The display name of the target at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Private>,
}

impl EntryTarget {
    /// Creates a target with only its kind set.
    pub fn new(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            id: None,
            account_id: None,
            environment: None,
            pci: None,
            permission_set_arn: None,
            principal_type: None,
            principal_id: None,
            principal_name: None,
            name: None,
        }
    }
}

/// The content of a leaf, before it is assigned a position in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The event type.
    #[serde(rename = "type")]
    pub kind: EntryType,
    /// When the event happened.
    #[serde(with = "instant")]
    pub occurred_at: Timestamp,
    /// When the event was recorded.
    #[serde(with = "instant")]
    pub recorded_at: Timestamp,
    pub outcome: Outcome,
    pub actor: Actor,
    /// The reason for the outcome, in text that Leastwise wrote, never in text that a person entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The error code of Leastwise or AWS, e.g. `ConflictException`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<EntryTarget>,
    /// The change it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_id: Option<ChangeId>,
    /// The approval that authorizes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<String>,
    /// The write to AWS that it describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<OperationId>,
    /// The AWS API action in IAM notation, e.g. `sso:CreateAccountAssignment`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// The AWS id of the asynchronous write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_request_id: Option<AwsRequestId>,
    /// SHA-256 of the policies that were evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Hash>,
    /// The ticket reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// The justification that the person entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<Private>,
    /// SHA-256 of the state before the event, which is stored elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Hash>,
    /// SHA-256 of the state after the event, which is stored elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Hash>,
    /// Further facts of this event type: integers instead of floats, no personal data.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// Further private values of this event type, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub private: BTreeMap<String, Private>,
    /// The private values whose hashes are in `data`, or in the items beside the entry. Not part of the leaf.
    #[serde(skip)]
    pub item_texts: Vec<PrivateValue>,
}

impl Entry {
    /// Creates an entry with the required fields; the others are set individually.
    pub fn new(kind: EntryType, at: Timestamp, outcome: Outcome, actor: Actor) -> Self {
        Self {
            kind,
            occurred_at: at,
            recorded_at: at,
            outcome,
            actor,
            reason: None,
            error_code: None,
            origin: None,
            target: None,
            change_id: None,
            approval_id: None,
            operation_id: None,
            api: None,
            aws_request_id: None,
            rules: None,
            ticket: None,
            justification: None,
            before: None,
            after: None,
            data: Map::new(),
            private: BTreeMap::new(),
            item_texts: Vec::new(),
        }
    }

    /// Returns the number of private values, including erased ones, without those of items.
    pub fn private_values(&self) -> usize {
        self.private_fields().len()
    }

    /// Returns every private value with the JSON Pointer of its hash in the leaf.
    pub(super) fn private_fields(&self) -> Vec<(String, &Private)> {
        let origin = self.origin.as_ref();
        let target = self.target.as_ref();
        let named = [
            ("/actor/name", self.actor.name.as_ref()),
            ("/justification", self.justification.as_ref()),
            (
                "/origin/forwarded_for",
                origin.and_then(|o| o.forwarded_for.as_ref()),
            ),
            ("/origin/src_ip", origin.and_then(|o| o.src_ip.as_ref())),
            (
                "/origin/user_agent",
                origin.and_then(|o| o.user_agent.as_ref()),
            ),
            ("/target/name", target.and_then(|t| t.name.as_ref())),
            (
                "/target/principal_name",
                target.and_then(|t| t.principal_name.as_ref()),
            ),
        ];
        let further = self
            .private
            .iter()
            .map(|(key, private)| (format!("/private/{}", pointer_token(key)), private));
        named
            .into_iter()
            .filter_map(|(path, private)| Some((path.to_owned(), private?)))
            .chain(further)
            .collect()
    }
}

/// Escapes `~` and `/` in a key (RFC 6901, 3).
pub(super) fn pointer_token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

//! What one entry says: who did what to what, when, from where, with what outcome.
//!
//! The fields answer PCI DSS 10.2.2 and what makes it useful. Their JSON names are for ever; an
//! absent field is an absent key, never `null`. Version 1 gains no further keys: what later events
//! need goes into `data` (facts) or `private` (erasable text). Plain fields never hold a person's
//! name, address or free text, for nothing can be taken out of a leaf again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    EntryType, Hash, Private,
    instant::{self, optional as optional_instant},
};
use crate::{
    ids::{AccountId, AwsRequestId, ChangeId, OperationId, PermissionSetArn, PersonId, UserId},
    time::Timestamp,
};

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was tried and did not work.
    Failure,
    /// It was not allowed.
    Denied,
    /// It was begun; a later entry tells how it ended.
    Pending,
}

/// What kind of actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// A person who signed in.
    Human,
    /// Another program with a credential of its own.
    Service,
    /// Leastwise itself: an expiry, a sync, a seal.
    System,
}

/// Where the evidence of a second factor came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MfaEvidence {
    /// The ID token's `amr`.
    Amr,
    /// The ID token's `acr`.
    Acr,
    /// The user pool's own record of a native user.
    Pool,
}

/// The second factor, present when there is evidence of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mfa {
    /// Where the evidence came from.
    pub evidence: MfaEvidence,
    /// OIDC `amr`, in the order given.
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
    /// When the person last proved themselves again for a sensitive step.
    #[serde(
        default,
        with = "optional_instant",
        skip_serializing_if = "Option::is_none"
    )]
    pub step_up_at: Option<Timestamp>,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// Person, program, or Leastwise itself.
    pub kind: ActorKind,
    /// The Person, when the sign-in is joined to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_id: Option<PersonId>,
    /// Their user in Identity Center.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_store_user_id: Option<UserId>,
    /// The token's issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The token's subject; with `iss` it names the sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Roles held at that moment, sorted by the writer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// SHA-256 of the session's identifier, to tie entries of one session together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Hash>,
    /// Evidence of a second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa: Option<Mfa>,
    /// The Person for whom a program acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<PersonId>,
    /// The name as it was shown then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Private>,
}

impl Actor {
    /// An actor of which only the kind is known yet.
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

/// Where it came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The HTTP request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The peer's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub src_ip: Option<Private>,
    /// Addresses before it, trusted hops only, comma-separated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded_for: Option<Private>,
    /// The browser's `User-Agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<Private>,
    /// The replica that wrote the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The version of Leastwise that wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The replica's clock minus its time source, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_offset_ms: Option<i64>,
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// A stable noun: `assignment`, `group`, `permission_set`, `session`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Its identifier within that noun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The account concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// The account's environment at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The account's PCI scope at that moment: `in`, `connected` or `out`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pci: Option<String>,
    /// The permission set concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission_set_arn: Option<PermissionSetArn>,
    /// `USER` or `GROUP`, as AWS spells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_type: Option<String>,
    /// The user's or group's id in the identity store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_id: Option<String>,
    /// The principal's name as it was shown then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_name: Option<Private>,
    /// The target's name as it was shown then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Private>,
}

impl Target {
    /// A target of which only the noun is known yet.
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

/// The content of a leaf, before it has a place in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What kind of event.
    #[serde(rename = "type")]
    pub kind: EntryType,
    /// When it happened.
    #[serde(with = "instant")]
    pub occurred_at: Timestamp,
    /// When it was written down.
    #[serde(with = "instant")]
    pub recorded_at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// Who did it.
    pub actor: Actor,
    /// Why it ended so, in words of ours; never words of a person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The error's name, ours or AWS's: `ConflictException`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What it was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// The change it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_id: Option<ChangeId>,
    /// The approval it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<String>,
    /// The write to AWS it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<OperationId>,
    /// The call made, as IAM spells it: `sso:CreateAccountAssignment`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// AWS's id of the asynchronous write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_request_id: Option<AwsRequestId>,
    /// SHA-256 of the rules that judged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Hash>,
    /// The ticket given as a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// What the person wrote as a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<Private>,
    /// SHA-256 of the payload before, stored elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Hash>,
    /// SHA-256 of the payload after, stored elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Hash>,
    /// Further facts of this type of event; integers only, nothing personal.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// Further private values of this type of event, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub private: BTreeMap<String, Private>,
}

impl Entry {
    /// An entry with what every entry has; the rest is set field by field.
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
        }
    }

    /// How many private values it has, erased ones included.
    pub fn private_values(&self) -> usize {
        self.private_fields().len()
    }

    /// Every private value with the JSON Pointer at which its hash stands in the leaf.
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

/// RFC 6901, 3: `~` and `/` in a key are escaped.
pub(super) fn pointer_token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

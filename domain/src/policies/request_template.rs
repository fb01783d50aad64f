//! One case to evaluate: everything that the answer can depend on, and nothing else.
//!
//! A case is both what is sent to Cedar and the key of the cached answer, so that two cases share an answer only if
//! Cedar would receive the same request. Entities that no policy names are all written as `*`, because they cannot make
//! a difference. An entity that a policy may look at must always be in the slice: Cedar treats a missing one as *no
//! match*, without an error.

use std::collections::BTreeSet;

use super::rules::Rules;
use crate::{
    approval::Mfa,
    authorize::Role,
    classification::{Classification, Environment, Pci},
    directory::{Origin, User, UserStatus},
    ids::{GroupId, PermissionSetArn},
    org::{Account, AccountState},
    permission_set::analysis::Capability,
};

/// The id that replaces every entity that no policy names.
pub(super) const ANY: &str = "*";
/// The context attribute with the number of people, which most policies do not use.
pub(super) const PEOPLE: &str = "people";
/// The context attribute that says whether the request states a date of a review.
pub(super) const REVIEW_DATE: &str = "review_date";
/// The name of the length of a session in the context of a request.
pub(super) const SESSION: &str = "session_seconds";

/// The Cedar action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum PolicyAction {
    Request,
    Grant,
    Hold,
}

/// The beneficiary or holder.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PolicyPrincipal {
    pub id: String,
    /// Only groups that a policy names.
    pub groups: BTreeSet<GroupId>,
    pub linked: bool,
    pub disabled: bool,
    pub external: bool,
}

/// The account to which access is gained or held.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PolicyResource {
    pub id: String,
    pub environment: Environment,
    pub pci: Pci,
    pub production_pci: bool,
    pub state: AccountState,
    pub units: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum AccessPath {
    Direct,
    Group { id: String, scim: bool },
}

/// The part of the request that is the same for all gains of a change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RequesterContext {
    pub requester: PolicyPrincipal,
    pub roles: BTreeSet<Role>,
    pub ticket: bool,
    /// Whether the request states a date by which the access is reviewed.
    pub review_date: bool,
    pub mfa: Mfa,
    /// Unix seconds.
    pub at: i64,
}

/// What the policies know about a permission set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct SetAttributes {
    pub id: String,
    pub capabilities: BTreeSet<Capability>,
    pub content_known: bool,
    pub session_seconds: i64,
}

/// Whether the approvals of existing access are approvals of what its permission set allows now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ApprovedContent {
    /// Nobody approved the access.
    #[default]
    None,
    Same,
    /// The content was edited, or is found to allow something else.
    Changed,
    /// No record says what was approved, or the permission set could not be read.
    Unknown,
}

/// What is on record about existing access; of a request, only the approvals.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct OnRecord {
    /// Only approvals of the content of now.
    pub approvals: BTreeSet<String>,
    pub content: ApprovedContent,
    /// Whether the date by which somebody reviews the access has passed.
    pub review_passed: bool,
}

/// A case without the person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RequestTemplate {
    pub act: PolicyAction,
    pub place: PolicyResource,
    pub power: SetAttributes,
    /// The duration of temporary access in whole minutes, rounded up; none for standing access.
    pub minutes: Option<i64>,
    pub access_path: AccessPath,
    pub latent: bool,
    /// Zero if no policy uses it.
    pub people: i64,
    pub record: OnRecord,
    /// None for existing access.
    pub ask: Option<RequesterContext>,
}

impl PolicyPrincipal {
    /// Returns a person about whom nothing is known, such as a future member of a group.
    pub(super) fn unknown() -> Self {
        Self {
            id: "somebody".into(),
            groups: BTreeSet::new(),
            linked: false,
            disabled: false,
            external: false,
        }
    }

    /// Returns the principal of a user; `person` is their id, used if a policy names it.
    pub(super) fn of(
        rules: &Rules,
        person: Option<&str>,
        user: Option<&User>,
        groups: impl Iterator<Item = GroupId>,
    ) -> Self {
        Self {
            id: person.map_or_else(|| "somebody".into(), |id| canonical(rules, "Person", id)),
            groups: groups
                .filter(|group| rules.mentions.entity("Group", group.as_str()))
                .collect(),
            linked: person.is_some(),
            disabled: user.is_some_and(|user| user.status == UserStatus::Disabled),
            external: user.is_some_and(|user| user.origin == Origin::External),
        }
    }
}

impl PolicyResource {
    pub(super) fn of(rules: &Rules, account: &Account, class: Classification) -> Self {
        Self {
            id: canonical(rules, "Account", account.id.as_str()),
            environment: class.environment,
            pci: class.pci,
            production_pci: class.counts_as_production_pci(),
            state: account.state,
            units: account
                .ous
                .iter()
                .map(|unit| unit.as_str().to_owned())
                .filter(|unit| rules.mentions.entity("Unit", unit))
                .collect(),
        }
    }
}

impl AccessPath {
    pub(super) fn group(rules: &Rules, id: &GroupId, origin: Option<Origin>) -> Self {
        Self::Group {
            id: canonical(rules, "Group", id.as_str()),
            // A group that is not in the directory could have any source of members.
            scim: origin != Some(Origin::IdentityCenter),
        }
    }
}

impl SetAttributes {
    pub(super) fn of(
        rules: &Rules,
        arn: &PermissionSetArn,
        capabilities: BTreeSet<Capability>,
        content_known: bool,
        session_seconds: u32,
    ) -> Self {
        Self {
            id: canonical(rules, "PermissionSet", arn.as_str()),
            capabilities,
            content_known,
            session_seconds: i64::from(session_seconds),
        }
    }
}

fn canonical(rules: &Rules, kind: &str, id: &str) -> String {
    if rules.mentions.entity(kind, id) {
        id.to_owned()
    } else {
        ANY.to_owned()
    }
}

impl OnRecord {
    /// The approvals of a request, which are always of the content that is evaluated.
    pub(super) fn requested(approvals: BTreeSet<String>) -> Self {
        Self {
            approvals,
            ..Self::default()
        }
    }
}

impl ApprovedContent {
    pub(super) const ALL: [Self; 4] = [Self::None, Self::Same, Self::Changed, Self::Unknown];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Same => "same",
            Self::Changed => "changed",
            Self::Unknown => "unknown",
        }
    }
}

impl PolicyAction {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Request => "Request",
            Self::Grant => "Grant",
            Self::Hold => "Hold",
        }
    }
}

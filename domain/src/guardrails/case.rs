//! One question to the rules: everything that its answer can depend on, and nothing else.
//!
//! A case is both what is sent to Cedar and the key under which the answer is kept, so that two
//! cases can share an answer only if Cedar was told the same. Names that no rule mentions are all
//! written as one (`*`): they cannot make a difference. Never leaves an entity that a rule may
//! look at out of the slice: Cedar answers *no match* for what is missing, without an error.

use std::collections::BTreeSet;

use super::rules::Rules;
use crate::{
    approval::Mfa,
    authorize::Role,
    classification::{Classification, Environment, Pci},
    directory::{Origin, User, UserStatus},
    ids::{GroupId, PermissionSetArn},
    org::{Account, AccountState},
    permission_set::analysis::Risk,
};

/// Stands for every name that no rule mentions.
pub(super) const ANY: &str = "*";
/// The context's count of people, which most rules do not ask for.
pub(super) const PEOPLE: &str = "people";

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Act {
    Request,
    Grant,
    Hold,
}

/// Who gains or holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Who {
    pub id: String,
    /// Only groups that a rule mentions.
    pub groups: BTreeSet<GroupId>,
    pub joined: bool,
    pub disabled: bool,
    pub external: bool,
}

/// Where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub id: String,
    pub environment: Environment,
    pub pci: Pci,
    pub production_pci: bool,
    pub state: AccountState,
    pub units: BTreeSet<String>,
}

/// Through what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Way {
    Direct,
    Group { id: String, scim: bool },
}

/// What somebody asks for, as far as it is the same for all gains of a change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Ask {
    pub requester: Who,
    pub roles: BTreeSet<Role>,
    pub ticket: bool,
    pub mfa: Mfa,
    /// Unix seconds.
    pub at: i64,
}

/// What a permission set is to the rules.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Power {
    pub id: String,
    pub risks: BTreeSet<Risk>,
    pub content_known: bool,
    pub session_seconds: i64,
}

/// Everything but the person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Frame {
    pub act: Act,
    pub place: Place,
    pub power: Power,
    /// Whole minutes of a window, rounded up; none is standing.
    pub minutes: Option<i64>,
    pub way: Way,
    pub latent: bool,
    /// Zero where no rule asks.
    pub people: i64,
    pub approvals: BTreeSet<String>,
    /// None for access that exists.
    pub ask: Option<Ask>,
}

impl Who {
    /// Somebody of whom nothing is known but that they may come.
    pub(super) fn unknown() -> Self {
        Self {
            id: "somebody".into(),
            groups: BTreeSet::new(),
            joined: false,
            disabled: false,
            external: false,
        }
    }

    /// A user; `person` is how they are named if a rule mentions them.
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
            joined: person.is_some(),
            disabled: user.is_some_and(|user| user.status == UserStatus::Disabled),
            external: user.is_some_and(|user| user.origin == Origin::External),
        }
    }
}

impl Place {
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

impl Way {
    pub(super) fn group(rules: &Rules, id: &GroupId, origin: Option<Origin>) -> Self {
        Self::Group {
            id: canonical(rules, "Group", id.as_str()),
            // A group that nobody knows may be fed by anybody.
            scim: origin != Some(Origin::IdentityCenter),
        }
    }
}

impl Power {
    pub(super) fn of(
        rules: &Rules,
        arn: &PermissionSetArn,
        risks: BTreeSet<Risk>,
        content_known: bool,
        session_seconds: u32,
    ) -> Self {
        Self {
            id: canonical(rules, "PermissionSet", arn.as_str()),
            risks,
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

impl Act {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Request => "Request",
            Self::Grant => "Grant",
            Self::Hold => "Hold",
        }
    }
}

//! `may(actor, action)`: the whole role table in one match.
//!
//! A role is effective only if the ledger grants it *and* the token names its Cognito group; an `Actor` holds the
//! intersection. No other code compares roles. `tests/it/roles.txt` is this table in readable form.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{approval::Mfa, ids::PersonId, time::Timestamp};

/// A role in Leastwise. Everyone who signs in is a requester, which needs no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Decides changes.
    Approver,
    /// Sees everything, and proposes changes to other people's access.
    Administrator,
    /// Sees everything and changes nothing.
    Auditor,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Approver, Self::Administrator, Self::Auditor];

    /// Returns the name of the role in the database, the ledger and the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approver => "approver",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
        }
    }

    /// Returns the Cognito group that must be in the token for the granted role to be effective.
    pub fn group(self) -> &'static str {
        match self {
            Self::Approver => "leastwise-approvers",
            Self::Administrator => "leastwise-administrators",
            Self::Auditor => "leastwise-auditors",
        }
    }

    /// Parses the name of a role.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// Whether the identity of an actor may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityState {
    #[default]
    Active,
    /// The directory shows that it is not the user that it was linked to. It sees its own access and changes only.
    Suspended,
}

/// The caller of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The person; none if the sign-in is not linked to one, which then has read-only access.
    pub person: Option<PersonId>,
    /// The roles that the ledger grants and the token names.
    pub roles: BTreeSet<Role>,
    /// When the person became an approver, according to the ledger.
    pub approver_since: Option<Timestamp>,
    /// Whether a second factor is proven.
    pub mfa: Mfa,
    /// Whether the identity may act.
    pub identity: IdentityState,
}

/// An action that needs authorization. Every page and every action of the web UI names exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// See one's own home page, person page and changes.
    SeeOwn,
    /// See accounts, people, groups and permission sets, and who has access to what.
    SeeDirectory,
    /// See changes of other people.
    SeeChanges,
    /// See the ledger.
    SeeLedger,
    /// See reports and download them.
    SeeReports,
    /// See the state of the engine and of the crawl.
    SeeOperations,
    /// Propose a change to one's own access.
    ProposeOwn,
    /// Propose a change to somebody else's access.
    Propose,
    /// Withdraw one's own change.
    WithdrawOwn,
    /// See the inbox of pending changes, even if the session lacks what a decision needs (such as MFA).
    SeeInbox,
    /// Decide changes. `change::may_decide` checks whether a person may decide a particular change.
    Decide,
    /// Comment on a change. `change::may_comment` checks whether a person may comment on a particular change.
    Comment,
    /// Start a crawl manually.
    Sync,
    /// Retry, dismiss and cancel jobs.
    ManageJobs,
}

impl Action {
    /// Returns what the action is, as a verb that follows *to*.
    pub fn words(self) -> &'static str {
        match self {
            Self::SeeOwn => "see your own access",
            Self::SeeDirectory => "see accounts, people, groups and permission sets",
            Self::SeeChanges => "see changes of other people",
            Self::SeeLedger => "see the ledger",
            Self::SeeReports => "see reports",
            Self::SeeOperations => "see operations",
            Self::ProposeOwn => "request access",
            Self::Propose => "request changes for other people",
            Self::WithdrawOwn => "withdraw a change",
            Self::SeeInbox => "see the inbox",
            Self::Decide => "decide changes",
            Self::Comment => "comment on changes",
            Self::Sync => "crawl AWS",
            Self::ManageJobs => "manage jobs",
        }
    }
}

/// All actions, for the golden table and the test that walks all routes.
pub const ACTIONS: [Action; 14] = [
    Action::SeeOwn,
    Action::SeeDirectory,
    Action::SeeChanges,
    Action::SeeLedger,
    Action::SeeReports,
    Action::SeeOperations,
    Action::ProposeOwn,
    Action::Propose,
    Action::WithdrawOwn,
    Action::SeeInbox,
    Action::Decide,
    Action::Comment,
    Action::Sync,
    Action::ManageJobs,
];

/// The reason why an action is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    /// None of the actor's roles allows it.
    Role,
    /// The sign-in is not linked to an Identity Center user, so it has read-only access.
    #[serde(rename = "not_joined")]
    NotLinked,
    /// The action needs a second factor.
    NoMfa,
    /// The identity is suspended.
    Suspended,
}

impl Denial {
    /// Returns the explanation shown to the person.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Role => "Your roles do not include this.",
            Self::NotLinked => {
                "Your sign-in is not linked to an Identity Center user, so you have read-only access."
            }
            Self::NoMfa => "This needs a second factor. Sign in again with your second factor.",
            Self::Suspended => {
                "Your identity is suspended, because it differs from the directory. You see your own access and changes."
            }
        }
    }
}

/// Checks whether an actor may perform an action.
pub fn may(actor: &Actor, action: Action) -> Result<(), Denial> {
    use Action as A;
    use Role::{Administrator, Approver, Auditor};
    if actor.identity == IdentityState::Suspended && action != A::SeeOwn {
        return Err(Denial::Suspended);
    }
    let any = |roles: &[Role]| roles.iter().any(|role| actor.roles.contains(role));
    let by_role = match action {
        A::SeeOwn | A::ProposeOwn | A::WithdrawOwn | A::Comment => true,
        A::SeeDirectory | A::SeeChanges => any(&[Approver, Administrator, Auditor]),
        A::SeeLedger | A::SeeReports | A::SeeOperations => any(&[Administrator, Auditor]),
        A::Propose | A::Sync | A::ManageJobs => any(&[Administrator]),
        A::SeeInbox | A::Decide => any(&[Approver]),
    };
    if !by_role {
        return Err(Denial::Role);
    }
    if !writes(action) {
        return Ok(());
    }
    if actor.person.is_none() {
        return Err(Denial::NotLinked);
    }
    match (action, actor.mfa) {
        (A::Decide | A::Propose, Mfa::NotProven) => Err(Denial::NoMfa),
        _ => Ok(()),
    }
}

/// Returns the roles of which one is enough for an action.
pub fn sufficient_roles(action: Action) -> impl Iterator<Item = Role> {
    Role::ALL.into_iter().filter(move |role| {
        let actor = Actor {
            person: None,
            roles: BTreeSet::from([*role]),
            approver_since: None,
            mfa: Mfa::Proven,
            identity: IdentityState::Active,
        };
        may(&actor, action) != Err(Denial::Role)
    })
}

/// Whether an action writes anything.
pub fn writes(action: Action) -> bool {
    matches!(
        action,
        Action::ProposeOwn
            | Action::Propose
            | Action::WithdrawOwn
            | Action::Decide
            | Action::Comment
            | Action::Sync
            | Action::ManageJobs
    )
}

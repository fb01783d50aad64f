//! `may(actor, action)`: the whole role table in one match.
//!
//! A role in Leastwise is the role that the ledger granted *and* the Cognito group in the token;
//! whoever builds an `Actor` has already taken the intersection. Nothing else in the code compares
//! roles. `tests/it/roles.txt` is this table, printed, for people who do not read Rust.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{approval::Mfa, ids::PersonId, time::Timestamp};

/// What somebody is in Leastwise. Everyone who signs in is a requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Decides changes.
    Approver,
    /// Proposes changes of other people's access, sees everything.
    Administrator,
    /// Sees everything, changes nothing.
    Auditor,
}

impl Role {
    /// The word for it in the database, the ledger and configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approver => "approver",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
        }
    }

    /// The Cognito group without which the ledger's grant gives nothing.
    pub fn group(self) -> &'static str {
        match self {
            Self::Approver => "leastwise-approvers",
            Self::Administrator => "leastwise-administrators",
            Self::Auditor => "leastwise-auditors",
        }
    }

    /// From the word for it.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Approver, Self::Administrator, Self::Auditor]
            .into_iter()
            .find(|r| r.as_str() == word)
    }
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The human; none if the sign-in is not joined to one, who then only reads.
    pub person: Option<PersonId>,
    /// Held by the ledger and named by the token.
    pub roles: BTreeSet<Role>,
    /// Since when they are an approver, by the ledger.
    pub approver_since: Option<Timestamp>,
    /// Whether a second factor is proven.
    pub mfa: Mfa,
}

/// What can be asked for. Every page and every server function names exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Their own home page, their own person page, their own changes.
    SeeOwn,
    /// Accounts, people, groups, permission sets: who reaches what.
    SeeDirectory,
    /// Changes of other people.
    SeeChanges,
    /// The ledger.
    SeeLedger,
    /// Reports and their downloads.
    SeeReports,
    /// How the engine and the crawl are doing.
    SeeOperations,
    /// Propose a change of one's own access.
    ProposeOwn,
    /// Propose a change of somebody else's access.
    Propose,
    /// Take back one's own change.
    WithdrawOwn,
    /// The approvers' inbox: what waits for a decision, also for whoever cannot take one as they signed in.
    SeeInbox,
    /// Decide. Whether this person may decide *this* change is `approval::may_decide`.
    Decide,
    /// Start a crawl by hand.
    Sync,
}

/// Every action, for the golden table and the route walk.
pub const ACTIONS: [Action; 12] = [
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
    Action::Sync,
];

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    /// No role of theirs allows it.
    Role,
    /// Their sign-in is not joined to a person: they only read.
    NotJoined,
    /// It needs a second factor.
    NoMfa,
}

impl Denial {
    /// What the person reads.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Role => "Your roles do not include this.",
            Self::NotJoined => {
                "Your sign-in is not joined to a person in Identity Center, so you can only read."
            }
            Self::NoMfa => "This needs a second factor. Sign in again with MFA.",
        }
    }
}

/// Whether an actor may do something at all.
pub fn may(actor: &Actor, action: Action) -> Result<(), Denial> {
    use Action as A;
    use Role::{Administrator, Approver, Auditor};
    let any = |roles: &[Role]| roles.iter().any(|role| actor.roles.contains(role));
    let by_role = match action {
        A::SeeOwn | A::ProposeOwn | A::WithdrawOwn => true,
        A::SeeDirectory | A::SeeChanges => any(&[Approver, Administrator, Auditor]),
        A::SeeLedger | A::SeeReports | A::SeeOperations => any(&[Administrator, Auditor]),
        A::Propose | A::Sync => any(&[Administrator]),
        A::SeeInbox | A::Decide => any(&[Approver]),
    };
    if !by_role {
        return Err(Denial::Role);
    }
    if !writes(action) {
        return Ok(());
    }
    if actor.person.is_none() {
        return Err(Denial::NotJoined);
    }
    match (action, actor.mfa) {
        (A::Decide | A::Propose, Mfa::NotProven) => Err(Denial::NoMfa),
        _ => Ok(()),
    }
}

/// Whether an action changes anything.
pub fn writes(action: Action) -> bool {
    matches!(
        action,
        Action::ProposeOwn | Action::Propose | Action::WithdrawOwn | Action::Decide | Action::Sync
    )
}

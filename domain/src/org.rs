//! Accounts and organizational units, as AWS Organizations returns them.
//!
//! Never classifies an account; see `classification`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, OuId};

/// The `State` of an account in AWS Organizations (it replaced `Status` in 2026).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountState {
    PendingActivation,
    Active,
    /// Suspended by AWS: assignments remain listed, and nothing can be written.
    Suspended,
    PendingClosure,
    Closed,
}

impl AccountState {
    /// Returns AWS's name for the state, which policies use as well.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PendingActivation => "PENDING_ACTIVATION",
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::PendingClosure => "PENDING_CLOSURE",
            Self::Closed => "CLOSED",
        }
    }
}

/// An AWS account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    /// May change.
    pub name: String,
    /// The root user's e-mail address; may change.
    pub email: String,
    pub state: AccountState,
    /// The organizational units that contain it, from the root down. Flattened so that no ancestor can be missing
    /// when a policy asks for one: Cedar does not report an absent ancestor, the policy just does not match.
    pub ous: Vec<OuId>,
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationalUnit {
    pub id: OuId,
    /// May change.
    pub name: String,
    /// The parent unit; none for the root.
    pub parent: Option<OuId>,
}

/// The accounts with a special role in the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct SpecialAccounts {
    pub management: Option<AccountId>,
    /// The delegated administrators of every AWS service, each with the principals of its services. A set is empty if
    /// they could not be read.
    pub delegated_administrators: BTreeMap<AccountId, BTreeSet<String>>,
    /// The accounts that hold Leastwise or its Cognito user pool, from the configuration.
    pub leastwise: Vec<AccountId>,
}

impl SpecialAccounts {
    /// Returns what is known before a crawl: the accounts of Leastwise, by the configuration.
    pub fn of(leastwise: Vec<AccountId>) -> Self {
        Self {
            leastwise,
            ..Self::default()
        }
    }
}

//! Accounts and organizational units, as AWS Organizations tells of them.
//!
//! Never says what an account is worth: that is `classification`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, OuId};

/// AWS Organizations' `State` of an account (it replaced `Status` in 2026).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountState {
    /// Being created.
    PendingActivation,
    /// In use.
    Active,
    /// Suspended by AWS; assignments stay listed and nothing can be written.
    Suspended,
    /// Being closed.
    PendingClosure,
    /// Closed.
    Closed,
}

impl AccountState {
    /// AWS's word for it, also in rules.
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

/// One AWS account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its name; may change.
    pub name: String,
    /// Its root e-mail address; may change.
    pub email: String,
    /// Whether it is in use.
    pub state: AccountState,
    /// The units it is in, from the root down. Flattened so that no ancestor can be missing when
    /// a rule asks (Cedar does not report an absent ancestor; it just does not match).
    pub ous: Vec<OuId>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// One organizational unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationalUnit {
    /// Its id.
    pub id: OuId,
    /// Its name; may change.
    pub name: String,
    /// The unit above; none for the root.
    pub parent: Option<OuId>,
}

/// The accounts with a special part in the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct SpecialAccounts {
    /// The management account.
    pub management: Option<AccountId>,
    /// Delegated administrators of Identity Center.
    pub delegated_administrators: Vec<AccountId>,
    /// Accounts that hold Leastwise or its Cognito pool, from configuration.
    pub leastwise: Vec<AccountId>,
}

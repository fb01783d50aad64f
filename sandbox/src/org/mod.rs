//! Organisations as plain data: what AWS holds when the sandbox starts.
//!
//! An organisation is data only; how AWS behaves on it is in [`crate::aws`].

mod data;
mod generate;
pub mod pool;
mod sample;

use std::path::Path;
use std::sync::Arc;

pub use data::{
    Account, AccountState, Assignment, Boundary, ExternalId, Group, Membership, PermissionSet,
    PolicyReference, PrincipalType, ProvisionedRole, TrailEvent, Unit, User,
};
use serde::{Deserialize, Serialize};

use pool::Pool;

/// A whole AWS organisation with its Identity Center instance and user pool.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Organisation {
    /// `o-` and ten characters.
    pub organization_id: Arc<str>,
    /// `r-` and four characters.
    pub root_id: Arc<str>,
    pub management_account: Arc<str>,
    /// The one member account registered as delegated administrator of Identity Center.
    pub delegated_admin_account: Arc<str>,
    pub instance_arn: Arc<str>,
    /// `d-` and ten characters.
    pub identity_store_id: Arc<str>,
    pub region: Arc<str>,
    pub created_ms: i64,
    /// Organizations may answer an empty page with a token. With this, it does so before every
    /// further page; without, pages are full, so that calls can be counted exactly.
    #[serde(default)]
    pub ragged_pages: bool,
    pub units: Vec<Unit>,
    pub accounts: Vec<Account>,
    pub users: Vec<User>,
    pub groups: Vec<Group>,
    pub memberships: Vec<Membership>,
    pub permission_sets: Vec<PermissionSet>,
    pub assignments: Vec<Assignment>,
    #[serde(default)]
    pub provisioned_roles: Vec<ProvisionedRole>,
    #[serde(default)]
    pub events: Vec<TrailEvent>,
    pub pool: Pool,
}

/// Why an organisation could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("cannot read the organisation {path}: {source}")]
    Read {
        path: String,
        source: std::io::Error,
    },
    #[error("{path} is not an organisation: {source}")]
    Parse {
        path: String,
        source: serde_json::Error,
    },
}

impl Organisation {
    /// The payments company that a newcomer meets, with the sins one meets in practice.
    pub fn sample() -> Self {
        sample::organisation()
    }

    /// 500 accounts, 150 sets, 800 groups, 8,000 users, 15,000 assignments; the same for the same seed.
    pub fn medium(seed: u64) -> Self {
        generate::organisation(&generate::Size::MEDIUM, seed)
    }

    /// 3,000 accounts, 500 sets, 5,000 groups, 50,000 users, 150,000 assignments; the same for the same seed.
    pub fn large(seed: u64) -> Self {
        generate::organisation(&generate::Size::LARGE, seed)
    }

    /// `sample`, `medium`, `large`, or the path of a JSON file.
    pub fn named(name: &str) -> Result<Self, LoadError> {
        match name {
            "sample" => Ok(Self::sample()),
            "medium" => Ok(Self::medium(1)),
            "large" => Ok(Self::large(1)),
            path => Self::load(Path::new(path)),
        }
    }

    /// Reads an organisation from a JSON file.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let shown = || path.display().to_string();
        let text = std::fs::read(path).map_err(|source| LoadError::Read {
            path: shown(),
            source,
        })?;
        serde_json::from_slice(&text).map_err(|source| LoadError::Parse {
            path: shown(),
            source,
        })
    }
}

//! Organisations as plain data: the state that AWS holds when the sandbox starts.
//!
//! The behaviour of AWS is in [`crate::aws`].

mod data;
mod generate;
pub mod pool;
mod sample;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub use data::{
    Account, AccountInstance, AccountState, Assignment, Boundary, ExternalId, Group,
    InstanceStatus, Membership, PermissionSet, PolicyReference, PrincipalType, ProvisionedRole,
    TrailEvent, Unit, User,
};
use serde::{Deserialize, Serialize};

use pool::Pool;

/// An AWS organisation with its Identity Center instance and user pool.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Organisation {
    /// `o-` and ten characters.
    pub organization_id: Arc<str>,
    /// `r-` and four characters.
    pub root_id: Arc<str>,
    pub management_account: Arc<str>,
    /// The one member account registered as delegated administrator of Identity Center.
    pub delegated_admin_account: Arc<str>,
    /// The service principals for which other services have delegated administrators, by account.
    #[serde(default)]
    pub delegated_services: BTreeMap<Arc<str>, Vec<String>>,
    pub instance_arn: Arc<str>,
    #[serde(default)]
    pub instance_status: InstanceStatus,
    /// Instances of single accounts, listed before the instance of the organization.
    #[serde(default)]
    pub account_instances: Vec<AccountInstance>,
    /// `d-` and ten characters.
    pub identity_store_id: Arc<str>,
    pub region: Arc<str>,
    pub created_ms: i64,
    /// Whether Organizations returns an empty page with a token, as AWS may, before every further page. Otherwise pages
    /// are full, so that calls can be counted exactly.
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

/// An error that occurs when an organisation is loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(
        "--org: there is no organization `{0}`: use sample, federated, medium, large, large-groups, or the path of a JSON file"
    )]
    Unknown(String),
    #[error("cannot read the organisation {path}: {source}")]
    Read {
        path: String,
        source: std::io::Error,
    },
    #[error("{path} is not a valid organisation file: {source}")]
    Parse {
        path: String,
        source: serde_json::Error,
    },
}

impl Organisation {
    /// Returns the sample organisation: a payments company with common access problems.
    pub fn sample() -> Self {
        sample::organisation()
    }

    /// Returns the sample with a federated pool: everybody signs in through an identity provider, and no external id of
    /// the directory is a subject of the pool.
    pub fn federated() -> Self {
        sample::federated()
    }

    /// Returns an organisation with 500 accounts, 150 permission sets, 800 groups, 8,000 users and 15,000 assignments.
    /// The same seed returns the same organisation.
    pub fn medium(seed: u64) -> Self {
        generate::organisation(&generate::Size::MEDIUM, seed)
    }

    /// Returns an organisation with 3,000 accounts, 500 permission sets, 5,000 groups, 50,000 users and 150,000
    /// assignments. The same seed returns the same organisation.
    pub fn large(seed: u64) -> Self {
        generate::organisation(&generate::Size::LARGE, seed)
    }

    /// Returns `large` with a further group of each of the sizes 20, 200, 1,500, 8,000 and 50,000, named `people-20` and
    /// so on, to measure what depends on the size of a group. Larger groups have more assignments, as in `large`.
    pub fn large_groups(seed: u64) -> Self {
        let mut organisation = Self::large(seed);
        generate::add_groups(&mut organisation, &[20, 200, 1_500, 8_000, 50_000], seed);
        organisation
    }

    /// Returns the organisation named `sample`, `federated`, `medium`, `large` or `large-groups`, or reads the JSON file
    /// at this path.
    pub fn named(name: &str) -> Result<Self, LoadError> {
        match name {
            "sample" => Ok(Self::sample()),
            "federated" => Ok(Self::federated()),
            "medium" => Ok(Self::medium(1)),
            "large" => Ok(Self::large(1)),
            "large-groups" => Ok(Self::large_groups(1)),
            path if Path::new(path).exists() => Self::load(Path::new(path)),
            unknown => Err(LoadError::Unknown(unknown.to_owned())),
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

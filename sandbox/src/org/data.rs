//! The records of an organisation, as AWS would hold them.
//!
//! Plain data without behaviour. The same types describe the samples, organisation files and the running sandbox.
//! Identifiers are `Arc<str>` because the large organisation repeats each of them many times.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An organizational unit; `parent` is the root or another unit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Unit {
    pub id: Arc<str>,
    pub name: String,
    pub parent: Arc<str>,
}

/// The state of an account, as Organizations reports it in `State`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountState {
    PendingActivation,
    #[default]
    Active,
    Suspended,
    PendingClosure,
    Closed,
}

/// An account of the organisation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    /// Twelve digits.
    pub id: Arc<str>,
    pub name: Box<str>,
    pub email: Box<str>,
    #[serde(default)]
    pub state: AccountState,
    /// The root or organizational unit that contains the account.
    pub parent: Arc<str>,
    #[serde(default)]
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
    /// Unix milliseconds.
    pub joined_ms: i64,
    /// Customer managed IAM policies that exist in the account. A permission set that references any other policy fails
    /// to provision there.
    #[serde(default)]
    pub customer_policies: Vec<PolicyReference>,
}

/// An identifier assigned by an external directory. Its presence means that SCIM provisions the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalId {
    pub issuer: Arc<str>,
    pub id: Box<str>,
}

/// A user of the identity store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    /// UUID.
    pub id: Arc<str>,
    pub user_name: Box<str>,
    pub given_name: Box<str>,
    pub family_name: Box<str>,
    #[serde(default)]
    pub display_name: Option<Box<str>>,
    #[serde(default)]
    pub email: Option<Box<str>>,
    #[serde(default)]
    pub title: Option<Arc<str>>,
    #[serde(default)]
    pub user_type: Option<Arc<str>>,
    #[serde(default)]
    pub department: Option<Arc<str>>,
    /// User id of the manager.
    #[serde(default)]
    pub manager: Option<Arc<str>>,
    /// Further attributes by their names in the API, such as `NickName`; `Name`, `Emails` and `Extensions` as a whole.
    #[serde(default)]
    pub profile: Map<String, Value>,
    pub enabled: bool,
    #[serde(default)]
    pub external_ids: Vec<ExternalId>,
    pub created_ms: i64,
    pub updated_ms: i64,
    /// Incremented by every modification. AWS shows it as an opaque string.
    #[serde(default)]
    pub revision: u32,
}

/// A group of the identity store. Groups do not nest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    pub id: Arc<str>,
    pub display_name: Box<str>,
    #[serde(default)]
    pub description: Option<Box<str>>,
    #[serde(default)]
    pub external_ids: Vec<ExternalId>,
    pub created_ms: i64,
    pub updated_ms: i64,
    #[serde(default)]
    pub revision: u32,
}

/// A membership of a user in a group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Membership {
    /// UUID.
    pub id: Arc<str>,
    pub group: Arc<str>,
    pub user: Arc<str>,
    pub created_ms: i64,
}

/// A customer managed policy by name and path, as permission sets reference it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PolicyReference {
    pub name: String,
    pub path: String,
}

/// A permissions boundary: exactly one of the two forms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    AwsManaged(String),
    CustomerManaged(PolicyReference),
}

/// A permission set: a template from which Identity Center provisions one IAM role per account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PermissionSet {
    pub arn: Arc<str>,
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    /// ISO 8601 duration, `PT1H` to `PT12H`.
    pub session_duration: String,
    #[serde(default)]
    pub relay_state: Option<String>,
    /// ARNs of AWS managed policies.
    #[serde(default)]
    pub managed_policies: Vec<String>,
    #[serde(default)]
    pub customer_policies: Vec<PolicyReference>,
    #[serde(default)]
    pub inline_policy: Option<String>,
    #[serde(default)]
    pub boundary: Option<Boundary>,
    #[serde(default)]
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
    pub created_ms: i64,
    /// Incremented by every edit. A role with an older revision is outdated.
    #[serde(default)]
    pub revision: u32,
}

/// The type of a principal, ordered by wire name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PrincipalType {
    Group,
    User,
}

impl PrincipalType {
    /// Returns the wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Group => "GROUP",
            Self::User => "USER",
        }
    }
}

/// The `Status` of an Identity Center instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InstanceStatus {
    #[default]
    Active,
    CreateInProgress,
    CreateFailed,
    DeleteInProgress,
}

impl InstanceStatus {
    /// Returns the wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::CreateInProgress => "CREATE_IN_PROGRESS",
            Self::CreateFailed => "CREATE_FAILED",
            Self::DeleteInProgress => "DELETE_IN_PROGRESS",
        }
    }
}

/// An Identity Center instance of one account, which has no permission sets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountInstance {
    pub arn: Arc<str>,
    pub identity_store_id: Arc<str>,
    /// The account that created it, the only one that sees it.
    pub owner: Arc<str>,
    #[serde(default)]
    pub status: InstanceStatus,
}

/// An account assignment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Assignment {
    pub account: Arc<str>,
    pub permission_set: Arc<str>,
    pub principal_type: PrincipalType,
    pub principal_id: Arc<str>,
}

/// A provisioned role that does not follow from the assignments: it has an older revision of its permission set, or no
/// assignments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProvisionedRole {
    pub account: Arc<str>,
    pub permission_set: Arc<str>,
    pub revision: u32,
}

/// A call recorded by CloudTrail.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrailEvent {
    pub id: Arc<str>,
    pub at_ms: i64,
    /// When `LookupEvents` begins to return the event, in Unix milliseconds.
    pub visible_ms: i64,
    /// The account that made the call and in which the event is recorded.
    pub account: Arc<str>,
    pub access_key: Arc<str>,
    pub source: Arc<str>,
    /// The Region in which the event is recorded; `None` for that of Identity Center.
    #[serde(default)]
    pub region: Option<Arc<str>>,
    #[serde(default)]
    pub read_only: bool,
    pub name: Arc<str>,
    pub request_id: Arc<str>,
    #[serde(default)]
    pub error_code: Option<Arc<str>>,
    /// `requestParameters`, as JSON text.
    pub request: Box<str>,
    /// `responseElements`, as JSON text (`null` when there are none).
    pub response: Box<str>,
}

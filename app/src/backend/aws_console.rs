//! Where the console of AWS shows what Leastwise lists.

use domain::ids::{AccountId, PermissionSetArn};

use super::escape;

/// The console of the Region and the instance that Leastwise governs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AwsConsole {
    /// The Region of Identity Center.
    pub region: String,
    /// The id of the instance, without its prefix.
    pub instance: String,
    /// The id of the identity store, by which AWS names the access portal.
    pub identity_store: String,
}

impl AwsConsole {
    /// Returns the console of an instance, given the last part of its ARN, such as `ssoins-7223da1aa8587c47`.
    pub fn of(region: &str, instance: &str, identity_store: &str) -> Self {
        Self {
            identity_store: identity_store.to_owned(),
            region: region.to_owned(),
            instance: instance
                .strip_prefix("ssoins-")
                .unwrap_or(instance)
                .to_owned(),
        }
    }

    /// Returns the address of the access portal that opens the console of an account with a permission set.
    pub fn access(&self, account: &AccountId, set: &str) -> String {
        let (store, set) = (&self.identity_store, escape(set));
        format!("https://{store}.awsapps.com/start/#/console?account_id={account}&role_name={set}")
    }

    /// Returns the page of an account in AWS Organizations.
    pub fn account(&self, account: &AccountId) -> String {
        let region = &self.region;
        format!("https://{region}.console.aws.amazon.com/organizations/v2/home/accounts/{account}")
    }

    /// Returns the page of a permission set in Identity Center.
    pub fn permission_set(&self, set: &PermissionSetArn) -> String {
        self.identity_center(&format!("permission-sets/details/{}", set.key()))
    }

    /// Returns the list of users in Identity Center. AWS documents no address of a single user.
    pub fn users(&self) -> String {
        self.identity_center("users")
    }

    fn identity_center(&self, page: &str) -> String {
        let Self {
            region, instance, ..
        } = self;
        format!(
            "https://{region}.console.aws.amazon.com/singlesignon/home?region={region}#/instances/{instance}/{page}"
        )
    }
}

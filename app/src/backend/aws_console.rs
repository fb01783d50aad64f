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
    /// The address of the access portal.
    pub access_portal: String,
}

impl AwsConsole {
    /// Returns the console of an instance, given the last part of its ARN, such as `ssoins-7223da1aa8587c47`, and the
    /// address of its access portal.
    pub fn of(region: &str, instance: &str, access_portal: String) -> Self {
        Self {
            access_portal,
            region: region.to_owned(),
            instance: instance
                .strip_prefix("ssoins-")
                .unwrap_or(instance)
                .to_owned(),
        }
    }

    /// Returns the address that AWS gives the access portal of an identity store.
    pub fn portal_of(identity_store: &str) -> String {
        format!("https://{identity_store}.awsapps.com/start")
    }

    /// Returns the address of the access portal that opens the console of an account with a permission set.
    pub fn access(&self, account: &AccountId, set: &str) -> String {
        let (portal, set) = (&self.access_portal, escape(set));
        format!("{portal}/#/console?account_id={account}&role_name={set}")
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

//! The IAM actions that each read needs, for the words that say which right is missing. The README lists the same.

use domain::snapshot::Gap;

/// Returns the actions that a read needs.
pub fn actions(gap: &Gap) -> &'static [&'static str] {
    match gap {
        Gap::Organization => &["organizations:DescribeOrganization"],
        Gap::DelegatedAdministrators => &["organizations:ListDelegatedAdministrators"],
        Gap::ServicesOf(_) => &["organizations:ListDelegatedServicesForAccount"],
        Gap::Units => &[
            "organizations:ListRoots",
            "organizations:ListOrganizationalUnitsForParent",
        ],
        Gap::Accounts => &["organizations:ListAccounts"],
        Gap::TagsOf(_) => &["organizations:ListTagsForResource"],
        Gap::Users => &["identitystore:ListUsers"],
        Gap::Groups => &["identitystore:ListGroups"],
        Gap::MembersOf(_) => &["identitystore:ListGroupMemberships"],
        Gap::Sets => &["sso:ListPermissionSets"],
        Gap::ContentOf(_) => &[
            "sso:DescribePermissionSet",
            "sso:ListManagedPoliciesInPermissionSet",
            "sso:ListCustomerManagedPolicyReferencesInPermissionSet",
            "sso:GetInlinePolicyForPermissionSet",
            "sso:GetPermissionsBoundaryForPermissionSet",
        ],
        Gap::AccountsOf(_) | Gap::OutdatedAccountsOf(_) => {
            &["sso:ListAccountsForProvisionedPermissionSet"]
        }
        Gap::AssignmentsOf(_) => &["sso:ListAccountAssignments"],
        Gap::Unknown => &[],
    }
}

/// Says which rights a read needs that AWS denied. `why` is the error code with its reason: one that begins with `KMS_`
/// means that the key of Identity Center denied it.
pub fn needed(gap: &Gap, why: &str) -> String {
    let actions = actions(gap).join(", ");
    let of_organizations = actions.starts_with("organizations:");
    if why.contains("KMS_") {
        format!(
            "Allow kms:Decrypt on the customer managed KMS key of Identity Center, in the policy of the key and in that of the role. {actions} must be allowed as well."
        )
    } else if of_organizations {
        format!(
            "Allow {actions}, in the management account or in an account that is a delegated administrator."
        )
    } else {
        format!(
            "Allow {actions}, and kms:Decrypt if Identity Center uses a customer managed KMS key, in the management account or in the delegated administrator account."
        )
    }
}

//! The IAM actions that the server needs, and which of them each read does, for the words that say which right is missing.
//!
//! `deploy/cloudformation.yaml` allows these and no other ones, and `docs/deploy.md` gives the reason for each;
//! `server/tests/it/deployment.rs` compares both, and the calls of this module, with the lists.

use domain::snapshot::Gap;

/// Reads of Identity Center, of its directory and of the organization.
pub const READS: &[&str] = &[
    "sso:DescribeAccountAssignmentCreationStatus",
    "sso:DescribeAccountAssignmentDeletionStatus",
    "sso:DescribeInstance",
    "sso:DescribePermissionSet",
    "sso:GetInlinePolicyForPermissionSet",
    "sso:GetPermissionsBoundaryForPermissionSet",
    "sso:ListAccountAssignments",
    "sso:ListAccountAssignmentsForPrincipal",
    "sso:ListAccountsForProvisionedPermissionSet",
    "sso:ListCustomerManagedPolicyReferencesInPermissionSet",
    "sso:ListInstances",
    "sso:ListManagedPoliciesInPermissionSet",
    "sso:ListPermissionSets",
    "identitystore:DescribeUser",
    "identitystore:GetGroupMembershipId",
    "identitystore:GetUserId",
    "identitystore:ListGroupMemberships",
    "identitystore:ListGroups",
    "identitystore:ListUsers",
    "organizations:DescribeAccount",
    "organizations:DescribeOrganization",
    "organizations:DescribeOrganizationalUnit",
    "organizations:ListAccounts",
    "organizations:ListDelegatedAdministrators",
    "organizations:ListDelegatedServicesForAccount",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListRoots",
    "organizations:ListTagsForResource",
];

/// Writes. Without them nothing is carried out, and everything else works.
pub const WRITES: &[&str] = &[
    "sso:CreateAccountAssignment",
    "sso:DeleteAccountAssignment",
    "identitystore:CreateGroupMembership",
    "identitystore:DeleteGroupMembership",
];

/// Reads of the user pool.
pub const USER_POOL: &[&str] = &[
    "cognito-idp:AdminGetUser",
    "cognito-idp:AdminListGroupsForUser",
    "cognito-idp:DescribeIdentityProvider",
    "cognito-idp:DescribeUserPool",
    "cognito-idp:DescribeUserPoolClient",
    "cognito-idp:GetUserPoolMfaConfig",
    "cognito-idp:ListUserPoolClients",
    "cognito-idp:ListUsersInGroup",
];

/// On the key of Identity Center, if it is a customer managed one. AWS makes the call for the caller of a read.
pub const IDENTITY_CENTER_KEY: &[&str] = &["kms:Decrypt"];

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

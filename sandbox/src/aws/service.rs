//! The services, their operations and their error codes.

use serde::Serialize;

use super::{cloudtrail, cognito_idp, identity_store, organizations, sso_admin};
use crate::aws::call::Handler;

/// A service of the local AWS. All but STS use awsJson1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    SsoAdmin,
    #[serde(rename = "identitystore")]
    IdentityStore,
    Organizations,
    #[serde(rename = "cloudtrail")]
    CloudTrail,
    CognitoIdp,
    Sts,
}

/// An operation of a service: its wire name and its handler.
pub type Operation = (&'static str, Handler);

impl Service {
    pub const ALL: [Self; 6] = [
        Self::SsoAdmin,
        Self::IdentityStore,
        Self::Organizations,
        Self::CloudTrail,
        Self::CognitoIdp,
        Self::Sts,
    ];

    /// Returns the service of an `X-Amz-Target` prefix.
    pub fn of_target(prefix: &str) -> Option<Self> {
        Some(match prefix {
            "SWBExternalService" => Self::SsoAdmin,
            "AWSIdentityStore" => Self::IdentityStore,
            "AWSOrganizationsV20161128" => Self::Organizations,
            "CloudTrail_20131101" | "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101" => {
                Self::CloudTrail
            }
            "AWSCognitoIdentityProviderService" => Self::CognitoIdp,
            _ => return None,
        })
    }

    /// Returns the name used by fault rules, the call log and the AWS CLI.
    pub fn name(self) -> &'static str {
        match self {
            Self::SsoAdmin => "sso-admin",
            Self::IdentityStore => "identitystore",
            Self::Organizations => "organizations",
            Self::CloudTrail => "cloudtrail",
            Self::CognitoIdp => "cognito-idp",
            Self::Sts => "sts",
        }
    }

    /// Returns the `eventSource` of CloudTrail events.
    pub fn event_source(self) -> &'static str {
        match self {
            Self::SsoAdmin => "sso.amazonaws.com",
            Self::IdentityStore => "identitystore.amazonaws.com",
            Self::Organizations => "organizations.amazonaws.com",
            Self::CloudTrail => "cloudtrail.amazonaws.com",
            Self::CognitoIdp => "cognito-idp.amazonaws.com",
            Self::Sts => "sts.amazonaws.com",
        }
    }

    /// Returns the name of the service in the scope of a signature.
    pub(crate) fn signing_name(self) -> &'static str {
        match self {
            Self::SsoAdmin => "sso",
            _ => self.name(),
        }
    }

    /// Returns the Region of a service that has a single endpoint.
    pub(crate) fn only_region(self) -> Option<&'static str> {
        (self == Self::Organizations).then_some("us-east-1")
    }

    pub(crate) fn operations(self) -> &'static [Operation] {
        match self {
            Self::SsoAdmin => sso_admin::OPERATIONS,
            Self::IdentityStore => identity_store::OPERATIONS,
            Self::Organizations => organizations::OPERATIONS,
            Self::CloudTrail => cloudtrail::OPERATIONS,
            Self::CognitoIdp => cognito_idp::OPERATIONS,
            Self::Sts => &[],
        }
    }

    /// Returns the names of the operations, those of the Query protocol included.
    #[cfg(test)]
    pub(crate) fn operation_names(self) -> Vec<&'static str> {
        let query = super::sts::OPERATIONS.iter().filter(|_| self == Self::Sts);
        let json = self.operations().iter().map(|(name, _)| name);
        json.chain(query).copied().collect()
    }

    pub(crate) fn invalid_code(self) -> &'static str {
        match self {
            Self::Organizations => "InvalidInputException",
            Self::CognitoIdp => "InvalidParameterException",
            _ => "ValidationException",
        }
    }

    pub(crate) fn throttled_code(self) -> &'static str {
        match self {
            Self::Organizations | Self::CognitoIdp => "TooManyRequestsException",
            _ => "ThrottlingException",
        }
    }

    pub(crate) fn internal_code(self) -> &'static str {
        match self {
            Self::Organizations => "ServiceException",
            Self::CognitoIdp => "InternalErrorException",
            _ => "InternalServerException",
        }
    }

    pub(crate) fn conflict_code(self) -> &'static str {
        match self {
            Self::Organizations | Self::CognitoIdp => "ConcurrentModificationException",
            _ => "ConflictException",
        }
    }

    pub(crate) fn denied_code(self) -> &'static str {
        match self {
            Self::CognitoIdp => "NotAuthorizedException",
            _ => "AccessDeniedException",
        }
    }

    /// Returns the request quota per second (reference/aws.md 1.5 and 1.10). AWS does not publish figures for
    /// Organizations and Cognito in one place; they use the common 20.
    pub(crate) fn quota_per_second(self) -> u32 {
        match self {
            Self::CloudTrail => 2,
            _ => 20,
        }
    }
}

/// Returns whether an operation is a write, according to the verb in its name.
pub(crate) fn is_write(operation: &str) -> bool {
    const VERBS: [&str; 13] = [
        "Create",
        "Delete",
        "Update",
        "Put",
        "Attach",
        "Detach",
        "Tag",
        "Untag",
        "Provision",
        "AdminAdd",
        "AdminRemove",
        "AdminDisable",
        "AdminEnable",
    ];
    VERBS.iter().any(|verb| operation.starts_with(verb))
        || matches!(operation, "AdminUserGlobalSignOut" | "MoveAccount")
}

/// Returns whether an operation returns its records in pages.
pub(crate) fn is_list(operation: &str) -> bool {
    operation.starts_with("List")
        || operation.starts_with("AdminList")
        || operation == "LookupEvents"
}

/// Returns whether an operation completes after it is answered.
pub(crate) fn is_asynchronous(operation: &str) -> bool {
    matches!(
        operation,
        "CreateAccountAssignment" | "DeleteAccountAssignment" | "ProvisionPermissionSet"
    )
}

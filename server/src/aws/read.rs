//! Reads of one resource, up to the last page.

use std::{collections::BTreeSet, ops::ControlFlow};

use aws_sdk_identitystore::{
    operation::{
        describe_user::DescribeUserError, get_group_membership_id::GetGroupMembershipIdError,
        get_user_id::GetUserIdError,
    },
    types::ResourceType,
};
use domain::{
    directory::{ExternalId, UserStatus},
    ids::{AccountId, GroupId, Pair, PermissionSetArn, Principal, UserId},
};

use super::{
    Aws, Instance,
    call::read_if_present,
    error::{CallError, ErrorClass},
    paging::{all_pages, pages_until},
};

/// Returns the error for a response that cannot be parsed.
pub(super) fn malformed(what: &str) -> CallError {
    CallError {
        class: ErrorClass::Invalid,
        code: "MalformedAnswer".into(),
        message: what.into(),
        reason: None,
        request_id: None,
    }
}

fn pair(account: &str, set: &str) -> Result<Pair, CallError> {
    let malformed = |error: String| malformed(&error);
    Ok(Pair {
        account: AccountId::parse(account).map_err(|error| malformed(error.to_string()))?,
        set: PermissionSetArn::parse(set).map_err(|error| malformed(error.to_string()))?,
    })
}

impl Aws {
    /// Returns all principals assigned to a pair, orphans included.
    pub async fn assignments(
        &self,
        instance: &Instance,
        pair: &Pair,
    ) -> Result<BTreeSet<Principal>, CallError> {
        let mut principals = BTreeSet::new();
        let send = |token| {
            self.sso
                .list_account_assignments()
                .instance_arn(instance.arn.as_str())
                .account_id(pair.account.as_str())
                .permission_set_arn(pair.set.as_str())
                .max_results(100)
                .set_next_token(token)
                .send()
        };
        all_pages(&self.budgets.sso, send, |page| {
            for row in page.account_assignments() {
                let kind = row
                    .principal_type()
                    .map_or("", aws_sdk_ssoadmin::types::PrincipalType::as_str);
                let principal = Principal::parse(kind, row.principal_id().unwrap_or_default())
                    .map_err(|error| malformed(&error.to_string()))?;
                principals.insert(principal);
            }
            Ok(())
        })
        .await?;
        Ok(principals)
    }

    /// Returns the pairs that a principal is assigned to, by `ListAccountAssignmentsForPrincipal`. AWS documents that
    /// call for the management account; a delegated administrator may be denied.
    pub async fn pairs_of(
        &self,
        instance: &Instance,
        principal: &Principal,
    ) -> Result<BTreeSet<Pair>, CallError> {
        let mut pairs = BTreeSet::new();
        let send = |token| {
            self.sso
                .list_account_assignments_for_principal()
                .instance_arn(instance.arn.as_str())
                .principal_id(principal.id())
                .principal_type(principal.kind().into())
                .max_results(100)
                .set_next_token(token)
                .send()
        };
        all_pages(&self.budgets.sso, send, |page| {
            for row in page.account_assignments() {
                // Not documented: whether the response includes the assignments of a user's groups. Keep only those of
                // the principal.
                if row.principal_id() == Some(principal.id()) {
                    pairs.insert(pair(
                        row.account_id().unwrap_or_default(),
                        row.permission_set_arn().unwrap_or_default(),
                    )?);
                }
            }
            Ok(())
        })
        .await?;
        Ok(pairs)
    }

    /// Returns all members of a group.
    pub async fn members(
        &self,
        instance: &Instance,
        group: &GroupId,
    ) -> Result<BTreeSet<UserId>, CallError> {
        match self.members_until(instance, group, usize::MAX).await? {
            GroupMembers::All(users) | GroupMembers::AtLeast(users) => Ok(users),
        }
    }

    /// Returns the members of a group, or more than `enough` of them. Reads no page after these.
    pub async fn members_until(
        &self,
        instance: &Instance,
        group: &GroupId,
        enough: usize,
    ) -> Result<GroupMembers, CallError> {
        let mut users = BTreeSet::new();
        let send = |token| {
            self.directory
                .list_group_memberships()
                .identity_store_id(&instance.identity_store)
                .group_id(group.as_str())
                .max_results(100)
                .set_next_token(token)
                .send()
        };
        let ended = pages_until(&self.budgets.directory, send, |page| {
            for membership in page.group_memberships() {
                let member = membership
                    .member_id()
                    .and_then(|member| member.as_user_id().ok());
                let user = member.ok_or_else(|| malformed("a membership without a user"))?;
                users.insert(UserId::parse(user).map_err(|error| malformed(&error.to_string()))?);
            }
            Ok(if users.len() > enough {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })
        .await?;
        Ok(match ended {
            ControlFlow::Continue(()) => GroupMembers::All(users),
            ControlFlow::Break(()) => GroupMembers::AtLeast(users),
        })
    }
}

/// The members of a group, as far as they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupMembers {
    All(BTreeSet<UserId>),
    /// There may be more.
    AtLeast(BTreeSet<UserId>),
}

impl Aws {
    /// Returns whether a user is in a group, by `GetGroupMembershipId`. A group, user or identity store that does not exist
    /// is an error: it may be the wrong Region, and what was not read is not absent.
    pub async fn is_member(
        &self,
        instance: &Instance,
        group: &GroupId,
        user: &UserId,
    ) -> Result<bool, CallError> {
        let found = read_if_present(&self.budgets.directory, is_no_membership, || {
            self.directory
                .get_group_membership_id()
                .identity_store_id(&instance.identity_store)
                .group_id(group.as_str())
                .member_id(aws_sdk_identitystore::types::MemberId::UserId(
                    user.to_string(),
                ))
                .send()
        })
        .await?;
        Ok(found.is_some())
    }
}

/// Returns whether AWS states that the membership itself does not exist.
fn is_no_membership(error: &GetGroupMembershipIdError) -> bool {
    match error {
        GetGroupMembershipIdError::ResourceNotFoundException(missing) => {
            missing.resource_type() == Some(&ResourceType::GroupMembership)
        }
        _ => false,
    }
}

/// What the directory says about one user now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryUser {
    pub status: UserStatus,
    pub external_ids: Vec<ExternalId>,
}

impl Aws {
    /// Returns a user, by `DescribeUser`; none if the directory does not contain it.
    pub async fn directory_user(
        &self,
        instance: &Instance,
        user: &UserId,
    ) -> Result<Option<DirectoryUser>, CallError> {
        let found = read_if_present(&self.budgets.directory, is_no_described_user, || {
            self.directory
                .describe_user()
                .identity_store_id(&instance.identity_store)
                .user_id(user.as_str())
                .send()
        })
        .await?;
        let Some(found) = found else {
            return Ok(None);
        };
        if found.user_id() != user.as_str() {
            return Err(malformed("another user than the one requested"));
        }
        let status = match found
            .user_status()
            .map(aws_sdk_identitystore::types::UserStatus::as_str)
        {
            Some("ENABLED") | None => UserStatus::Enabled,
            Some("DISABLED") => UserStatus::Disabled,
            Some(_) => return Err(malformed("an unknown status of a user")),
        };
        let external_ids = found.external_ids().iter().map(|external| ExternalId {
            issuer: external.issuer().to_owned(),
            id: external.id().to_owned(),
        });
        Ok(Some(DirectoryUser {
            status,
            external_ids: external_ids.collect(),
        }))
    }

    /// Returns a user with this external id, by `GetUserId`; none if there is none.
    pub async fn user_with_external_id(
        &self,
        instance: &Instance,
        external_id: &ExternalId,
    ) -> Result<Option<UserId>, CallError> {
        let external_id = aws_sdk_identitystore::types::ExternalId::builder()
            .issuer(&external_id.issuer)
            .id(&external_id.id)
            .build()
            .map_err(|error| malformed(&error.to_string()))?;
        let wanted = aws_sdk_identitystore::types::AlternateIdentifier::ExternalId(external_id);
        let found = read_if_present(&self.budgets.directory, is_no_user_id, || {
            self.directory
                .get_user_id()
                .identity_store_id(&instance.identity_store)
                .alternate_identifier(wanted.clone())
                .send()
        })
        .await?;
        let user = found.map(|found| UserId::parse(found.user_id()));
        user.transpose()
            .map_err(|error| malformed(&error.to_string()))
    }
}

/// Returns whether AWS states that the user itself does not exist.
fn is_no_described_user(error: &DescribeUserError) -> bool {
    match error {
        DescribeUserError::ResourceNotFoundException(missing) => {
            missing.resource_type() == Some(&ResourceType::User)
        }
        _ => false,
    }
}

/// Returns whether AWS states that no user has the external id.
fn is_no_user_id(error: &GetUserIdError) -> bool {
    match error {
        GetUserIdError::ResourceNotFoundException(missing) => {
            missing.resource_type() == Some(&ResourceType::User)
        }
        _ => false,
    }
}

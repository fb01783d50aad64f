//! Reads of one resource, up to the last page. A listing that fails midway is an error and never a shorter list:
//! nothing may be deleted because of an incomplete read.

use std::collections::BTreeSet;

use aws_sdk_identitystore::{
    operation::get_group_membership_id::GetGroupMembershipIdError, types::ResourceType,
};
use domain::ids::{AccountId, GroupId, Pair, PermissionSetArn, Principal, UserId};

use super::{
    Aws, Instance,
    call::{read, read_if_present},
    error::{CallError, ErrorClass},
};

/// Returns the error for a response that cannot be parsed.
pub(super) fn malformed(what: &str) -> CallError {
    CallError {
        class: ErrorClass::Invalid,
        code: "MalformedAnswer".into(),
        message: what.into(),
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
        let mut token: Option<String> = None;
        loop {
            let answer = read(&self.budgets.sso, || {
                self.sso
                    .list_account_assignments()
                    .instance_arn(instance.arn.as_str())
                    .account_id(pair.account.as_str())
                    .permission_set_arn(pair.set.as_str())
                    .max_results(100)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
            for row in answer.account_assignments() {
                let kind = row
                    .principal_type()
                    .map_or("", aws_sdk_ssoadmin::types::PrincipalType::as_str);
                let principal = Principal::parse(kind, row.principal_id().unwrap_or_default())
                    .map_err(|error| malformed(&error.to_string()))?;
                principals.insert(principal);
            }
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(principals);
            }
        }
    }

    /// Returns the pairs that a principal is assigned to, by `ListAccountAssignmentsForPrincipal`. AWS documents that
    /// call for the management account; a delegated administrator may be denied.
    pub async fn pairs_of(
        &self,
        instance: &Instance,
        principal: &Principal,
    ) -> Result<BTreeSet<Pair>, CallError> {
        let mut pairs = BTreeSet::new();
        let mut token: Option<String> = None;
        loop {
            let answer = read(&self.budgets.sso, || {
                self.sso
                    .list_account_assignments_for_principal()
                    .instance_arn(instance.arn.as_str())
                    .principal_id(principal.id())
                    .principal_type(principal.kind().into())
                    .max_results(100)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
            for row in answer.account_assignments() {
                // Not documented: whether the response includes the assignments of a user's groups. Keep only those of
                // the principal.
                if row.principal_id() == Some(principal.id()) {
                    pairs.insert(pair(
                        row.account_id().unwrap_or_default(),
                        row.permission_set_arn().unwrap_or_default(),
                    )?);
                }
            }
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(pairs);
            }
        }
    }

    /// Returns all members of a group.
    pub async fn members(
        &self,
        instance: &Instance,
        group: &GroupId,
    ) -> Result<BTreeSet<UserId>, CallError> {
        let mut users = BTreeSet::new();
        let mut token: Option<String> = None;
        loop {
            let answer = read(&self.budgets.directory, || {
                self.directory
                    .list_group_memberships()
                    .identity_store_id(&instance.identity_store)
                    .group_id(group.as_str())
                    .max_results(100)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
            for membership in answer.group_memberships() {
                let member = membership
                    .member_id()
                    .and_then(|member| member.as_user_id().ok());
                let user = member.ok_or_else(|| malformed("a membership without a user"))?;
                users.insert(UserId::parse(user).map_err(|error| malformed(&error.to_string()))?);
            }
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(users);
            }
        }
    }
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

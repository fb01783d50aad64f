//! Writes to AWS, each sent once. Called from `engine` only, after the intent is durable, and never inside a database
//! transaction.

use std::sync::Arc;

use aws_sdk_identitystore::types::MemberId;
use aws_sdk_ssoadmin::types::{PrincipalType, StatusValues, TargetType};
use domain::ids::{Assignment, AwsRequestId, GroupId, UserId};

use super::{
    Aws, Instance,
    call::{once, read},
    error::{CallError, ErrorClass},
    fence::WritePermission,
    read::malformed,
};

/// The status of an asynchronous write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteProgress {
    InProgress,
    Succeeded,
    /// The write failed, with the reason from AWS.
    Failed(String),
}

/// The kind of write that a request id belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteKind {
    /// `CreateAccountAssignment`
    Create,
    /// `DeleteAccountAssignment`
    Delete,
}

/// Returns the error for a write that AWS accepted without a request id. It may be carried out.
fn unnamed() -> CallError {
    CallError {
        class: ErrorClass::Unknown,
        ..malformed("no request id")
    }
}

impl Aws {
    /// Calls `CreateAccountAssignment`. A response only means that AWS accepted the request.
    pub async fn create_assignment(
        &self,
        instance: &Instance,
        what: &Assignment,
        permission: &Arc<dyn WritePermission>,
    ) -> Result<AwsRequestId, CallError> {
        let answer = once(&self.budgets.sso, permission, |fence| {
            self.sso
                .create_account_assignment()
                .instance_arn(instance.arn.as_str())
                .target_id(what.pair.account.as_str())
                .target_type(TargetType::AwsAccount)
                .permission_set_arn(what.pair.set.as_str())
                .principal_type(PrincipalType::from(what.principal.kind()))
                .principal_id(what.principal.id())
                .customize()
                .interceptor(fence)
                .send()
        })
        .await?;
        let id = answer
            .account_assignment_creation_status()
            .and_then(|status| status.request_id());
        id.and_then(|id| AwsRequestId::parse(id).ok())
            .ok_or_else(unnamed)
    }

    /// Calls `DeleteAccountAssignment`. A response only means that AWS accepted the request.
    pub async fn delete_assignment(
        &self,
        instance: &Instance,
        what: &Assignment,
        permission: &Arc<dyn WritePermission>,
    ) -> Result<AwsRequestId, CallError> {
        let answer = once(&self.budgets.sso, permission, |fence| {
            self.sso
                .delete_account_assignment()
                .instance_arn(instance.arn.as_str())
                .target_id(what.pair.account.as_str())
                .target_type(TargetType::AwsAccount)
                .permission_set_arn(what.pair.set.as_str())
                .principal_type(PrincipalType::from(what.principal.kind()))
                .principal_id(what.principal.id())
                .customize()
                .interceptor(fence)
                .send()
        })
        .await?;
        let id = answer
            .account_assignment_deletion_status()
            .and_then(|status| status.request_id());
        id.and_then(|id| AwsRequestId::parse(id).ok())
            .ok_or_else(unnamed)
    }

    /// Returns the status of an asynchronous write.
    pub async fn progress(
        &self,
        instance: &Instance,
        kind: WriteKind,
        id: &AwsRequestId,
    ) -> Result<WriteProgress, CallError> {
        let (status, reason) = match kind {
            WriteKind::Create => {
                let answer = read(&self.budgets.sso, || {
                    self.sso
                        .describe_account_assignment_creation_status()
                        .instance_arn(instance.arn.as_str())
                        .account_assignment_creation_request_id(id.as_str())
                        .send()
                })
                .await?;
                let status = answer.account_assignment_creation_status().cloned();
                (
                    status.as_ref().and_then(|s| s.status().cloned()),
                    status.and_then(|s| s.failure_reason().map(str::to_owned)),
                )
            }
            WriteKind::Delete => {
                let answer = read(&self.budgets.sso, || {
                    self.sso
                        .describe_account_assignment_deletion_status()
                        .instance_arn(instance.arn.as_str())
                        .account_assignment_deletion_request_id(id.as_str())
                        .send()
                })
                .await?;
                let status = answer.account_assignment_deletion_status().cloned();
                (
                    status.as_ref().and_then(|s| s.status().cloned()),
                    status.and_then(|s| s.failure_reason().map(str::to_owned)),
                )
            }
        };
        match status {
            Some(StatusValues::Succeeded) => Ok(WriteProgress::Succeeded),
            Some(StatusValues::Failed) => Ok(WriteProgress::Failed(
                reason.unwrap_or_else(|| "no reason given".into()),
            )),
            Some(StatusValues::InProgress) => Ok(WriteProgress::InProgress),
            _ => Err(malformed(
                "a status that is none of IN_PROGRESS, SUCCEEDED, FAILED",
            )),
        }
    }

    /// Calls `CreateGroupMembership`, which completes before it responds.
    pub async fn add_member(
        &self,
        instance: &Instance,
        group: &GroupId,
        user: &UserId,
        permission: &Arc<dyn WritePermission>,
    ) -> Result<(), CallError> {
        once(&self.budgets.directory, permission, |fence| {
            self.directory
                .create_group_membership()
                .identity_store_id(&instance.identity_store)
                .group_id(group.as_str())
                .member_id(MemberId::UserId(user.to_string()))
                .customize()
                .interceptor(fence)
                .send()
        })
        .await
        .map(drop)
    }

    /// Calls `DeleteGroupMembership` for the current membership id. Returns NotFound if there is no membership.
    pub async fn remove_member(
        &self,
        instance: &Instance,
        group: &GroupId,
        user: &UserId,
        permission: &Arc<dyn WritePermission>,
    ) -> Result<(), CallError> {
        let found = read(&self.budgets.directory, || {
            self.directory
                .get_group_membership_id()
                .identity_store_id(&instance.identity_store)
                .group_id(group.as_str())
                .member_id(MemberId::UserId(user.to_string()))
                .send()
        })
        .await?;
        once(&self.budgets.directory, permission, |fence| {
            self.directory
                .delete_group_membership()
                .identity_store_id(&instance.identity_store)
                .membership_id(found.membership_id())
                .customize()
                .interceptor(fence)
                .send()
        })
        .await
        .map(drop)
    }
}

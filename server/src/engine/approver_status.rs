//! Checks that the approvers of a change are still who they were when it starts: with the user pool (enabled, and in the
//! approvers' group) and with the directory (their user exists and is enabled).
//!
//! The ledger ends a role when its holder is next seen without the group, and a holder who never signs in again is
//! never seen. So the user pool is queried when a change starts. It is queried for the sign-in that approved according
//! to the ledger, and the response must contain the same subject; rows that differ are ignored. Never queried while a
//! transaction is open.

use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::{
    approval::Decision, authorize::Role, identity::LinkStatus, ids::PersonId, person::Subject,
};

use crate::{
    aws::{
        error::{CallError, ErrorClass},
        pool::PoolUser,
    },
    service::{app_state::AppState, identities},
    store::{StoreError, change::StoredChange, person},
};

/// Access to the users of the Cognito user pool.
#[async_trait]
pub trait UserPool: Send + Sync {
    /// Returns the current state of a user; none if it does not exist.
    async fn user(&self, username: &str) -> Result<Option<PoolUser>, CallError>;
}

#[async_trait]
impl UserPool for AppState {
    async fn user(&self, username: &str) -> Result<Option<PoolUser>, CallError> {
        match self.aws.pool_user(&self.settings.pool, username).await {
            Ok(user) => Ok(Some(user)),
            Err(error) if error.class == ErrorClass::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The response of the user pool and the directory about the people who approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ApproverStatus {
    Read {
        /// The people who are still approvers.
        confirmed: BTreeSet<PersonId>,
        /// The people who differ from the directory.
        differing: BTreeSet<PersonId>,
        /// The people of whom it is not clear that a sign-in still is their Identity Center user.
        unclear: BTreeSet<PersonId>,
    },
    /// A query failed.
    Unanswered,
}

/// Queries every person whose approval of a change may count.
pub(super) async fn of_approvers(
    app_state: &AppState,
    pool: &dyn UserPool,
    stored: &StoredChange,
) -> Result<ApproverStatus, StoreError> {
    let (mut confirmed, mut differing) = (BTreeSet::new(), BTreeSet::new());
    let mut unclear = BTreeSet::new();
    for (person, subject, username) in approvals(app_state, stored).await? {
        match identities::check(app_state, &person).await? {
            Some(LinkStatus::Valid) => {}
            // The approval of somebody who is not that user any more does not count.
            Some(LinkStatus::Differs(_)) => {
                differing.insert(person);
                continue;
            }
            None => continue,
            Some(LinkStatus::Unclear(_)) => {
                unclear.insert(person);
                continue;
            }
            Some(LinkStatus::NotRead(_)) => return Ok(ApproverStatus::Unanswered),
        }
        match pool.user(&username).await {
            Ok(Some(user)) if is_approver(&user, &subject) => {
                confirmed.insert(person);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(
                    code = error.code,
                    "the user pool could not be queried about an approver"
                );
                return Ok(ApproverStatus::Unanswered);
            }
        }
    }
    Ok(ApproverStatus::Read {
        confirmed,
        differing,
        unclear,
    })
}

/// Returns who approved in the current round, with the sign-in and its username in the user pool.
async fn approvals(
    app_state: &AppState,
    stored: &StoredChange,
) -> Result<Vec<(PersonId, Subject, String)>, StoreError> {
    let mut conn = app_state.store.connection().await?;
    let mut found = Vec::new();
    for given in &stored.recorded {
        if given.decision != Decision::Approve || given.round != stored.change.round {
            continue;
        }
        // An approval whose sign-in cannot be looked up, or belongs to another identity by now, does not count: an
        // ended link gives back the sign-ins that were joined.
        if let Some(subject) = &given.subject
            && let Some(username) = person::username_of(&mut conn, subject, &given.approver).await?
        {
            found.push((given.approver.clone(), subject.clone(), username));
        }
    }
    Ok(found)
}

fn is_approver(user: &PoolUser, subject: &Subject) -> bool {
    user.enabled
        && user.sub.as_deref() == Some(subject.sub.as_str())
        && user.groups.contains(Role::Approver.group())
}

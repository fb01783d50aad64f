//! Whether those who approved are still welcome, by the pool: enabled, and in the approvers' group.
//!
//! A role by the ledger ends when its holder is next seen without the group; who never comes back is
//! never seen. So the pool is asked when the change starts. It is asked about the very sign-in by which
//! the ledger says that the approval was given, and its answer must be about the same subject: rows
//! that say otherwise are not believed. Never asked while a transaction is open.

use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::{
    approval::Decision,
    authorize::Role,
    change::{Operation, State},
    ids::{ChangeId, PersonId},
    person::Subject,
};

use crate::{
    aws::{
        error::{CallError, Class},
        pool::PoolUser,
    },
    service::core::Core,
    store::{StoreError, change, ledger::proof, person},
};

/// Who knows the users of the pool.
#[async_trait]
pub trait Pool: Send + Sync {
    /// One user as it is now; none if there is no such user.
    async fn user(&self, username: &str) -> Result<Option<PoolUser>, CallError>;
}

#[async_trait]
impl Pool for Core {
    async fn user(&self, username: &str) -> Result<Option<PoolUser>, CallError> {
        match self.aws.pool_user(&self.settings.pool, username).await {
            Ok(user) => Ok(Some(user)),
            Err(error) if error.class == Class::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What the pool says of those who approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// These are approvers still.
    Told(BTreeSet<PersonId>),
    /// It could not be asked about somebody.
    Unanswered,
}

/// Asks about everybody whose approval of a change may count; nobody if it is not about to start.
pub(super) async fn of_approvers(
    core: &Core,
    pool: &dyn Pool,
    id: &ChangeId,
) -> Result<Standing, StoreError> {
    let mut still = BTreeSet::new();
    for (person, subject, username) in approvals(core, id).await? {
        match pool.user(&username).await {
            Ok(Some(user)) if is_approver(&user, &subject) => {
                still.insert(person);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(
                    code = error.code,
                    "the user pool could not be asked about an approver"
                );
                return Ok(Standing::Unanswered);
            }
        }
    }
    Ok(Standing::Told(still))
}

/// Who approved in the round in force, by which sign-in, and how the pool calls that.
async fn approvals(
    core: &Core,
    id: &ChangeId,
) -> Result<Vec<(PersonId, Subject, String)>, StoreError> {
    let mut conn = core.store.read().acquire().await?;
    let starts = change::find(&mut conn, id).await?.filter(|stored| {
        let operations = &stored.change.proposal.operations;
        stored.change.state == State::Approved && operations.iter().any(Operation::gives)
    });
    if starts.is_none() {
        return Ok(Vec::new());
    }
    let said = proof::decisions(&mut conn, id).await?;
    let mut found = Vec::new();
    for given in said.given {
        if given.decision != Decision::Approve || given.round != said.round {
            continue;
        }
        // Whom nobody can ask about does not count.
        if let Some(subject) = given.subject
            && let Some(username) = person::username_of(&mut conn, &subject).await?
        {
            found.push((given.approver, subject, username));
        }
    }
    Ok(found)
}

fn is_approver(user: &PoolUser, subject: &Subject) -> bool {
    user.enabled
        && user.sub.as_deref() == Some(subject.sub.as_str())
        && user.groups.contains(Role::Approver.group())
}

//! The declared classification of an account: rows of the database, so that a step is one transaction.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    engine::{CarryOut, Retry, StepAnswer, SubjectContent},
    ids::AccountId,
    permission_set::ContentHash,
    subject::{Step, SubjectKey},
};

use super::{OTHER_KIND, SagaSubject};
use crate::{
    engine::{
        declarations::{self, Prepared},
        saga_steps::is_in_time,
    },
    service::{app_state::AppState, publication},
    store::{self, StoreError, declaration::InForce},
};

/// The declared classifications of accounts.
pub(super) struct Classifications;

#[async_trait]
impl SagaSubject for Classifications {
    async fn read(&self, app_state: &Arc<AppState>, key: &SubjectKey) -> SubjectContent {
        let SubjectKey::AccountClassification { account } = key else {
            return SubjectContent::Unreadable(OTHER_KIND.into());
        };
        read(app_state, account).await
    }

    async fn carry_out(&self, app_state: &Arc<AppState>, call: &CarryOut) -> StepAnswer {
        let Step::Declare { account, document } = &call.step else {
            return StepAnswer::NotSent;
        };
        carry_out(app_state, call, account, document.as_deref()).await
    }
}

/// Returns what a page says about an error. The log holds the error itself.
fn told(error: &StoreError) -> String {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "a declaration could not be read or written"
    );
    let words = match error {
        StoreError::Conflict(_) => "somebody else changed the declaration meanwhile",
        error if error.is_unavailable() => "the database is not available",
        _ => "an internal error, which the log of the server holds",
    };
    words.to_owned()
}

/// Reads the content of the declaration in force. What the ledger does not confirm is not in force.
async fn read(app_state: &Arc<AppState>, account: &AccountId) -> SubjectContent {
    match in_force(app_state, account).await {
        Ok(content) => SubjectContent::Is(content),
        Err(error) => SubjectContent::Unreadable(told(&error)),
    }
}

async fn in_force(
    app_state: &Arc<AppState>,
    account: &AccountId,
) -> Result<ContentHash, StoreError> {
    let mut conn = app_state.store.connection().await?;
    let found = store::declaration::in_force(&mut conn, account).await?;
    Ok(InForce::content(found.as_ref()))
}

/// Puts a declaration in force, with its entry in the ledger. A second execution finds it in force and writes nothing.
async fn carry_out(
    app_state: &Arc<AppState>,
    call: &CarryOut,
    account: &AccountId,
    document: Option<&str>,
) -> StepAnswer {
    let later = |error: &StoreError| StepAnswer::Refused {
        reason: told(error),
        retry: Retry::Later,
    };
    let prepared = declarations::prepare(app_state, call, account, document).await;
    let tx = match prepared {
        // Nothing was committed.
        Err(error) => return later(&error),
        Ok(Prepared::InForce) => {
            // The read model may not show it, if the commit was reported as failed.
            publication::moved(app_state, [account.clone()], []);
            return StepAnswer::Done;
        }
        Ok(Prepared::Superseded) => return StepAnswer::NotSent,
        Ok(Prepared::Written(tx)) => tx,
    };
    if !is_in_time(app_state, call) {
        return StepAnswer::NotSent;
    }
    let committed = tx.commit().await;
    // Also if the outcome is not known.
    publication::moved(app_state, [account.clone()], []);
    match committed {
        Ok(()) => StepAnswer::Done,
        Err(error) => StepAnswer::Unknown(told(&error)),
    }
}

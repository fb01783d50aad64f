//! The declared classification of an account: rows of the database, so that a step is one transaction.

use std::sync::Arc;

use domain::{
    engine::{CarryOut, Retry, StepAnswer, SubjectContent},
    ids::AccountId,
    permission_set::ContentHash,
};

use crate::{
    engine::declarations,
    service::app_state::AppState,
    store::{self, StoreError, declaration::InForce},
};

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
pub(super) async fn read(app_state: &Arc<AppState>, account: &AccountId) -> SubjectContent {
    match in_force(app_state, account).await {
        Ok(content) => SubjectContent::Is(content),
        Err(error) => SubjectContent::Unreadable(told(&error)),
    }
}

async fn in_force(
    app_state: &Arc<AppState>,
    account: &AccountId,
) -> Result<ContentHash, StoreError> {
    // Whoever reads that a declaration is in force finds the account classified by it.
    declarations::refresh_pending(app_state).await?;
    let mut conn = app_state.store.read().acquire().await?;
    let found = store::declaration::in_force(&mut conn, account).await?;
    Ok(InForce::content(found.as_ref()))
}

/// Puts a declaration in force, with its entry in the ledger. A second execution finds it in force and writes nothing.
pub(super) async fn carry_out(
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
        Ok(None) => return StepAnswer::Done,
        Ok(Some(tx)) => tx,
    };
    if let Err(error) = tx.commit().await {
        return StepAnswer::Unknown(told(&error));
    }
    declarations::declared(app_state, account).await;
    StepAnswer::Done
}

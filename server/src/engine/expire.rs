//! Expires changes that were not decided in time, or were approved and could not start in time, and declarations at their
//! end. Each change has a separate transaction, so that one that is being decided does not delay the others.

use std::{sync::Arc, time::Duration};

use domain::{ids::ChangeId, time::Timestamp};

use super::declarations;
use crate::{
    service::app_state::AppState,
    store::{
        StoreError,
        change::{self, FoundChange},
    },
};

/// How often the loop runs: a change states its expiry to the minute.
const EVERY: Duration = Duration::from_secs(10);

/// Runs forever.
pub async fn run(app_state: Arc<AppState>) {
    loop {
        if let Err(error) = expire_due(&app_state, app_state.clock.now()).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "changes could not be expired"
            );
        }
        if let Err(error) = declarations::end_due(&app_state).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "accounts could not be classified after the end of their declarations"
            );
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Expires every change whose time is over and returns their ids.
pub async fn expire_due(app_state: &AppState, now: Timestamp) -> Result<Vec<ChangeId>, StoreError> {
    let mut conn = app_state.store.connection().await?;
    let due = change::undecided_until(&mut conn, now).await?;
    drop(conn);
    let mut expired = Vec::new();
    for id in due {
        let mut tx = app_state.store.write().await?;
        let Some(stored) = change::lock(&mut tx, &id)
            .await?
            .and_then(FoundChange::known)
        else {
            continue;
        };
        // It may have been decided since it was found, or may still start.
        let Some(state) = stored.change.expire(now) else {
            continue;
        };
        change::set_state(&mut tx, &id, stored.version, state, None, now).await?;
        let entry = app_state.journal.change_expired(&id);
        app_state.journal.append(&mut tx, entry).await?;
        tx.commit().await?;
        app_state.announce(&id, state);
        expired.push(id);
    }
    Ok(expired)
}

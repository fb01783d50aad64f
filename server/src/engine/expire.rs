//! Expires changes that were not decided in time or could not start, and declarations at their end.

use std::{sync::Arc, time::Duration};

use super::declarations;
use crate::service::{app_state::AppState, changes};

/// How often the loop runs: a change states its expiry to the minute.
const EVERY: Duration = Duration::from_secs(10);

/// Runs forever.
pub async fn run(app_state: Arc<AppState>) {
    loop {
        if let Err(error) = changes::expire_due(&app_state, app_state.clock.now()).await {
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

//! Expires changes that were not decided in time or could not start.

use std::{sync::Arc, time::Duration};

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
        tokio::time::sleep(EVERY).await;
    }
}

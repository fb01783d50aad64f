//! Ends what nobody decided in time, and what could not begin.

use std::{sync::Arc, time::Duration};

use crate::service::{changes, core::Core};

/// How often it looks: a change says until when it waits, to the minute.
const EVERY: Duration = Duration::from_secs(10);

/// Runs for ever.
pub async fn run(core: Arc<Core>) {
    loop {
        if let Err(error) = changes::expire_due(&core, core.clock.now()).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "changes could not be expired"
            );
        }
        tokio::time::sleep(EVERY).await;
    }
}

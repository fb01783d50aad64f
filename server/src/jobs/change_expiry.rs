//! The job that expires changes. Finding none that is over is a read, and no job.

use std::sync::Arc;

use super::registry::JobResult;
use crate::{engine::expire, service::app_state::AppState, store::StoreError};

pub(super) async fn is_due(app_state: &AppState) -> Result<bool, StoreError> {
    expire::is_due(app_state, app_state.clock.now()).await
}

/// Each change is expired in a transaction that locks it and looks at it again, so that two runs do no harm.
pub(super) async fn body(app_state: Arc<AppState>) -> JobResult {
    let expired = expire::expire_due(&app_state, app_state.clock.now()).await?;
    Ok(serde_json::json!({ "expired": expired.len() }).to_string())
}

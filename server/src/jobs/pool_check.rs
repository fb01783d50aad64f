//! The job that checks that the user pool still fits the configuration, as a start does: somebody may since have let people
//! write the attribute that links their sign-ins, or removed an identity provider.

use std::sync::Arc;

use super::registry::JobResult;
use crate::{config::SignInArgs, pool_configuration, service::app_state::AppState};

pub(super) async fn body(app_state: Arc<AppState>, sign_in: Arc<SignInArgs>) -> JobResult {
    let pool = &app_state.settings.pool;
    let linked = pool_configuration::check(&app_state.aws, pool, &sign_in).await?;
    Ok(serde_json::json!({ "sign_ins": linked }).to_string())
}

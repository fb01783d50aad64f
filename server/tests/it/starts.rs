//! The verdict of the engine on a change that is about to start, on its row of now.

use domain::{engine::StartVerdict, ids::ChangeId};
use server::{
    engine::{
        approver_status::UserPool,
        start::{self, NoVerdict},
    },
    service::app_state::AppState,
};

pub async fn fresh_verdict(
    app_state: &AppState,
    pool: &dyn UserPool,
    change: &ChangeId,
) -> Result<StartVerdict, NoVerdict> {
    let loaded = start::load(app_state, change).await?;
    start::fresh_verdict(app_state, pool, &loaded.expect("it is stored")).await
}

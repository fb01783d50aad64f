//! The verdict of the engine on a change that is about to start, on its row of now.

use domain::{engine::StartVerdict, ids::ChangeId};
use server::{
    engine::{
        approver_status::UserPool,
        start::{self, NoVerdict},
    },
    service::app_state::AppState,
    store::change::FoundChange,
};

pub async fn fresh_verdict(
    app_state: &AppState,
    pool: &dyn UserPool,
    change: &ChangeId,
) -> Result<StartVerdict, NoVerdict> {
    match start::load(app_state, change).await? {
        Some(FoundChange::Known(loaded)) => start::fresh_verdict(app_state, pool, &loaded).await,
        Some(FoundChange::Unreadable(_)) => Ok(StartVerdict::NoLongerWanted),
        None => panic!("it is stored"),
    }
}

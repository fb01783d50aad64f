//! The declared classification of an account: not carried out by this version.

use std::sync::Arc;

use domain::{
    engine::{CarryOut, StepAnswer, SubjectContent},
    ids::AccountId,
    subject::account_classification::Declaration,
};

use crate::service::app_state::AppState;

#[expect(clippy::unused_async, reason = "it will use the store")]
pub(super) async fn read(_app_state: &Arc<AppState>, account: &AccountId) -> SubjectContent {
    SubjectContent::Unreadable(format!(
        "this version does not read the declared classification of an account ({account})"
    ))
}

#[expect(clippy::unused_async, reason = "it will use the store")]
pub(super) async fn carry_out(
    _app_state: &Arc<AppState>,
    _call: &CarryOut,
    _account: &AccountId,
    _declaration: Option<&Declaration>,
) -> StepAnswer {
    StepAnswer::NotSent
}

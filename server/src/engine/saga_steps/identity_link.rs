//! The Identity Center user of an identity: not carried out by this version.

use std::sync::Arc;

use domain::{
    engine::{CarryOut, StepAnswer, SubjectContent},
    ids::{PersonId, UserId},
};

use crate::service::app_state::AppState;

#[expect(clippy::unused_async, reason = "it will use the store")]
pub(super) async fn read(_app_state: &Arc<AppState>, person: &PersonId) -> SubjectContent {
    SubjectContent::Unreadable(format!(
        "this version does not read the Identity Center user of an identity ({person})"
    ))
}

#[expect(clippy::unused_async, reason = "it will use the store")]
pub(super) async fn carry_out(
    _app_state: &Arc<AppState>,
    _call: &CarryOut,
    _person: &PersonId,
    _user: Option<&UserId>,
) -> StepAnswer {
    StepAnswer::NotSent
}

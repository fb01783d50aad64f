//! Reads the subjects of sagas and carries out their steps, one file per kind of subject.
//!
//! Each file has two functions. `read` returns the hash of the complete content now, and never *gone* for what it could
//! not read. `carry_out` writes one step, compares `CarryOut::from` in the same transaction and refuses on any other
//! content, and answers `Unknown` unless it knows that the transaction ended. It never retries: the reconciler does.

mod account_classification;
mod identity_link;

use std::sync::Arc;

use domain::{
    engine::{CarryOut, StepAnswer, SubjectContent},
    subject::{Step, SubjectKey},
};

use crate::service::app_state::AppState;

/// Reads the content of a subject.
pub(super) async fn read(app_state: &Arc<AppState>, key: &SubjectKey) -> SubjectContent {
    match key {
        SubjectKey::AccountClassification { account } => {
            account_classification::read(app_state, account).await
        }
        SubjectKey::IdentityLink { person } => identity_link::read(app_state, person).await,
        // The reconciler keeps access in the desired state and has no saga for it.
        SubjectKey::Assignment(_) | SubjectKey::Membership { .. } => {
            SubjectContent::Unreadable("access is not carried out by a saga".into())
        }
    }
}

/// Carries out one step, unless its time has passed.
pub(super) async fn carry_out(app_state: &Arc<AppState>, call: &CarryOut) -> StepAnswer {
    if app_state.clock.now() > call.not_after {
        return StepAnswer::NotSent;
    }
    match &call.step {
        Step::Declare { account, document } => {
            account_classification::carry_out(app_state, call, account, document.as_deref()).await
        }
        Step::Link { person, user } => {
            identity_link::carry_out(app_state, call, person, user.as_ref()).await
        }
    }
}

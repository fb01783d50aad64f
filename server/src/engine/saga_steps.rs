//! Reads the subjects of sagas and carries out their steps, one file per kind of subject. A kind is added by its file and
//! by its row in `of`.

mod account_classification;
mod identity_link;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    engine::{CarryOut, StepAnswer, SubjectContent},
    subject::{SubjectKey, SubjectKind},
};

use crate::{
    service::app_state::AppState,
    store::{self, StoreError, Tx},
};

/// A kind of subject that a saga carries out.
#[async_trait]
trait SagaSubject: Sync {
    /// Returns the hash of the complete content now, and never *gone* for what it could not read.
    async fn read(&self, app_state: &Arc<AppState>, key: &SubjectKey) -> SubjectContent;

    /// Writes one step. Compares `CarryOut::from` in the same transaction and refuses on any other content, and answers
    /// `Unknown` unless it knows that the transaction ended. Never retries: the reconciler does.
    async fn carry_out(&self, app_state: &Arc<AppState>, call: &CarryOut) -> StepAnswer;
}

/// The answer about a subject of another kind, which nobody asks for.
const OTHER_KIND: &str = "the subject is of another kind";

/// Returns what reads and writes subjects of a kind. None for access, which the reconciler keeps in the desired state.
fn of(kind: SubjectKind) -> Option<&'static dyn SagaSubject> {
    match kind {
        SubjectKind::Assignment | SubjectKind::Membership => None,
        SubjectKind::AccountClassification => Some(&account_classification::Classifications),
        SubjectKind::IdentityLink => Some(&identity_link::IdentityLinks),
    }
}

/// Reads the content of a subject.
pub(super) async fn read(app_state: &Arc<AppState>, key: &SubjectKey) -> SubjectContent {
    match of(key.kind()) {
        Some(subject) => subject.read(app_state, key).await,
        None => SubjectContent::Unreadable("access is not carried out by a saga".into()),
    }
}

/// Carries out one step, unless its time has passed.
pub(super) async fn carry_out(app_state: &Arc<AppState>, call: &CarryOut) -> StepAnswer {
    if !is_in_time(app_state, call) {
        return StepAnswer::NotSent;
    }
    match of(call.step.kind()) {
        Some(subject) => subject.carry_out(app_state, call).await,
        None => StepAnswer::NotSent,
    }
}

/// Begins the transaction of a step; none if another process carries out the steps now.
pub(super) async fn begin(app_state: &AppState, call: &CarryOut) -> Result<Option<Tx>, StoreError> {
    let mut tx = app_state.store.write().await?;
    match store::engine::hold(&mut tx, call.generation).await {
        Ok(()) => Ok(Some(tx)),
        Err(StoreError::Conflict(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a step may still be committed. Asked last, because locks and reads may take long: after that time, the change
/// may already be told as failed.
fn is_in_time(app_state: &AppState, call: &CarryOut) -> bool {
    app_state.clock.now() <= call.not_after
}

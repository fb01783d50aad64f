//! The body of each kind of job, and how a kind without an interval finds out that it is due.

use std::sync::Arc;

use domain::job::{JobFailure, JobKind};
use futures::future::BoxFuture;
use thiserror::Error;

use super::{JobProgress, change_expiry, crawl};
use crate::{
    service::{app_state::AppState, instance::InstanceError},
    store::{StoreError, job::JobLease},
};

/// What a body gets.
pub(super) struct JobRun {
    /// To be confirmed in each transaction in which the body stores something that another run would store, too.
    pub lease: JobLease,
    pub progress: Arc<JobProgress>,
}

/// Why a body ended without a result.
#[derive(Debug, Error)]
pub(super) enum JobError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Instance(#[from] InstanceError),
    #[error("the body panicked")]
    Panicked(#[from] tokio::task::JoinError),
}

impl JobError {
    /// Returns the reason for pages, which contains no text of an error.
    pub(super) fn failure(&self) -> JobFailure {
        match self {
            Self::Store(error) | Self::Instance(InstanceError::Store(error)) => {
                if error.is_unavailable() {
                    JobFailure::DatabaseUnavailable
                } else {
                    JobFailure::Internal
                }
            }
            Self::Instance(InstanceError::Other { .. }) => JobFailure::OtherInstance,
            Self::Panicked(_) => JobFailure::Internal,
        }
    }
}

/// The result of a body: a JSON document.
pub(super) type JobResult = Result<String, JobError>;

/// Starts the body of a kind. No kind has a payload yet: its first field is read here, by its version.
pub(super) fn body(
    kind: JobKind,
    app_state: Arc<AppState>,
    run: JobRun,
) -> BoxFuture<'static, JobResult> {
    match kind {
        JobKind::Crawl => Box::pin(crawl::body(app_state, run)),
        JobKind::ChangeExpiry => Box::pin(change_expiry::body(app_state)),
    }
}

/// Whether a job of a kind that runs when it is due has work.
pub(super) async fn is_due(kind: JobKind, app_state: &AppState) -> Result<bool, StoreError> {
    match kind {
        JobKind::Crawl => Ok(false),
        JobKind::ChangeExpiry => change_expiry::is_due(app_state).await,
    }
}

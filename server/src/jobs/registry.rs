//! The body of each kind of job, and how a kind without an interval finds out that it is due.

use std::sync::Arc;

use domain::job::{JobFailure, JobKind};
use futures::future::BoxFuture;
use thiserror::Error;

use super::{JobProgress, change_expiry, crawl, pool_check, row_comparison, sealing};
use crate::{
    config::SignInArgs,
    engine::seal::{Fault, Sealer},
    pool_configuration::PoolMismatch,
    service::{app_state::AppState, instance::InstanceError},
    store::{StoreError, job::JobLease},
};

/// What bodies need besides the app state. Kinds whose tool is missing do not run in this process.
#[derive(Clone, Default)]
pub struct JobTools {
    /// Signs the ledger.
    pub sealer: Option<Sealer>,
    /// What the user pool has to fit.
    pub sign_in: Option<Arc<SignInArgs>>,
}

impl JobTools {
    /// Whether jobs of a kind can run in this process.
    pub(super) fn suffice(&self, kind: JobKind) -> bool {
        match kind {
            JobKind::Crawl | JobKind::ChangeExpiry | JobKind::RowComparison => true,
            JobKind::Sealing => self.sealer.is_some(),
            JobKind::PoolCheck => self.sign_in.is_some(),
        }
    }
}

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
    #[error(transparent)]
    Pool(#[from] PoolMismatch),
    #[error("the ledger could not be sealed")]
    NotSealed(#[from] Fault),
    /// A crawl read nothing at all.
    #[error("AWS answered nothing that a crawl needs")]
    NoAnswer,
    #[error("this process cannot run jobs of this kind")]
    NoTool,
    #[error("the body panicked")]
    Panicked(#[from] tokio::task::JoinError),
}

impl JobError {
    /// Returns the reason for pages, which contains no text of an error.
    pub(super) fn failure(&self) -> JobFailure {
        match self {
            Self::Store(error)
            | Self::Instance(InstanceError::Store(error))
            | Self::NotSealed(Fault::Store(error)) => {
                if error.is_unavailable() {
                    JobFailure::DatabaseUnavailable
                } else {
                    JobFailure::Internal
                }
            }
            Self::Instance(InstanceError::Other { .. }) => JobFailure::OtherInstance,
            Self::Pool(PoolMismatch::Unread(_)) | Self::NoAnswer => JobFailure::NoAnswerFromAws,
            Self::Pool(PoolMismatch::Config(_)) => JobFailure::PoolDiffers,
            Self::NotSealed(_) => JobFailure::NotSealed,
            Self::NoTool | Self::Panicked(_) => JobFailure::Internal,
        }
    }
}

/// The result of a body: a JSON document.
pub(super) type JobResult = Result<String, JobError>;

/// Starts the body of a kind. No kind has a payload yet: its first field is read here, by its version.
pub(super) fn body(
    kind: JobKind,
    app_state: Arc<AppState>,
    tools: JobTools,
    run: JobRun,
) -> BoxFuture<'static, JobResult> {
    match kind {
        JobKind::Crawl => Box::pin(crawl::body(app_state, run)),
        JobKind::ChangeExpiry => Box::pin(change_expiry::body(app_state)),
        JobKind::RowComparison => Box::pin(row_comparison::body(app_state, run)),
        JobKind::Sealing => Box::pin(async move {
            let sealer = tools.sealer.ok_or(JobError::NoTool)?;
            sealing::body(sealer, &run.progress).await
        }),
        JobKind::PoolCheck => Box::pin(async move {
            let sign_in = tools.sign_in.ok_or(JobError::NoTool)?;
            pool_check::body(app_state, sign_in).await
        }),
    }
}

/// Whether a job of a kind that runs when it is due has work.
pub(super) async fn is_due(
    kind: JobKind,
    app_state: &AppState,
    tools: &JobTools,
) -> Result<bool, StoreError> {
    match kind {
        JobKind::Crawl | JobKind::RowComparison | JobKind::PoolCheck => Ok(false),
        JobKind::ChangeExpiry => change_expiry::is_due(app_state).await,
        JobKind::Sealing => Ok(tools.sealer.as_ref().is_some_and(Sealer::is_due)),
    }
}

//! The job that reads everything from AWS. Its result is the report that `leastwise sync` prints.

use std::{
    convert::Infallible,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    JobProgress,
    registry::{JobError, JobResult, JobRun},
};
use crate::{
    aws::{budget::Budgets, crawl::CrawlProgress},
    engine::sync,
    service::{app_state::AppState, oversight},
    store::to_json,
};

/// How often the progress is copied.
const EVERY: Duration = Duration::from_millis(250);

pub(super) async fn body(app_state: Arc<AppState>, run: JobRun) -> JobResult {
    let progress = Arc::new(CrawlProgress::default());
    let report = tokio::select! {
        report = sync::once(&app_state, &progress, Some(&run.lease)) => report?,
        never = copy(&progress, &app_state.aws.budgets, &run.progress) => match never {},
    };
    tracing::info!(
        seconds = report.seconds,
        pairs = %report.pairs,
        complete = report.complete,
        unread = report.unread.len(),
        drift = report.drift,
        "crawled"
    );
    if report.nothing_read {
        return Err(JobError::NoAnswer);
    }
    oversight::warn_of_idle_marks(&app_state);
    Ok(to_json(&report))
}

/// Copies the progress until the crawl ends. A call to AWS counts as work, also while no pair is read.
async fn copy(from: &CrawlProgress, calls: &Budgets, to: &JobProgress) -> Infallible {
    loop {
        to.set(
            from.pairs.load(Ordering::Relaxed),
            from.pairs_known.load(Ordering::Relaxed),
        );
        to.set_activity(calls.sso.calls() + calls.directory.calls() + calls.organizations.calls());
        tokio::time::sleep(EVERY).await;
    }
}

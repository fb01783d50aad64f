//! Runs one claimed job to its end, and writes that end under its lease.

use std::{sync::Arc, time::Duration};

use domain::job::{AfterFailure, JobFailure, JobPlace};
use tokio::{sync::watch, task::JoinHandle};

use super::{
    JobProgress, JobTimes, JobTools,
    holder::{HoldEnd, Holder},
    registry::{self, JobError, JobResult, JobRun},
};
use crate::{
    clock,
    service::{app_state::AppState, jobs},
    store::{
        StoreError,
        job::{self, ClaimedJob, JobEnd},
    },
};

/// A body that ends when this is dropped.
struct BodyTask(JoinHandle<JobResult>);

impl BodyTask {
    /// Ends the body and waits until it has ended, because the next attempt must not run beside it.
    async fn stop(&mut self) {
        self.0.abort();
        // What it returned meanwhile no longer counts.
        let _ = (&mut self.0).await;
    }
}

impl Drop for BodyTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs a job that was claimed at `claimed`.
pub(super) async fn run(
    app_state: Arc<AppState>,
    tools: JobTools,
    claimed: ClaimedJob,
    engine_runs_here: watch::Receiver<bool>,
    times: JobTimes,
    claimed_at: Duration,
) {
    let (kind, rules) = (claimed.kind, claimed.kind.rules());
    let progress = Arc::new(JobProgress::default());
    let run = JobRun {
        lease: claimed.lease.clone(),
        progress: progress.clone(),
    };
    let holder = Holder {
        store: app_state.store.clone(),
        lease: claimed.lease.clone(),
        times,
        progress,
        idle_limit: Duration::from_millis(rules.idle_limit.0.unsigned_abs()),
    };
    let body = registry::body(kind, app_state.clone(), tools, run);
    let mut body = BodyTask(tokio::spawn(body));
    let end = tokio::select! {
        done = &mut body.0 => {
            Some(ended(&claimed, done.unwrap_or_else(|error| Err(JobError::from(error)))))
        }
        why = holder.hold(claimed_at) => {
            body.stop().await;
            held_up(&claimed, why)
        }
        () = engine_left(rules.place, engine_runs_here) => {
            body.stop().await;
            Some(JobEnd::GivenBack)
        }
    };
    if let Some(end) = end {
        write(&app_state, &claimed, &end, times).await;
    }
}

/// Returns what the outcome of a body means for its job.
fn ended(claimed: &ClaimedJob, outcome: JobResult) -> JobEnd {
    match outcome {
        Ok(result) => JobEnd::Done(result),
        Err(error) => {
            tracing::error!(
                job = %claimed.lease.job,
                kind = claimed.kind.as_str(),
                attempt = claimed.attempts,
                error = &error as &dyn std::error::Error,
                "a job failed"
            );
            failed(claimed, error.failure())
        }
    }
}

/// Returns what the end of a hold means for its job; nothing if another process has it.
fn held_up(claimed: &ClaimedJob, why: HoldEnd) -> Option<JobEnd> {
    let (job, kind) = (&claimed.lease.job, claimed.kind.as_str());
    match why {
        HoldEnd::CancelRequested => Some(JobEnd::Cancelled),
        HoldEnd::Lost => {
            tracing::warn!(%job, kind, "the lease of a job was lost, and its work here ended");
            None
        }
        HoldEnd::NoProgress => {
            tracing::error!(%job, kind, "a job made no progress and was stopped");
            Some(failed(claimed, JobFailure::NoProgress))
        }
    }
}

/// Returns what follows a failed attempt of a job.
fn failed(claimed: &ClaimedJob, why: JobFailure) -> JobEnd {
    match claimed.kind.after_failure(claimed.attempts, jitter()) {
        AfterFailure::Retry(pause) if why.passes() => JobEnd::Again { pause, why },
        AfterFailure::Retry(_) | AfterFailure::GiveUp => JobEnd::Failed(why),
    }
}

/// Returns a number from 0 to 999.
fn jitter() -> u16 {
    let random = clock::random();
    u16::from_be_bytes([random[0], random[1]]) % 1_000
}

/// Completes when the engine no longer runs in this process and the job must run where it does.
async fn engine_left(place: JobPlace, mut engine_runs_here: watch::Receiver<bool>) {
    let left = match place {
        JobPlace::Anywhere => false,
        JobPlace::WithEngine => engine_runs_here.wait_for(|here| !*here).await.is_ok(),
    };
    if !left {
        // Without a sender the engine stays where it is.
        std::future::pending::<()>().await;
    }
}

/// Writes the end of a job, also if the database is away for a while: another process that took the job over makes this
/// end count for nothing.
async fn write(app_state: &AppState, claimed: &ClaimedJob, end: &JobEnd, times: JobTimes) {
    loop {
        match try_write(app_state, claimed, end).await {
            Ok(true) => return,
            Ok(false) => {
                let job = &claimed.lease.job;
                tracing::warn!(%job, "another process has a job that ended here, and its result was dropped");
                return;
            }
            Err(error) => {
                tracing::error!(
                    job = %claimed.lease.job,
                    error = &error as &dyn std::error::Error,
                    "the end of a job could not be written and is tried again"
                );
                tokio::time::sleep(times.poll).await;
            }
        }
    }
}

async fn try_write(
    app_state: &AppState,
    claimed: &ClaimedJob,
    end: &JobEnd,
) -> Result<bool, StoreError> {
    let now = app_state.clock.now();
    let mut tx = app_state.store.write().await?;
    if !job::end(&mut tx, &claimed.lease, end, now).await? {
        return Ok(false);
    }
    jobs::plan_after(&mut tx, &app_state.settings, claimed.kind, end, now).await?;
    job::delete_old(&mut tx, claimed.kind, now).await?;
    tx.commit().await?;
    Ok(true)
}

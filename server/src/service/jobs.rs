//! Requests for jobs, and when a kind of job runs next. Runs none: `server/src/jobs` does.

use std::collections::BTreeMap;

use domain::{
    job::{FARTHEST, JobKind, JobSchedule, JobState},
    time::{Duration, Timestamp},
};

use super::{app_state::AppState, settings::Settings};
use crate::store::{
    StoreError, Tx,
    job::{self, Enqueued, JobEnd, JobGroup, NewJob},
};

/// How often rows are compared with the ledger. What differs has no effect, so that an hour delays nothing but the alarm, and
/// the comparison of a large database occupies a connection for some seconds.
const COMPARE_EVERY: Duration = Duration::hours(1);
/// How often the user pool is checked, like the crawl by default: somebody may change either of them in AWS at any time.
const CHECK_POOL_EVERY: Duration = Duration::minutes(15);

/// Requests a crawl that begins now, or after the one that runs, and tells the worker of this process.
pub async fn request_crawl(app_state: &AppState) -> Result<Enqueued, StoreError> {
    request(app_state, JobKind::Crawl).await
}

/// Requests a job of which one waits at most, in a transaction of its own.
pub async fn request(app_state: &AppState, kind: JobKind) -> Result<Enqueued, StoreError> {
    let now = app_state.clock.now();
    let mut tx = app_state.store.write().await?;
    let enqueued = job::enqueue(&mut tx, &NewJob::only(kind, now), now).await?;
    tx.commit().await?;
    app_state.wake_jobs.notify_one();
    Ok(enqueued)
}

/// Plans the next job of a kind that runs at intervals, if none waits. In the transaction in which the last one ended.
pub async fn plan_next(
    tx: &mut Tx,
    settings: &Settings,
    kind: JobKind,
    now: Timestamp,
) -> Result<(), StoreError> {
    match kind.rules().schedule {
        JobSchedule::WhenDue => {}
        JobSchedule::Interval => {
            let pause = interval(settings, kind).0.clamp(0, FARTHEST.0);
            job::enqueue(tx, &NewJob::only(kind, now + Duration(pause)), now).await?;
        }
    }
    Ok(())
}

/// Plans the next job if this end of an attempt is the end of its job.
pub async fn plan_after(
    tx: &mut Tx,
    settings: &Settings,
    kind: JobKind,
    end: &JobEnd,
    now: Timestamp,
) -> Result<(), StoreError> {
    match end {
        JobEnd::Done(_) | JobEnd::Failed(_) | JobEnd::Cancelled => {
            plan_next(tx, settings, kind, now).await
        }
        JobEnd::Again { .. } | JobEnd::GivenBack => Ok(()),
    }
}

/// Returns the time from the end of a job to the next one. Only kinds that run at intervals have one.
fn interval(settings: &Settings, kind: JobKind) -> Duration {
    match kind {
        JobKind::Crawl => settings.crawl_every,
        JobKind::RowComparison => COMPARE_EVERY,
        JobKind::PoolCheck => CHECK_POOL_EVERY,
        JobKind::ChangeExpiry | JobKind::Sealing => FARTHEST,
    }
}

/// Returns the number of jobs by kind and state as Prometheus text. A state without jobs is zero, so that an alarm on it has
/// a value; nothing is returned while the database cannot be read.
pub async fn metrics(app_state: &AppState) -> String {
    let groups = match groups(app_state).await {
        Ok(groups) => groups,
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "jobs could not be counted"
            );
            return String::new();
        }
    };
    let mut counts: BTreeMap<(&str, JobState), u64> = JobKind::ALL
        .iter()
        .flat_map(|kind| JobState::ALL.map(|state| ((kind.as_str(), state), 0)))
        .collect();
    counts.extend(
        groups
            .iter()
            .map(|group| ((group.kind.as_str(), group.state), group.count)),
    );
    let lines = counts.into_iter().map(|((kind, state), count)| {
        let state = state.as_str();
        format!("leastwise_jobs{{kind=\"{kind}\",state=\"{state}\"}} {count}\n")
    });
    lines.collect()
}

async fn groups(app_state: &AppState) -> Result<Vec<JobGroup>, StoreError> {
    let mut conn = app_state.store.connection().await?;
    job::groups(&mut conn).await
}

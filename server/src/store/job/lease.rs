//! Leases: claiming a waiting job, the heartbeat of its holder, and the return of a job whose holder is gone.

use domain::{
    ids::JobId,
    job::{JobFailure, JobKind},
    time::Timestamp,
};

use super::{JobEnd, list::ActiveJob};
use crate::{
    clock,
    store::{Store, StoreError, Tx, affected},
};

/// The right to run one job, and to write its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobLease {
    pub job: JobId,
    pub token: String,
}

/// A job that this process runs from now on.
#[derive(Debug, Clone)]
pub struct ClaimedJob {
    pub lease: JobLease,
    pub kind: JobKind,
    pub payload_version: i64,
    pub payload: String,
    /// The attempts so far, with this one.
    pub attempts: u32,
}

/// Claims a waiting job for the process `owner`. None if another process was faster, or a job of the same key runs.
pub async fn claim(
    store: &Store,
    job: &ActiveJob,
    kind: JobKind,
    owner: &str,
    now: Timestamp,
) -> Result<Option<ClaimedJob>, StoreError> {
    let lease = JobLease {
        job: job.id.clone(),
        token: clock::row_id(),
    };
    let mut tx = store.write().await?;
    let claimed = sqlx::query(
        "update job set state = 'running', lease = $1, owner = $2, beat = 0, attempts = attempts + 1, started_at = $3, \
         ended_at = null, progress_done = 0, progress_of = 0, cancel_requested = 0, result = null \
         where id = $4 and state = 'waiting' and not exists \
         (select 1 from job as other where other.unique_key = job.unique_key and other.state = 'running')",
    )
    .bind(&lease.token)
    .bind(owner)
    .bind(now.0)
    .bind(lease.job.as_str())
    .execute(tx.conn())
    .await;
    match claimed {
        Ok(done) if done.rows_affected() == 1 => {}
        Ok(_) => return Ok(None),
        // Another process claimed a job of the same key in the same moment.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    tx.commit().await?;
    Ok(Some(ClaimedJob {
        lease,
        kind,
        payload_version: job.payload_version,
        payload: job.payload.clone(),
        attempts: job.attempts + 1,
    }))
}

/// What the holder of a lease learns from its heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobBeat {
    Held,
    /// Somebody wants the job to end.
    CancelRequested,
    /// Another process has the job, or it is over.
    Lost,
}

/// Raises the counter of a lease, and writes the progress.
pub async fn beat(
    store: &Store,
    lease: &JobLease,
    (done, of): (u64, u64),
) -> Result<JobBeat, StoreError> {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let mut tx = store.write().await?;
    let row: Option<(i64,)> = sqlx::query_as(
        "update job set beat = beat + 1, progress_done = $1, progress_of = $2 \
         where id = $3 and lease = $4 and state = 'running' returning cancel_requested",
    )
    .bind(number(done))
    .bind(number(of))
    .bind(lease.job.as_str())
    .bind(&lease.token)
    .fetch_optional(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(match row {
        None => JobBeat::Lost,
        Some((0,)) => JobBeat::Held,
        Some(_) => JobBeat::CancelRequested,
    })
}

/// Checks in the transaction of a job's own writes that the lease is held, and keeps it from being taken over until the
/// transaction ends. To be called last: it locks the row that the heartbeat writes.
pub async fn confirm(tx: &mut Tx, lease: &JobLease) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update job set beat = beat + 1 where id = $1 and lease = $2 and state = 'running'",
    )
    .bind(lease.job.as_str())
    .bind(&lease.token)
    .execute(tx.conn())
    .await?;
    affected(done.rows_affected(), "the lease of this job")
}

/// Ends the attempt of a job whose holder is gone, if its lease still is what was seen. False if its holder is there after
/// all.
pub async fn reclaim(
    tx: &mut Tx,
    job: &ActiveJob,
    end: &JobEnd,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(seen) = &job.lease else {
        return Ok(false);
    };
    // Takes the lease from its holder before the job is put back.
    let lease = JobLease {
        job: job.id.clone(),
        token: clock::row_id(),
    };
    let taken = sqlx::query(
        "update job set lease = $1 where id = $2 and state = 'running' and lease = $3 and beat = $4",
    )
    .bind(&lease.token)
    .bind(job.id.as_str())
    .bind(&seen.token)
    .bind(seen.beat)
    .execute(tx.conn())
    .await?;
    if taken.rows_affected() == 0 {
        return Ok(false);
    }
    super::end(tx, &lease, end, now).await
}

/// Fails a job that waits and can never run.
pub async fn fail_waiting(
    store: &Store,
    job: &JobId,
    why: JobFailure,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    sqlx::query(
        "update job set state = 'failed', failure = $1, ended_at = $2 where id = $3 and state = 'waiting'",
    )
    .bind(why.as_str())
    .bind(now.0)
    .bind(job.as_str())
    .execute(tx.conn())
    .await?;
    tx.commit().await
}

//! The end of an attempt, and what somebody does about a job: retry, dismiss, cancel.

use domain::{
    ids::JobId,
    job::{JobFailure, JobState},
    time::{Duration, Timestamp},
};

use super::{JobLease, list::JobRow};
use crate::store::{StoreError, Tx};

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// With a result, a JSON document.
    Done(String),
    /// The job runs again after this pause.
    Again {
        pause: Duration,
        why: JobFailure,
    },
    /// The attempts are used up.
    Failed(JobFailure),
    /// The process stops, or no longer runs jobs of this kind: the attempt does not count.
    GivenBack,
    Cancelled,
}

/// Writes the end of an attempt, if the lease is still held. False if it is not: another process has the job.
pub async fn end(
    tx: &mut Tx,
    lease: &JobLease,
    end: &JobEnd,
    now: Timestamp,
) -> Result<bool, StoreError> {
    match end {
        JobEnd::Done(result) => over(tx, lease, JobState::Done, None, Some(result), now).await,
        JobEnd::Failed(why) => {
            let ended = over(tx, lease, JobState::Failed, Some(*why), None, now).await?;
            if ended {
                forget_earlier_failure(tx, &lease.job).await?;
            }
            Ok(ended)
        }
        JobEnd::Cancelled => over(tx, lease, JobState::Cancelled, None, None, now).await,
        JobEnd::Again { pause, why } => again(tx, lease, now + *pause, Some(*why), now).await,
        JobEnd::GivenBack => again(tx, lease, now, None, now).await,
    }
}

async fn over(
    tx: &mut Tx,
    lease: &JobLease,
    state: JobState,
    failure: Option<JobFailure>,
    result: Option<&str>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update job set state = $1, failure = $2, result = $3, ended_at = $4, lease = null, owner = null \
         where id = $5 and lease = $6 and state = 'running'",
    )
    .bind(state.as_str())
    .bind(failure.map(JobFailure::as_str))
    .bind(result)
    .bind(now.0)
    .bind(lease.job.as_str())
    .bind(&lease.token)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts a job back into the queue. If another job of its key waits, that one does the work.
async fn again(
    tx: &mut Tx,
    lease: &JobLease,
    run_at: Timestamp,
    why: Option<JobFailure>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let uncounted = i64::from(why.is_none());
    let back = sqlx::query(
        "update job set state = 'waiting', failure = $1, run_at = $2, attempts = attempts - $3, lease = null, \
         owner = null where id = $4 and lease = $5 and state = 'running' and not exists \
         (select 1 from job as other where other.unique_key = job.unique_key and other.state = 'waiting')",
    )
    .bind(why.map(JobFailure::as_str))
    .bind(run_at.0)
    .bind(uncounted)
    .bind(lease.job.as_str())
    .bind(&lease.token)
    .execute(tx.conn())
    .await?;
    if back.rows_affected() == 1 {
        return Ok(true);
    }
    over(tx, lease, JobState::Cancelled, why, None, now).await
}

/// Deletes an older failed job of the same key: only the last failure says something about a job that recurs.
async fn forget_earlier_failure(tx: &mut Tx, job: &JobId) -> Result<(), StoreError> {
    sqlx::query(
        "delete from job where state = 'failed' and id <> $1 and unique_key = \
         (select unique_key from job as failed where failed.id = $1)",
    )
    .bind(job.as_str())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Puts a failed job back into the queue with all its attempts. If another job of its key waits, that one runs now, and the
/// failed one is dismissed. False if the job is not failed.
pub async fn retry(tx: &mut Tx, job: &JobRow, now: Timestamp) -> Result<bool, StoreError> {
    let back = sqlx::query(
        "update job set state = 'waiting', attempts = 0, run_at = $1, ended_at = null, failure = null \
         where id = $2 and state = 'failed' and not exists \
         (select 1 from job as other where other.unique_key = job.unique_key and other.state = 'waiting')",
    )
    .bind(now.0)
    .bind(job.id.as_str())
    .execute(tx.conn())
    .await?;
    if back.rows_affected() == 1 {
        return Ok(true);
    }
    if !dismiss(tx, &job.id).await? {
        return Ok(false);
    }
    sqlx::query(
        "update job set run_at = $1 where unique_key = $2 and state = 'waiting' and run_at > $1",
    )
    .bind(now.0)
    .bind(job.unique_key.as_deref())
    .execute(tx.conn())
    .await?;
    Ok(true)
}

/// Removes a failed job from the list of failed jobs. False if the job is not failed.
pub async fn dismiss(tx: &mut Tx, job: &JobId) -> Result<bool, StoreError> {
    let done = sqlx::query("update job set state = 'dismissed' where id = $1 and state = 'failed'")
        .bind(job.as_str())
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// What a request to cancel a job led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It waited, and does not run.
    Cancelled,
    /// It runs, and its process ends it at its next heartbeat.
    Requested,
    /// It is over, or was requested before.
    Unchanged,
}

/// Cancels a waiting job, or asks the process that runs it to end it.
pub async fn cancel(tx: &mut Tx, job: &JobId, now: Timestamp) -> Result<CancelOutcome, StoreError> {
    let done = sqlx::query(
        "update job set state = 'cancelled', ended_at = $1 where id = $2 and state = 'waiting'",
    )
    .bind(now.0)
    .bind(job.as_str())
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 1 {
        return Ok(CancelOutcome::Cancelled);
    }
    let asked = sqlx::query(
        "update job set cancel_requested = 1 where id = $1 and state = 'running' and cancel_requested = 0",
    )
    .bind(job.as_str())
    .execute(tx.conn())
    .await?;
    Ok(if asked.rows_affected() == 1 {
        CancelOutcome::Requested
    } else {
        CancelOutcome::Unchanged
    })
}

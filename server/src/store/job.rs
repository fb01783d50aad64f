//! Jobs: enqueued in the caller's transaction, claimed by one process, and ended only by the holder of their lease.
//!
//! Every statement about a running job names the token of its lease, so that a process whose lease was taken over changes
//! nothing. `domain::job` decides; this file never compares times of a lease.

mod end;
mod lease;
mod list;

pub use end::{CancelOutcome, JobEnd, cancel, dismiss, end, retry};
pub use lease::{ClaimedJob, JobBeat, JobLease, beat, claim, confirm, fail_waiting, reclaim};
pub use list::{
    ActiveJob, JobGroup, JobRow, active, find, groups, last_result, lock, running, shown,
};

use domain::{ids::JobId, job::JobKind, time::Timestamp};

use super::{StoreError, Tx, id};
use crate::clock;

/// A job to enqueue.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub kind: JobKind,
    /// A JSON document of the version that the kind writes now.
    pub payload: String,
    /// At most one job of a key waits, and at most one runs. None for a job of which there may be any number.
    pub unique_key: Option<String>,
    pub run_at: Timestamp,
}

impl NewJob {
    /// Returns a job of which at most one waits, without a payload.
    pub fn only(kind: JobKind, run_at: Timestamp) -> Self {
        Self {
            kind,
            payload: "{}".to_owned(),
            unique_key: Some(kind.as_str().to_owned()),
            run_at,
        }
    }
}

/// What became of a job that was enqueued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enqueued {
    New(JobId),
    /// A job of the same key waits. It begins at the earlier of both times.
    AlreadyWaiting(JobId),
}

impl Enqueued {
    /// Returns the job that will run.
    pub fn id(&self) -> &JobId {
        match self {
            Self::New(id) | Self::AlreadyWaiting(id) => id,
        }
    }
}

/// Enqueues a job in the caller's transaction: if that is rolled back, there is no job.
pub async fn enqueue(tx: &mut Tx, job: &NewJob, now: Timestamp) -> Result<Enqueued, StoreError> {
    let new = clock::job_id();
    let (found,): (String,) = sqlx::query_as(
        "insert into job (id, kind, payload_version, payload, unique_key, state, run_at, attempts, beat, \
         progress_done, progress_of, cancel_requested, created_at) \
         values ($1, $2, $3, $4, $5, 'waiting', $6, 0, 0, 0, 0, 0, $7) \
         on conflict (unique_key) where state = 'waiting' do update \
         set run_at = case when job.run_at > excluded.run_at then excluded.run_at else job.run_at end \
         returning id",
    )
    .bind(new.as_str())
    .bind(job.kind.as_str())
    .bind(i64::from(job.kind.rules().version))
    .bind(&job.payload)
    .bind(job.unique_key.as_deref())
    .bind(job.run_at.0)
    .bind(now.0)
    .fetch_one(tx.conn())
    .await?;
    Ok(if found == new.as_str() {
        Enqueued::New(new)
    } else {
        Enqueued::AlreadyWaiting(id("job", &found)?)
    })
}

/// Deletes the jobs of a kind that have been over for long enough. Failed ones stay until somebody retries or dismisses them,
/// and the last one that was done stays.
pub async fn delete_old(tx: &mut Tx, kind: JobKind, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "delete from job where kind = $1 and ended_at < $2 and state <> 'failed' and not (state = 'done' and ended_at = \
         (select max(ended_at) from job as newest where newest.kind = $1 and newest.state = 'done'))",
    )
    .bind(kind.as_str())
    .bind((now - kind.rules().keep).0)
    .execute(tx.conn())
    .await?;
    Ok(())
}

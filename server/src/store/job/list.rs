//! Reads of jobs: for the worker, for pages and metrics, and for a command that waits for one job.

use domain::{
    ids::JobId,
    job::{FARTHEST, JobFailure, JobKind, JobState, LeaseSighting},
    time::{Duration, Timestamp},
};
use sqlx::{Row as _, any::AnyRow};

use crate::store::{Store, StoreConnection, StoreError, Tx, id};

/// A job that runs, or that may begin.
#[derive(Debug, Clone)]
pub struct ActiveJob {
    pub id: JobId,
    /// The name of its kind, which may be one of a newer version.
    pub kind: String,
    pub payload_version: i64,
    pub payload: String,
    pub state: JobState,
    pub run_at: Timestamp,
    pub attempts: u32,
    /// The lease of a running job.
    pub lease: Option<LeaseSighting>,
    /// The process that runs it.
    pub owner: Option<String>,
}

/// The jobs that one read returns at most. The rest follows as soon as these are over.
const MOST: i64 = 200;

const ACTIVE: &str = "select id, kind, payload_version, payload, state, run_at, attempts, lease, beat, owner from job";

/// Returns the running jobs, and the waiting ones that may begin, oldest first: one statement for all kinds.
pub async fn active(store: &Store, now: Timestamp) -> Result<Vec<ActiveJob>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "{ACTIVE} where state = 'running' or (state = 'waiting' and (run_at <= $1 or run_at > $2)) \
         order by run_at limit $3"
    )))
    .bind(now.0)
    .bind((now + FARTHEST).0)
    .bind(MOST)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(active_job).collect()
}

/// Returns the running jobs.
pub async fn running(store: &Store) -> Result<Vec<ActiveJob>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "{ACTIVE} where state = 'running'"
    )))
    .fetch_all(store.read())
    .await?;
    rows.iter().map(active_job).collect()
}

fn active_job(row: &AnyRow) -> Result<ActiveJob, StoreError> {
    let token: Option<String> = row.try_get("lease")?;
    let beat: i64 = row.try_get("beat")?;
    Ok(ActiveJob {
        id: id("job", &row.try_get::<String, _>("id")?)?,
        kind: row.try_get("kind")?,
        payload_version: row.try_get("payload_version")?,
        payload: row.try_get("payload")?,
        state: state_of(&row.try_get::<String, _>("state")?)?,
        run_at: Timestamp(row.try_get("run_at")?),
        attempts: attempts_of(row)?,
        lease: token.map(|token| LeaseSighting { token, beat }),
        owner: row.try_get("owner")?,
    })
}

/// A job as pages show it.
#[derive(Debug, Clone)]
pub struct JobRow {
    pub id: JobId,
    /// The name of its kind, which may be one of a newer version.
    pub kind: String,
    pub unique_key: Option<String>,
    pub state: JobState,
    pub run_at: Timestamp,
    pub attempts: u32,
    pub progress: (u64, u64),
    pub cancel_requested: bool,
    /// Counts heartbeats: who waits for the job sees that it is worked on.
    pub beat: i64,
    pub owner: Option<String>,
    pub result: Option<String>,
    /// Why the last attempt failed.
    pub failure: Option<JobFailure>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

const SHOWN: &str = "select id, kind, unique_key, state, run_at, attempts, progress_done, progress_of, cancel_requested, beat, \
                     owner, result, failure, created_at, started_at, ended_at from job";

/// Returns one job.
pub async fn find(conn: &mut StoreConnection, job: &JobId) -> Result<Option<JobRow>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!("{SHOWN} where id = $1")))
        .bind(job.as_str())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(job_row).transpose()
}

/// Locks a job until the transaction ends, and returns it.
pub async fn lock(tx: &mut Tx, job: &JobId) -> Result<Option<JobRow>, StoreError> {
    sqlx::query("update job set id = id where id = $1")
        .bind(job.as_str())
        .execute(tx.conn())
        .await?;
    find(tx.conn(), job).await
}

/// Returns the jobs in one of these states, the ones that changed last first, at most `limit`.
pub async fn shown(
    conn: &mut StoreConnection,
    state: JobState,
    limit: i64,
) -> Result<Vec<JobRow>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "{SHOWN} where state = $1 order by run_at desc, id desc limit $2"
    )))
    .bind(state.as_str())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(job_row).collect()
}

/// Returns the id and the result of the job of a kind that was done last.
pub async fn last_result(
    store: &Store,
    kind: JobKind,
) -> Result<Option<(JobId, String)>, StoreError> {
    let row: Option<(String, Option<String>)> = sqlx::query_as(
        "select id, result from job where kind = $1 and state = 'done' order by ended_at desc, id desc limit 1",
    )
    .bind(kind.as_str())
    .fetch_optional(store.read())
    .await?;
    row.map(|(job, result)| Ok((id("job", &job)?, result.unwrap_or_default())))
        .transpose()
}

fn job_row(row: &AnyRow) -> Result<JobRow, StoreError> {
    let number = |name: &str| -> Result<u64, StoreError> {
        Ok(u64::try_from(row.try_get::<i64, _>(name)?).unwrap_or(0))
    };
    let time = |name: &str| -> Result<Option<Timestamp>, StoreError> {
        Ok(row.try_get::<Option<i64>, _>(name)?.map(Timestamp))
    };
    let failure: Option<String> = row.try_get("failure")?;
    Ok(JobRow {
        id: id("job", &row.try_get::<String, _>("id")?)?,
        kind: row.try_get("kind")?,
        unique_key: row.try_get("unique_key")?,
        state: state_of(&row.try_get::<String, _>("state")?)?,
        run_at: Timestamp(row.try_get("run_at")?),
        attempts: attempts_of(row)?,
        progress: (number("progress_done")?, number("progress_of")?),
        cancel_requested: row.try_get::<i64, _>("cancel_requested")? != 0,
        beat: row.try_get("beat")?,
        owner: row.try_get("owner")?,
        result: row.try_get("result")?,
        failure: failure.as_deref().map(JobFailure::from_word),
        created_at: Timestamp(row.try_get("created_at")?),
        started_at: time("started_at")?,
        ended_at: time("ended_at")?,
    })
}

/// The jobs of one kind in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobGroup {
    pub kind: String,
    pub state: JobState,
    pub count: u64,
    /// The earliest time at which one of them begins.
    pub next: Timestamp,
    /// When the last of them ended.
    pub last_ended: Option<Timestamp>,
    /// When the last of those that had begun ended, and how long its last attempt took.
    pub last_run: Option<(Timestamp, Duration)>,
}

/// Counts the jobs by kind and state.
pub async fn groups(conn: &mut StoreConnection) -> Result<Vec<JobGroup>, StoreError> {
    let rows = sqlx::query(
        "with grouped as (select kind, state, count(*) as jobs, min(run_at) as next, max(ended_at) as last_ended, \
         max(case when started_at is not null then ended_at end) as last_run \
         from job group by kind, state) \
         select g.kind, g.state, g.jobs, g.next, g.last_ended, g.last_run, \
         (select max(j.ended_at - j.started_at) from job j \
         where j.kind = g.kind and j.state = g.state and j.ended_at = g.last_run) as took \
         from grouped g order by g.kind, g.state",
    )
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let number = |name: &str| row.try_get::<Option<i64>, _>(name);
            let last_run = number("last_run")?.zip(number("took")?);
            Ok(JobGroup {
                kind: row.try_get("kind")?,
                state: state_of(&row.try_get::<String, _>("state")?)?,
                count: u64::try_from(row.try_get::<i64, _>("jobs")?).unwrap_or(0),
                next: Timestamp(row.try_get("next")?),
                last_ended: number("last_ended")?.map(Timestamp),
                last_run: last_run.map(|(ended, took)| (Timestamp(ended), Duration(took))),
            })
        })
        .collect()
}

fn attempts_of(row: &AnyRow) -> Result<u32, StoreError> {
    Ok(u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(0))
}

fn state_of(text: &str) -> Result<JobState, StoreError> {
    JobState::from_word(text).ok_or_else(|| StoreError::Inconsistent {
        table: "job",
        what: format!("the state {text}"),
    })
}

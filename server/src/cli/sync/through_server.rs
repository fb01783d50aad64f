//! A crawl by the server that runs on the database. The command only writes the row of a job, and reads it until it ends.
//!
//! Whether a server runs is never concluded from a time of day. On SQLite its lock on the database says it. On PostgreSQL it
//! gives a sign: it claims the job, or raises the counter of a crawl that runs.

use std::{io::ErrorKind, time::Duration};

use domain::{
    ids::JobId,
    job::{JobFailure, JobKind, JobState},
};
use thiserror::Error;

use super::show_line;
use crate::{
    clock::Clock,
    engine::sync::SyncReport,
    process_lock::{LockError, ProcessLock},
    store::{
        DatabaseEngine, Store, StoreError,
        job::{self, CancelOutcome, JobRow, NewJob},
    },
};

/// How often the row is read.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a server that does nothing else may take for its first sign: a few of its polls.
const FIRST_SIGN: Duration = Duration::from_secs(10);
/// How long it may give no sign afterwards: another server takes its jobs over sooner.
const NO_SIGN: Duration = Duration::from_secs(30);

#[derive(Debug, Error)]
pub(super) enum Unfinished {
    #[error("somebody cancelled the crawl")]
    Cancelled,
    #[error("the server could not crawl AWS: {}. Its log has more", reason(*.0))]
    Failed(JobFailure),
    #[error(
        "the server ended during the crawl. The next server on this database runs it again, or start `leastwise sync` without one"
    )]
    ServerGone,
    #[error("the report of the server cannot be read")]
    Report(#[from] serde_json::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Lock(#[from] LockError),
}

const fn reason(why: JobFailure) -> &'static str {
    match why {
        JobFailure::DatabaseUnavailable => "the database was locked, full or not reachable",
        JobFailure::OtherInstance => "it is configured for another Identity Center instance",
        JobFailure::ProcessEnded => "its process ended",
        JobFailure::NoProgress => "the crawl made no progress",
        JobFailure::PayloadTooOld => "it does not understand the request",
        JobFailure::NoAnswerFromAws => "AWS answered nothing that a crawl needs",
        JobFailure::PoolDiffers | JobFailure::NotSealed | JobFailure::Internal => {
            "an internal error"
        }
    }
}

/// Asks the server for a crawl and returns its report. None if no server runs on the database.
pub(super) async fn crawl(url: &str) -> Result<Option<SyncReport>, Unfinished> {
    let Some(store) = Store::open_existing(url).await? else {
        return Ok(None);
    };
    let report = through(&store, url).await;
    store.close().await;
    report
}

async fn through(store: &Store, url: &str) -> Result<Option<SyncReport>, Unfinished> {
    // A server migrates the database when it starts.
    if store.missing_migrations().await? > 0 || !may_be_served(store, url).await? {
        return Ok(None);
    }
    let now = Clock::System.now();
    let mut tx = store.write().await?;
    let enqueued = job::enqueue(&mut tx, &NewJob::only(JobKind::Crawl, now), now).await?;
    tx.commit().await?;
    follow(store, url, enqueued.id()).await
}

/// Whether a server may run. On SQLite that is certain; on PostgreSQL a server always leaves a job for its next crawl.
async fn may_be_served(store: &Store, url: &str) -> Result<bool, Unfinished> {
    match store.engine() {
        DatabaseEngine::Sqlite => Ok(is_locked(url)?.unwrap_or(true)),
        DatabaseEngine::Postgres => {
            let mut conn = store.connection().await?;
            let groups = job::groups(&mut conn).await?;
            let is_crawl = |kind: &str| kind == JobKind::Crawl.as_str();
            Ok(groups
                .iter()
                .any(|group| is_crawl(&group.kind) && !group.state.is_over()))
        }
    }
}

/// Whether a server holds the lock of a SQLite database, which is held here only for the moment of the question. None if
/// this user may not open the lock: the server of another user may hold it.
fn is_locked(url: &str) -> Result<Option<bool>, Unfinished> {
    match ProcessLock::of_database(url) {
        Ok(_) => Ok(Some(false)),
        Err(LockError::InUse { .. }) => Ok(Some(true)),
        Err(LockError::Io { source, .. }) if source.kind() == ErrorKind::PermissionDenied => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Follows a job until it ends. None if it turns out that no server runs.
async fn follow(store: &Store, url: &str, id: &JobId) -> Result<Option<SyncReport>, Unfinished> {
    let mut signs = Signs::new();
    loop {
        let mut conn = store.connection().await?;
        let found = job::find(&mut conn, id).await?;
        let running = job::shown(&mut conn, JobState::Running, 10).await?;
        drop(conn);
        let Some(found) = found else {
            return Err(Unfinished::Cancelled);
        };
        match found.state {
            JobState::Done => {
                let result = found.result.as_deref().unwrap_or_default();
                return Ok(Some(serde_json::from_str(result)?));
            }
            JobState::Failed => {
                let why = found.failure.unwrap_or(JobFailure::Internal);
                return Err(Unfinished::Failed(why));
            }
            JobState::Cancelled | JobState::Dismissed => return Err(Unfinished::Cancelled),
            JobState::Waiting | JobState::Running => {}
        }
        show(&found);
        let crawls = running
            .into_iter()
            .filter(|job| job.kind == JobKind::Crawl.as_str());
        signs.take_note(found.state, crawls.map(|job| (job.id, job.beat)).collect());
        let locked = match store.engine() {
            DatabaseEngine::Sqlite => is_locked(url)?,
            DatabaseEngine::Postgres => None,
        };
        let is_gone = locked.map_or_else(|| signs.are_missing(), |locked| !locked);
        if is_gone {
            if signs.seen || !withdraw(store, id).await? {
                return Err(Unfinished::ServerGone);
            }
            return Ok(None);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What shows that a server runs.
struct Signs {
    /// Whether there was any sign.
    seen: bool,
    last: Option<(JobState, Vec<(JobId, i64)>)>,
    /// When the last sign was seen, by the monotonic clock.
    at: Duration,
}

impl Signs {
    fn new() -> Self {
        Self {
            seen: false,
            last: None,
            at: Clock::System.elapsed(),
        }
    }

    fn take_note(&mut self, state: JobState, crawls: Vec<(JobId, i64)>) {
        let now = Some((state, crawls));
        if now != self.last {
            // The first look shows what was there before, and is no sign.
            self.seen |= self.last.is_some();
            self.last = now;
            self.at = Clock::System.elapsed();
        }
    }

    fn are_missing(&self) -> bool {
        let limit = if self.seen { NO_SIGN } else { FIRST_SIGN };
        Clock::System.elapsed().saturating_sub(self.at) >= limit
    }
}

/// Takes the request back. False if a server has claimed it after all.
async fn withdraw(store: &Store, id: &JobId) -> Result<bool, StoreError> {
    let mut tx = store.write().await?;
    let outcome = job::cancel(&mut tx, id, Clock::System.now()).await?;
    if outcome != CancelOutcome::Cancelled {
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
}

fn show(job: &JobRow) {
    let (done, of) = job.progress;
    match job.state {
        JobState::Running => show_line(&format!(
            "Reading AWS through the server: {done} of {of} pairs"
        )),
        _ => show_line("Waiting for the server"),
    }
}

//! The worker of a process: reads the table at intervals and when something was enqueued here, takes over the jobs of dead
//! processes, and runs what is due.
//!
//! One read serves all kinds. The worker survives a database that is away: it tries again at the next poll.

use std::{collections::HashMap, sync::Arc, time::Duration};

use domain::{
    ids::JobId,
    job::{
        AfterFailure, JobFailure, JobKind, JobPlace, JobSchedule, JobState, LeaseWatch,
        PayloadVersion, is_due,
    },
};
use tokio::{
    sync::watch,
    task::{Id, JoinSet},
};

use super::{JobTimes, JobTools, registry, run::run as run_job};
use crate::{
    clock::Clock,
    service::{app_state::AppState, jobs, row_findings},
    store::{
        StoreError,
        job::{self, ActiveJob, JobEnd},
    },
};

/// The jobs that one process runs at once.
const AT_ONCE: usize = 2 * JobKind::ALL.len();
/// How often kinds without an interval look for work.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Runs jobs forever. `engine_runs_here` says whether the engine runs in this process now.
pub async fn run(
    app_state: Arc<AppState>,
    tools: JobTools,
    engine_runs_here: watch::Receiver<bool>,
    times: JobTimes,
) {
    let mut worker = Worker {
        app_state,
        tools,
        engine_runs_here,
        times,
        leases: LeaseWatch::default(),
        running: JoinSet::new(),
        own: HashMap::new(),
        has_engine: false,
        looked: None,
    };
    let mut failed = false;
    loop {
        match worker.turn().await {
            Ok(()) => failed = false,
            Err(error) if failed => tracing::debug!(
                error = &error as &dyn std::error::Error,
                "the database is still away from the jobs"
            ),
            Err(error) => {
                failed = true;
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "jobs could not be looked for and wait for the database"
                );
            }
        }
        worker.pause().await;
    }
}

struct Worker {
    app_state: Arc<AppState>,
    tools: JobTools,
    engine_runs_here: watch::Receiver<bool>,
    times: JobTimes,
    /// The leases of other processes.
    leases: LeaseWatch,
    running: JoinSet<()>,
    /// The jobs that run here, by task.
    own: HashMap<Id, JobId>,
    /// Whether the jobs of the engine were planned since it runs here.
    has_engine: bool,
    /// When kinds without an interval last looked for work.
    looked: Option<Duration>,
}

impl Worker {
    /// Looks at the table once.
    async fn turn(&mut self) -> Result<(), StoreError> {
        self.follow_engine().await?;
        self.look_for_work().await?;
        let now = self.app_state.clock.now();
        let active = job::active(&self.app_state.store, now).await?;
        if self.reclaim_lost(&active).await? {
            // They wait now.
            self.app_state.wake_jobs.notify_one();
        }
        for job in &active {
            if job.state == JobState::Waiting && is_due(job.run_at, now) {
                self.take(job).await?;
            }
        }
        Ok(())
    }

    /// Waits for the next poll, for a job that is enqueued here, for the end of one, and for the engine.
    async fn pause(&mut self) {
        let mut engine = self.engine_runs_here.clone();
        let known = self.has_engine;
        let moved = async {
            // Without a sender the engine stays where it is.
            if engine.wait_for(|here| *here != known).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let ended = tokio::select! {
            () = self.app_state.wake_jobs.notified() => None,
            () = tokio::time::sleep(self.times.poll) => None,
            Some(ended) = self.running.join_next_with_id() => Some(ended),
            () = moved => None,
        };
        let mut next = ended;
        while let Some(ended) = next {
            let task = match ended {
                Ok((task, ())) => task,
                Err(error) => {
                    tracing::error!(%error, "a job's task panicked");
                    error.id()
                }
            };
            self.own.remove(&task);
            next = self.running.try_join_next_with_id();
        }
    }

    /// Plans the jobs of the engine when it begins to run here: the first crawl begins at once.
    async fn follow_engine(&mut self) -> Result<(), StoreError> {
        let here = *self.engine_runs_here.borrow();
        if here && !self.has_engine {
            let recurring = |kind: &&JobKind| {
                kind.rules().schedule == JobSchedule::Interval && self.tools.suffice(**kind)
            };
            for kind in JobKind::ALL.iter().filter(recurring) {
                jobs::request(&self.app_state, *kind).await?;
            }
        }
        self.has_engine = here;
        Ok(())
    }

    /// Asks the kinds without an interval whether they are due, and follows what other processes found.
    async fn look_for_work(&mut self) -> Result<(), StoreError> {
        let at = Clock::System.elapsed();
        if self
            .looked
            .is_some_and(|looked| at.saturating_sub(looked) < LOOK_EVERY)
        {
            return Ok(());
        }
        for kind in JobKind::ALL {
            let sought = kind.rules().schedule == JobSchedule::WhenDue && self.may_run(*kind);
            if sought && registry::is_due(*kind, &self.app_state, &self.tools).await? {
                jobs::request(&self.app_state, *kind).await?;
            }
        }
        row_findings::follow(&self.app_state).await?;
        self.looked = Some(at);
        Ok(())
    }

    fn may_run(&self, kind: JobKind) -> bool {
        let is_place = match kind.rules().place {
            JobPlace::Anywhere => true,
            JobPlace::WithEngine => self.has_engine,
        };
        is_place && self.tools.suffice(kind)
    }

    /// Ends the attempts of processes whose leases are over. True if a job waits again.
    async fn reclaim_lost(&mut self, active: &[ActiveJob]) -> Result<bool, StoreError> {
        let own: Vec<&JobId> = self.own.values().collect();
        let others = active.iter().filter(|job| !own.contains(&&job.id));
        let leases = others.filter_map(|job| Some((job.id.to_string(), job.lease.clone()?)));
        let over = self
            .leases
            .observe(leases, Clock::System.elapsed(), self.times.lease);
        let mut back = false;
        for job in active {
            if over.iter().any(|id| id == job.id.as_str()) && reclaim(&self.app_state, job).await? {
                tracing::warn!(job = %job.id, kind = job.kind, owner = job.owner, "a job was taken over, because its process is gone");
                back = true;
            }
        }
        Ok(back)
    }

    /// Claims a waiting job and runs it, if it may run here.
    async fn take(&mut self, job: &ActiveJob) -> Result<(), StoreError> {
        // A kind of a newer version waits for a process that knows it.
        let Some(kind) = JobKind::from_word(&job.kind) else {
            return Ok(());
        };
        if self.running.len() >= AT_ONCE || !self.may_run(kind) {
            return Ok(());
        }
        let (store, now) = (&self.app_state.store, self.app_state.clock.now());
        match kind.understands(job.payload_version) {
            PayloadVersion::Understood => {}
            PayloadVersion::Newer => return Ok(()),
            PayloadVersion::TooOld => {
                return job::fail_waiting(store, &job.id, JobFailure::PayloadTooOld, now).await;
            }
        }
        let claimed_at = Clock::System.elapsed();
        let owner = self.app_state.engine_lease.owner();
        if let Some(claimed) = job::claim(store, job, kind, owner, now).await? {
            let task = self.running.spawn(run_job(
                self.app_state.clone(),
                self.tools.clone(),
                claimed,
                self.engine_runs_here.clone(),
                self.times,
                claimed_at,
            ));
            self.own.insert(task.id(), job.id.clone());
        }
        Ok(())
    }
}

/// Ends the attempt of a job whose process is gone: it runs again now, or has used up its attempts.
async fn reclaim(app_state: &AppState, job: &ActiveJob) -> Result<bool, StoreError> {
    let why = JobFailure::ProcessEnded;
    let again = JobEnd::Again {
        pause: domain::time::Duration(0),
        why,
    };
    let kind = JobKind::from_word(&job.kind);
    let end = match kind.map(|kind| kind.after_failure(job.attempts, 0)) {
        Some(AfterFailure::GiveUp) => JobEnd::Failed(why),
        Some(AfterFailure::Retry(_)) | None => again,
    };
    end_of(app_state, job, kind, &end).await
}

async fn end_of(
    app_state: &AppState,
    job: &ActiveJob,
    kind: Option<JobKind>,
    end: &JobEnd,
) -> Result<bool, StoreError> {
    let now = app_state.clock.now();
    let mut tx = app_state.store.write().await?;
    if !job::reclaim(&mut tx, job, end, now).await? {
        return Ok(false);
    }
    if let Some(kind) = kind {
        jobs::plan_after(&mut tx, &app_state.settings, kind, end, now).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Ends the attempts of all processes, which are known to be gone: the lock of a SQLite database is held by this one, and
/// its worker has not started.
pub async fn reclaim_all(app_state: &AppState) -> Result<(), StoreError> {
    for job in job::running(&app_state.store).await? {
        reclaim(app_state, &job).await?;
    }
    Ok(())
}

/// Puts the jobs of this process back into the queue at an orderly stop, after its worker has ended, so that another
/// process need not wait for their leases. The attempts do not count.
pub async fn give_back(app_state: &AppState) -> Result<(), StoreError> {
    for job in job::running(&app_state.store).await? {
        if job.owner.as_deref() == Some(app_state.engine_lease.owner()) {
            let kind = JobKind::from_word(&job.kind);
            end_of(app_state, &job, kind, &JobEnd::GivenBack).await?;
        }
    }
    Ok(())
}

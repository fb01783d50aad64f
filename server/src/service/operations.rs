//! Operations: what jobs do, and what people do with them. Runs none.

use std::{sync::Arc, time::Duration};

use app::backend::{
    Denied, DifferingRow, FailedJob, JobName, KindRow, LastRun, LiveOperations, OperationsPort,
    OperationsView, PortResult, QuotaRow, QuotaService, RowComparison, RunningJob, ServerRole,
    ServerRow,
};
use async_trait::async_trait;
use domain::{
    authorize::Action,
    engine::lease::ProcessRole,
    ids::JobId,
    job::{JobFailure, JobKind, JobState, JobStop},
    ledger::EventKind,
    time::Timestamp,
};
use futures::{Stream, stream};

use super::{Service, app_state::AppState, broken, jobs};
use crate::store::{
    self, StoreError, Tx,
    job::{self, CancelOutcome, JobGroup, JobRow, NewJob},
};

/// The jobs that each list of the page shows.
const LISTED: i64 = 50;
/// How often an open page looks for changes.
const FOLLOW_EVERY: Duration = Duration::from_secs(2);
/// What is said to who asks for a job to be stopped that nobody stops.
const NOT_STOPPED: &str = "Jobs of this kind find out whether something was altered, or do what is due, so nobody skips or cancels them. Nothing was changed.";

#[async_trait]
impl OperationsPort for Service {
    async fn operations(&self) -> PortResult<OperationsView> {
        self.allowed(Action::SeeOperations)?;
        self.read_operations().await.map_err(broken)
    }

    async fn request_crawl(&self) -> PortResult<()> {
        self.allowed(Action::Sync)?;
        self.try_request_crawl().await.map_err(broken)
    }

    async fn retry_job(&self, id: &JobId) -> PortResult<()> {
        self.allowed(Action::ManageJobs)?;
        self.on_failed(id, EventKind::JobRetried).await
    }

    async fn dismiss_job(&self, id: &JobId) -> PortResult<()> {
        self.allowed(Action::ManageJobs)?;
        self.on_failed(id, EventKind::JobDismissed).await
    }

    async fn cancel_job(&self, id: &JobId) -> PortResult<()> {
        self.allowed(Action::ManageJobs)?;
        match self.try_cancel(id).await.map_err(broken)? {
            None => Err(Denied::NotFound),
            Some(JobStop::Refused) => Err(Denied::Never(NOT_STOPPED)),
            Some(JobStop::Allowed) => Ok(()),
        }
    }
}

impl Service {
    /// Returns the events of `/events/operations`.
    pub fn operations_events(
        &self,
    ) -> PortResult<impl Stream<Item = LiveOperations> + Send + 'static + use<>> {
        self.allowed(Action::SeeOperations)?;
        let follower = (self.app_state.clone(), None);
        Ok(stream::unfold(follower, |(app_state, last)| async move {
            loop {
                // The browser reconnects by itself if the database is away.
                let live = live(&app_state).await.ok()?;
                if last.as_ref() != Some(&live) {
                    return Some((live.clone(), (app_state, Some(live))));
                }
                tokio::time::sleep(FOLLOW_EVERY).await;
            }
        }))
    }

    async fn read_operations(&self) -> Result<OperationsView, StoreError> {
        let app_state = &self.app_state;
        let mut conn = self.connection().await?;
        let groups = job::groups(&mut conn).await?;
        let running = job::shown(&mut conn, JobState::Running, LISTED).await?;
        let waiting = job::shown(&mut conn, JobState::Waiting, LISTED).await?;
        let failed = job::shown(&mut conn, JobState::Failed, LISTED).await?;
        let (overdue, overdue_since) = store::engine::oldest_overdue(&mut conn).await?;
        drop(conn);
        let in_state = |state| move |group: &&JobGroup| group.state == state;
        let failed_count = groups
            .iter()
            .filter(in_state(JobState::Failed))
            .map(|group| group.count)
            .sum();
        let troubled = waiting.iter().filter(|job| job.failure.is_some());
        Ok(OperationsView {
            kinds: kinds(
                &groups,
                &waiting,
                self.read_model.snapshot.parts().coverage.unread.len(),
            ),
            running: running.iter().map(running_job).collect(),
            failed: failed.iter().chain(troubled).map(failed_job).collect(),
            failed_count,
            quotas: quotas(app_state),
            comparison: comparison(app_state),
            overdue,
            overdue_since,
            servers: servers(app_state, self.now),
            live: live_of(&groups, &running),
        })
    }

    async fn try_request_crawl(&self) -> Result<(), StoreError> {
        let (app_state, now) = (&self.app_state, self.app_state.clock.now());
        let mut tx = app_state.store.write().await?;
        let kind = JobKind::Crawl;
        let enqueued = job::enqueue(&mut tx, &NewJob::only(kind, now), now).await?;
        self.record(
            &mut tx,
            EventKind::JobRequested,
            enqueued.id(),
            kind.as_str(),
        )
        .await?;
        tx.commit().await?;
        app_state.wake_jobs.notify_one();
        Ok(())
    }

    /// Retries or dismisses a failed job. Doing it again changes nothing.
    async fn on_failed(&self, id: &JobId, event: EventKind) -> PortResult<()> {
        let found = self.try_on_failed(id, event).await.map_err(broken)?;
        found.ok_or(Denied::NotFound)
    }

    async fn try_on_failed(&self, id: &JobId, event: EventKind) -> Result<Option<()>, StoreError> {
        let (app_state, now) = (&self.app_state, self.app_state.clock.now());
        let mut tx = app_state.store.write().await?;
        let Some(found) = job::lock(&mut tx, id).await? else {
            return Ok(None);
        };
        let changed = match event {
            EventKind::JobRetried => job::retry(&mut tx, &found, now).await?,
            _ => job::dismiss(&mut tx, id).await?,
        };
        if changed {
            self.record(&mut tx, event, id, &found.kind).await?;
            tx.commit().await?;
            app_state.wake_jobs.notify_one();
        }
        Ok(Some(()))
    }

    /// Cancels a job, if people may stop jobs of its kind. Returns that rule; none if there is no such job.
    async fn try_cancel(&self, id: &JobId) -> Result<Option<JobStop>, StoreError> {
        let (app_state, now) = (&self.app_state, self.app_state.clock.now());
        let mut tx = app_state.store.write().await?;
        let Some(found) = job::find(tx.conn(), id).await? else {
            return Ok(None);
        };
        let kind = JobKind::from_word(&found.kind);
        if JobStop::of(kind) == JobStop::Refused {
            return Ok(Some(JobStop::Refused));
        }
        // Before the row of the job is locked: a crawl appends its entries and then confirms its lease in that row.
        self.record(&mut tx, EventKind::JobCancelled, id, &found.kind)
            .await?;
        match job::cancel(&mut tx, id, now).await? {
            // Rolled back with its entry.
            CancelOutcome::Unchanged => return Ok(Some(JobStop::Allowed)),
            CancelOutcome::Requested => {}
            CancelOutcome::Cancelled => {
                if let Some(kind) = kind {
                    jobs::plan_next(&mut tx, &app_state.settings, kind, now).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(Some(JobStop::Allowed))
    }

    async fn record(
        &self,
        tx: &mut Tx,
        event: EventKind,
        job: &JobId,
        kind: &str,
    ) -> Result<(), StoreError> {
        let journal = &self.app_state.journal;
        let entry = journal.job(event, &self.who(), job, kind);
        journal.append(tx, entry).await?;
        Ok(())
    }
}

async fn live(app_state: &Arc<AppState>) -> Result<LiveOperations, StoreError> {
    let mut conn = app_state.store.connection().await?;
    let groups = job::groups(&mut conn).await?;
    let running = job::shown(&mut conn, JobState::Running, LISTED).await?;
    Ok(live_of(&groups, &running))
}

fn live_of(groups: &[JobGroup], running: &[JobRow]) -> LiveOperations {
    let groups = groups.iter().map(|group| {
        let ended = group.last_ended.map_or(0, |at| at.0);
        let (kind, state) = (&group.kind, group.state.as_str());
        format!("{kind}.{state}.{}.{ended}", group.count)
    });
    // A job that begins another attempt is another state of the page.
    let jobs = running.iter().map(|job| {
        let cancelled = u8::from(job.cancel_requested);
        let (done, of) = job.progress;
        // The bar moves by quarters, and begins once it is known how much there is to do.
        let quarters = done.min(of).saturating_mul(4).checked_div(of);
        let quarters = quarters.map_or_else(String::new, |quarters| quarters.to_string());
        format!("{}.{}.{cancelled}.{quarters}", job.id, job.attempts)
    });
    LiveOperations {
        key: groups.chain(jobs).collect::<Vec<_>>().join(","),
        running: running.iter().map(running_job).collect(),
    }
}

/// Returns a row for each kind that this version knows, and for each other one that has jobs. `unread` is what the last crawl
/// did not read.
fn kinds(groups: &[JobGroup], waiting: &[JobRow], unread: usize) -> Vec<KindRow> {
    let known = JobKind::ALL.iter().map(|kind| kind.as_str());
    let mut words: Vec<&str> = known.collect();
    for group in groups {
        if !words.contains(&group.kind.as_str()) {
            words.push(&group.kind);
        }
    }
    let row = |word: &str| {
        let of_kind = groups.iter().filter(|group| group.kind == word);
        let waits = of_kind
            .clone()
            .find(|group| group.state == JobState::Waiting);
        let over = of_kind.filter(|group| group.state.is_over());
        let runs = over.filter_map(|group| {
            let (ended, took) = group.last_run?;
            Some(LastRun {
                ended,
                took,
                state: group.state,
            })
        });
        let mut jobs = waiting.iter().filter(|job| job.kind == word);
        KindRow {
            name: name(word),
            waiting: waits.map_or(0, |group| group.count),
            next: waits.map(|group| group.next),
            last: runs.max_by_key(|run| run.ended),
            not_done: if word == JobKind::Crawl.as_str() {
                unread
            } else {
                0
            },
            planned: match (jobs.next(), jobs.next()) {
                (Some(job), None) if job.failure.is_none() => Some(job.id.clone()),
                _ => None,
            },
        }
    };
    words.into_iter().map(row).collect()
}

fn name(word: &str) -> JobName {
    JobName {
        word: word.to_owned(),
        kind: JobKind::from_word(word),
    }
}

fn running_job(job: &JobRow) -> RunningJob {
    let (done, of) = job.progress;
    RunningJob {
        id: job.id.clone(),
        name: name(&job.kind),
        done,
        of,
        started: job.started_at,
        attempt: job.attempts,
        process: job.owner.clone(),
        cancelling: job.cancel_requested,
    }
}

fn failed_job(job: &JobRow) -> FailedJob {
    FailedJob {
        id: job.id.clone(),
        name: name(&job.kind),
        why: job.failure.unwrap_or(JobFailure::Internal),
        attempts: job.attempts,
        failed: job.ended_at.filter(|_| job.state == JobState::Failed),
        next: (job.state == JobState::Waiting).then_some(job.run_at),
    }
}

fn comparison(app_state: &AppState) -> Option<RowComparison> {
    let last = app_state.row_findings.last()?;
    let rows = last.findings.iter().map(|finding| DifferingRow {
        table: finding.table.clone(),
        what: finding.message.clone(),
    });
    let verified = app_state.store.tail().verified();
    let size = verified.map_or(0, |end| end.size);
    Some(RowComparison {
        at: last.at,
        entries: last.entries,
        newer: size.saturating_sub(last.entries),
        differing: last.differing,
        rows: rows.collect(),
    })
}

fn quotas(app_state: &AppState) -> Vec<QuotaRow> {
    let budgets = &app_state.aws.budgets;
    let services = [
        (QuotaService::IdentityCenter, &budgets.sso),
        (QuotaService::IdentityStore, &budgets.directory),
        (QuotaService::Organizations, &budgets.organizations),
        (QuotaService::UserPool, &budgets.pool),
    ];
    let row = |(service, budget): (QuotaService, &crate::aws::budget::Budget)| {
        let (now, most) = budget.rates();
        QuotaRow {
            service,
            now,
            most,
            calls: budget.calls(),
            throttled: budget.throttled(),
        }
    };
    services.into_iter().map(row).collect()
}

/// Returns the servers on this database, this one first.
fn servers(app_state: &AppState, now: Timestamp) -> Vec<ServerRow> {
    let own = app_state.engine_lease.owner();
    let lease = app_state.engine_lease.length().get();
    let lease = domain::time::Duration(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX));
    let role = if *app_state.engine_lease.runs_here().borrow() {
        ServerRole::Engine
    } else {
        ServerRole::Standby
    };
    let this = ServerRow {
        process: own.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: app_state.started,
        seen: now,
        role,
        this: true,
    };
    let others = app_state.known_servers.all().into_iter();
    let others = others
        .filter(|known| known.row.id != own)
        .map(|known| ServerRow {
            process: known.row.id,
            version: known.row.version,
            started: known.row.started_at,
            seen: known.seen,
            role: match known.row.role {
                // One process holds the lease, and one that is silent for its length does not.
                ProcessRole::Engine
                    if role == ServerRole::Engine || now.since(known.seen) >= lease =>
                {
                    ServerRole::EngineBefore
                }
                ProcessRole::Engine => ServerRole::Engine,
                ProcessRole::Standby => ServerRole::Standby,
            },
            this: false,
        });
    std::iter::once(this).chain(others).collect()
}

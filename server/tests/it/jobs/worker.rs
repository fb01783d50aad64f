//! Workers: what they claim, what they leave alone, and what they do when a process, a lease or the database is lost.

use std::{sync::Arc, time::Duration as Elapsed};

use domain::{
    job::{JobFailure, JobKind, JobState},
    time::Duration,
};
use server::{
    jobs::{self, JobTimes, JobTools},
    service::app_state::AppState,
    store::{self, job},
};
use tokio::{sync::watch, task::JoinHandle};

use super::{crawls_in, found};
use crate::{
    changes::support::Org, database::DatabaseEngine, sandboxed::sandbox_server::Company, wait,
};

crate::engines::on_both_engines! {
    a_job_that_keeps_failing_ends_in_the_list_and_the_next_one_is_planned,
    the_job_of_a_dead_process_is_taken_over_also_if_the_clock_is_set_back,
    a_job_that_ends_its_process_each_time_fails,
    a_payload_of_an_older_version_fails_and_one_of_a_newer_version_waits,
    a_worker_survives_a_database_that_is_away,
    two_workers_run_one_job_once,
    a_crawl_that_lost_its_lease_stores_nothing,
    a_cancelled_crawl_ends_and_the_next_one_is_planned,
    a_crawl_moves_with_the_engine,
    jobs_of_a_process_that_stops_wait_again_at_once,
}

/// Short enough that a test waits for a lease, and long enough for a busy machine.
const TIMES: JobTimes = JobTimes {
    poll: Elapsed::from_millis(50),
    lease: Elapsed::from_secs(2),
};

/// A running worker, which ends when this is dropped.
pub(super) struct Worker {
    engine_runs_here: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(super) fn worker(app_state: &Arc<AppState>) -> Worker {
    worker_with(app_state, JobTools::default())
}

pub(super) fn worker_with(app_state: &Arc<AppState>, tools: JobTools) -> Worker {
    let engine_runs_here = watch::Sender::new(true);
    let works = jobs::run(
        app_state.clone(),
        tools,
        engine_runs_here.subscribe(),
        TIMES,
    );
    Worker {
        engine_runs_here,
        task: tokio::spawn(works),
    }
}

/// A company whose database belongs to another instance, so that no crawl begins.
async fn of_another_instance(engine: DatabaseEngine) -> Org {
    let org = Org::on(engine).await;
    let mut tx = org.app_state.store.write().await.unwrap();
    let other = "arn:aws:sso:::instance/ssoins-ffffffffffffffff";
    let other = domain::ids::InstanceArn::parse(other).unwrap();
    store::instance::record(&mut tx, &other, org.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    org
}

/// A row of a job that another process runs or that another version wrote.
fn row(id: &str, columns: &str, values: &str) -> String {
    format!(
        "insert into job (id, unique_key, payload, run_at, beat, progress_done, progress_of, cancel_requested, created_at, \
         {columns}) values ('00000000-0000-4000-8000-00000000000{id}', '{id}', '{{}}', 0, 7, 0, 0, 0, 0, {values})"
    )
}

fn id(digit: &str) -> domain::ids::JobId {
    let id = format!("00000000-0000-4000-8000-00000000000{digit}");
    domain::ids::JobId::parse(&id).unwrap()
}

async fn a_job_that_keeps_failing_ends_in_the_list_and_the_next_one_is_planned(
    engine: DatabaseEngine,
) {
    let org = of_another_instance(engine).await;
    let store = &org.app_state.store;
    let _worker = worker(&org.app_state);
    wait::until_with(
        "the crawl has failed",
        async || !crawls_in(store, JobState::Failed).await.is_empty(),
        || org.clock.advance(Duration::seconds(1)),
    )
    .await;
    let failed = crawls_in(store, JobState::Failed).await.remove(0);
    assert_eq!(failed.attempts, JobKind::Crawl.rules().attempts);
    assert_eq!(failed.failure, Some(JobFailure::OtherInstance));
    let next = crawls_in(store, JobState::Waiting).await.remove(0);
    let planned = next.run_at.since(failed.ended_at.unwrap());
    assert_eq!(planned, org.app_state.settings.crawl_every);
}

async fn the_job_of_a_dead_process_is_taken_over_also_if_the_clock_is_set_back(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let store = &org.app_state.store;
    let running = "kind, payload_version, state, attempts, lease, owner, started_at";
    let values = "'change_expiry', 1, 'running', 1, 'dead', 'dead', 0";
    org.by_hand(row("1", running, values)).await;
    let _worker = worker(&org.app_state);
    let begun = std::sync::atomic::AtomicBool::new(false);
    wait::until_with(
        "the job is done",
        async || found(store, &id("1")).await.state == JobState::Done,
        || {
            if !begun.swap(true, std::sync::atomic::Ordering::SeqCst) {
                org.clock.advance(Duration::minutes(-5));
            }
        },
    )
    .await;
    let done = found(store, &id("1")).await;
    assert_eq!(done.attempts, 2);
    assert_eq!(done.result.as_deref(), Some("{\"expired\":0}"));
}

async fn a_job_that_ends_its_process_each_time_fails(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let store = &org.app_state.store;
    let attempts = JobKind::ChangeExpiry.rules().attempts;
    let running = "kind, payload_version, state, attempts, lease, owner, started_at";
    let values = format!("'change_expiry', 1, 'running', {attempts}, 'dead', 'dead', 0");
    org.by_hand(row("1", running, &values)).await;
    jobs::reclaim_all(&org.app_state).await.unwrap();
    let failed = found(store, &id("1")).await;
    assert_eq!(failed.state, JobState::Failed);
    assert_eq!(failed.failure, Some(JobFailure::ProcessEnded));
}

async fn a_payload_of_an_older_version_fails_and_one_of_a_newer_version_waits(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let store = &org.app_state.store;
    let columns = "kind, payload_version, state, attempts";
    for (digit, values) in [
        ("1", "'change_expiry', 0, 'waiting', 0"),
        ("2", "'change_expiry', 2, 'waiting', 0"),
        ("3", "'of_next_year', 1, 'waiting', 0"),
        ("4", "'change_expiry', 1, 'waiting', 0"),
    ] {
        org.by_hand(row(digit, columns, values)).await;
    }
    let _worker = worker(&org.app_state);
    wait::until("the job of this version is done", async || {
        found(store, &id("4")).await.state == JobState::Done
    })
    .await;
    let old = found(store, &id("1")).await;
    assert_eq!(old.state, JobState::Failed);
    assert_eq!(old.failure, Some(JobFailure::PayloadTooOld));
    for newer in ["2", "3"] {
        let job = found(store, &id(newer)).await;
        assert_eq!((job.state, job.attempts), (JobState::Waiting, 0), "{newer}");
    }
}

async fn a_worker_survives_a_database_that_is_away(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let store = &org.app_state.store;
    let rename = async |from: &str, to: &str| {
        let statement = format!("alter table {from} rename to {to}");
        org.try_by_hand(&statement).await.unwrap();
    };
    rename("job", "job_away").await;
    let worker = worker(&org.app_state);
    tokio::time::sleep(TIMES.poll * 4).await;
    assert!(!worker.task.is_finished());
    rename("job_away", "job").await;
    let columns = "kind, payload_version, state, attempts";
    let values = "'change_expiry', 1, 'waiting', 0";
    org.by_hand(row("1", columns, values)).await;
    wait::until("the job is done", async || {
        found(store, &id("1")).await.state == JobState::Done
    })
    .await;
}

async fn two_workers_run_one_job_once(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    let other = company.another_core().await;
    let before = crawls(&company).await;
    let _both = (worker(&company.app_state), worker(&other));
    let store = &company.app_state.store;
    wait::until("the crawl is done", async || {
        !crawls_in(store, JobState::Done).await.is_empty()
    })
    .await;
    tokio::time::sleep(TIMES.poll * 10).await;
    let jobs = crawls_in(store, JobState::Done).await;
    assert!(jobs.iter().all(|job| job.attempts == 1), "{jobs:#?}");
    let stored = crawls(&company).await - before;
    assert_eq!(usize::try_from(stored).unwrap(), jobs.len());
    assert!(jobs.len() <= 2, "each of two starts requests one at most");
}

/// Returns the number of crawls that were stored.
async fn crawls(company: &Company) -> i64 {
    let (count,): (i64,) = sqlx::query_as("select count(*) from crawl")
        .fetch_one(company.app_state.store.read())
        .await
        .unwrap();
    count
}

/// Waits until a crawl runs, and returns it.
async fn running(company: &Company) -> job::JobRow {
    let store = &company.app_state.store;
    wait::until("a crawl runs", async || {
        !crawls_in(store, JobState::Running).await.is_empty()
    })
    .await;
    crawls_in(store, JobState::Running).await.remove(0)
}

async fn a_crawl_that_lost_its_lease_stores_nothing(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    let before = crawls(&company).await;
    // A crawl cannot be stored while this is held.
    let turn = company.app_state.observing.lock().await;
    let worker = worker(&company.app_state);
    let job = running(&company).await;
    let taken = format!("update job set lease = 'another' where id = '{}'", job.id);
    company.database.by_hand(&taken).await.unwrap();
    // The crawl reads to its end and wants to store what it read.
    tokio::time::sleep(Elapsed::from_secs(2)).await;
    drop(worker);
    drop(turn);
    let again = company.app_state.observing.lock().await;
    drop(again);
    assert_eq!(crawls(&company).await, before);
    let row = found(&company.app_state.store, &job.id).await;
    assert_eq!((row.state, row.result), (JobState::Running, None));
    company.close().await;
}

async fn a_cancelled_crawl_ends_and_the_next_one_is_planned(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    let (store, before) = (&company.app_state.store, crawls(&company).await);
    let turn = company.app_state.observing.lock().await;
    let _worker = worker(&company.app_state);
    let job = running(&company).await;
    let mut tx = store.write().await.unwrap();
    job::cancel(&mut tx, &job.id, company.app_state.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    wait::until("the crawl is cancelled", async || {
        found(store, &job.id).await.state == JobState::Cancelled
    })
    .await;
    drop(turn);
    drop(company.app_state.observing.lock().await);
    assert_eq!(crawls(&company).await, before, "what was read is dropped");
    let next = crawls_in(store, JobState::Waiting).await.remove(0);
    assert!(next.run_at > company.app_state.clock.now());
}

async fn a_crawl_moves_with_the_engine(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    let store = &company.app_state.store;
    let turn = company.app_state.observing.lock().await;
    let worker = worker(&company.app_state);
    let job = running(&company).await;
    worker.engine_runs_here.send_replace(false);
    wait::until("the crawl waits for the engine", async || {
        found(store, &job.id).await.state == JobState::Waiting
    })
    .await;
    assert_eq!(found(store, &job.id).await.attempts, 0);
    drop(turn);
    tokio::time::sleep(TIMES.poll * 4).await;
    assert_eq!(found(store, &job.id).await.state, JobState::Waiting);
    worker.engine_runs_here.send_replace(true);
    wait::until("the crawl is done", async || {
        found(store, &job.id).await.state == JobState::Done
    })
    .await;
}

async fn jobs_of_a_process_that_stops_wait_again_at_once(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    let store = &company.app_state.store;
    let _turn = company.app_state.observing.lock().await;
    let worker = worker(&company.app_state);
    let job = running(&company).await;
    drop(worker);
    let other = company.another_core().await;
    jobs::give_back(&other).await.unwrap();
    assert_eq!(found(store, &job.id).await.state, JobState::Running);
    jobs::give_back(&company.app_state).await.unwrap();
    let row = found(store, &job.id).await;
    assert_eq!((row.state, row.attempts), (JobState::Waiting, 0));
}

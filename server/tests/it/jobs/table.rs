//! The table: what the database guarantees, whatever processes do.

use domain::{
    ids::JobId,
    job::{JobFailure, JobKind, JobState},
    time::{Duration, Timestamp},
};
use server::store::{
    Store, StoreError,
    job::{self, ActiveJob, CancelOutcome, ClaimedJob, Enqueued, JobBeat, JobEnd, NewJob},
};

use super::{NOW, found, in_state};
use crate::database::{Database, DatabaseEngine};

crate::engines::on_both_engines! {
    a_job_of_a_transaction_that_is_rolled_back_does_not_exist,
    one_job_of_a_key_waits_and_begins_at_the_earlier_time,
    jobs_without_a_key_wait_beside_each_other,
    many_workers_that_claim_one_job_get_it_once,
    a_job_of_a_key_waits_while_another_one_runs,
    a_process_whose_lease_was_taken_over_writes_nothing,
    a_lease_whose_counter_moved_is_not_taken_over,
    a_job_that_fails_beside_a_waiting_one_leaves_the_work_to_it,
    a_failed_job_is_retried_once_and_dismissed_once,
    a_retry_beside_a_waiting_job_runs_that_one_now,
    a_waiting_job_is_cancelled_and_a_running_one_is_asked_to_end,
    of_a_job_that_recurs_the_last_failure_is_kept,
    jobs_that_are_over_are_deleted_after_a_week_unless_they_failed,
}

async fn enqueue(store: &Store, run_at: Timestamp) -> Enqueued {
    let mut tx = store.write().await.unwrap();
    let job = NewJob::only(JobKind::Crawl, run_at);
    let enqueued = job::enqueue(&mut tx, &job, NOW).await.unwrap();
    tx.commit().await.unwrap();
    enqueued
}

async fn active(store: &Store, id: &JobId) -> ActiveJob {
    let all = job::active(store, NOW).await.unwrap();
    all.into_iter().find(|job| job.id == *id).unwrap()
}

async fn claim(store: &Store, id: &JobId) -> Option<ClaimedJob> {
    let job = active(store, id).await;
    job::claim(store, &job, JobKind::Crawl, "process", NOW)
        .await
        .unwrap()
}

async fn end(store: &Store, claimed: &ClaimedJob, how: &JobEnd, at: Timestamp) -> bool {
    let mut tx = store.write().await.unwrap();
    let ended = job::end(&mut tx, &claimed.lease, how, at).await.unwrap();
    tx.commit().await.unwrap();
    ended
}

fn done() -> JobEnd {
    JobEnd::Done("{}".to_owned())
}

/// A job whose attempts are used up.
async fn failed(store: &Store, at: Timestamp) -> JobId {
    let id = enqueue(store, NOW).await.id().clone();
    let claimed = claim(store, &id).await.unwrap();
    assert!(end(store, &claimed, &JobEnd::Failed(JobFailure::Internal), at).await);
    id
}

async fn a_job_of_a_transaction_that_is_rolled_back_does_not_exist(engine: DatabaseEngine) {
    let database = Database::fresh(engine).await;
    let store = &database.store;
    let mut tx = store.write().await.unwrap();
    let new = NewJob::only(JobKind::Crawl, NOW);
    job::enqueue(&mut tx, &new, NOW).await.unwrap();
    drop(tx);
    assert!(in_state(store, JobState::Waiting).await.is_empty());
}

async fn one_job_of_a_key_waits_and_begins_at_the_earlier_time(engine: DatabaseEngine) {
    let database = Database::fresh(engine).await;
    let store = &database.store;
    let later = NOW + Duration::minutes(15);
    let first = enqueue(store, later).await;
    assert!(matches!(first, Enqueued::New(_)));
    let second = enqueue(store, NOW).await;
    assert_eq!(second, Enqueued::AlreadyWaiting(first.id().clone()));
    assert_eq!(found(store, first.id()).await.run_at, NOW);
    enqueue(store, later).await;
    assert_eq!(found(store, first.id()).await.run_at, NOW);
    assert_eq!(in_state(store, JobState::Waiting).await.len(), 1);
}

async fn jobs_without_a_key_wait_beside_each_other(engine: DatabaseEngine) {
    let database = Database::fresh(engine).await;
    let store = &database.store;
    let new = NewJob {
        unique_key: None,
        ..NewJob::only(JobKind::ChangeExpiry, NOW)
    };
    let mut tx = store.write().await.unwrap();
    for _ in 0..3 {
        let enqueued = job::enqueue(&mut tx, &new, NOW).await.unwrap();
        assert!(matches!(enqueued, Enqueued::New(_)));
    }
    tx.commit().await.unwrap();
    for job in job::active(store, NOW).await.unwrap() {
        let claimed = job::claim(store, &job, JobKind::ChangeExpiry, "process", NOW).await;
        assert!(claimed.unwrap().is_some());
    }
}

async fn many_workers_that_claim_one_job_get_it_once(engine: DatabaseEngine) {
    let database = Database::fresh(engine).await;
    let store = &database.store;
    let id = enqueue(store, NOW).await.id().clone();
    let job = active(store, &id).await;
    let workers = (0..8).map(|number| {
        let (store, job) = (store.clone(), job.clone());
        tokio::spawn(async move {
            let owner = format!("process {number}");
            job::claim(&store, &job, JobKind::Crawl, &owner, NOW).await
        })
    });
    let mut claimed = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        claimed.extend(worker.await.unwrap().unwrap());
    }
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].attempts, 1);
    assert!(end(store, &claimed[0], &done(), NOW).await);
    assert!(!end(store, &claimed[0], &done(), NOW).await, "it is over");
}

async fn a_job_of_a_key_waits_while_another_one_runs(engine: DatabaseEngine) {
    let database = Database::fresh(engine).await;
    let store = &database.store;
    let first = enqueue(store, NOW).await.id().clone();
    let running = claim(store, &first).await.unwrap();
    let second = enqueue(store, NOW).await.id().clone();
    assert_ne!(first, second, "a request during a run is another run");
    assert!(claim(store, &second).await.is_none());
    assert!(end(store, &running, &done(), NOW).await);
    assert!(claim(store, &second).await.is_some());
}

async fn a_process_whose_lease_was_taken_over_writes_nothing(engine: DatabaseEngine) {
    let database = Database::fresh(engine).await;
    let store = &database.store;
    let id = enqueue(store, NOW).await.id().clone();
    let dead = claim(store, &id).await.unwrap();
    let again = JobEnd::Again {
        pause: Duration(0),
        why: JobFailure::ProcessEnded,
    };
    let mut tx = store.write().await.unwrap();
    let seen = active(store, &id).await;
    assert!(job::reclaim(&mut tx, &seen, &again, NOW).await.unwrap());
    tx.commit().await.unwrap();
    let alive = claim(store, &id).await.unwrap();
    assert_eq!(alive.attempts, 2);

    assert!(!end(store, &dead, &done(), NOW).await);
    let beat = job::beat(store, &dead.lease, (1, 2)).await.unwrap();
    assert_eq!(beat, JobBeat::Lost);
    let mut tx = store.write().await.unwrap();
    let confirmed = job::confirm(&mut tx, &dead.lease).await;
    assert!(matches!(confirmed, Err(StoreError::Conflict(_))));
    drop(tx);
    let mut tx = store.write().await.unwrap();
    job::confirm(&mut tx, &alive.lease).await.unwrap();
    tx.commit().await.unwrap();
    assert!(end(store, &alive, &JobEnd::Done("{\"mine\":1}".into()), NOW).await);
    let row = found(store, &id).await;
    assert_eq!(row.result.as_deref(), Some("{\"mine\":1}"));
}

async fn a_lease_whose_counter_moved_is_not_taken_over(engine: DatabaseEngine) {
    let database = Database::fresh(engine).await;
    let store = &database.store;
    let id = enqueue(store, NOW).await.id().clone();
    let claimed = claim(store, &id).await.unwrap();
    let seen = active(store, &id).await;
    let beat = job::beat(store, &claimed.lease, (3, 9)).await.unwrap();
    assert_eq!(beat, JobBeat::Held);
    let mut tx = store.write().await.unwrap();
    let taken = job::reclaim(&mut tx, &seen, &JobEnd::GivenBack, NOW).await;
    assert!(!taken.unwrap());
    drop(tx);
    let row = found(store, &id).await;
    assert_eq!((row.state, row.progress), (JobState::Running, (3, 9)));
}

async fn a_job_that_fails_beside_a_waiting_one_leaves_the_work_to_it(engine: DatabaseEngine) {
    let database = Database::fresh(engine).await;
    let store = &database.store;
    let first = enqueue(store, NOW).await.id().clone();
    let claimed = claim(store, &first).await.unwrap();
    let second = enqueue(store, NOW).await.id().clone();
    let again = JobEnd::Again {
        pause: Duration::minutes(1),
        why: JobFailure::DatabaseUnavailable,
    };
    assert!(end(store, &claimed, &again, NOW).await);
    assert_eq!(found(store, &first).await.state, JobState::Cancelled);
    assert_eq!(found(store, &second).await.state, JobState::Waiting);
}

async fn a_failed_job_is_retried_once_and_dismissed_once(engine: DatabaseEngine) {
    let database = Database::fresh(engine).await;
    let store = &database.store;
    let id = failed(store, NOW).await;
    let retry = async || {
        let mut tx = store.write().await.unwrap();
        let row = job::lock(&mut tx, &id).await.unwrap().unwrap();
        let retried = job::retry(&mut tx, &row, NOW).await.unwrap();
        tx.commit().await.unwrap();
        retried
    };
    assert!(retry().await);
    assert!(!retry().await);
    let row = found(store, &id).await;
    assert_eq!((row.state, row.attempts), (JobState::Waiting, 0));
    let claimed = claim(store, &id).await.unwrap();
    assert!(
        end(
            store,
            &claimed,
            &JobEnd::Failed(JobFailure::NoProgress),
            NOW
        )
        .await
    );
    let mut tx = store.write().await.unwrap();
    assert!(job::dismiss(&mut tx, &id).await.unwrap());
    assert!(!job::dismiss(&mut tx, &id).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(found(store, &id).await.state, JobState::Dismissed);
}

async fn a_retry_beside_a_waiting_job_runs_that_one_now(engine: DatabaseEngine) {
    let database = Database::fresh(engine).await;
    let store = &database.store;
    let id = failed(store, NOW).await;
    let planned = enqueue(store, NOW + Duration::minutes(15)).await;
    let mut tx = store.write().await.unwrap();
    let row = job::lock(&mut tx, &id).await.unwrap().unwrap();
    assert!(job::retry(&mut tx, &row, NOW).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(found(store, &id).await.state, JobState::Dismissed);
    assert_eq!(found(store, planned.id()).await.run_at, NOW);
}

async fn a_waiting_job_is_cancelled_and_a_running_one_is_asked_to_end(engine: DatabaseEngine) {
    let database = Database::fresh(engine).await;
    let store = &database.store;
    let cancel = async |id: &JobId| {
        let mut tx = store.write().await.unwrap();
        let outcome = job::cancel(&mut tx, id, NOW).await.unwrap();
        tx.commit().await.unwrap();
        outcome
    };
    let waiting = enqueue(store, NOW).await.id().clone();
    assert_eq!(cancel(&waiting).await, CancelOutcome::Cancelled);
    assert_eq!(cancel(&waiting).await, CancelOutcome::Unchanged);
    let running = enqueue(store, NOW).await.id().clone();
    let claimed = claim(store, &running).await.unwrap();
    assert_eq!(cancel(&running).await, CancelOutcome::Requested);
    assert_eq!(cancel(&running).await, CancelOutcome::Unchanged);
    let beat = job::beat(store, &claimed.lease, (0, 0)).await.unwrap();
    assert_eq!(beat, JobBeat::CancelRequested);
    assert!(end(store, &claimed, &JobEnd::Cancelled, NOW).await);
    assert_eq!(found(store, &running).await.state, JobState::Cancelled);
}

async fn of_a_job_that_recurs_the_last_failure_is_kept(engine: DatabaseEngine) {
    let database = Database::fresh(engine).await;
    let store = &database.store;
    failed(store, NOW).await;
    let last = failed(store, NOW + Duration::minutes(1)).await;
    let kept = in_state(store, JobState::Failed).await;
    assert_eq!(kept.iter().map(|job| &job.id).collect::<Vec<_>>(), [&last]);
}

async fn jobs_that_are_over_are_deleted_after_a_week_unless_they_failed(engine: DatabaseEngine) {
    let database = Database::fresh(engine).await;
    let store = &database.store;
    let failed = failed(store, NOW).await;
    let id = enqueue(store, NOW).await.id().clone();
    let claimed = claim(store, &id).await.unwrap();
    assert!(end(store, &claimed, &done(), NOW).await);
    let delete = async |now| {
        let mut tx = store.write().await.unwrap();
        job::delete_old(&mut tx, JobKind::Crawl, now).await.unwrap();
        tx.commit().await.unwrap();
    };
    delete(NOW + Duration::days(7)).await;
    assert_eq!(in_state(store, JobState::Done).await.len(), 1);
    delete(NOW + Duration::days(8)).await;
    assert_eq!(
        in_state(store, JobState::Done).await.len(),
        1,
        "the last one stays"
    );
    let id = enqueue(store, NOW).await.id().clone();
    let claimed = claim(store, &id).await.unwrap();
    assert!(end(store, &claimed, &done(), NOW + Duration::days(1)).await);
    delete(NOW + Duration::days(8)).await;
    let kept = in_state(store, JobState::Done).await;
    assert_eq!(kept.iter().map(|job| &job.id).collect::<Vec<_>>(), [&id]);
    assert_eq!(found(store, &failed).await.state, JobState::Failed);
}

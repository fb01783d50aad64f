//! What people see of jobs, and what they do with them.

use std::{collections::BTreeMap, sync::Arc};

use app::{
    backend::{Backend, Denied, OperationsPort as _, ServerRole},
    pages,
    routes::{FormState, Visit},
    shell::{Surroundings, render},
};
use domain::{
    engine::lease::ProcessRole,
    job::{JobFailure, JobKind, JobState},
    time::Duration,
};
use server::{
    service::known_servers::KnownServer,
    store::{
        job::{self, JobEnd, NewJob},
        process::ProcessRow,
    },
};

use super::{found, in_state};
use crate::{changes::support::Org, database::DatabaseEngine};

crate::engines::on_both_engines! {
    an_administrator_retries_and_dismisses_failed_jobs_and_both_are_recorded_once,
    a_cancelled_job_is_planned_again_and_recorded_once,
    a_crawl_is_requested_once_however_often_the_button_is_pressed,
    an_auditor_sees_jobs_and_nobody_else_manages_them,
    a_server_that_is_silent_is_marked_and_does_not_run_the_engine,
    a_job_that_tries_again_is_listed_with_failed_ones,
    nobody_skips_or_cancels_a_check_of_what_was_altered,
    a_kind_of_job_shows_how_its_last_job_ended,
}

/// Returns the page of operations as an administrator sees it.
async fn page(org: &Org) -> String {
    page_of(Arc::new(org.as_("ann").await)).await
}

pub(super) async fn page_of(backend: Arc<dyn Backend>) -> String {
    let visit = Visit {
        backend,
        params: BTreeMap::new(),
        query: BTreeMap::new(),
        url: "/operations".into(),
        form: FormState::default(),
    };
    let page = pages::operations::page(visit).await;
    render(Surroundings::default(), page.unwrap().draw)
}

async fn a_server_that_is_silent_is_marked_and_does_not_run_the_engine(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let now = org.clock.now();
    let known = |seconds: i64| KnownServer {
        row: ProcessRow {
            id: "0190c0de-0000-7000-8000-0000000000aa".into(),
            started_at: now - Duration::hours(1),
            version: "0.1.0".into(),
            role: ProcessRole::Engine,
            counter: 7,
        },
        seen: now - Duration::seconds(seconds),
    };
    for (seconds, role, marked) in [
        (3, ServerRole::Engine, false),
        (12, ServerRole::EngineBefore, false),
        (31, ServerRole::EngineBefore, true),
    ] {
        org.app_state.known_servers.are(vec![known(seconds)]);
        let view = org.as_("ann").await.operations().await.unwrap();
        let roles: Vec<ServerRole> = view.servers.iter().map(|row| row.role).collect();
        assert_eq!(roles, [ServerRole::Standby, role], "{seconds} s");
        let html = page(&org).await;
        assert_eq!(html.contains("No heartbeat"), marked, "{seconds} s");
        let runs = role == ServerRole::Engine;
        assert_eq!(html.contains("Runs the engine"), runs, "{seconds} s");
    }
}

async fn a_job_that_tries_again_is_listed_with_failed_ones(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let html = page(&org).await;
    assert!(!html.contains("Failed jobs") && html.contains("No job has failed"));
    let (store, now) = (&org.app_state.store, org.clock.now());
    let mut tx = store.write().await.unwrap();
    let new = NewJob::only(JobKind::Crawl, now);
    job::enqueue(&mut tx, &new, now).await.unwrap();
    tx.commit().await.unwrap();
    let waiting = job::active(store, now).await.unwrap().remove(0);
    let claimed = job::claim(store, &waiting, JobKind::Crawl, "process", now).await;
    let claimed = claimed.unwrap().unwrap();
    let mut tx = store.write().await.unwrap();
    let end = JobEnd::Again {
        pause: Duration::minutes(1),
        why: JobFailure::NoProgress,
    };
    assert!(job::end(&mut tx, &claimed.lease, &end, now).await.unwrap());
    tx.commit().await.unwrap();
    let html = page(&org).await;
    assert!(html.contains("Jobs that try again"), "{html}");
    assert!(html.contains("Tries again"), "{html}");
    assert!(!html.contains("No job has failed"), "{html}");
}

async fn nobody_skips_or_cancels_a_check_of_what_was_altered(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let (ann, store, now) = (org.as_("ann").await, &org.app_state.store, org.clock.now());
    let mut enqueued = Vec::new();
    for kind in [JobKind::RowComparison, JobKind::PoolCheck, JobKind::Crawl] {
        let mut tx = store.write().await.unwrap();
        let job = NewJob::only(kind, now + Duration::hours(1));
        let job = job::enqueue(&mut tx, &job, now).await.unwrap();
        tx.commit().await.unwrap();
        enqueued.push(job.id().clone());
    }
    let html = page(&org).await;
    let offered: Vec<bool> = enqueued
        .iter()
        .map(|id| html.contains(&format!("/do/jobs/{id}/cancel")))
        .collect();
    assert_eq!(offered, [false, false, true]);
    for id in &enqueued[..2] {
        let refused = ann.cancel_job(id).await;
        assert!(matches!(refused, Err(Denied::Never(_))), "{refused:?}");
        assert_eq!(found(store, id).await.state, JobState::Waiting);
    }
    ann.cancel_job(&enqueued[2]).await.unwrap();
    assert_eq!(entries(&org, "job.cancelled").await, 1);
    // A kind of a newer version may be such a check.
    org.by_hand(format!(
        "update job set kind = 'campaign' where id = '{}'",
        enqueued[0]
    ))
    .await;
    let refused = ann.cancel_job(&enqueued[0]).await;
    assert!(matches!(refused, Err(Denied::Never(_))), "{refused:?}");
}

async fn a_kind_of_job_shows_how_its_last_job_ended(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let ann = org.as_("ann").await;
    let last = async || {
        let view = ann.operations().await.unwrap();
        let mut kinds = view.kinds.into_iter();
        let crawl = kinds.find(|row| row.name.kind == Some(JobKind::Crawl));
        crawl.unwrap().last.map(|last| (last.state, last.took))
    };
    assert_eq!(last().await, None);
    // A job that was skipped did not run.
    ann.request_crawl().await.unwrap();
    let skipped = in_state(&org.app_state.store, JobState::Waiting).await;
    ann.cancel_job(&skipped[0].id).await.unwrap();
    assert_eq!(last().await, None);
    let id = failed(&org).await;
    assert_eq!(last().await, Some((JobState::Failed, Duration(0))));
    org.by_hand(format!(
        "update job set started_at = started_at - 5000 where id = '{id}'"
    ))
    .await;
    assert_eq!(last().await, Some((JobState::Failed, Duration::seconds(5))));
    ann.dismiss_job(&id).await.unwrap();
    assert_eq!(
        last().await,
        Some((JobState::Dismissed, Duration::seconds(5)))
    );
}

/// A crawl whose attempts are used up.
async fn failed(org: &Org) -> domain::ids::JobId {
    let (store, now) = (&org.app_state.store, org.clock.now());
    let mut tx = store.write().await.unwrap();
    let new = NewJob::only(JobKind::Crawl, now);
    let enqueued = job::enqueue(&mut tx, &new, now).await.unwrap();
    tx.commit().await.unwrap();
    let all = job::active(store, now).await.unwrap();
    let waiting = all.iter().find(|job| job.id == *enqueued.id()).unwrap();
    let claimed = job::claim(store, waiting, JobKind::Crawl, "process", now)
        .await
        .unwrap()
        .unwrap();
    let mut tx = store.write().await.unwrap();
    let end = JobEnd::Failed(JobFailure::OtherInstance);
    assert!(job::end(&mut tx, &claimed.lease, &end, now).await.unwrap());
    tx.commit().await.unwrap();
    enqueued.id().clone()
}

/// Returns the number of entries of a type.
async fn entries(org: &Org, kind: &str) -> usize {
    let all = org.all_entries().await;
    all.iter().filter(|one| *one == kind).count()
}

async fn an_administrator_retries_and_dismisses_failed_jobs_and_both_are_recorded_once(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let ann = org.as_("ann").await;
    let id = failed(&org).await;
    let view = ann.operations().await.unwrap();
    assert_eq!(view.failed_count, 1);
    assert_eq!(view.failed[0].why, JobFailure::OtherInstance);
    ann.retry_job(&id).await.unwrap();
    ann.retry_job(&id).await.unwrap();
    let store = &org.app_state.store;
    assert_eq!(found(store, &id).await.state, JobState::Waiting);
    assert_eq!(entries(&org, "job.retried").await, 1);

    let again = failed(&org).await;
    ann.dismiss_job(&again).await.unwrap();
    ann.dismiss_job(&again).await.unwrap();
    assert_eq!(entries(&org, "job.dismissed").await, 1);
    assert_eq!(ann.operations().await.unwrap().failed_count, 0);
    let missing = "00000000-0000-4000-8000-00000000dead".parse().unwrap();
    assert_eq!(ann.retry_job(&missing).await, Err(Denied::NotFound));
    assert_eq!(ann.cancel_job(&missing).await, Err(Denied::NotFound));
}

async fn a_cancelled_job_is_planned_again_and_recorded_once(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let (ann, store) = (org.as_("ann").await, &org.app_state.store);
    ann.request_crawl().await.unwrap();
    let id = in_state(store, JobState::Waiting).await.remove(0).id;
    ann.cancel_job(&id).await.unwrap();
    ann.cancel_job(&id).await.unwrap();
    assert_eq!(entries(&org, "job.cancelled").await, 1);
    assert_eq!(found(store, &id).await.state, JobState::Cancelled);
    let next = in_state(store, JobState::Waiting).await.remove(0);
    let every: Duration = org.app_state.settings.crawl_every;
    assert_eq!(next.run_at, org.clock.now() + every);
}

async fn a_crawl_is_requested_once_however_often_the_button_is_pressed(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let ann = org.as_("ann").await;
    for _ in 0..3 {
        ann.request_crawl().await.unwrap();
    }
    let waiting = in_state(&org.app_state.store, JobState::Waiting).await;
    assert_eq!(waiting.len(), 1);
}

async fn an_auditor_sees_jobs_and_nobody_else_manages_them(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.give("eve", domain::authorize::Role::Auditor, org.clock.now())
        .await;
    let id = failed(&org).await;
    let eve = org.as_("eve").await;
    assert!(eve.operations().await.is_ok());
    for name in ["eve", "bob", "fay"] {
        let person = org.as_(name).await;
        for refused in [
            person.retry_job(&id).await,
            person.dismiss_job(&id).await,
            person.cancel_job(&id).await,
            person.request_crawl().await,
        ] {
            assert!(matches!(refused, Err(Denied::Role(_))), "{name}");
        }
    }
    for name in ["bob", "fay"] {
        let seen = org.as_(name).await.operations().await;
        assert!(matches!(seen, Err(Denied::Role(_))), "{name}");
    }
    let state = found(&org.app_state.store, &id).await.state;
    assert_eq!(state, JobState::Failed);
}

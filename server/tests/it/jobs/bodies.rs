//! What single kinds of jobs do: sealing, the check of the user pool, and a crawl that AWS does not answer.

use std::sync::Arc;

use domain::{
    authorize::Role,
    job::{JobFailure, JobKind, JobState},
    time::Duration,
};
use serde_json::{Value, json};
use server::{
    config::SignInArgs,
    engine::seal::{COPY_FILE, Sealer},
    jobs::JobTools,
    service::{app_state::AppState, jobs, journal::EntryActor},
    store::{job::JobRow, ledger, person},
};

use super::{
    in_state,
    worker::{worker, worker_with},
};
use crate::{
    changes::support::{Org, grant},
    database::DatabaseEngine,
    sandboxed::sandbox_server::Company,
    wait,
};

crate::engines::on_both_engines! {
    the_ledger_is_sealed_by_a_job_and_again_after_a_failure,
    the_user_pool_is_checked_after_the_start_too,
    a_crawl_that_reads_nothing_fails_and_one_that_reads_a_part_says_so,
}

async fn of_kind(app_state: &AppState, kind: JobKind, state: JobState) -> Vec<JobRow> {
    let mut jobs = in_state(&app_state.store, state).await;
    jobs.retain(|job| job.kind == kind.as_str());
    jobs
}

async fn the_ledger_is_sealed_by_a_job_and_again_after_a_failure(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let state = &org.app_state;
    let folder = org.folder().join("keys");
    let (store, clock, journal) = (
        state.store.clone(),
        state.clock.clone(),
        state.journal.clone(),
    );
    let sealer = Sealer::open(store, clock, journal, &folder, None)
        .await
        .unwrap();
    let tools = JobTools {
        sealer: Some(sealer.clone()),
        sign_in: None,
    };
    let _worker = worker_with(state, tools);
    let signed = async || {
        let newest = ledger::newest_checkpoint(&state.store).await.unwrap();
        newest.map_or(0, |newest| newest.size)
    };
    let size = async || ledger::head(&state.store).await.unwrap().unwrap().size;
    wait::until("everything is signed", async || {
        signed().await == size().await
    })
    .await;
    wait::until("the job is done", async || {
        !of_kind(state, JobKind::Sealing, JobState::Done)
            .await
            .is_empty()
    })
    .await;
    assert!(!sealer.is_due());

    // Nothing can be written beside the key.
    let (copy, away) = (folder.join(COPY_FILE), folder.join("away"));
    std::fs::rename(&copy, &away).unwrap();
    std::fs::create_dir(&copy).unwrap();
    org.ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    assert!(sealer.is_due());
    jobs::request(state, JobKind::Sealing).await.unwrap();
    wait::until_with(
        "the sealing has failed",
        async || {
            !of_kind(state, JobKind::Sealing, JobState::Failed)
                .await
                .is_empty()
        },
        || org.clock.advance(Duration::seconds(1)),
    )
    .await;
    let failed = of_kind(state, JobKind::Sealing, JobState::Failed)
        .await
        .remove(0);
    assert_eq!(failed.failure, Some(JobFailure::NotSealed));
    assert_eq!(failed.attempts, JobKind::Sealing.rules().attempts);
    assert!(sealer.trouble().unwrap().contains(COPY_FILE));
    assert!(sealer.is_due(), "the next look tries again");

    std::fs::remove_dir(&copy).unwrap();
    std::fs::rename(&away, &copy).unwrap();
    jobs::request(state, JobKind::Sealing).await.unwrap();
    wait::until("everything is signed", async || {
        signed().await == size().await
    })
    .await;
    wait::until("the trouble is over", async || sealer.trouble().is_none()).await;
}

/// The arguments of a configuration that names this identity provider.
fn sign_in(provider: Option<&str>) -> JobTools {
    let named = provider.map(|name| format!("{name}=https://{name}.example"));
    JobTools {
        sealer: None,
        sign_in: Some(Arc::new(SignInArgs {
            identity_providers: named.into_iter().collect(),
            step_up_seconds: 300,
            step_up_seconds_other: 3600,
            ..SignInArgs::default()
        })),
    }
}

/// Waits until a check of the pool has ended, and returns it.
async fn checked(company: &Company, tools: JobTools, state: JobState) -> JobRow {
    let app_state = &company.app_state;
    let _worker = worker_with(app_state, tools);
    company
        .until("the check has ended", async || {
            !of_kind(app_state, JobKind::PoolCheck, state)
                .await
                .is_empty()
        })
        .await;
    of_kind(app_state, JobKind::PoolCheck, state)
        .await
        .remove(0)
}

async fn the_user_pool_is_checked_after_the_start_too(engine: DatabaseEngine) {
    let company = Company::crawled(engine).await;
    let done = checked(&company, sign_in(None), JobState::Done).await;
    let result: Value = serde_json::from_str(&done.result.unwrap()).unwrap();
    assert!(
        result["sign_ins"]
            .as_str()
            .unwrap()
            .starts_with("linked by subject")
    );
    // The configuration names a provider that the pool has no more.
    let failed = checked(&company, sign_in(Some("Gone")), JobState::Failed).await;
    assert_eq!(failed.failure, Some(JobFailure::PoolDiffers));
    assert_eq!(failed.attempts, JobKind::PoolCheck.rules().attempts);
    let forget = "delete from job";
    company.database.by_hand(forget).await.unwrap();
    company
        .faults(json!([{ "operation": "DescribeIdentityProvider", "kind": "access_denied" }]))
        .await;
    let failed = checked(&company, sign_in(Some("Gone")), JobState::Failed).await;
    assert_eq!(failed.failure, Some(JobFailure::NoAnswerFromAws));
    company.faults(json!([])).await;
    company.close().await;
}

/// Makes somebody an administrator, as the configuration does.
async fn administrator(company: &Company, name: &str) {
    let state = &company.app_state;
    let known = state.read_model();
    let person = known.snapshot.person(&company.user(name)).unwrap();
    let (journal, at) = (&state.journal, state.clock.now());
    let mut tx = state.store.write().await.unwrap();
    person::ensure_role(&mut tx, person, Role::Administrator, at)
        .await
        .unwrap();
    let who = EntryActor::leastwise();
    let granted = journal.role_granted(&who, person, Role::Administrator, at);
    journal.append(&mut tx, granted).await.unwrap();
    tx.commit().await.unwrap();
}

async fn a_crawl_that_reads_nothing_fails_and_one_that_reads_a_part_says_so(
    engine: DatabaseEngine,
) {
    let company = Company::crawled(engine).await;
    let state = &company.app_state;
    let lists = [
        "DescribeOrganization",
        "ListAccounts",
        "ListUsers",
        "ListGroups",
        "ListPermissionSets",
    ];
    let deny = |operation: &&str| json!({ "operation": operation, "kind": "access_denied" });
    company.faults(lists.iter().map(deny).collect()).await;
    let first = worker(state);
    company
        .until("the crawl has failed", async || {
            !of_kind(state, JobKind::Crawl, JobState::Failed)
                .await
                .is_empty()
        })
        .await;
    drop(first);
    let failed = of_kind(state, JobKind::Crawl, JobState::Failed)
        .await
        .remove(0);
    assert_eq!(failed.failure, Some(JobFailure::NoAnswerFromAws));
    assert!(
        of_kind(state, JobKind::Crawl, JobState::Done)
            .await
            .is_empty()
    );
    let next = of_kind(state, JobKind::Crawl, JobState::Waiting).await;
    assert_eq!(next.len(), 1, "the next one is planned");

    company.faults(json!([deny(&"ListUsers")])).await;
    let _worker = worker(state);
    company
        .until("a crawl is done", async || {
            !of_kind(state, JobKind::Crawl, JobState::Done)
                .await
                .is_empty()
        })
        .await;
    let done = of_kind(state, JobKind::Crawl, JobState::Done)
        .await
        .remove(0);
    let report: Value = serde_json::from_str(&done.result.unwrap()).unwrap();
    assert_eq!(report["complete"], false);
    assert_eq!(report["unread"].as_array().unwrap().len(), 1, "{report}");
    administrator(&company, "maya.okafor").await;
    let page = super::pages::page_of(Arc::new(company.as_("maya.okafor").await)).await;
    assert!(page.contains("1 not read"), "{page}");
    company.faults(json!([])).await;
}

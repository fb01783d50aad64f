//! The comparison of rows with the ledger as a job: what it finds, who sees it, and what it does not take for a difference.

use std::sync::Arc;

use app::backend::{HomePort as _, OperationsPort as _};
use domain::{
    authorize::Role,
    job::{JobKind, JobState},
};
use server::service::{
    app_state::AppState,
    jobs,
    row_findings::{self, ComparisonResult},
};

use super::{found, pages::page_of, worker::worker};
use crate::{
    changes::support::{Org, grant, person_id},
    database::DatabaseEngine,
    wait,
};

crate::engines::on_both_engines! {
    a_forged_row_is_shown_without_a_command_and_recorded_once,
    what_is_committed_during_a_comparison_is_no_difference,
    every_process_shows_what_one_of_them_found,
    a_row_of_a_session_or_a_change_that_differs_is_found,
}

/// Has a comparison run, and returns its result.
async fn compared(app_state: &AppState) -> Arc<ComparisonResult> {
    let requested = jobs::request(app_state, JobKind::RowComparison)
        .await
        .unwrap();
    wait::until("the comparison is done", async || {
        found(&app_state.store, requested.id()).await.state == JobState::Done
    })
    .await;
    app_state.row_findings.last().unwrap()
}

fn messages(result: &ComparisonResult) -> Vec<String> {
    let all = result.findings.iter();
    all.map(|one| format!("{} {}", one.code, one.message))
        .collect()
}

async fn operations_page(org: &Org, name: &str) -> String {
    page_of(Arc::new(org.as_(name).await)).await
}

async fn alarms(org: &Org) -> usize {
    let all = org.all_entries().await;
    all.iter().filter(|one| *one == "rows.differ").count()
}

async fn a_forged_row_is_shown_without_a_command_and_recorded_once(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.give("fay", Role::Auditor, org.clock.now()).await;
    let _worker = worker(&org.app_state);
    let result = compared(&org.app_state).await;
    assert_eq!(messages(&result), Vec::<String>::new());
    let page = operations_page(&org, "ann").await;
    assert!(
        page.contains("Every stored record agreed with the ledger"),
        "{page}"
    );

    let eve = person_id("eve");
    let forged = format!(
        "insert into role_grant (person_id, role, granted_at) values ('{eve}', 'administrator', 7)"
    );
    org.by_hand(forged.clone()).await;
    let result = compared(&org.app_state).await;
    assert_eq!(result.differing, 1, "{result:?}");
    assert_eq!(result.findings[0].code, "row_without_entry");
    for name in ["ann", "fay"] {
        let page = operations_page(&org, name).await;
        assert!(page.contains("1 record differs from the ledger"), "{page}");
        assert!(page.contains(&format!("the role administrator of person {eve}")));
        let home = org.as_(name).await.home().await.unwrap();
        assert_eq!(home.differing_rows, 1, "{name}");
    }
    let home = org.as_("eve").await.home().await.unwrap();
    assert_eq!(home.differing_rows, 0, "she may not see operations");
    assert_eq!(alarms(&org).await, 1);
    let metrics = server::service::metrics::text(&org.app_state).await;
    assert!(metrics.contains("leastwise_rows_differing 1"), "{metrics}");

    // The same difference is recorded once, and again when it comes back.
    assert_eq!(compared(&org.app_state).await.differing, 1);
    assert_eq!(alarms(&org).await, 1);
    org.by_hand("delete from role_grant where granted_at = 7".into())
        .await;
    assert_eq!(compared(&org.app_state).await.differing, 0);
    org.by_hand(forged).await;
    assert_eq!(compared(&org.app_state).await.differing, 1);
    assert_eq!(alarms(&org).await, 2);
}

async fn what_is_committed_during_a_comparison_is_no_difference(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let _worker = worker(&org.app_state);
    let writes = async {
        loop {
            let id = org
                .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
                .await;
            org.approve("bob", &id).await.unwrap();
        }
    };
    let comparisons = async {
        for _ in 0..8 {
            let result = compared(&org.app_state).await;
            assert_eq!(messages(&result), Vec::<String>::new());
        }
    };
    tokio::select! {
        () = comparisons => {}
        never = writes => match never {},
    }
}

async fn every_process_shows_what_one_of_them_found(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let _worker = worker(&org.app_state);
    let other = org.second_process().await;
    assert_eq!(other.row_findings.last(), None);
    org.by_hand("delete from role_grant where role = 'approver'".into())
        .await;
    let result = compared(&org.app_state).await;
    assert!(result.differing > 0);
    row_findings::follow(&other).await.unwrap();
    assert_eq!(other.row_findings.last().as_deref(), Some(&*result));
    // What this process found itself is not forgotten with the row of the job.
    org.by_hand("delete from job".into()).await;
    row_findings::follow(&org.app_state).await.unwrap();
    assert_eq!(org.app_state.row_findings.differing(), result.differing);
}

async fn a_row_of_a_session_or_a_change_that_differs_is_found(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let _worker = worker(&org.app_state);
    assert_eq!(compared(&org.app_state).await.differing, 0);
    org.by_hand(format!(
        "update change set state = 'approved' where id = '{id}'"
    ))
    .await;
    let session = "insert into session (id, iss, sub, token_hash, document, started_at, last_used, asked_at, checked_at, ends_at) \
                   select '0190c0de-0000-7000-8000-0000000000f1', iss, sub, 'x', '{}', 1, 1, 1, 1, 9000000000000 from subject limit 1";
    org.by_hand(session.into()).await;
    let result = compared(&org.app_state).await;
    let told = messages(&result).join("\n");
    assert_eq!(result.differing, 2, "{told}");
    assert!(
        told.contains("row_without_entry session: the session"),
        "{told}"
    );
    assert!(
        told.contains(&format!("row_differs change: the row of change {id}")),
        "{told}"
    );
    let page = operations_page(&org, "ann").await;
    assert!(page.contains("2 records differ from the ledger"), "{page}");
    let operations = org.as_("ann").await.operations().await.unwrap();
    assert_eq!(operations.comparison.unwrap().rows.len(), 2);
}

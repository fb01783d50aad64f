//! A writer of the database can neither grant access in AWS nor keep it.

use domain::{change::State, ids::Assignment, time::Duration};
use serde_json::{Value, json};

use super::sandbox_server::{Company, LoopGuard, grant, remove};

crate::engines::on_both_engines! {
    &Company:
    a_window_put_in_by_hand_is_no_reason_for_access,
    a_window_whose_end_was_taken_away_ends_in_time,
    a_window_that_was_deleted_with_its_key_ends_in_time,
    a_key_that_was_blanked_is_taken_away_in_time,
    a_window_that_is_over_and_revived_by_hand_is_no_reason_for_access,
    a_row_of_the_engine_opens_nothing_that_nobody_asked_for,
    a_change_whose_effect_was_edited_gives_nothing,
    a_removal_whose_rows_were_deleted_goes_on,
}

const GROUP: &str = "contractors";
const SET: &str = "LedgerDataReader";
/// Development outside PCI: an administrator needs no approval.
const ACCOUNT: &str = "analytics-dev";
/// Groups whose access shows that the engine has run.
const WITNESSES: [&str; 2] = ["auditors", "support-desk"];
const CREATE: &str = "CreateAccountAssignment";

async fn by_hand(company: &Company, statement: &str) {
    let changed = company.database.by_hand(statement).await.unwrap();
    assert!(changed > 0, "the statement changed nothing: {statement}");
}

/// Returns how often access was created since a call, except for the groups of [`WITNESSES`].
async fn creates(company: &Company, since: u64) -> usize {
    let witnesses = WITNESSES.map(|group| company.group(group).to_string());
    let calls = company.calls_since(since).await;
    calls
        .iter()
        .filter(|call| call.operation == CREATE)
        .filter(|call| {
            let principal = call.params["PrincipalId"].as_str().unwrap();
            witnesses.iter().all(|witness| witness != principal)
        })
        .count()
}

/// Grants an hour of access and ends the engine.
async fn an_hour(company: &Company) -> Assignment {
    let lifecycle = company.engine();
    let id = company
        .ask("maya.okafor", &grant(GROUP, SET, ACCOUNT, "60"))
        .await;
    assert_eq!(company.end_of(&id).await, State::Verified);
    drop(lifecycle);
    let what = company.of_group(GROUP, SET, ACCOUNT);
    assert!(company.holds(&what).await);
    what
}

/// The hour passes without an engine; the next engine removes what it finds.
async fn gone_after_the_hour(company: &Company, what: &Assignment) {
    company.app_state.clock.advance(Duration::minutes(60));
    let before = company.app_state.clock.now();
    let _life = company.engine();
    company
        .until("the assignment no longer exists in AWS", || async {
            !company.holds(what).await
        })
        .await;
    let late = company.app_state.clock.now().since(before);
    assert!(late <= Duration::minutes(1), "{late:?} after the start");
    company
        .until("the removal is recorded", || async {
            !company.entries("grant.ended").await.is_empty()
        })
        .await;
}

/// Runs an engine until it has granted access to both [`WITNESSES`] in an account, one after the other. The engine writes
/// to an account one resource at a time, in the order in which they become due, so anything that it would do there after
/// its start is done by then.
async fn a_while(company: &Company, account: &str) -> LoopGuard {
    let lifecycle = company.engine();
    for group in WITNESSES {
        let id = company
            .ask("maya.okafor", &grant(group, SET, account, "standing"))
            .await;
        if company.state(&id).await == State::Waiting {
            company.approve("ines.carvalho", &id).await.unwrap();
        }
        assert_eq!(company.end_of(&id).await, State::Verified);
    }
    lifecycle
}

const FORGED: &str = "00000005-0000-4000-8000-00000000dead";
const NOBODYS: &str = "00000004-0000-4000-8000-00000000dead";

async fn a_window_put_in_by_hand_is_no_reason_for_access(company: &Company) {
    let what = company.of_group(GROUP, SET, ACCOUNT);
    let now = company.app_state.clock.now().0;
    let row = json!({
        "key": key(&what),
        "window": { "grant": FORGED, "change": NOBODYS, "starts": now, "ends": null, "ended": null },
        "delivery": null, "over": null,
    });
    by_hand(
        company,
        &format!(
            "insert into engine_window (id, key_id, document) values ('{FORGED}', 'k', '{row}')"
        ),
    )
    .await;
    let before = company.calls_so_far().await;
    let lifecycle = a_while(company, ACCOUNT).await;
    assert_eq!(creates(company, before).await, 0);
    assert!(!company.holds(&what).await);
    drop(lifecycle);
    by_hand(
        company,
        &format!("delete from engine_window where id = '{FORGED}'"),
    )
    .await;
}

fn key(what: &Assignment) -> Value {
    serde_json::to_value(domain::engine::AccessResource::Assignment(what.clone())).unwrap()
}

async fn a_window_whose_end_was_taken_away_ends_in_time(company: &Company) {
    let what = an_hour(company).await;
    let (id, mut row) = window(company).await;
    row["window"]["ends"] = Value::Null;
    by_hand(
        company,
        &format!("update engine_window set document = '{row}' where id = '{id}'"),
    )
    .await;
    gone_after_the_hour(company, &what).await;
}

/// Returns the only open access window, as stored.
async fn window(company: &Company) -> (String, Value) {
    let row: (String, String) =
        sqlx::query_as("select id, document from engine_window where over_at is null")
            .fetch_one(company.app_state.store.read())
            .await
            .unwrap();
    (row.0, serde_json::from_str(&row.1).unwrap())
}

async fn a_window_that_was_deleted_with_its_key_ends_in_time(company: &Company) {
    let what = an_hour(company).await;
    by_hand(company, "delete from engine_window").await;
    by_hand(company, "delete from engine_key").await;
    gone_after_the_hour(company, &what).await;
}

async fn a_key_that_was_blanked_is_taken_away_in_time(company: &Company) {
    let what = an_hour(company).await;
    let (document,): (String,) = sqlx::query_as("select document from engine_key")
        .fetch_one(company.app_state.store.read())
        .await
        .unwrap();
    let mut row: Value = serde_json::from_str(&document).unwrap();
    row["managed_since"] = Value::Null;
    row["adopted"] = NOBODYS.into();
    row["confirmed"] = json!({ "presence": "absent", "as_of": company.app_state.clock.now().0 });
    by_hand(
        company,
        &format!("update engine_key set document = '{row}'"),
    )
    .await;
    gone_after_the_hour(company, &what).await;
}

async fn a_window_that_is_over_and_revived_by_hand_is_no_reason_for_access(company: &Company) {
    let what = an_hour(company).await;
    let (id, mut row) = window(company).await;
    gone_after_the_hour(company, &what).await;
    let (over, whole): (i64, String) =
        sqlx::query_as("select over_at, document from engine_window")
            .fetch_one(company.app_state.store.read())
            .await
            .unwrap();
    row["window"]["ends"] = Value::Null;
    row["delivery"] = Value::Null;
    by_hand(
        company,
        &format!("update engine_window set over_at = null, document = '{row}' where id = '{id}'"),
    )
    .await;
    let before = company.calls_so_far().await;
    let lifecycle = a_while(company, ACCOUNT).await;
    assert_eq!(creates(company, before).await, 0);
    assert!(!company.holds(&what).await);
    drop(lifecycle);
    let back = format!(
        "update engine_window set over_at = {over}, document = '{whole}' where id = '{id}'"
    );
    by_hand(company, &back).await;
}

async fn a_row_of_the_engine_opens_nothing_that_nobody_asked_for(company: &Company) {
    let before = company.calls_so_far().await;
    // The request is harmless, but the engine's row contains something else.
    let id = company
        .ask("maya.okafor", &grant(GROUP, SET, ACCOUNT, "60"))
        .await;
    let other = company.of_group(GROUP, "AdministratorAccess", "analytics-prod");
    for phase in ["queued", "applying"] {
        let item = json!({
            "item": "open", "grant": FORGED, "key": key(&other), "term": "standing", "session": 3_600_000,
        });
        let row = json!({
            "change": id.as_str(), "phase": phase, "items": [{ "item": item, "result": null }],
        });
        by_hand(
            company,
            &format!(
                "insert into engine_change (id, document) values ('{id}', '{row}') \
                 on conflict (id) do update set document = excluded.document, over_at = null"
            ),
        )
        .await;
        if phase == "queued" {
            let _life = company.engine();
            assert_eq!(company.end_of(&id).await, State::Verified);
            assert_eq!(creates(company, before).await, 1, "the requested access");
        } else {
            let _life = a_while(company, "analytics-prod").await;
            assert_eq!(creates(company, before).await, 1, "and nothing else");
        }
        assert!(!company.holds(&other).await);
    }
}

async fn a_change_whose_effect_was_edited_gives_nothing(company: &Company) {
    // Production outside PCI: one approval.
    let id = company
        .ask("maya.okafor", &grant(GROUP, SET, "analytics-prod", "60"))
        .await;
    company.approve("ines.carvalho", &id).await.unwrap();
    let edit =
        format!("update change set effect = replace(effect, '3600000', '60000') where id = '{id}'");
    by_hand(company, &edit).await;
    let before = company.calls_so_far().await;
    let _life = a_while(company, "analytics-prod").await;
    assert_eq!(creates(company, before).await, 0);
    assert_eq!(
        company.state(&id).await,
        State::Approved,
        "the change waits for a new decision"
    );
    by_hand(
        company,
        &edit.replace("'3600000', '60000'", "'60000', '3600000'"),
    )
    .await;
}

async fn a_removal_whose_rows_were_deleted_goes_on(company: &Company) {
    let what = company.of_group(GROUP, SET, ACCOUNT);
    // Not granted by Leastwise: no access window explains it.
    company.assign_outside(&what).await;
    company.app_state.clock.advance(Duration::minutes(1));
    company.sync().await;
    let denied = json!([{ "operation": "DeleteAccountAssignment", "kind": "access_denied" }]);
    company.faults(denied).await;
    let lifecycle = company.engine();
    let id = company
        .ask("maya.okafor", &remove(GROUP, SET, ACCOUNT))
        .await;
    company
        .until("AWS refuses", || async {
            !company.entries("operation.failed").await.is_empty()
        })
        .await;
    drop(lifecycle);
    assert_eq!(company.state(&id).await, State::Applying);
    for table in ["engine_key", "engine_change", "engine_operation"] {
        by_hand(company, &format!("delete from {table}")).await;
    }
    company.faults(json!([])).await;
    assert!(company.holds(&what).await);
    let _life = company.engine();
    company
        .until("the assignment no longer exists in AWS", || async {
            !company.holds(&what).await
        })
        .await;
}

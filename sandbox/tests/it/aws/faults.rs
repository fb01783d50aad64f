//! Injected faults, and the call log that shows how a client reacted.

use sandbox::aws::ConnectionReset;
use serde_json::json;

use super::support::{Aws, request_id};

#[tokio::test]
async fn a_fault_hits_what_its_rule_names_and_only_as_often() {
    let aws = Aws::new();
    aws.break_with(json!([{
        "service": "sso-admin", "operation": "ListAccountAssignments",
        "account_id": aws.account("cards-prod"), "kind": "throttle", "count": 1,
    }]))
    .await;
    let list = |account: &str| json!({ "AccountId": aws.account(account), "PermissionSetArn": aws.set("SecurityAudit") });
    let list = |account: &'static str| aws.sso("ListAccountAssignments", list(account));
    assert_eq!(list("ledger-prod").await.status, 200);
    assert_eq!(list("cards-prod").await.error(), "ThrottlingException");
    assert_eq!(list("cards-prod").await.status, 200);
}

#[tokio::test]
async fn each_refusal_has_the_code_and_status_of_its_service() {
    let aws = Aws::new();
    for (kind, status, code) in [
        ("throttle", 400, "ThrottlingException"),
        ("conflict", 400, "ConflictException"),
        ("access_denied", 400, "AccessDeniedException"),
        ("internal", 500, "InternalServerException"),
    ] {
        aws.break_with(json!([{ "kind": kind }])).await;
        let tuple = aws.tuple("cards-dev", "ReadOnly", "auditors");
        let answer = aws.sso("CreateAccountAssignment", tuple).await;
        assert_eq!((answer.status, answer.error()), (status, code));
    }
    aws.break_with(json!([])).await;
    aws.wait();
    assert!(
        aws.assigned("cards-dev", "ReadOnly").await.is_empty(),
        "nothing was applied"
    );
}

#[tokio::test]
async fn a_lost_answer_was_applied_and_says_it_failed() {
    let aws = Aws::new();
    aws.break_with(json!([{ "kind": "lost_answer", "operation": "CreateAccountAssignment" }]))
        .await;
    let tuple = aws.tuple("cards-dev", "ReadOnly", "auditors");
    let answer = aws.sso("CreateAccountAssignment", tuple).await;
    assert_eq!(
        (answer.status, answer.error()),
        (500, "InternalServerException")
    );
    aws.wait();
    assert_eq!(aws.assigned("cards-dev", "ReadOnly").await.len(), 1);
}

#[tokio::test]
async fn a_reset_before_changes_nothing_and_a_reset_after_does() {
    let aws = Aws::new();
    for (kind, assigned) in [("reset_before", 0), ("reset_after", 1)] {
        aws.break_with(json!([{ "kind": kind, "count": 1 }])).await;
        let tuple = aws.tuple("cards-dev", "ReadOnly", "auditors");
        let answer = aws.sso("CreateAccountAssignment", tuple).await;
        assert!(
            answer
                .response
                .extensions
                .get::<ConnectionReset>()
                .is_some()
        );
        aws.wait();
        assert_eq!(
            aws.assigned("cards-dev", "ReadOnly").await.len(),
            assigned,
            "{kind}"
        );
    }
}

#[tokio::test]
async fn an_asynchronous_failure_gives_its_reason_and_leaves_everything_as_it_was() {
    let aws = Aws::new();
    aws.break_with(json!([{ "kind": "async_failed", "reason": "Received a 409 status error: quota", "count": 1 }])).await;
    let tuple = aws.tuple("cards-dev", "ReadOnly", "auditors");
    let id = request_id(&aws.sso("CreateAccountAssignment", tuple).await);
    aws.wait();
    let status = aws.creation(&id).await;
    assert_eq!(
        (&status["Status"], &status["FailureReason"]),
        (
            &json!("FAILED"),
            &json!("Received a 409 status error: quota")
        )
    );
    assert!(aws.assigned("cards-dev", "ReadOnly").await.is_empty());
}

#[tokio::test]
async fn an_operation_that_never_ends_stays_in_progress_and_in_the_way() {
    let aws = Aws::new();
    aws.break_with(json!([{ "kind": "async_never", "count": 1 }]))
        .await;
    let tuple = aws.tuple("cards-dev", "ReadOnly", "auditors");
    let id = request_id(&aws.sso("CreateAccountAssignment", tuple.clone()).await);
    for _ in 0..100 {
        aws.wait();
    }
    assert_eq!(aws.creation(&id).await["Status"], "IN_PROGRESS");
    assert_eq!(
        aws.sso("CreateAccountAssignment", tuple).await.error(),
        "ConflictException"
    );
}

#[tokio::test]
async fn a_truncated_page_has_a_token_and_the_rest_follows() {
    let aws = Aws::new();
    aws.break_with(json!([{ "kind": "truncate_page", "count": 1 }]))
        .await;
    let store = json!({ "IdentityStoreId": &*aws.sample.identity_store_id });
    let listed = aws
        .all(
            "AWSIdentityStore.ListUsers",
            store,
            "Users",
            ("MaxResults", 100),
        )
        .await;
    assert_eq!(listed.pages, [20, 21]);
}

#[tokio::test]
async fn a_delayed_call_is_carried_out_and_not_answered_yet() {
    let aws = Aws::new();
    aws.break_with(json!([{ "kind": "delay_ms", "ms": 3_600_000, "count": 1 }]))
        .await;
    let group = json!({ "DisplayName": "late" });
    let late = aws.store("CreateGroup", group.clone());
    let waited = tokio::time::timeout(std::time::Duration::from_millis(20), late).await;
    assert!(waited.is_err(), "answered at once");
    assert_eq!(
        aws.store("CreateGroup", group).await.error(),
        "ConflictException"
    );
}

#[tokio::test]
async fn the_same_seed_breaks_the_same_calls() {
    let outcomes = || async {
        let aws = Aws::new();
        aws.break_with(json!([{ "kind": "internal", "probability": 0.3 }]))
            .await;
        let mut outcomes = Vec::new();
        for _ in 0..50 {
            outcomes.push(aws.sso("ListPermissionSets", json!({})).await.status);
        }
        outcomes
    };
    let first = outcomes().await;
    assert_eq!(first, outcomes().await);
    assert!(first.contains(&200) && first.contains(&500));
}

#[tokio::test]
async fn a_rule_that_makes_no_sense_is_refused() {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;
    let aws = Aws::new();
    for plan in [
        json!({ "rules": [{ "kind": "meteor" }] }),
        json!({ "rule": [] }),
        json!("throttle"),
    ] {
        let request = Request::post("/_sandbox/faults")
            .header("content-type", "application/json")
            .body(Body::from(plan.to_string()))
            .expect("a request");
        let answer = aws
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible");
        assert_eq!(answer.status(), 422, "{plan}");
    }
}

#[tokio::test]
async fn the_log_shows_every_call_in_order_with_its_true_outcome() {
    let aws = Aws::new();
    aws.sso("ListPermissionSets", json!({ "MaxResults": 5 }))
        .await;
    aws.break_with(json!([{ "kind": "lost_answer", "operation": "CreateAccountAssignment" }]))
        .await;
    let tuple = aws.tuple("cards-dev", "ReadOnly", "auditors");
    let lost = aws.sso("CreateAccountAssignment", tuple.clone()).await;
    aws.sso("CreateAccountAssignment", tuple).await;
    aws.sso("Nonsense", json!({})).await;
    let log = aws.page("/_sandbox/calls?since=1").await;
    let calls = log["calls"].as_array().expect("a list");
    let outcomes: Vec<_> = calls
        .iter()
        .map(|call| call["outcome"].as_str().expect("text"))
        .collect();
    assert_eq!(
        outcomes,
        ["lost:ok", "ConflictException", "UnknownOperationException"]
    );
    assert_eq!(calls[0]["applied"], true);
    assert_eq!(calls[1]["applied"], false);
    assert_eq!(calls[0]["request_id"], lost.request_id);
    assert_eq!(calls[0]["service"], "sso-admin");
    assert_eq!(calls[0]["params"]["TargetId"], aws.account("cards-dev"));
    assert_eq!(calls[0]["seq"], 2);
}

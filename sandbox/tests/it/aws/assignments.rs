//! Asynchronous writes, conflicts, limits, orphans and write permissions.

use serde_json::json;

use super::support::{Aws, request_id, texts};

#[tokio::test]
async fn a_created_assignment_is_in_progress_first_and_listed_when_it_succeeded() {
    let aws = Aws::new();
    let tuple = aws.tuple("cards-prod", "ReadOnly", "auditors");
    let answer = aws.sso("CreateAccountAssignment", tuple).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body["AccountAssignmentCreationStatus"]["Status"],
        "IN_PROGRESS"
    );
    let id = request_id(&answer);
    assert_eq!(id.len(), 36);
    assert!(aws.assigned("cards-prod", "ReadOnly").await.is_empty());
    assert_eq!(aws.creation(&id).await["Status"], "IN_PROGRESS");
    aws.wait();
    assert_eq!(aws.creation(&id).await["Status"], "SUCCEEDED");
    assert_eq!(
        aws.assigned("cards-prod", "ReadOnly").await,
        [aws.group("auditors")]
    );
}

#[tokio::test]
async fn creating_twice_is_accepted_and_is_one() {
    let aws = Aws::new();
    for _ in 0..2 {
        let tuple = aws.tuple("cards-prod", "SupportMetrics", "support-desk");
        let id = request_id(&aws.sso("CreateAccountAssignment", tuple).await);
        aws.wait();
        assert_eq!(aws.creation(&id).await["Status"], "SUCCEEDED");
    }
    assert_eq!(aws.assigned("cards-prod", "SupportMetrics").await.len(), 1);
}

#[tokio::test]
async fn the_first_assignment_makes_the_role_and_the_last_takes_it_away_later() {
    let aws = Aws::new();
    let tuple = aws.tuple("ledger-prod", "SupportMetrics", "support-desk");
    let accounts = || async {
        let body = json!({ "PermissionSetArn": aws.set("SupportMetrics"), "MaxResults": 100 });
        let answer = aws
            .sso("ListAccountsForProvisionedPermissionSet", body)
            .await;
        answer.body["AccountIds"].to_string()
    };
    let ledger = aws.account("ledger-prod");
    assert!(!accounts().await.contains(&ledger));
    aws.sso("CreateAccountAssignment", tuple.clone()).await;
    aws.wait();
    assert!(accounts().await.contains(&ledger));
    let id = request_id(&aws.sso("DeleteAccountAssignment", tuple).await);
    aws.wait();
    assert_eq!(aws.deletion(&id).await["Status"], "SUCCEEDED");
    assert!(
        aws.assigned("ledger-prod", "SupportMetrics")
            .await
            .is_empty()
    );
    assert!(
        accounts().await.contains(&ledger),
        "the role is removed later"
    );
    aws.wait();
    assert!(!accounts().await.contains(&ledger));
    let body = json!({ "AccountId": ledger, "MaxResults": 100 });
    let sets = aws
        .sso("ListPermissionSetsProvisionedToAccount", body)
        .await;
    assert!(
        !sets.body["PermissionSets"]
            .to_string()
            .contains(&aws.set("SupportMetrics"))
    );
}

#[tokio::test]
async fn deleting_what_is_not_assigned_is_not_found() {
    let aws = Aws::new();
    let tuple = aws.tuple("cards-prod", "SupportMetrics", "auditors");
    let answer = aws.sso("DeleteAccountAssignment", tuple).await;
    assert_eq!(
        (answer.status, answer.error()),
        (400, "ResourceNotFoundException")
    );
}

#[tokio::test]
async fn a_second_write_on_the_same_role_conflicts_until_the_first_ended() {
    let aws = Aws::new();
    let create = aws.tuple("cards-prod", "SupportMetrics", "auditors");
    request_id(&aws.sso("CreateAccountAssignment", create.clone()).await);
    for (operation, group) in [
        ("DeleteAccountAssignment", "auditors"),
        ("CreateAccountAssignment", "auditors"),
        ("CreateAccountAssignment", "contractors"),
    ] {
        let tuple = aws.tuple("cards-prod", "SupportMetrics", group);
        let answer = aws.sso(operation, tuple).await;
        assert_eq!(
            (answer.status, answer.error()),
            (400, "ConflictException"),
            "{operation} {group}"
        );
    }
    aws.wait();
    request_id(&aws.sso("DeleteAccountAssignment", create).await);
}

#[tokio::test]
async fn an_account_takes_one_new_role_at_a_time_and_other_accounts_are_free() {
    let aws = Aws::new();
    let first = aws.tuple("tokens-dev", "ReadOnly", "auditors");
    request_id(&aws.sso("CreateAccountAssignment", first).await);
    let second = aws.tuple("tokens-dev", "SupportMetrics", "auditors");
    let answer = aws.sso("CreateAccountAssignment", second).await;
    assert_eq!(answer.error(), "ConflictException");
    // The role already exists, so IAM is not updated.
    let third = aws.tuple("tokens-dev", "PaymentsEngineer", "auditors");
    request_id(&aws.sso("CreateAccountAssignment", third).await);
    let elsewhere = aws.tuple("tokens-staging", "SupportMetrics", "auditors");
    request_id(&aws.sso("CreateAccountAssignment", elsewhere).await);
}

#[tokio::test]
async fn the_sixteenth_write_in_flight_is_throttled() {
    let aws = Aws::new();
    let accounts: Vec<String> = aws
        .sample
        .accounts
        .iter()
        .filter(|held| {
            *held.id != *aws.sample.management_account && *held.name != *"acquired-fastpay"
        })
        .map(|held| held.name.to_string())
        .take(16)
        .collect();
    for account in &accounts[..15] {
        let tuple = aws.tuple(account, "SupportMetrics", "contractors");
        request_id(&aws.sso("CreateAccountAssignment", tuple).await);
    }
    let tuple = aws.tuple(&accounts[15], "SupportMetrics", "contractors");
    let answer = aws.sso("CreateAccountAssignment", tuple.clone()).await;
    assert_eq!(
        (answer.status, answer.error()),
        (400, "ThrottlingException")
    );
    aws.wait();
    request_id(&aws.sso("CreateAccountAssignment", tuple).await);
}

#[tokio::test]
async fn an_orphan_is_listed_and_its_deletion_fails_with_a_404() {
    let aws = Aws::new();
    let users: Vec<String> = aws
        .sample
        .users
        .iter()
        .map(|user| user.id.to_string())
        .collect();
    let assigned = aws.assigned("tokens-prod", "ReadOnly").await;
    let orphan = assigned
        .iter()
        .find(|id| !users.contains(id))
        .expect("an orphan");
    let answer = aws
        .sso(
            "DeleteAccountAssignment",
            json!({
                "TargetId": aws.account("tokens-prod"), "TargetType": "AWS_ACCOUNT",
                "PermissionSetArn": aws.set("ReadOnly"),
                "PrincipalType": "USER", "PrincipalId": orphan,
            }),
        )
        .await;
    let id = request_id(&answer);
    aws.wait();
    let status = aws.deletion(&id).await;
    assert_eq!(status["Status"], "FAILED");
    let reason = status["FailureReason"].as_str().expect("a reason");
    assert_eq!(
        reason,
        format!(
            "Received a 404 status error: the USER assignee {orphan} was not found in directory d-93677e50ab"
        )
    );
    assert!(
        aws.assigned("tokens-prod", "ReadOnly")
            .await
            .contains(orphan)
    );
}

#[tokio::test]
async fn a_principal_that_does_not_exist_is_accepted_and_fails_later() {
    let aws = Aws::new();
    let mut tuple = aws.tuple("cards-dev", "ReadOnly", "auditors");
    tuple["PrincipalId"] = json!("00000000-0000-4000-8000-000000000000");
    let id = request_id(&aws.sso("CreateAccountAssignment", tuple).await);
    aws.wait();
    let status = aws.creation(&id).await;
    assert_eq!(status["Status"], "FAILED");
    assert!(
        status["FailureReason"]
            .to_string()
            .contains("404 status error")
    );
}

#[tokio::test]
async fn a_set_with_a_policy_that_the_account_lacks_fails_there() {
    let aws = Aws::new();
    let tuple = aws.tuple("cards-prod", "PaymentsEngineer", "cards-engineers");
    let id = request_id(&aws.sso("CreateAccountAssignment", tuple).await);
    aws.wait();
    let status = aws.creation(&id).await;
    assert_eq!(status["Status"], "FAILED");
    assert!(
        status["FailureReason"]
            .to_string()
            .contains("PaymentsEngineerAccess")
    );
    assert!(
        aws.assigned("cards-prod", "PaymentsEngineer")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_suspended_account_takes_no_role() {
    let aws = Aws::new();
    let tuple = aws.tuple("acquired-fastpay", "ReadOnly", "auditors");
    let id = request_id(&aws.sso("CreateAccountAssignment", tuple).await);
    aws.wait();
    assert_eq!(aws.creation(&id).await["Status"], "FAILED");
}

#[tokio::test]
async fn a_delegated_administrator_is_refused_in_the_management_account() {
    let aws = Aws::new();
    let tuple = aws.tuple("harbourline-management", "ReadOnly", "auditors");
    let answer = aws.sso("CreateAccountAssignment", tuple.clone()).await;
    assert_eq!(
        (answer.status, answer.error()),
        (400, "AccessDeniedException")
    );
    request_id(
        &aws.as_management()
            .sso("CreateAccountAssignment", tuple)
            .await,
    );
}

#[tokio::test]
async fn a_set_provisioned_in_the_management_account_is_refused_everywhere() {
    let aws = Aws::new();
    let tuple = aws.tuple("web-dev", "Billing", "finance-billing");
    let answer = aws.sso("CreateAccountAssignment", tuple).await;
    assert_eq!(answer.error(), "AccessDeniedException");
    let edit = json!({ "PermissionSetArn": aws.set("Billing"), "Description": "mine" });
    let answer = aws.sso("UpdatePermissionSet", edit.clone()).await;
    assert_eq!(answer.error(), "AccessDeniedException");
    assert_eq!(
        aws.as_management()
            .sso("UpdatePermissionSet", edit)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_member_account_is_refused_everything() {
    let mut aws = Aws::new();
    aws.access_key = aws.account("web-dev");
    let answer = aws.sso("ListPermissionSets", json!({})).await;
    assert_eq!(answer.error(), "AccessDeniedException");
    let answer = aws.store("ListUsers", json!({})).await;
    assert_eq!(answer.error(), "AccessDeniedException");
    let answer = aws.org("ListAccounts", json!({})).await;
    assert_eq!(answer.error(), "AccessDeniedException");
}

#[tokio::test]
async fn listing_by_principal_is_for_the_management_account_and_shows_direct_rows_only() {
    let aws = Aws::new();
    let user = aws.user("daniel.weiss");
    let body = json!({ "PrincipalId": user, "PrincipalType": "USER" });
    let refused = aws
        .sso("ListAccountAssignmentsForPrincipal", body.clone())
        .await;
    assert_eq!(refused.error(), "AccessDeniedException");
    let answer = aws
        .as_management()
        .sso("ListAccountAssignmentsForPrincipal", body)
        .await;
    let accounts = texts(&answer.body["AccountAssignments"], "AccountId");
    assert_eq!(accounts, [aws.account("ledger-prod")]);
}

#[tokio::test]
async fn status_lists_name_no_target_and_can_be_filtered() {
    let aws = Aws::new();
    let tuple = aws.tuple("cards-dev", "ReadOnly", "auditors");
    let first = request_id(&aws.sso("CreateAccountAssignment", tuple).await);
    aws.wait();
    let tuple = aws.tuple("ledger-dev", "ReadOnly", "auditors");
    let second = request_id(&aws.sso("CreateAccountAssignment", tuple).await);
    let all = aws
        .sso("ListAccountAssignmentCreationStatus", json!({}))
        .await;
    let rows = &all.body["AccountAssignmentsCreationStatus"];
    assert_eq!(texts(rows, "RequestId"), [second.clone(), first]);
    assert!(rows[0].get("TargetId").is_none());
    let filter = json!({ "Filter": { "Status": "IN_PROGRESS" } });
    let running = aws.sso("ListAccountAssignmentCreationStatus", filter).await;
    let rows = &running.body["AccountAssignmentsCreationStatus"];
    assert_eq!(texts(rows, "RequestId"), [second]);
}

//! CloudTrail: the events of writes.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Aws, request_id};

fn detail(event: &Value) -> Value {
    let text = event["CloudTrailEvent"].as_str().expect("text");
    serde_json::from_str(text).expect("JSON")
}

#[tokio::test]
async fn an_event_appears_after_a_minute_with_the_request_id_of_the_answer() {
    let aws = Aws::new();
    let tuple = aws.tuple("cards-dev", "ReadOnly", "auditors");
    let answer = aws.sso("CreateAccountAssignment", tuple).await;
    let by_source = json!({ "LookupAttributes": [{ "AttributeKey": "EventSource", "AttributeValue": "sso.amazonaws.com" }] });
    assert_eq!(aws.trail(by_source.clone()).await.body["Events"], json!([]));
    aws.clock.advance(Duration::from_mins(1));
    let found = aws.trail(by_source).await;
    let event = &found.body["Events"][0];
    assert_eq!(event["EventName"], "CreateAccountAssignment");
    let detail = detail(event);
    assert_eq!(detail["requestID"], answer.request_id);
    let status = &detail["responseElements"]["accountAssignmentCreationStatus"];
    assert_eq!(status["requestId"], request_id(&answer));
    assert_eq!(status["status"], "IN_PROGRESS");
    assert_eq!(
        detail["requestParameters"]["targetId"],
        aws.account("cards-dev")
    );
    assert_eq!(detail["userIdentity"]["accountId"], aws.account("identity"));
    assert_eq!(detail["userIdentity"]["accessKeyId"], "AKIALEASTWISE");
}

#[tokio::test]
async fn an_event_is_recorded_in_the_account_that_called() {
    let aws = Aws::new();
    let management = aws.as_management();
    let tuple = aws.tuple("cards-dev", "ReadOnly", "auditors");
    management.sso("CreateAccountAssignment", tuple).await;
    aws.clock.advance(Duration::from_mins(1));
    assert_eq!(aws.trail(json!({})).await.body["Events"], json!([]));
    let events = management.trail(json!({})).await;
    assert_eq!(
        detail(&events.body["Events"][0])["recipientAccountId"],
        aws.account("harbourline-management")
    );
}

#[tokio::test]
async fn refused_writes_are_recorded_with_their_error_and_reads_are_not() {
    let aws = Aws::new();
    let tuple = aws.tuple("harbourline-management", "ReadOnly", "auditors");
    aws.sso("CreateAccountAssignment", tuple).await;
    aws.sso("ListPermissionSets", json!({})).await;
    aws.clock.advance(Duration::from_mins(1));
    let found = aws.trail(json!({})).await;
    let events = found.body["Events"].as_array().expect("a list");
    assert_eq!(events.len(), 1);
    assert_eq!(detail(&events[0])["errorCode"], "AccessDeniedException");
}

#[tokio::test]
async fn names_of_people_are_hidden() {
    let aws = Aws::new();
    let user = json!({ "UserName": "secret.person", "DisplayName": "Secret Person",
        "Name": { "GivenName": "Secret", "FamilyName": "Person" } });
    aws.store("CreateUser", user).await;
    aws.clock.advance(Duration::from_mins(1));
    let found = aws.trail(json!({})).await;
    let text = found.body.to_string();
    assert!(
        text.contains("CreateUser") && !text.contains("Secret") && !text.contains("secret.person")
    );
}

#[tokio::test]
async fn the_newest_comes_first_in_pages_within_a_range() {
    let aws = Aws::new();
    for number in 0..7 {
        aws.store(
            "CreateGroup",
            json!({ "DisplayName": format!("g{number}") }),
        )
        .await;
        aws.clock.advance(Duration::from_secs(10));
    }
    aws.clock.advance(Duration::from_mins(1));
    let listed = aws
        .all(
            "CloudTrail_20131101.LookupEvents",
            json!({}),
            "Events",
            ("MaxResults", 3),
        )
        .await;
    assert_eq!(listed.pages, [3, 3, 1]);
    let times: Vec<f64> = listed
        .items
        .iter()
        .map(|event| event["EventTime"].as_f64().expect("a time"))
        .collect();
    assert!(times.is_sorted_by(|left, right| left >= right));
    let since = json!({ "StartTime": times[2], "EndTime": times[0] });
    let found = aws.trail(since).await;
    assert_eq!(found.body["Events"].as_array().expect("a list").len(), 3);
    let backwards = aws
        .trail(json!({ "StartTime": times[0], "EndTime": times[2] }))
        .await;
    assert_eq!(backwards.error(), "InvalidTimeRangeException");
    let two = json!({ "LookupAttributes": [
        { "AttributeKey": "EventName", "AttributeValue": "a" }, { "AttributeKey": "EventId", "AttributeValue": "b" },
    ] });
    assert_eq!(
        aws.trail(two).await.error(),
        "InvalidLookupAttributesException"
    );
}

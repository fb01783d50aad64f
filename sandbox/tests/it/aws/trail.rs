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
    assert_eq!(detail["userIdentity"]["accessKeyId"], "sandbox");
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
async fn refused_writes_are_recorded_with_their_error() {
    let aws = Aws::new();
    let tuple = aws.tuple("harbourline-management", "ReadOnly", "auditors");
    aws.sso("CreateAccountAssignment", tuple).await;
    aws.clock.advance(Duration::from_mins(1));
    let found = aws.trail(json!({})).await;
    let events = found.body["Events"].as_array().expect("a list");
    assert_eq!(events.len(), 1);
    assert_eq!(detail(&events[0])["errorCode"], "AccessDeniedException");
}

#[tokio::test]
async fn reads_are_recorded_among_the_writes_and_can_be_told_apart() {
    let aws = Aws::new();
    aws.sso("ListPermissionSets", json!({})).await;
    aws.store("CreateGroup", json!({ "DisplayName": "g" }))
        .await;
    aws.org("ListAccounts", json!({})).await;
    aws.sso("DescribeInstance", json!({})).await;
    aws.clock.advance(Duration::from_mins(1));
    let names = async |body: Value| {
        let found = aws.trail(body).await;
        super::support::texts(&found.body["Events"], "EventName")
    };
    let by = |value: &str| json!({ "LookupAttributes": [{ "AttributeKey": "ReadOnly", "AttributeValue": value }] });
    assert_eq!(
        names(json!({})).await,
        ["DescribeInstance", "CreateGroup", "ListPermissionSets"]
    );
    assert_eq!(names(by("false")).await, ["CreateGroup"]);
    assert_eq!(
        names(by("true")).await,
        ["DescribeInstance", "ListPermissionSets"]
    );
    let insights = json!({ "EventCategory": "insight" });
    assert!(names(insights).await.is_empty());
    let organizations = aws.in_region("us-east-1").trail(json!({})).await;
    assert_eq!(
        super::support::texts(&organizations.body["Events"], "EventName"),
        ["ListAccounts"]
    );
    let listed = aws.trail(json!({})).await;
    let read = detail(&listed.body["Events"][0]);
    assert_eq!(
        (&read["readOnly"], &read["responseElements"]),
        (&json!(true), &Value::Null)
    );
}

#[tokio::test]
async fn reads_do_not_fill_the_memory_and_no_write_is_forgotten_for_them() {
    let aws = Aws::new();
    aws.store("CreateGroup", json!({ "DisplayName": "g" }))
        .await;
    for _ in 0..5_100 {
        aws.sso("DescribeInstance", json!({})).await;
    }
    aws.clock.advance(Duration::from_mins(1));
    let listed = aws
        .all(
            "CloudTrail_20131101.LookupEvents",
            json!({}),
            "Events",
            ("MaxResults", 50),
        )
        .await;
    // The lookups are reads themselves, and displace the oldest ones.
    let found = listed.items.len();
    assert!((4_800..=5_001).contains(&found), "{found}");
    assert_eq!(listed.items[found - 1]["EventName"], "CreateGroup");
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

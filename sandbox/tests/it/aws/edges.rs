//! Invalid requests, and the protocol details of valid ones.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use sandbox::org::Organisation;
use serde_json::json;
use tower::ServiceExt;

use super::support::Aws;

#[tokio::test]
async fn an_operation_that_is_not_spoken_is_unknown_and_not_an_internal_error() {
    let aws = Aws::new();
    for target in [
        "SWBExternalService.ListApplications",
        "AWSIdentityStore.DescribeIdentityStore",
        "AmazonSQS.SendMessage",
        "nonsense",
    ] {
        let answer = aws.call(target, json!({})).await;
        assert_eq!(
            (answer.status, answer.error()),
            (400, "UnknownOperationException"),
            "{target}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_no_object_is_a_serialization_error() {
    let aws = Aws::new();
    for body in ["[", "[]", "\"text\"", "nul"] {
        let answer = aws
            .send("SWBExternalService.ListPermissionSets", body)
            .await;
        let text = to_bytes(answer.into_body(), usize::MAX)
            .await
            .expect("a body");
        assert!(
            String::from_utf8_lossy(&text).contains("SerializationException"),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_missing_or_ill_formed_parameter_is_a_validation_error() {
    let aws = Aws::new();
    let set = aws.set("ReadOnly");
    for (operation, body) in [
        ("ListPermissionSets", json!({ "InstanceArn": "ssoins-1" })),
        ("DescribePermissionSet", json!({})),
        (
            "DescribePermissionSet",
            json!({ "PermissionSetArn": "ps-1" }),
        ),
        (
            "ListAccountAssignments",
            json!({ "PermissionSetArn": set, "AccountId": "12" }),
        ),
        (
            "CreateAccountAssignment",
            json!({ "PermissionSetArn": set, "TargetType": "AWS_OU" }),
        ),
        (
            "ProvisionPermissionSet",
            json!({ "PermissionSetArn": set, "TargetType": "SOME" }),
        ),
    ] {
        let answer = aws.sso(operation, body.clone()).await;
        assert_eq!(
            (answer.status, answer.error()),
            (400, "ValidationException"),
            "{operation} {body}"
        );
        assert!(answer.body["Message"].is_string());
    }
    let mut tuple = aws.tuple("cards-dev", "ReadOnly", "auditors");
    tuple["PrincipalId"] = json!("maya.okafor");
    let answer = aws.sso("CreateAccountAssignment", tuple).await;
    assert_eq!(answer.error(), "ValidationException");
}

#[tokio::test]
async fn an_account_or_instance_that_does_not_exist_is_not_found() {
    let aws = Aws::new();
    let mut tuple = aws.tuple("cards-dev", "ReadOnly", "auditors");
    tuple["TargetId"] = json!("999999999999");
    let answer = aws.sso("CreateAccountAssignment", tuple).await;
    assert_eq!(answer.error(), "ResourceNotFoundException");
    let other = json!({ "InstanceArn": "arn:aws:sso:::instance/ssoins-0000000000000000" });
    assert_eq!(
        aws.sso("ListPermissionSets", other).await.error(),
        "ResourceNotFoundException"
    );
    let answer = aws
        .call(
            "AWSIdentityStore.ListUsers",
            json!({ "IdentityStoreId": "d-0000000000" }),
        )
        .await;
    assert_eq!(answer.error(), "ResourceNotFoundException");
    let by_arn = format!(
        "arn:aws:identitystore::218734650912:identitystore/{}",
        aws.sample.identity_store_id
    );
    let answer = aws
        .call(
            "AWSIdentityStore.ListUsers",
            json!({ "IdentityStoreId": by_arn }),
        )
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_none_a_date() {
    let aws = Aws::new();
    for operation in ["ListPermissionSets", "NoSuchThing"] {
        let answer = aws.sso(operation, json!({})).await;
        assert_eq!(answer.request_id.len(), 36);
        assert!(answer.response.headers.get("date").is_none());
        assert_eq!(
            answer.response.headers["content-type"],
            "application/x-amz-json-1.1"
        );
    }
}

#[tokio::test]
async fn times_are_epoch_seconds() {
    let aws = Aws::new();
    let answer = aws.sso("ListInstances", json!({})).await;
    let instance = &answer.body["Instances"][0];
    assert_eq!(instance["CreatedDate"], json!(1_772_452_800.0));
    assert_eq!(
        instance["OwnerAccountId"],
        aws.account("harbourline-management")
    );
    let answer = aws.sso("DescribeInstance", json!({})).await;
    assert_eq!(answer.body["PermissionSetsEnabled"], true);
}

#[tokio::test]
async fn sts_says_who_is_calling_in_xml() {
    let aws = Aws::of_unsigned(Organisation::sample());
    let ask = |action: &'static str| {
        let request = Request::post("/")
            .header("content-type", "application/x-www-form-urlencoded")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIA<&>/x/y/sts/aws4_request",
            )
            .body(Body::from(format!("Action={action}&Version=2011-06-15")))
            .expect("a request");
        let router = aws.router.clone();
        async move {
            let answer = router.oneshot(request).await.expect("infallible");
            let status = answer.status().as_u16();
            let text = to_bytes(answer.into_body(), usize::MAX)
                .await
                .expect("a body");
            (status, String::from_utf8(text.to_vec()).expect("UTF-8"))
        }
    };
    let (status, xml) = ask("GetCallerIdentity").await;
    assert_eq!(status, 200);
    assert!(xml.contains(&format!("<Account>{}</Account>", aws.account("identity"))));
    assert!(xml.contains("/AKIA&lt;&amp;&gt;</Arn>"));
    let (status, xml) = ask("AssumeRole").await;
    assert_eq!(status, 400);
    assert!(xml.contains("<Code>InvalidAction</Code>"));
}

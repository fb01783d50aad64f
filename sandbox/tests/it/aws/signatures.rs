//! Credentials, signatures and the Region that a call is signed for.

use sandbox::org::Organisation;
use serde_json::{Value, json};

use super::sigv4::{AMZ_DATE, Signing};
use super::support::{Aws, Reply};

const LIST_INSTANCES: &str = "SWBExternalService.ListInstances";
const SSO: [(&str, &str); 3] = [
    ("host", "127.0.0.1"),
    ("x-amz-date", AMZ_DATE),
    ("x-amz-target", LIST_INSTANCES),
];

fn by_leastwise() -> Signing<'static> {
    Signing {
        access_key: "sandbox",
        secret: "sandbox",
        region: "eu-west-1",
        service: "sso",
        headers: &SSO,
        body: "{}",
    }
}

async fn list_instances(aws: &Aws, signing: &Signing<'_>) -> Reply {
    let authorization = signing.authorization();
    Reply::of(aws.send_as(&SSO, Some(&authorization), "{}").await).await
}

#[tokio::test]
async fn a_call_in_another_region_finds_no_instance_and_no_directory_and_no_pool() {
    let aws = Aws::new();
    let away = aws.in_region("us-east-1");
    let listed = away.call(LIST_INSTANCES, json!({})).await;
    assert_eq!(
        (listed.status, &listed.body["Instances"]),
        (200, &json!([]))
    );
    for answer in [
        away.sso("ListPermissionSets", json!({})).await,
        away.store("ListUsers", json!({})).await,
        away.store("ListGroups", json!({})).await,
        away.idp("DescribeUserPool", json!({})).await,
    ] {
        assert_eq!(
            answer.error(),
            "ResourceNotFoundException",
            "{}",
            answer.body
        );
    }
    assert_eq!(
        away.sso("DescribeInstance", json!({})).await.error(),
        "AccessDeniedException"
    );
    let group = json!({ "DisplayName": "made-in-the-wrong-region" });
    assert_eq!(away.store("CreateGroup", group).await.status, 400);
    assert_eq!(aws.store("ListUsers", json!({})).await.status, 200);
}

#[tokio::test]
async fn an_event_is_found_only_in_the_region_of_its_call() {
    let aws = Aws::new();
    aws.store("CreateGroup", json!({ "DisplayName": "g" }))
        .await;
    aws.clock.advance(std::time::Duration::from_mins(1));
    let there = aws.in_region("us-east-1").trail(json!({})).await;
    assert_eq!(there.body["Events"], json!([]));
    let here = aws.trail(json!({})).await;
    assert_eq!(here.body["Events"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_call_that_is_not_signed_is_refused() {
    let aws = Aws::new();
    let answer = Reply::of(aws.send_as(&SSO, None, "{}").await).await;
    assert_eq!(
        (answer.status, answer.error()),
        (400, "MissingAuthenticationTokenException")
    );
    for broken in ["Bearer sandbox", "AWS4-HMAC-SHA256 Credential=sandbox"] {
        let answer = Reply::of(aws.send_as(&SSO, Some(broken), "{}").await).await;
        assert_eq!(answer.error(), "IncompleteSignatureException", "{broken}");
    }
}

#[tokio::test]
async fn a_call_signed_by_anybody_else_is_refused() {
    let aws = Aws::new();
    assert_eq!(list_instances(&aws, &by_leastwise()).await.status, 200);
    let stranger = Signing {
        access_key: "AKIASTRANGER",
        ..by_leastwise()
    };
    assert_eq!(
        list_instances(&aws, &stranger).await.error(),
        "UnrecognizedClientException"
    );
    for forged in [
        Signing {
            secret: "guessed",
            ..by_leastwise()
        },
        Signing {
            body: r#"{"MaxResults":1}"#,
            ..by_leastwise()
        },
    ] {
        let answer = list_instances(&aws, &forged).await;
        assert_eq!(answer.error(), "InvalidSignatureException");
    }
    let log = aws.page("/_sandbox/calls").await;
    let applied = log["calls"].as_array().expect("a list").iter();
    assert_eq!(applied.filter(|call| call["applied"] == true).count(), 1);
}

#[tokio::test]
async fn a_call_signed_for_another_service_or_an_endpoint_that_does_not_exist_is_refused() {
    let aws = Aws::new();
    for elsewhere in [
        Signing {
            service: "organizations",
            ..by_leastwise()
        },
        Signing {
            region: "Europe",
            ..by_leastwise()
        },
    ] {
        let answer = list_instances(&aws, &elsewhere).await;
        assert_eq!(answer.error(), "InvalidSignatureException");
    }
    let headers = [
        ("host", "127.0.0.1"),
        ("x-amz-date", AMZ_DATE),
        ("x-amz-target", "AWSOrganizationsV20161128.ListAccounts"),
    ];
    let signing = Signing {
        service: "organizations",
        headers: &headers,
        ..by_leastwise()
    };
    let authorization = signing.authorization();
    let answer = Reply::of(aws.send_as(&headers, Some(&authorization), "{}").await).await;
    assert_eq!(answer.error(), "InvalidSignatureException");
    assert!(answer.body.to_string().contains("us-east-1"));
}

#[tokio::test]
async fn sts_refuses_in_its_own_words() {
    let aws = Aws::new();
    let headers = [("host", "127.0.0.1"), ("x-amz-date", AMZ_DATE)];
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    let signing = |access_key, secret| Signing {
        access_key,
        secret,
        region: "us-east-1",
        service: "sts",
        headers: &headers,
        body,
    };
    for (authorization, status, code) in [
        (None, 403, "MissingAuthenticationToken"),
        (
            Some(signing("AKIASTRANGER", "sandbox").authorization()),
            403,
            "InvalidClientTokenId",
        ),
        (
            Some(signing("sandbox", "guessed").authorization()),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            Some(signing("sandbox", "sandbox").authorization()),
            200,
            "GetCallerIdentityResult",
        ),
    ] {
        let answer = aws.send_as(&headers, authorization.as_deref(), body).await;
        assert_eq!(answer.status(), status, "{code}");
        let text = axum::body::to_bytes(answer.into_body(), usize::MAX)
            .await
            .expect("a body");
        assert!(String::from_utf8_lossy(&text).contains(code), "{code}");
    }
}

#[tokio::test]
async fn every_account_of_the_organization_has_a_key() {
    let aws = Aws::new();
    let cards = aws.account("cards-dev");
    let signing = Signing {
        access_key: &cards,
        ..by_leastwise()
    };
    let answer = list_instances(&aws, &signing).await;
    assert_ne!(answer.error(), "UnrecognizedClientException");
    let stranger = Signing {
        access_key: "999999999999",
        ..by_leastwise()
    };
    assert_eq!(
        list_instances(&aws, &stranger).await.body["__type"],
        Value::from("UnrecognizedClientException")
    );
}

#[tokio::test]
async fn signatures_can_be_ignored_for_calls_by_hand() {
    let aws = Aws::of_unsigned(Organisation::sample());
    for authorization in [
        None,
        Some("AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/sso/aws4_request"),
    ] {
        let answer = Reply::of(aws.send_as(&SSO, authorization, "{}").await).await;
        assert_eq!(
            answer.body["Instances"][0]["InstanceArn"],
            *aws.sample.instance_arn
        );
    }
}

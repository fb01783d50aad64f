//! A local AWS for one test, and a client that builds raw requests.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use sandbox::aws::{Limits, Signatures, aws_router};
use sandbox::clock::Clock;
use sandbox::org::Organisation;
use sandbox::{SandboxState, SharedState};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::sigv4::{AMZ_DATE, Signing};

/// The start of the manual clock, in Unix milliseconds.
pub const NOON_MS: i64 = 1_780_000_000_000;

pub struct Aws {
    pub router: Router,
    pub clock: Clock,
    pub sandbox: SharedState,
    pub sample: Organisation,
    /// The access key of the requests. An account ID acts from that account.
    pub access_key: String,
    /// The Region that requests are signed for, except those to Organizations.
    pub region: String,
}

/// A parsed response.
pub struct Reply {
    pub status: u16,
    pub request_id: String,
    pub body: Value,
    pub response: axum::http::response::Parts,
}

impl Reply {
    pub async fn of(response: Response<Body>) -> Self {
        let (response, text) = response.into_parts();
        let text = to_bytes(text, usize::MAX).await.expect("a body");
        Self {
            status: response.status.as_u16(),
            request_id: response
                .headers
                .get("x-amzn-requestid")
                .map_or("", |id| id.to_str().expect("ASCII"))
                .to_owned(),
            body: serde_json::from_slice(&text).unwrap_or(Value::Null),
            response,
        }
    }

    pub fn error(&self) -> &str {
        self.body["__type"].as_str().unwrap_or("none")
    }
}

impl Aws {
    /// Returns the sample without request quotas, called from the delegated administrator account.
    pub fn new() -> Self {
        Self::of(Organisation::sample(), Limits::Unlimited)
    }

    pub fn of(organisation: Organisation, limits: Limits) -> Self {
        let clock = Clock::manual(NOON_MS);
        let sandbox = SandboxState::of(organisation.clone(), clock.clone())
            .with_limits(limits)
            .shared();
        Self {
            router: aws_router(sandbox.clone()),
            clock,
            sandbox,
            sample: organisation,
            access_key: "sandbox".to_owned(),
            region: "eu-west-1".to_owned(),
        }
    }

    /// Returns an AWS that ignores signatures.
    pub fn of_unsigned(organisation: Organisation) -> Self {
        let aws = Self::of(organisation, Limits::Unlimited);
        aws.sandbox.lock().expect("not poisoned").signatures = Signatures::Ignored;
        aws
    }

    /// Returns the same AWS, called from the management account.
    pub fn as_management(&self) -> Self {
        Self {
            router: self.router.clone(),
            clock: self.clock.clone(),
            sandbox: self.sandbox.clone(),
            sample: self.sample.clone(),
            access_key: self.sample.management_account.to_string(),
            region: self.region.clone(),
        }
    }

    /// Returns the same AWS, called in another Region.
    pub fn in_region(&self, region: &str) -> Self {
        Self {
            region: region.to_owned(),
            access_key: self.access_key.clone(),
            ..self.as_management()
        }
    }

    /// Sends a request that is signed as a client of the service signs it.
    pub async fn send(&self, target: &str, body: &str) -> Response<Body> {
        let service = match target.split('.').next().unwrap_or_default() {
            "SWBExternalService" => "sso",
            "AWSIdentityStore" => "identitystore",
            "AWSOrganizationsV20161128" => "organizations",
            "AWSCognitoIdentityProviderService" => "cognito-idp",
            _ => "cloudtrail",
        };
        let region = match service {
            "organizations" => "us-east-1",
            _ => &self.region,
        };
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("host", "127.0.0.1"),
            ("x-amz-date", AMZ_DATE),
            ("x-amz-target", target),
        ];
        let signing = Signing {
            access_key: &self.access_key,
            secret: "sandbox",
            region,
            service,
            headers: &headers,
            body,
        };
        self.send_as(&headers, Some(&signing.authorization()), body)
            .await
    }

    /// Sends a request with these headers.
    pub async fn send_as(
        &self,
        headers: &[(&str, &str)],
        authorization: Option<&str>,
        body: &str,
    ) -> Response<Body> {
        let mut request = Request::post("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request
            .body(Body::from(body.to_owned()))
            .expect("a request");
        self.router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible")
    }

    pub async fn call(&self, target: &str, body: Value) -> Reply {
        Reply::of(self.send(target, &body.to_string()).await).await
    }

    /// Calls sso-admin, with the instance filled in.
    pub async fn sso(&self, operation: &str, mut body: Value) -> Reply {
        if body.get("InstanceArn").is_none() {
            body["InstanceArn"] = json!(&*self.sample.instance_arn);
        }
        self.call(&format!("SWBExternalService.{operation}"), body)
            .await
    }

    /// Calls identitystore, with the identity store filled in.
    pub async fn store(&self, operation: &str, mut body: Value) -> Reply {
        body["IdentityStoreId"] = json!(&*self.sample.identity_store_id);
        self.call(&format!("AWSIdentityStore.{operation}"), body)
            .await
    }

    pub async fn org(&self, operation: &str, body: Value) -> Reply {
        self.call(&format!("AWSOrganizationsV20161128.{operation}"), body)
            .await
    }

    /// Calls cognito-idp, with the pool filled in.
    pub async fn idp(&self, operation: &str, mut body: Value) -> Reply {
        body["UserPoolId"] = json!(self.sample.pool.id);
        self.call(
            &format!("AWSCognitoIdentityProviderService.{operation}"),
            body,
        )
        .await
    }

    pub async fn trail(&self, body: Value) -> Reply {
        self.call("CloudTrail_20131101.LookupEvents", body).await
    }

    /// Writes a user as SCIM does, and returns the status and the user's id.
    pub async fn provision(&self, user: Value) -> (u16, String) {
        let request = Request::post("/_sandbox/users")
            .header("content-type", "application/json")
            .body(Body::from(user.to_string()))
            .expect("a request");
        let answer = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible");
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), usize::MAX).await;
        let body: Value = serde_json::from_slice(&body.expect("a body")).expect("JSON");
        (status, body["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Replaces the fault rules.
    pub async fn break_with(&self, rules: Value) {
        let request = Request::post("/_sandbox/faults")
            .header("content-type", "application/json")
            .body(Body::from(json!({ "seed": 1, "rules": rules }).to_string()))
            .expect("a request");
        let answer = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible");
        assert_eq!(answer.status(), 200);
    }

    /// Reads a `/_sandbox` endpoint.
    pub async fn page(&self, path: &str) -> Value {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let answer = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible");
        let text = to_bytes(answer.into_body(), usize::MAX)
            .await
            .expect("a body");
        serde_json::from_slice(&text).expect("JSON")
    }

    /// Returns the message of an error. Cognito spells the member in lower case.
    pub async fn message(&self, target: &str, body: Value) -> String {
        let answer = self.call(target, body).await;
        let message = answer.body.get("Message").or(answer.body.get("message"));
        message
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    /// Advances the clock by five seconds, which is how long an asynchronous write takes.
    pub fn wait(&self) {
        self.clock.advance(Duration::from_secs(5));
    }

    pub fn account(&self, name: &str) -> String {
        let found = self.sample.accounts.iter().find(|held| *held.name == *name);
        found.expect("an account of the sample").id.to_string()
    }

    pub fn set(&self, name: &str) -> String {
        let found = self
            .sample
            .permission_sets
            .iter()
            .find(|held| held.name == name);
        found.expect("a set of the sample").arn.to_string()
    }

    pub fn group(&self, name: &str) -> String {
        let found = self
            .sample
            .groups
            .iter()
            .find(|held| *held.display_name == *name);
        found.expect("a group of the sample").id.to_string()
    }

    pub fn user(&self, name: &str) -> String {
        let found = self
            .sample
            .users
            .iter()
            .find(|held| *held.user_name == *name);
        found.expect("a user of the sample").id.to_string()
    }

    /// Returns the parameters of `CreateAccountAssignment` and `DeleteAccountAssignment` for a group.
    pub fn tuple(&self, account: &str, set: &str, group: &str) -> Value {
        json!({
            "TargetId": self.account(account),
            "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": self.set(set),
            "PrincipalType": "GROUP",
            "PrincipalId": self.group(group),
        })
    }

    /// Returns the IDs of the principals assigned to a pair.
    pub async fn assigned(&self, account: &str, set: &str) -> Vec<String> {
        let answer = self
            .sso(
                "ListAccountAssignments",
                json!({ "AccountId": self.account(account), "PermissionSetArn": self.set(set), "MaxResults": 100 }),
            )
            .await;
        texts(&answer.body["AccountAssignments"], "PrincipalId")
    }

    /// Returns the status of a creation.
    pub async fn creation(&self, request_id: &str) -> Value {
        let answer = self
            .sso(
                "DescribeAccountAssignmentCreationStatus",
                json!({ "AccountAssignmentCreationRequestId": request_id }),
            )
            .await;
        answer.body["AccountAssignmentCreationStatus"].clone()
    }

    /// Returns the status of a deletion.
    pub async fn deletion(&self, request_id: &str) -> Value {
        let answer = self
            .sso(
                "DescribeAccountAssignmentDeletionStatus",
                json!({ "AccountAssignmentDeletionRequestId": request_id }),
            )
            .await;
        answer.body["AccountAssignmentDeletionStatus"].clone()
    }

    /// Reads all pages of a list.
    pub async fn all(
        &self,
        target: &str,
        body: Value,
        member: &str,
        size: (&str, usize),
    ) -> Listed {
        let mut listed = Listed::default();
        let mut token = Value::Null;
        loop {
            let mut body = body.clone();
            body[size.0] = json!(size.1);
            if !token.is_null() {
                body["NextToken"] = token;
            }
            let answer = self.call(target, body).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let page = answer.body[member].as_array().expect("a list").clone();
            assert!(page.len() <= size.1);
            listed.pages.push(page.len());
            listed.items.extend(page);
            token = answer.body["NextToken"].clone();
            if token.is_null() {
                return listed;
            }
        }
    }
}

#[derive(Default)]
pub struct Listed {
    pub items: Vec<Value>,
    pub pages: Vec<usize>,
}

/// Returns one member of every element.
pub fn texts(list: &Value, member: &str) -> Vec<String> {
    list.as_array()
        .map(|items| {
            items
                .iter()
                .map(|item| item[member].as_str().unwrap_or_default().to_owned())
                .collect()
        })
        .unwrap_or_default()
}

/// Returns the request ID of an accepted assignment write.
pub fn request_id(answer: &Reply) -> String {
    let statuses = [
        "AccountAssignmentCreationStatus",
        "AccountAssignmentDeletionStatus",
    ];
    statuses
        .iter()
        .find_map(|member| answer.body[*member]["RequestId"].as_str())
        .unwrap_or_else(|| panic!("not accepted: {}", answer.body))
        .to_owned()
}

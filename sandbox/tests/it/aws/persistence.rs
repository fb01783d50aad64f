//! The state that a sandbox restores after it was killed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use sandbox::aws::{Limits, Signatures, aws_router};
use sandbox::clock::Clock;
use sandbox::org::Organisation;
use sandbox::{Running, Sandbox, SandboxState};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::support::{Aws, NOON_MS, request_id};

/// A temporary folder, removed at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sandbox-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn state(&self) -> PathBuf {
        self.0.join("aws.json")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn open(path: &Path, clock: &Clock) -> Aws {
    let sandbox = SandboxState::open(path, Organisation::sample, clock.clone())
        .expect("opens")
        .with_limits(Limits::Unlimited)
        .shared();
    Aws {
        router: aws_router(sandbox.clone()),
        clock: clock.clone(),
        sandbox,
        sample: Organisation::sample(),
        access_key: "sandbox".to_owned(),
        region: "eu-west-1".to_owned(),
    }
}

/// Returns the persisted state, which has no reads in its call log.
async fn state(aws: &Aws) -> Value {
    aws.page("/_sandbox/state").await
}

#[tokio::test]
async fn a_killed_process_forgets_no_write_that_it_answered() {
    let folder = Folder::new("killed");
    let clock = Clock::manual(NOON_MS);
    let aws = open(&folder.state(), &clock);
    let first = aws.tuple("cards-dev", "ReadOnly", "auditors");
    let first = request_id(&aws.sso("CreateAccountAssignment", first).await);
    clock.advance(Duration::from_secs(3));
    aws.store("CreateGroup", json!({ "DisplayName": "made-before" }))
        .await;
    aws.break_with(json!([{ "kind": "async_never", "count": 1 }]))
        .await;
    let stuck = aws.tuple("ledger-dev", "ReadOnly", "auditors");
    let stuck = request_id(&aws.sso("CreateAccountAssignment", stuck).await);
    aws.sso(
        "CreateAccountAssignment",
        aws.tuple("cards-dev", "ReadOnly", "contractors"),
    )
    .await;
    aws.idp("AdminDisableUser", json!({ "Username": "lena.fischer" }))
        .await;
    let before = state(&aws).await;
    // No final save: only the first snapshot and the journal remain.
    drop(aws);

    let again = open(&folder.state(), &clock);
    assert_eq!(state(&again).await, before);
    assert_eq!(again.creation(&first).await["Status"], "IN_PROGRESS");
    again.wait();
    assert_eq!(again.creation(&first).await["Status"], "SUCCEEDED");
    assert_eq!(again.creation(&stuck).await["Status"], "IN_PROGRESS");
    let log = again.page("/_sandbox/calls").await;
    let creations = log["calls"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|call| call["operation"] == "CreateAccountAssignment")
        .count();
    assert_eq!(creations, 3, "refused writes are recorded too");
}

#[tokio::test]
async fn ids_are_not_given_out_again_after_a_restart() {
    let folder = Folder::new("ids");
    let clock = Clock::manual(NOON_MS);
    let mut ids = Vec::new();
    for number in 0..3 {
        let aws = open(&folder.state(), &clock);
        let made = aws
            .store(
                "CreateGroup",
                json!({ "DisplayName": format!("g{number}") }),
            )
            .await;
        ids.push(made.body["GroupId"].to_string());
        ids.push(made.request_id);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

#[tokio::test]
async fn a_torn_last_line_of_the_journal_is_passed_over() {
    use std::io::Write;
    let folder = Folder::new("torn");
    let clock = Clock::manual(NOON_MS);
    let aws = open(&folder.state(), &clock);
    aws.store("CreateGroup", json!({ "DisplayName": "whole" }))
        .await;
    drop(aws);
    let journal = folder.0.join("aws.json.journal");
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(journal)
        .expect("opens");
    file.write_all(b"{\"record\":{\"seq\":9").expect("writes");
    let again = open(&folder.state(), &clock);
    assert!(state(&again).await.to_string().contains("\"whole\""));
}

#[test]
fn a_file_that_is_no_state_is_refused_and_left_alone() {
    let folder = Folder::new("refused");
    std::fs::write(folder.state(), "{}").expect("writes");
    let opened = SandboxState::open(&folder.state(), Organisation::sample, Clock::manual(0));
    assert!(opened.is_err());
    assert_eq!(
        std::fs::read_to_string(folder.state()).expect("reads"),
        "{}"
    );
}

async fn post(running: &Running, target: &str, body: Value) -> Value {
    let request = Request::post("/")
        .header("x-amz-target", target)
        .body(Body::from(body.to_string()))
        .expect("a request");
    let router = aws_router(running.sandbox.clone());
    let answer = router.oneshot(request).await.expect("infallible");
    let text = to_bytes(answer.into_body(), usize::MAX)
        .await
        .expect("a body");
    serde_json::from_slice(&text).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_serves_both_ports_and_takes_its_state_up_again() {
    let folder = Folder::new("served");
    let start = || async {
        let mut sandbox = Sandbox::new(Organisation::sample());
        sandbox.state_file = Some(folder.state());
        sandbox.signatures = Signatures::Ignored;
        sandbox.speed = 100;
        sandbox.cognito_key_file = Some(crate::pool_key());
        sandbox.start().await.expect("starts")
    };
    let running = start().await;
    assert_ne!(running.aws_addr.port(), running.cognito_addr.port());
    let store = json!(&*Organisation::sample().identity_store_id);
    let made = post(
        &running,
        "AWSIdentityStore.CreateGroup",
        json!({ "IdentityStoreId": store, "DisplayName": "kept" }),
    )
    .await;
    drop(running);
    let running = start().await;
    let found = post(
        &running,
        "AWSIdentityStore.DescribeGroup",
        json!({ "IdentityStoreId": store, "GroupId": made["GroupId"] }),
    )
    .await;
    assert_eq!(found["DisplayName"], "kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_port_a_reset_breaks_the_connection() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut sandbox = Sandbox::new(Organisation::sample());
    sandbox.signatures = Signatures::Ignored;
    sandbox.cognito_key_file = Some(crate::pool_key());
    let running = sandbox.start().await.expect("starts");
    let exchange = |path: &'static str, body: &'static str| {
        let address = running.aws_addr;
        async move {
            let mut stream = tokio::net::TcpStream::connect(address)
                .await
                .expect("connects");
            let request = format!(
                "POST {path} HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\ncontent-type: application/json\r\n\
                 x-amz-target: SWBExternalService.ListInstances\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(request.as_bytes()).await.expect("sends");
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer).await;
            answer
        }
    };
    assert!(exchange("/", "{}").await.contains("ssoins-"));
    exchange(
        "/_sandbox/faults",
        r#"{"rules":[{"kind":"reset_after","count":1}]}"#,
    )
    .await;
    assert_eq!(exchange("/", "{}").await, "");
    assert!(exchange("/", "{}").await.contains("ssoins-"));
}

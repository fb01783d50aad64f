//! `leastwise sync` beside a server: it asks the server for a crawl and prints the report of the server.

use std::process::Output;

use domain::job::{JobKind, JobState};
use sandbox::org::Organisation;
use serde_json::Value;
use server::store::job;
use tokio::process::Command;

use super::site::Site;
use crate::{database::DatabaseEngine, wait};

crate::engines::on_both_engines! {
    beside_a_server_the_command_prints_the_crawl_of_the_server,
}

async fn sync(site: &Site) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    command.args(["sync", "--json"]).env_clear();
    command.env("LEASTWISE_DATABASE_URL", &site.database.url);
    command.env(
        "LEASTWISE_AWS_ENDPOINT",
        format!("http://{}", site.aws.aws_addr),
    );
    command.output().await.unwrap()
}

/// Returns the crawls that are done.
async fn done(site: &Site) -> Vec<job::JobRow> {
    let mut conn = site.database.store.connection().await.unwrap();
    let mut jobs = job::shown(&mut conn, JobState::Done, 100).await.unwrap();
    jobs.retain(|job| job.kind == JobKind::Crawl.as_str());
    jobs
}

async fn beside_a_server_the_command_prints_the_crawl_of_the_server(engine: DatabaseEngine) {
    let site = Site::on(engine, Organisation::sample()).await;
    // The read model is published before its crawl is recorded as done.
    wait::until("the first crawl is done", async || {
        !done(&site).await.is_empty()
    })
    .await;
    let before = done(&site).await;
    let output = sync(&site).await;
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["complete"], Value::Bool(true), "{printed}");
    let after = done(&site).await;
    assert_eq!(after.len(), before.len() + 1);
    let results = after.iter().filter_map(|job| job.result.as_deref());
    let results: Vec<Value> = results
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    assert!(results.contains(&printed), "{printed} is in {results:?}");
    site.close().await;
}

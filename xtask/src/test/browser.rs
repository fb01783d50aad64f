//! Runs the tests that need Node: journeys in Chromium, sign-in against a certified OpenID provider, and AWS contracts.
//! `node e2e/run.mjs` prints the results and writes each to `e2e/output/results.json`.

use std::fs;

use serde_json::Value;

use super::counts::Results;
use super::plan::Scope;
use super::run_folder::RunFolder;
use super::services::Services;
use crate::process::{self, ErrorContext, Failure};

const RESULTS: &str = "e2e/output/results.json";

/// Installs the packages that `e2e/package-lock.json` pins.
pub fn install_packages() -> Result<(), Failure> {
    process::output(process::command("npm").args([
        "ci",
        "--prefix",
        "e2e",
        "--no-audit",
        "--no-fund",
    ]))
    .map(drop)
}

/// Runs `e2e/run.mjs` against the binary of the last build.
pub fn run(services: &Services, scope: &Scope, folder: &RunFolder) -> Result<Results, Failure> {
    let written = process::root().join(RESULTS);
    if written.exists() {
        fs::remove_file(&written).context(RESULTS)?;
    }
    let mut node = process::supervised("node");
    node.arg("e2e/run.mjs")
        .env("CHROMIUM", &services.tools.chromium)
        .env(
            "LEASTWISE_BINARY",
            process::target().join("debug/leastwise"),
        )
        .env("TMPDIR", folder.path())
        .envs(services.environment.iter().cloned());
    if let Some(programs) = &services.tools.postgres {
        node.env("LEASTWISE_TEST_POSTGRES_BIN", programs);
    }
    if let Some(words) = scope.words() {
        node.arg(format!("--only={words}"));
    }
    let status = node.status().context("could not start node")?;
    let Ok(json) = fs::read_to_string(&written) else {
        return Err(Failure::new(format!(
            "`node e2e/run.mjs` ended ({status}) without results; its lines above say why"
        )));
    };
    let mut results = read(&json)?;
    if scope.words().is_some() && results.is_empty() {
        return Ok(results);
    }
    results.ended("e2e/run.mjs", status.success());
    Ok(results)
}

/// Reads the results: `[{"file", "name", "seconds", "ok", "error"}]`. `error` is the reason of a failure.
fn read(json: &str) -> Result<Results, Failure> {
    let tests: Vec<Value> = serde_json::from_str(json).context(RESULTS)?;
    let mut results = Results::default();
    for test in &tests {
        let text = |key: &str| test[key].as_str().unwrap_or_default();
        let name = format!("{}: {}", text("file"), text("name"));
        if test["ok"] == true {
            results.pass(&name, test["seconds"].as_f64().unwrap_or_default());
        } else {
            results.fail(format!("{name}\n{}", text("error")).trim_end().to_owned());
        }
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_test_of_the_file_is_counted_and_a_missing_ok_is_a_failure() {
        let results = read(
            r#"[{"file":"kill.mjs","name":"a","seconds":1.5,"ok":true},{"file":"kill.mjs","name":"b"},
                {"file":"kill.mjs","name":"c","seconds":2,"ok":false,"error":"90 !== 100"}]"#,
        )
        .unwrap();
        assert_eq!((results.counts.passed, results.counts.failed), (1, 2));
        assert_eq!(results.failed, ["kill.mjs: b", "kill.mjs: c\n90 !== 100"]);
        assert!(read("").is_err());
    }
}

//! Checks the deployment template with cfn-lint and checkov, which `deploy/requirements.txt` pins. They are installed in a
//! Python environment of their own while the project is compiled.
//!
//! A tool that is missing is named, and one that checked nothing fails: neither must look like one that found nothing.

use std::thread::{self, JoinHandle};

use serde_json::Value;

use super::counts::Results;
use super::python::Environment;
use super::services::joined;
use crate::process::{self, ErrorContext, Failure};

const TEMPLATE: &str = "deploy/cloudformation.yaml";

/// The tools, which are being installed.
pub struct Preparation(JoinHandle<Result<Environment, Failure>>);

/// Starts installing the tools.
pub fn prepare() -> Preparation {
    Preparation(thread::spawn(|| {
        Environment::create(
            "python-deploy",
            "deploy/requirements.txt",
            "cfnlint, checkov",
        )
        .map_err(|failure| Failure::new(format!("cfn-lint and checkov are missing: {failure}")))
    }))
}

impl Preparation {
    /// Waits for the tools, and runs each of them.
    pub fn check(self) -> Result<Results, Failure> {
        let environment = joined(self.0)?;
        let mut results = Results::default();
        for (name, outcome) in [
            ("cfn-lint", cfn_lint(&environment)),
            ("checkov", checkov(&environment)),
        ] {
            match outcome {
                Ok(()) => results.pass(name, 0.0),
                Err(failure) => {
                    eprintln!("{failure}");
                    results.fail(format!("{name}: {failure}"));
                }
            }
        }
        Ok(results)
    }
}

/// Checks the template against the schemas of its resources. Every finding fails, informational ones as well.
fn cfn_lint(environment: &Environment) -> Result<(), Failure> {
    let mut lint = process::command(environment.program("cfn-lint"));
    process::output(lint.args(["--include-checks", "I", "--", TEMPLATE])).map(drop)
}

/// Checks the template for what is known to be unsafe. Nothing is fetched: its rules are in the package.
fn checkov(environment: &Environment) -> Result<(), Failure> {
    let mut scan = process::command(environment.program("checkov"));
    scan.args(["--framework", "cloudformation", "--file", TEMPLATE])
        .args(["--skip-download", "--compact", "--quiet"])
        .args(["--output", "json", "--soft-fail"]);
    findings(&process::output(&mut scan)?)
}

/// Reads the report of checkov.
fn findings(json: &str) -> Result<(), Failure> {
    let report: Value = serde_json::from_str(json).context("the report of checkov")?;
    let count = |name: &str| report["summary"][name].as_u64();
    let (Some(passed), Some(failed), Some(unread)) =
        (count("passed"), count("failed"), count("parsing_errors"))
    else {
        return Err(Failure::new(format!("checkov checked nothing: {json}")));
    };
    if unread > 0 {
        return Err(Failure::new(format!("checkov cannot read {TEMPLATE}")));
    }
    if failed > 0 {
        let checks = report["results"]["failed_checks"].as_array();
        let text = |check: &Value, member: &str| {
            let text = check[member].as_str();
            text.unwrap_or_default().to_owned()
        };
        let lines = checks.into_iter().flatten().map(|check| {
            format!(
                "{TEMPLATE}:{}: {}: {} ({})",
                check["file_line_range"][0],
                text(check, "resource"),
                text(check, "check_name"),
                text(check, "check_id"),
            )
        });
        return Err(Failure::new(lines.collect::<Vec<_>>().join("\n")));
    }
    if passed == 0 {
        return Err(Failure::new("checkov applied no check"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(json: &str) -> String {
        findings(json).unwrap_err().to_string()
    }

    #[test]
    fn a_report_of_passed_checks_passes() {
        let report =
            r#"{"results":{},"summary":{"passed":65,"failed":0,"skipped":4,"parsing_errors":0}}"#;
        assert!(findings(report).is_ok());
    }

    #[test]
    fn a_tool_that_checked_nothing_does_not_pass() {
        // Without resources, checkov prints a summary at the top and ends without an error.
        assert!(why(r#"{"passed":0,"failed":0,"parsing_errors":0}"#).contains("checked nothing"));
        let summary = |passed: u32, unread: u32| {
            format!(r#"{{"summary":{{"passed":{passed},"failed":0,"parsing_errors":{unread}}}}}"#)
        };
        assert!(why(&summary(0, 0)).contains("no check"));
        assert!(why(&summary(3, 1)).contains("cannot read"));
        assert!(why("").contains("the report of checkov"));
    }

    #[test]
    fn a_failed_check_is_named_with_its_line_and_resource() {
        let report = r#"{"summary":{"passed":64,"failed":1,"parsing_errors":0},"results":{"failed_checks":[
            {"check_id":"CKV_AWS_17","check_name":"RDS is not public","resource":"AWS::RDS::DBInstance.Database",
             "file_line_range":[387,419]}]}}"#;
        assert_eq!(
            why(report),
            "deploy/cloudformation.yaml:387: AWS::RDS::DBInstance.Database: RDS is not public (CKV_AWS_17)"
        );
    }
}

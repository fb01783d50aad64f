//! Runs programs of Rust tests and reads what they say. Their JSON output is unstable in libtest, hence the variable
//! that allows it; rust-toolchain.toml pins the compiler, and a line that cannot be read is a failure.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use super::counts::Results;
use super::plan::Scope;
use crate::compiler::Program;
use crate::process::{self, ErrorContext, Failure};

/// Many tests wait, for a retry of the engine or an answer over HTTP, and leave their core idle.
const THREADS_PER_CORE: usize = 4;

/// Runs the tests of one program that are in scope.
pub fn run(
    program: &Program,
    scope: &Scope,
    environment: &[(String, String)],
) -> Result<Results, Failure> {
    let mut command = process::supervised(&program.executable);
    command
        .current_dir(process::root().join(&program.package))
        .envs(environment.iter().cloned())
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_MANIFEST_DIR", process::root().join(&program.package))
        .args(["-Zunstable-options", "--format", "json", "--report-time"])
        .arg(format!("--test-threads={}", threads()));
    if scope.has_services() {
        command.arg("--include-ignored");
    }
    if let Some(words) = scope.words() {
        // Names are paths of identifiers; what a person types is words.
        command.arg(words.replace(' ', "_"));
    }
    read(&mut command, &label(program))
}

/// How the program stands in reports: `server::it` or `domain::lib`.
pub fn label(program: &Program) -> String {
    format!("{}::{}", program.package, program.target)
}

fn threads() -> usize {
    THREADS_PER_CORE * thread::available_parallelism().map_or(1, usize::from)
}

fn read(command: &mut Command, label: &str) -> Result<Results, Failure> {
    let mut child = command.stdout(Stdio::piped()).spawn().context(label)?;
    let mut results = Results::default();
    let mut ended = false;
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            match serde_json::from_str(&line) {
                Ok(event) => ended |= take(&event, label, &mut results),
                // Output of a test that wrote past libtest's capture.
                Err(_) => println!("{line}"),
            }
        }
    }
    let status = child.wait().context(label)?;
    if !ended {
        results.fail(format!("{label} ended ({status}) before its tests did"));
    }
    results.ended(label, status.success());
    Ok(results)
}

/// Takes one event; says whether it is the one that ends the program's tests.
fn take(event: &Value, label: &str, results: &mut Results) -> bool {
    let name = format!("{label}::{}", event["name"].as_str().unwrap_or_default());
    match (event["type"].as_str(), event["event"].as_str()) {
        (Some("test"), Some("ok")) => {
            results.pass(&name, event["exec_time"].as_f64().unwrap_or_default());
        }
        (Some("test"), Some("failed")) => {
            println!("FAILED  {name}");
            let said = [event["stdout"].as_str(), event["message"].as_str()];
            for text in said.into_iter().flatten() {
                println!("{text}");
            }
            results.fail(name);
        }
        (Some("test"), Some("ignored")) => {
            let why = event["message"].as_str().unwrap_or("no reason given");
            results.skip(format!("{name} ({why})"));
        }
        (Some("suite"), Some("ok" | "failed")) => return true,
        _ => {}
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::counts::Counts;

    fn of_script(script: &str) -> Results {
        read(Command::new("sh").args(["-c", script]), "x").unwrap()
    }

    #[test]
    fn events_become_results_with_names_and_times() {
        let results = of_script(
            r#"echo '{"type":"suite","event":"started","test_count":3}'
               echo '{"type":"test","event":"started","name":"a::b"}'
               echo '{"type":"test","event":"ok","name":"a::b","exec_time":0.25}'
               echo '{"type":"test","event":"ignored","name":"c","message":"needs PostgreSQL"}'
               echo '{"type":"test","event":"failed","name":"d","exec_time":1,"stdout":"assertion"}'
               echo '{"type":"suite","event":"failed"}'; exit 101"#,
        );
        assert_eq!(
            results.counts,
            Counts {
                passed: 1,
                failed: 1,
                skipped: 1
            }
        );
        assert_eq!(results.timed[0].name, "x::a::b");
        assert_eq!(results.failed, ["x::d"]);
        assert_eq!(results.skipped, ["x::c (needs PostgreSQL)"]);
    }

    #[test]
    fn a_program_that_dies_in_a_test_is_a_failure() {
        let results = of_script(
            r#"echo '{"type":"test","event":"ok","name":"a","exec_time":0.1}'; exit 134"#,
        );
        assert_eq!(results.counts.failed, 1);
        assert!(results.failed[0].contains("before its tests did"));
    }
}

//! Runs Rust test programs and parses their output. The JSON output of libtest is unstable, so a variable enables it;
//! rust-toolchain.toml pins the compiler. The totals that a program reports at its end must agree with its events, so
//! that a lost event is a failure.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use super::counts::{Counts, Results};
use super::plan::Scope;
use super::run_folder::RunFolder;
use super::services::Services;
use crate::compiler::Program;
use crate::process::{self, ErrorContext, Failure};

/// Many tests wait for a retry of the engine or for an HTTP response and leave their core idle.
const THREADS_PER_CORE: usize = 4;
/// Each thread may hold a few connections to PostgreSQL, which accepts 400.
const MOST_THREADS: usize = 16;

/// Marks tests that only measure or print, and are run by name. They cannot fail, and take minutes. Libtest skips each test
/// whose path contains this text, so no other test name may begin with `manual_`.
const MANUAL: &str = "::manual_";

/// Runs the tests of one program that the scope selects. Without services, tests that need PostgreSQL are skipped.
pub fn run(
    program: &Program,
    scope: &Scope,
    folder: &RunFolder,
    services: Option<&Services>,
) -> Result<Results, Failure> {
    let crate_folder = process::root().join(&program.package);
    let mut command = process::supervised(&program.executable);
    // Variables of the developer, such as one that rewrites expected files, must not affect the tests.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LEASTWISE_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(&crate_folder)
        .env("TMPDIR", folder.path())
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_MANIFEST_DIR", &crate_folder)
        .args(["-Zunstable-options", "--format", "json", "--report-time"])
        .arg(format!("--test-threads={}", threads()))
        .args(["--skip", MANUAL]);
    if let Some(services) = services {
        command.envs(services.environment.iter().cloned());
        command.arg("--include-ignored");
    }
    if let Some(words) = scope.words() {
        // Test names are paths of identifiers, but people type words.
        command.arg(words.replace(' ', "_"));
    }
    read(&mut command, &label(program))
}

/// Returns the name of the program in reports: `server::it` or `domain::lib`.
pub fn label(program: &Program) -> String {
    format!("{}::{}", program.package, program.target)
}

fn threads() -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    (THREADS_PER_CORE * cores).min(MOST_THREADS)
}

fn read(command: &mut Command, label: &str) -> Result<Results, Failure> {
    let mut child = command.stdout(Stdio::piped()).spawn().context(label)?;
    let mut results = Results::default();
    let mut reported = None;
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).split(b'\n') {
            let line = line.context(label)?;
            let line = String::from_utf8_lossy(&line);
            match serde_json::from_str(&line) {
                Ok(event) => reported = take(&event, label, &mut results).or(reported),
                // Output of a test that bypassed libtest's capture.
                Err(_) => println!("{line}"),
            }
        }
    }
    let status = child.wait().context(label)?;
    match reported {
        None => results.fail(format!("{label} ended ({status}) before its tests did")),
        Some(reported) if reported != results.counts => results.fail(format!(
            "{label} reported {reported:?}, and its events say {:?}",
            results.counts
        )),
        Some(_) => {}
    }
    results.ended(label, status.success());
    Ok(results)
}

/// Records one event. Returns the totals if it is the end of the program's tests.
fn take(event: &Value, label: &str, results: &mut Results) -> Option<Counts> {
    let name = format!("{label}::{}", event["name"].as_str().unwrap_or_default());
    let count = |key: &str| event[key].as_u64().and_then(|count| count.try_into().ok());
    match (event["type"].as_str(), event["event"].as_str()) {
        (Some("test"), Some("ok")) => {
            results.pass(&name, event["exec_time"].as_f64().unwrap_or_default());
        }
        (Some("test"), Some("failed")) => {
            println!("FAILED  {name}");
            let output = [event["stdout"].as_str(), event["message"].as_str()];
            for text in output.into_iter().flatten() {
                println!("{text}");
            }
            results.fail(with_panic(
                &name,
                event["stdout"].as_str().unwrap_or_default(),
            ));
        }
        (Some("test"), Some("ignored")) => {
            let why = event["message"].as_str().unwrap_or("no reason given");
            results.skip(format!("{name} ({why})"));
        }
        (Some("suite"), Some("ok" | "failed")) => {
            return Some(Counts {
                passed: count("passed")?,
                failed: count("failed")?,
                skipped: count("ignored")?,
            });
        }
        _ => {}
    }
    None
}

/// Returns the name and what the test says from its panic on, for the summary at the end of a run.
fn with_panic(name: &str, output: &str) -> String {
    let begin = output.find("\nthread '").unwrap_or(0);
    let said = output[begin..].split("stack backtrace:").next();
    format!("{name}\n{}", said.unwrap_or_default().trim())
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

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
               printf '%s\n' '{"type":"test","event":"failed","name":"d","exec_time":1,"stdout":"a table\n\nthread \u0027d\u0027 panicked at x.rs:1:\nassertion\nstack backtrace:\n  0: x"}'
               echo '{"type":"suite","event":"failed","passed":1,"failed":1,"ignored":1}'; exit 101"#,
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
        assert_eq!(
            results.failed,
            ["x::d\nthread 'd' panicked at x.rs:1:\nassertion"]
        );
        assert_eq!(results.skipped, ["x::c (needs PostgreSQL)"]);
    }

    #[test]
    fn an_event_that_got_lost_is_a_failure() {
        let results = of_script(
            r#"printf 'glued{"type":"test","event":"ok","name":"a","exec_time":0.1}\n'
               echo '{"type":"suite","event":"ok","passed":1,"failed":0,"ignored":0}'"#,
        );
        assert_eq!(results.counts.failed, 1);
        assert!(results.failed[0].contains("its events say"));
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

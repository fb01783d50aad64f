//! `cargo xtask test`: everything, from a clean clone, on whatever the machine has. What is missing is installed
//! where that is allowed, and otherwise named with the command to type: never skipped, because a
//! check that did not run looks like one that passed.

mod browser;
mod counts;
mod moto;
mod postgres;

use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use crate::process::{self, Failure};
use crate::{lint, site};
use counts::Counts;

/// Stages that passed or failed as a whole, and the tests counted inside them.
#[derive(Default)]
struct Outcome {
    counts: Counts,
    failures: Vec<String>,
}

impl Outcome {
    /// Runs one stage and prints how long it took. A stage without tests counts as one.
    fn stage(&mut self, name: &str, work: impl FnOnce() -> Result<Counts, Failure>) {
        println!("\n== {name}");
        let start = Instant::now();
        let (counts, failure) = match work() {
            Ok(counts) if counts.failed > 0 => {
                (counts, Some(format!("{} tests failed", counts.failed)))
            }
            Ok(counts) => (counts, None),
            Err(failure) => (
                Counts {
                    passed: 0,
                    failed: 1,
                },
                Some(failure.to_string()),
            ),
        };
        let seconds = start.elapsed().as_secs_f32();
        println!(
            "== {name}: {} passed, {} failed, {seconds:.1} s",
            counts.passed, counts.failed
        );
        if let Some(failure) = failure {
            eprintln!("{failure}");
            self.failures.push(format!("{name}: {failure}"));
        }
        self.counts += counts;
    }

    /// A stage that holds or does not.
    fn check(&mut self, name: &str, work: impl FnOnce() -> Result<(), Failure>) {
        self.stage(name, || {
            work().map(|()| Counts {
                passed: 1,
                failed: 0,
            })
        });
    }
}

/// Runs all stages, whatever fails on the way; the last line sums them up.
pub fn test() -> ExitCode {
    let mut outcome = Outcome::default();
    let mut postgres = None;
    let mut moto = None;
    let mut tools = None;
    // These wait for the network; meanwhile the compiler can work.
    let moto_starts = thread::spawn(moto::Moto::start);
    let tools_install = thread::spawn(browser::install);

    outcome.check("formatting", || {
        process::run(process::cargo().args(["fmt", "--all", "--check"]))
    });
    outcome.check("house rules", lint::house_rules);
    outcome.check("PostgreSQL", || {
        postgres::Cluster::start().map(|cluster| postgres = Some(cluster))
    });
    outcome.check("browser files and their size", || {
        site::build(site::Effort::Full).map(drop)
    });
    outcome.check("clippy", lint::clippy);
    outcome.check("moto", || {
        joined(moto_starts).map(|server| moto = Some(server))
    });
    outcome.check("Node and Chromium", || {
        joined(tools_install).map(|found| tools = Some(found))
    });

    let mut environment = Vec::new();
    environment.extend(
        postgres
            .as_ref()
            .map(|cluster| ("LEASTWISE_TEST_POSTGRES", cluster.url().to_owned())),
    );
    environment.extend(
        moto.as_ref()
            .map(|server| ("LEASTWISE_TEST_MOTO", server.url())),
    );
    environment.extend(
        moto.as_ref()
            .map(|server| ("LEASTWISE_TEST_PYTHON", server.python())),
    );
    outcome.stage("unit and integration tests", || cargo_test(&environment));
    if let Some(tools) = tools {
        outcome.stage("browser, sign-in and contracts", || {
            browser::run(&tools, &environment)
        });
    }
    drop((postgres, moto));

    if !outcome.failures.is_empty() {
        println!("\nWhat failed:");
        for failure in &outcome.failures {
            println!(
                "- {}",
                failure.lines().take(20).collect::<Vec<_>>().join("\n  ")
            );
        }
    }
    println!(
        "\n{} passed, {} failed",
        outcome.counts.passed, outcome.counts.failed
    );
    if outcome.counts.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn joined<T>(work: thread::JoinHandle<Result<T, Failure>>) -> Result<T, Failure> {
    work.join()
        .unwrap_or_else(|_| Err(Failure::new("xtask panicked; the lines above say where")))
}

/// Every test of the workspace in one build, so that no dependency is compiled for two feature sets.
fn cargo_test(environment: &[(&str, String)]) -> Result<Counts, Failure> {
    let mut cargo = process::cargo();
    cargo.args(["test", "--workspace", "--no-fail-fast"]);
    cargo.envs(environment.iter().map(|(name, value)| (name, value)));
    counts::of_run(&mut cargo)
}

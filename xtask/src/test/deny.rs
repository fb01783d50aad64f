//! Checks the dependencies with `cargo deny`: licenses, banned crates, sources and known vulnerabilities (`deny.toml`).
//!
//! Compiling cargo-deny takes minutes, so it runs only if it is installed. What was not checked is reported as skipped,
//! with the reason: it must never look like a check that passed.

use super::counts::Results;
use crate::process::{self, Failure};

/// The checks that need nothing but the crates.
const CHECKS: [&str; 3] = ["bans", "licenses", "sources"];
/// Known vulnerabilities, which are in a database on the network.
const ADVISORIES: &str = "advisories";
/// What cargo-deny prints if it cannot fetch the database.
const NO_DATABASE: &str = "failed to fetch advisory database";

/// Runs each check that can run.
pub fn run() -> Results {
    let tool = process::which("cargo-deny").map(|_| denied);
    results(tool)
}

/// Returns the results of all checks by `tool`, which is `None` if it is not installed.
fn results(tool: Option<impl Fn(&str) -> Result<(), Failure>>) -> Results {
    let mut results = Results::default();
    for check in CHECKS.into_iter().chain([ADVISORIES]) {
        let name = format!("dependencies: {check}");
        match tool.as_ref().map(|denied| denied(check)) {
            None => results.skip(format!(
                "{name} (cargo-deny is not installed: cargo install --locked cargo-deny)"
            )),
            Some(Ok(())) => results.pass(&name, 0.0),
            Some(Err(failure)) if failure.to_string().contains(NO_DATABASE) => results.skip(
                format!("{name} (not checked: the database of RustSec cannot be fetched)"),
            ),
            Some(Err(failure)) => {
                eprintln!("{failure}");
                results.fail(format!("{name}: {failure}"));
            }
        }
    }
    for skipped in &results.skipped {
        println!("skipped: {skipped}");
    }
    results
}

/// Runs one check of cargo-deny. Git must neither wait for a slow server nor ask for a password.
fn denied(check: &str) -> Result<(), Failure> {
    let mut deny = process::command("cargo-deny");
    deny.args(["--log-level", "error", "check", check])
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_HTTP_LOW_SPEED_LIMIT", "1000")
        .env("GIT_HTTP_LOW_SPEED_TIME", "20");
    process::output(&mut deny).map(drop)
}

#[cfg(test)]
mod tests {
    use super::super::counts::Counts;
    use super::*;

    type Denied = fn(&str) -> Result<(), Failure>;

    #[test]
    fn a_check_that_did_not_run_is_skipped_with_the_reason_and_never_passes() {
        let missing = results(None::<Denied>);
        assert_eq!((missing.counts.passed, missing.counts.skipped), (0, 4));
        assert!(
            missing
                .skipped
                .iter()
                .all(|why| why.contains("cargo install"))
        );

        let offline = results(Some(|check: &str| match check {
            ADVISORIES => Err(Failure::new(format!("[ERROR] {NO_DATABASE} https://…"))),
            "licenses" => Err(Failure::new("licenses FAILED")),
            _ => Ok(()),
        }));
        let counts = Counts {
            passed: 2,
            failed: 1,
            skipped: 1,
        };
        assert_eq!(offline.counts, counts);
        assert!(offline.skipped[0].contains("not checked"));
    }
}

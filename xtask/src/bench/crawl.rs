//! Measures a full crawl of an organisation: `leastwise sync` alone against a local AWS. Compares the calls with the
//! page-exact formula, the throttled calls, and the time with the number of calls divided by the request rate.

use std::path::Path;

use serde_json::Value;

use super::figure::{Board, Figure};
use super::program::{LocalAws, command};
use crate::process::{self, ErrorContext, Failure};

const SERVICES: [&str; 3] = ["sso", "identitystore", "organizations"];
/// The allowed ratio of the measured time to calls divided by the rate.
const TOLERANCE: f64 = 1.05;
/// A crawl that takes fewer seconds has no limit.
const SHORT: f64 = 10.0;

/// Crawls into the database of this local AWS.
pub fn show(
    organisation: &str,
    binary: &Path,
    aws: &LocalAws,
    board: &mut Board,
) -> Result<(), Failure> {
    let pace: f64 = aws
        .told("LEASTWISE_AWS_TPS")?
        .parse()
        .context("LEASTWISE_AWS_TPS")?;
    aws.first_start(binary)?;
    let printed = process::output(&mut command(binary, &["sync", "--json"], &aws.environment))?;
    let report: Value = serde_json::from_str(&printed).context("output of `leastwise sync`")?;
    let number = |path: &str| {
        let value = report.pointer(path).and_then(Value::as_f64);
        value.ok_or_else(|| Failure::new(format!("`leastwise sync --json` has no {path}")))
    };

    let mut longest: f64 = 0.0;
    for service in SERVICES {
        let (calls, formula) = (
            number(&format!("/calls/{service}"))?,
            number(&format!("/formula/{service}"))?,
        );
        longest = longest.max(calls);
        let difference = (calls - formula).abs();
        let name = format!(
            "difference between calls to {service} and the formula, crawl of {organisation}: {calls} and {formula}"
        );
        let figure = Figure::new(name, difference, "calls");
        // The sample deliberately returns pages that are not full, so a list may take more pages than the formula
        // states.
        board.show(if organisation == "sample" {
            figure
        } else {
            figure.at_most(0.0)
        });
    }
    let what = format!(
        "{} accounts, {} sets, {} pairs, {} assignments",
        number("/accounts")?,
        number("/permission_sets")?,
        number("/pairs")?,
        number("/assignments")?
    );
    board.show(
        Figure::new(
            format!("throttled calls, crawl of {organisation}: {what}"),
            number("/throttled")?,
            "",
        )
        .at_most(0.0),
    );
    // The services are read concurrently, each at the full rate: the one with the most calls determines the time.
    let least = longest / pace;
    let figure = Figure::new(
        format!(
            "crawl of {organisation}; {longest} calls at {pace} per second = {least:.1} s, plus 5%"
        ),
        number("/seconds")?,
        "s",
    );
    // In a short crawl, the latency of single responses exceeds the tolerance of 5%.
    board.show(if least < SHORT {
        figure
    } else {
        figure.at_most(least * TOLERANCE)
    });
    Ok(())
}

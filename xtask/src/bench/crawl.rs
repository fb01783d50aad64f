//! One full read of an organisation, by `leastwise sync` alone against a local AWS: calls beside the page-exact
//! formula, throttles, and time beside calls over pace.

use std::path::Path;

use serde_json::Value;

use super::figure::{Board, Figure};
use super::program::{LocalAws, command};
use crate::process::{self, Doing, Failure};

const SERVICES: [&str; 3] = ["sso", "identitystore", "organizations"];
/// How far the time may lie beyond calls over pace.
const TOLERANCE: f64 = 1.05;
/// A crawl of fewer seconds is shown without a promise.
const SHORT: f64 = 10.0;

/// Reads everything into the database that belongs to this AWS.
pub fn show(
    organisation: &str,
    binary: &Path,
    aws: &LocalAws,
    board: &mut Board,
) -> Result<(), Failure> {
    let pace: f64 = aws
        .told("LEASTWISE_AWS_TPS")?
        .parse()
        .doing("LEASTWISE_AWS_TPS")?;
    let printed = process::output(&mut command(binary, &["sync", "--json"], &aws.environment))?;
    let report: Value = serde_json::from_str(&printed).doing("what `leastwise sync` printed")?;
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
            "calls to {service} beside the formula, crawl of {organisation}: {calls} and {formula}"
        );
        let figure = Figure::new(name, difference, "apart");
        // The sample's pages are ragged on purpose: a list may take a page more than it must.
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
            format!("throttles met, crawl of {organisation}: {what}"),
            number("/throttled")?,
            "",
        )
        .at_most(0.0),
    );
    // The services are read side by side, each at the pace: the one with most calls sets the time.
    let least = longest / pace;
    let figure = Figure::new(
        format!(
            "crawl of {organisation}, beside {longest} calls / {pace} a second = {least:.1} s, and 5%"
        ),
        number("/seconds")?,
        "s",
    );
    // In seconds, of which the first and the last answer are a part, five hundredths would measure those.
    board.show(if least < SHORT {
        figure
    } else {
        figure.at_most(least * TOLERANCE)
    });
    Ok(())
}

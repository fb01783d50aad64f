//! Measures the preview of a change by the size of the group that gains: response time, processor time, and how much the
//! memory of the server grows meanwhile. The organisation is `large` with a further group of each size.

use std::path::Path;
use std::time::Duration;

use super::figure::{Board, Figure, percentile};
use super::items;
use super::program::{LocalAws, Program};
use super::sign_in::sign_in;
use super::start::milliseconds;
use super::wire::Connection;
use crate::process::{self, ErrorContext, Failure};

const ORGANISATION: &str = "large-groups";
/// How much faster than AWS the local AWS runs, so that the crawl takes minutes.
const SPEED: u32 = 40;
const SIZES: [u32; 5] = [20, 200, 1_500, 8_000, 50_000];
/// The limit of one preview in milliseconds.
const PREVIEW_MS: f64 = 300.0;
/// The limit of the memory that one preview needs.
const GROWTH_MB: f64 = 50.0;
const REQUESTS: usize = 7;
/// A development account outside PCI scope, and a permission set, as `sandbox/src/org/generate.rs` names them.
const ACCOUNT: &str = "data-development-0023";
const PERMISSION_SET: &str = "ReadOnlyAccess-000";

/// Crawls the organisation and measures each size.
pub fn show(binary: &Path, board: &mut Board) -> Result<(), Failure> {
    let aws = LocalAws::start(binary, ORGANISATION, SPEED)?;
    aws.first_start(binary)?;
    let sync = &mut super::program::command(binary, &["sync"], &aws.environment);
    process::output(sync)?;
    let (mut program, _) = aws.serve(binary)?;
    program.answers(aws.web, "/readyz")?;
    program.logged("crawled", Duration::from_mins(15))?;
    let cookies = sign_in(aws.web, aws.administrator()?)?;
    for size in SIZES {
        measure(size, &aws, &program, &cookies, board)?;
    }
    items::measure(&aws, &program, &cookies, board)?;
    program.stop()
}

fn measure(
    size: u32,
    aws: &LocalAws,
    program: &Program,
    cookies: &str,
    board: &mut Board,
) -> Result<(), Failure> {
    let page = format!(
        "/changes/new?kind=grant&who=people-{size}&set={PERMISSION_SET}&account={ACCOUNT}&term=standing"
    );
    let mut connection = Connection::open(aws.web).context("connecting to the server")?;
    program.forget_peak()?;
    let (resident, used) = (program.megabytes("VmRSS")?, program.processor_ms()?);
    let mut took = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let answer = connection.get(&page, cookies)?;
        if answer.status != 200 || !answer.text().contains("id=\"preview\"") {
            return Err(Failure::new(format!(
                "{page} returned status {} without a preview",
                answer.status
            )));
        }
        took.push(milliseconds(answer.took));
    }
    let used = (program.processor_ms()? - used) / requests();
    let growth = program.megabytes("VmHWM")? - resident;
    took.sort_by(f64::total_cmp);
    let name = |what: &str| format!("preview of standing access for a group of {size}: {what}");
    let median = percentile(&took, 50);
    board.show(Figure::new(name("median"), median, "ms").at_most(PREVIEW_MS));
    board.show(Figure::new(name("processor time"), used, "ms").at_most(PREVIEW_MS));
    board.show(Figure::new(name("growth of the memory"), growth, "MB").at_most(GROWTH_MB));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a few")]
fn requests() -> f64 {
    REQUESTS as f64
}

//! Measures how long the publication of a read model of `large` takes while a crawl runs and 500 assignments are removed,
//! and the home page meanwhile. Each removal is read back, so that most publications show one read. Only publications
//! after the first ones count: those of the start are new builds. Then 500 accounts at a time are classified.

use std::path::Path;
use std::time::Duration;

use super::figure::{Board, Figure, percentile};
use super::home;
use super::items;
use super::program::{LocalAws, Program};
use super::removals;
use super::sign_in::sign_in;
use crate::process::{self, Failure};

const ORGANISATION: &str = "large";
/// How much faster than AWS the local AWS runs, so that the crawl takes minutes.
const SPEED: u32 = 40;
/// The limit of one publication in milliseconds.
const PUBLISH_MS: f64 = 5.0;
const RESIDENT_MB: f64 = 300.0;
/// The message of the log line of a crawl.
const CRAWLED: &str = "crawled";
/// The message of the log line of a publication.
const PUBLISHED: &str = "published a read model";

/// Crawls the organisation, crawls it again while accounts are classified, and shows how long publications took.
pub fn show(binary: &Path, board: &mut Board) -> Result<(), Failure> {
    let mut aws = LocalAws::start(binary, ORGANISATION, SPEED)?;
    aws.first_start(binary)?;
    let sync = &mut super::program::command(binary, &["sync"], &aws.environment);
    process::output(sync)?;
    let log = "info,server::service::publication=debug";
    aws.environment.insert("LEASTWISE_LOG".into(), log.into());
    let (mut program, _) = aws.serve(binary)?;
    program.answers(aws.web, "/readyz")?;
    let built = program.numbers(PUBLISHED, "micros")?;
    let cookies = sign_in(aws.web, aws.administrator()?)?;
    let forms = removals::find(&aws, &cookies)?;
    std::thread::scope(|scope| {
        let submitted = scope.spawn(|| removals::submit(&aws, &forms));
        let measured = home::while_busy(ORGANISATION, &aws, &cookies, board);
        let submitted = submitted.join();
        submitted.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        measured
    })?;
    if !program.numbers(CRAWLED, "accounts")?.is_empty() {
        return Err(Failure::new("the crawl ended before the measurement did"));
    }
    for (line, what) in [("VmRSS", "during a crawl"), ("VmHWM", "peak")] {
        let name = format!("resident memory ({line}) with {ORGANISATION}, {what}");
        board.show(Figure::new(name, program.megabytes(line)?, "MB").at_most(RESIDENT_MB));
    }
    let read = publications(&program, built.len())?;
    show_publications("one read or removal each", &read, Some(PUBLISH_MS), board);
    items::classify(&aws, &program, &cookies)?;
    program.logged(CRAWLED, Duration::from_mins(15))?;
    let classified = publications(&program, built.len() + read.len())?;
    show_publications("classifications of 500 accounts", &classified, None, board);
    let longest = built.iter().copied().fold(0.0, f64::max) / 1_000.0;
    board.show(Figure::new(
        format!("new build of the read model of {ORGANISATION}"),
        longest,
        "ms",
    ));
    program.stop()
}

/// Returns how long the publications took after the first ones, in milliseconds, the shortest first.
fn publications(program: &Program, after: usize) -> Result<Vec<f64>, Failure> {
    let all = program.numbers(PUBLISHED, "micros")?;
    let later = all.iter().skip(after);
    let mut took: Vec<f64> = later.map(|micros| micros / 1_000.0).collect();
    if took.is_empty() {
        return Err(Failure::new("no read model was published"));
    }
    took.sort_by(f64::total_cmp);
    Ok(took)
}

fn show_publications(of: &str, took: &[f64], limit: Option<f64>, board: &mut Board) {
    let name = |what: &str| {
        format!(
            "publication of {ORGANISATION}, {of}: {what} of {}",
            took.len()
        )
    };
    let median = Figure::new(name("median"), percentile(took, 50), "ms");
    board.show(match limit {
        Some(limit) => median.at_most(limit),
        None => median,
    });
    let slowest = Figure::new(name("99th percentile"), percentile(took, 99), "ms");
    board.show(slowest);
}

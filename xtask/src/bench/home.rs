//! The home page of a large organisation: how long the server takes for it, and what it holds in memory. The server
//! runs in a process of its own, so that the local AWS is not counted.

use std::path::Path;
use std::time::Duration;

use super::figure::{Board, Figure, percentile};
use super::program::LocalAws;
use super::sign_in::sign_in;
use super::start::milliseconds;
use super::wire::Connection;
use super::{crawl, page_load};
use crate::process::{Doing, Failure};

const HOME_MS: f64 = 20.0;
const RESIDENT_MB: f64 = 300.0;
/// Together fewer than the 300 requests that a session may make at once.
const WARM_UP: usize = 20;
const REQUESTS: usize = 200;

/// A crawl, then the server on what it brought.
pub fn large(binary: &Path, speed: u32, board: &mut Board) -> Result<(), Failure> {
    let aws = LocalAws::start(binary, "large", speed)?;
    crawl::show("large", binary, &aws, board)?;

    let (mut program, took) = aws.serve(binary)?;
    board.show(Figure::new(
        "leastwise serve: start on the data of large",
        milliseconds(took),
        "ms",
    ));
    board.show(Figure::new(
        "resident right after the start on large",
        program.megabytes("VmRSS")?,
        "MB",
    ));
    let cookies = sign_in(aws.web, aws.administrator()?)?;
    // No promise: two cores also run the local AWS and this client meanwhile.
    time("while it crawls", None, &aws, &cookies, board)?;
    program.logged("crawled", Duration::from_mins(15))?;
    let cookies = sign_in(aws.web, aws.administrator()?)?;
    let before = program.processor_ms()?;
    time("at rest", Some(HOME_MS), &aws, &cookies, board)?;
    let used = program.processor_ms()? - before;
    board.show(Figure::new(
        "processor time of one of them, all of the server's counted",
        used / requests(),
        "ms",
    ));
    page_load::show("large", aws.web, &cookies, board)?;
    board.show(
        Figure::new(
            "resident (VmRSS) on large, after a crawl and these requests",
            program.megabytes("VmRSS")?,
            "MB",
        )
        .at_most(RESIDENT_MB),
    );
    board.show(Figure::new(
        "the most that it ever was (VmHWM)",
        program.megabytes("VmHWM")?,
        "MB",
    ));
    program.stop()
}

#[expect(clippy::cast_precision_loss, reason = "some hundreds")]
fn requests() -> f64 {
    (WARM_UP + REQUESTS) as f64
}

/// Many requests over one connection, one after the other, from the first byte sent to the last received.
fn time(
    when: &str,
    limit: Option<f64>,
    aws: &LocalAws,
    cookies: &str,
    board: &mut Board,
) -> Result<(), Failure> {
    let mut connection = Connection::open(aws.web).doing("connecting to the server")?;
    let mut took = Vec::with_capacity(REQUESTS);
    for round in 0..WARM_UP + REQUESTS {
        let answer = connection.get("/", cookies)?;
        if answer.status != 200 {
            let status = answer.status;
            return Err(Failure::new(format!("the home page answered {status}")));
        }
        if round >= WARM_UP {
            took.push(milliseconds(answer.took));
        }
    }
    took.sort_by(f64::total_cmp);
    for (word, hundredths) in [("median", 50), ("99th percentile", 99)] {
        let name = format!("home page of large {when}, {word} of {REQUESTS}");
        let figure = Figure::new(name, percentile(&took, hundredths), "ms");
        board.show(match limit {
            Some(limit) => figure.at_most(limit),
            None => figure,
        });
    }
    Ok(())
}

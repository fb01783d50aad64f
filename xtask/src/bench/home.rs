//! The home page of an organisation: how long the server takes for it, and what it holds in memory. The server
//! runs in a process of its own, so that the local AWS is not counted.

use std::path::Path;
use std::time::{Duration, Instant};

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
pub fn show(
    organisation: &str,
    binary: &Path,
    speed: u32,
    board: &mut Board,
) -> Result<(), Failure> {
    let aws = LocalAws::start(binary, organisation, speed)?;
    crawl::show(organisation, binary, &aws, board)?;

    let started = Instant::now();
    let (mut program, took) = aws.serve(binary)?;
    board.show(Figure::new(
        format!("leastwise serve: start on the data of {organisation}, to /healthz"),
        milliseconds(took),
        "ms",
    ));
    program.answers(aws.web, "/readyz")?;
    board.show(Figure::new(
        "and until pages show what was known (/readyz)",
        milliseconds(started.elapsed()),
        "ms",
    ));
    board.show(Figure::new(
        format!("resident right after the start on {organisation}"),
        program.megabytes("VmRSS")?,
        "MB",
    ));
    // The sample is read before anybody could be measured meanwhile.
    if organisation != "sample" {
        let cookies = sign_in(aws.web, aws.administrator()?)?;
        // No promise: the cores also run the local AWS and this client meanwhile.
        time(organisation, "while it crawls", None, &aws, &cookies, board)?;
    }
    program.logged("crawled", Duration::from_mins(15))?;
    let cookies = sign_in(aws.web, aws.administrator()?)?;
    let before = program.processor_ms()?;
    time(
        organisation,
        "at rest",
        Some(HOME_MS),
        &aws,
        &cookies,
        board,
    )?;
    let used = program.processor_ms()? - before;
    board.show(Figure::new(
        "processor time of one of them, all of the server's counted",
        used / requests(),
        "ms",
    ));
    page_load::show(organisation, aws.web, &cookies, board)?;
    for (line, what) in [
        ("VmRSS", "after a crawl and these requests"),
        ("VmHWM", "the most that it ever was"),
    ] {
        let name = format!("resident ({line}) on {organisation}, {what}");
        board.show(Figure::new(name, program.megabytes(line)?, "MB").at_most(RESIDENT_MB));
    }
    program.stop()
}

#[expect(clippy::cast_precision_loss, reason = "some hundreds")]
fn requests() -> f64 {
    (WARM_UP + REQUESTS) as f64
}

/// Many requests over one connection, one after the other, from the first byte sent to the last received.
fn time(
    organisation: &str,
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
        let name = format!("home page of {organisation} {when}, {word} of {REQUESTS}");
        let figure = Figure::new(name, percentile(&took, hundredths), "ms");
        board.show(match limit {
            Some(limit) => figure.at_most(limit),
            None => figure,
        });
    }
    Ok(())
}

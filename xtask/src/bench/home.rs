//! Measures the home page of an organisation: the response time and the memory of the server. The server runs in its
//! own process so that the local AWS is not included.

use std::path::Path;
use std::time::{Duration, Instant};

use super::figure::{Board, Figure, percentile};
use super::program::LocalAws;
use super::sign_in::sign_in;
use super::start::milliseconds;
use super::wire::Connection;
use super::{crawl, page_load};
use crate::process::{ErrorContext, Failure};

const HOME_MS: f64 = 20.0;
/// The limits of the home page while the engine carries out changes: of the median, and of the 99th percentile.
const BUSY_MS: (f64, f64) = (5.0, 20.0);
const RESIDENT_MB: f64 = 300.0;
const WARM_UP: usize = 20;
const REQUESTS: usize = 200;
/// Seconds to wait for the rate limit while one page is measured.
const MOST_PAUSES: usize = 60;
/// The limit of a page of a list.
pub(super) const LIST_MS: f64 = 20.0;
/// The lists, filtered and sorted as a person would do it, and by what costs most: texts of every row.
const LISTS: [&str; 11] = [
    "/accounts",
    "/accounts?environment=production&pci=in&sort=-people",
    "/accounts?sort=name&q=a",
    "/people",
    "/people?q=ma+er&reach=production-pci&page=2",
    "/people?sort=title",
    "/people?sort=-user_name&page=500&q=e",
    "/people?sort=-production_pci&status=enabled",
    "/groups?q=a&sort=-members",
    "/permission-sets",
    "/permission-sets?sort=-people&capability=changes",
];

/// Crawls the organisation, then measures the server on that data.
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
        format!("leastwise serve: start with the data of {organisation}, until /healthz responds"),
        milliseconds(took),
        "ms",
    ));
    program.answers(aws.web, "/readyz")?;
    board.show(Figure::new(
        "until pages show the stored data (/readyz)",
        milliseconds(started.elapsed()),
        "ms",
    ));
    board.show(Figure::new(
        format!("resident memory after the start with {organisation}"),
        program.megabytes("VmRSS")?,
        "MB",
    ));
    // The crawl of the sample ends before a measurement could start.
    if organisation != "sample" {
        let cookies = sign_in(aws.web, aws.administrator()?)?;
        // No limit, because the local AWS and this client use the same cores.
        time(
            organisation,
            "/",
            "during a crawl",
            None,
            &aws,
            &cookies,
            board,
        )?;
    }
    program.logged("crawled", Duration::from_mins(15))?;
    let cookies = sign_in(aws.web, aws.administrator()?)?;
    let before = program.processor_ms()?;
    time(
        organisation,
        "/",
        "at rest",
        Some((HOME_MS, HOME_MS)),
        &aws,
        &cookies,
        board,
    )?;
    let used = program.processor_ms()? - before;
    board.show(Figure::new(
        "processor time of the server per request",
        used / requests(),
        "ms",
    ));
    page_load::show(organisation, aws.web, &cookies, board)?;
    for list in LISTS {
        let limit = Some((LIST_MS, LIST_MS));
        time(organisation, list, "at rest", limit, &aws, &cookies, board)?;
    }
    for (line, what) in [
        ("VmRSS", "after a crawl and these requests"),
        ("VmHWM", "peak"),
    ] {
        let name = format!("resident memory ({line}) with {organisation}, {what}");
        board.show(Figure::new(name, program.megabytes(line)?, "MB").at_most(RESIDENT_MB));
    }
    program.stop()
}

/// Measures the home page during a crawl, while the engine carries out changes.
pub fn while_busy(
    organisation: &str,
    aws: &LocalAws,
    cookies: &str,
    board: &mut Board,
) -> Result<(), Failure> {
    let when = "while a crawl and changes run";
    time(organisation, "/", when, Some(BUSY_MS), aws, cookies, board)
}

#[expect(clippy::cast_precision_loss, reason = "some hundreds")]
fn requests() -> f64 {
    (WARM_UP + REQUESTS) as f64
}

/// Measures consecutive requests over one connection, from the first byte sent to the last byte received. The limits are
/// those of the median and of the 99th percentile.
pub(super) fn time(
    organisation: &str,
    page: &str,
    when: &str,
    limits: Option<(f64, f64)>,
    aws: &LocalAws,
    cookies: &str,
    board: &mut Board,
) -> Result<(), Failure> {
    let mut connection = Connection::open(aws.web).context("connecting to the server")?;
    let mut took = Vec::with_capacity(REQUESTS);
    let (mut received, mut pauses) = (0, 0);
    while took.len() < REQUESTS {
        let answer = connection.get(page, cookies)?;
        match answer.status {
            200 => {
                received += 1;
                if received > WARM_UP {
                    took.push(milliseconds(answer.took));
                }
            }
            // The rate limit of the session, which is not measured here.
            429 if pauses < MOST_PAUSES => {
                pauses += 1;
                std::thread::sleep(Duration::from_secs(1));
            }
            status => return Err(Failure::new(format!("{page} returned status {status}"))),
        }
    }
    took.sort_by(f64::total_cmp);
    let limits = limits.unzip();
    for (word, hundredths, limit) in [("median", 50, limits.0), ("99th percentile", 99, limits.1)] {
        let name = format!("{page} of {organisation} {when}, {word} of {REQUESTS}");
        let figure = Figure::new(name, percentile(&took, hundredths), "ms");
        board.show(match limit {
            Some(limit) => figure.at_most(limit),
            None => figure,
        });
    }
    Ok(())
}

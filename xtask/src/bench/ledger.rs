//! Measures a ledger of 100,000 entries: the start of the server with and without the stored projection, its memory, and
//! `leastwise ledger verify` beside plain SHA-256 of the same bytes in the same run.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::figure::{Board, Figure};
use super::home;
use super::program::{self, LocalAws};
use super::sign_in::sign_in;
use super::start::milliseconds;
use super::wire::Connection;
use crate::process::{self, ErrorContext, Failure};

/// Where the pages have the most to show: what a start does beside the ledger is in the figures as well.
const ORGANISATION: &str = "large";
/// How much faster than AWS the local AWS runs, so that the crawl takes minutes.
const SPEED: u32 = 40;
const ENTRIES: f64 = 100_000.0;
/// The limit from the start of the process to a page.
const START_MS: f64 = 2_000.0;
/// The limit of the verification of one entry, without reading it and without comparing rows with it.
const ENTRY_MICROSECONDS: f64 = 2.0;

/// Pages of the list, with the filters that cost most: words, several families of events, days, and a middle of the ledger.
const PAGES: [&str; 5] = [
    "/ledger",
    "/ledger?before=50000",
    "/ledger?q=grant+started",
    "/ledger?what=access&what=writes&outcome=success",
    "/ledger?what=sessions&from=2026-01-01&until=2030-01-01&who=maya",
];

/// Fills the ledger of a crawled organisation, and measures it. `LEASTWISE_BENCH_ORGANISATION` names another one.
pub fn show(binary: &Path, board: &mut Board) -> Result<(), Failure> {
    let organisation = std::env::var("LEASTWISE_BENCH_ORGANISATION");
    let organisation = organisation.unwrap_or_else(|_| ORGANISATION.to_owned());
    let fill = built()?;
    let aws = LocalAws::start(binary, &organisation, SPEED)?;
    aws.first_start(binary)?;
    let sync = &mut program::command(binary, &["sync"], &aws.environment);
    process::output(sync)?;
    start(&aws, binary, "an empty ledger", board)?;
    let (database, keys) = (
        aws.told("LEASTWISE_DATABASE_URL")?,
        aws.told("LEASTWISE_KEYS")?,
    );
    let began = Instant::now();
    let filled = |what: &str| process::output(process::command(&fill).args([database, keys, what]));
    filled(&ENTRIES.to_string())?;
    println!(
        "      {ENTRIES:.0} entries appended and signed in {:.0} s",
        began.elapsed().as_secs_f64()
    );
    start(&aws, binary, "a stored projection", board)?;
    pages(&aws, binary, board)?;
    // As if the process had never stored one.
    filled("forget-projection")?;
    start(&aws, binary, "no stored projection", board)?;
    verify(&aws, binary, board)
}

/// Builds the program that fills a ledger, with the profile of what is measured.
fn built() -> Result<PathBuf, Failure> {
    if let Some(given) = std::env::var_os("LEASTWISE_BENCH_FILL") {
        return Ok(given.into());
    }
    let of_server = ["--package", "leastwise-server", "--features", "jemalloc"];
    process::run(
        process::cargo()
            .args(["build", "--profile", "measure", "--example", "fill_ledger"])
            .args(of_server),
    )?;
    Ok(process::target().join("measure/examples/fill_ledger"))
}

/// Measures the time until a page that needs a session, and the memory after it.
fn start(aws: &LocalAws, binary: &Path, with: &str, board: &mut Board) -> Result<(), Failure> {
    let began = Instant::now();
    let (mut program, until_health) = aws.serve(binary)?;
    program.answers(aws.web, "/readyz")?;
    let until_ready = began.elapsed();
    let busy = program.processor_ms()?;
    let cookies = sign_in(aws.web, aws.administrator()?)?;
    let mut connection = Connection::open(aws.web).context("connecting to the server")?;
    let page = connection.get("/changes", &cookies)?;
    if page.status != 200 {
        return Err(Failure::new(format!("/changes answers {}", page.status)));
    }
    board.show(Figure::new(
        format!("start with {with}: until /healthz responds; {busy:.0} ms of processor time until /readyz"),
        milliseconds(until_health),
        "ms",
    ));
    board.show(
        Figure::new(
            format!("start with {with}: until /readyz says that pages are served"),
            milliseconds(until_ready),
            "ms",
        )
        .at_most(START_MS),
    );
    let memory = program.megabytes("VmRSS")?;
    board.show(Figure::new(format!("memory with {with}"), memory, "MB"));
    program.stop()
}

/// Measures pages of the list of entries.
fn pages(aws: &LocalAws, binary: &Path, board: &mut Board) -> Result<(), Failure> {
    let (mut program, _) = aws.serve(binary)?;
    program.answers(aws.web, "/readyz")?;
    let cookies = sign_in(aws.web, aws.administrator()?)?;
    for page in PAGES {
        let limits = Some((home::LIST_MS, home::LIST_MS));
        home::time(
            "100,000 entries",
            page,
            "at rest",
            limits,
            aws,
            &cookies,
            board,
        )?;
    }
    program.stop()
}

/// Returns how many changes have no row: those of the entries that were filled in. Any other finding is an error.
fn only_changes_without_rows(report: &Value) -> Result<usize, Failure> {
    let findings = report["findings"].as_array();
    let findings = findings.map(Vec::as_slice).unwrap_or_default();
    let other = findings.iter().find(|one| {
        (one["code"].as_str(), one["table"].as_str()) != (Some("entry_without_row"), Some("change"))
    });
    match other {
        Some(other) => Err(Failure::new(format!("ledger verify finds {other}"))),
        None => Ok(findings.len()),
    }
}

fn verify(aws: &LocalAws, binary: &Path, board: &mut Board) -> Result<(), Failure> {
    let folder = aws.folder.join("bundle");
    let name = folder.display().to_string();
    let export = ["ledger", "export", &name];
    process::output(&mut program::command(binary, &export, &aws.environment))?;
    let path = folder.join("entries.jsonl");
    let bytes = fs::read(&path).context(path.display())?;
    let began = Instant::now();
    let digest = Sha256::digest(&bytes);
    let plain = began.elapsed();
    let began = Instant::now();
    let arguments = ["ledger", "verify", "--json"];
    let told = program::command(binary, &arguments, &aws.environment)
        .output()
        .context("ledger verify")?;
    let all = began.elapsed();
    let report: Value = serde_json::from_slice(&told.stdout).context("output of ledger verify")?;
    let entries = report["entries"].as_f64().unwrap_or_default();
    println!(
        "      {} entries of {} bytes, SHA-256 {}…; {} changes without a row",
        report["entries"],
        bytes.len(),
        &hex::encode(digest)[..8],
        only_changes_without_rows(&report)?
    );
    let each = |took: Duration| took.as_secs_f64() * 1_000_000.0 / entries;
    let stage = |name: &str| {
        let seconds = report["seconds"][name].as_f64();
        each(Duration::from_secs_f64(seconds.unwrap_or_default()))
    };
    for (what, figure, limit) in [
        ("plain SHA-256 of the entries", each(plain), None),
        (
            "ledger verify: hash, MAC, chain, tree, form, private values",
            stage("entries"),
            Some(ENTRY_MICROSECONDS),
        ),
        (
            "ledger verify: parsing, and comparing rows and words with it",
            stage("rows"),
            None,
        ),
        ("ledger verify: reading from SQLite", stage("reading"), None),
        ("ledger verify: the whole command", each(all), None),
    ] {
        let name = format!("{what}; {:.0} entries/s", 1_000_000.0 / figure);
        let figure = Figure::new(name, figure, "µs");
        board.show(match limit {
            Some(limit) => figure.at_most(limit),
            None => figure,
        });
    }
    Ok(())
}

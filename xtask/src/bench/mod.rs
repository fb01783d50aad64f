//! `cargo xtask bench`: measures every promised figure on an optimized build and compares it with its limit. A figure
//! that cannot be measured is an error; a figure without a limit is printed as well.

mod analysis;
mod crawl;
mod figure;
mod home;
mod items;
mod ledger;
mod page_load;
mod preview;
mod program;
mod publish;
mod removals;
mod sign_in;
mod sockets;
mod start;
mod wire;

use std::path::PathBuf;

use crate::process::{self, Failure};
use crate::site;
use figure::{Board, Figure};

/// The parts that can be measured separately: `cargo xtask bench start medium`.
const PARTS: [&str; 10] = [
    "size", "analysis", "start", "sample", "medium", "large", "preview", "publish", "ledger",
    "sockets",
];
/// The organisations, and how much faster than AWS the local AWS runs for each, so that a crawl of an hour takes
/// minutes. The quotas and the request rate of Leastwise scale with the speed, so results compare calls divided by the
/// rate, not seconds.
const ORGANISATIONS: [(&str, u32); 3] = [("sample", 4), ("medium", 20), ("large", 40)];

/// Measures the given parts, or all without any.
pub fn bench(parts: &[String]) -> Result<(), Failure> {
    if let Some(unknown) = parts.iter().find(|part| !PARTS.contains(&part.as_str())) {
        let known = PARTS.join(" | ");
        return Err(Failure::new(format!(
            "cargo xtask bench [{known}]: unknown part {unknown}"
        )));
    }
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|one| one == part);
    let mut board = Board::new();
    if parts == ["analysis"] {
        // Needs neither the pages nor the server, whose builds take minutes.
        println!("\nOn {}\n", figure::machine());
        analysis::show(&mut board)?;
        return board.verdict();
    }
    let site = site::build_within_budget()?;
    let binary = measured_binary()?;

    println!("\nOn {}\n", figure::machine());
    if wanted("size") {
        board.show(
            Figure::new(
                "browser files, compressed, without the page and headers",
                kilobytes(site),
                "kB",
            )
            .at_most(140.0),
        );
    }
    if wanted("analysis") {
        analysis::show(&mut board)?;
    }
    if wanted("start") {
        start::sample(&binary, &mut board)?;
    }
    for (organisation, speed) in ORGANISATIONS {
        if wanted(organisation) {
            home::show(organisation, &binary, speed, &mut board)?;
        }
    }
    if wanted("preview") {
        preview::show(&binary, &mut board)?;
    }
    if wanted("publish") {
        publish::show(&binary, &mut board)?;
    }
    if wanted("ledger") {
        ledger::show(&binary, &mut board)?;
    }
    if wanted("sockets") {
        sockets::hold(&binary)?;
    }
    println!("\nLoad average at the end: {}", figure::load());
    board.verdict()
}

/// Returns the binary to measure: the one that `LEASTWISE_BENCH_BINARY` names, such as a release build, or else a build
/// of the profile `measure`, including the sandbox.
fn measured_binary() -> Result<PathBuf, Failure> {
    if let Some(given) = std::env::var_os("LEASTWISE_BENCH_BINARY") {
        return Ok(given.into());
    }
    let of_server = ["--package", "leastwise-server", "--features", "jemalloc"];
    process::run(
        process::cargo()
            .args(["build", "--profile", "measure"])
            .args(of_server),
    )?;
    Ok(process::target().join("measure/leastwise"))
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52 bytes")]
fn kilobytes(bytes: usize) -> f64 {
    bytes as f64 / 1_000.0
}

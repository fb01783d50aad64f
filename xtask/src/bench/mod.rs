//! `cargo xtask bench`: every figure that the product promises, measured here and now on a release build, beside its
//! budget. A figure that cannot be measured is a failure, not a blank; a figure without a budget is printed all the same.

mod crawl;
mod figure;
mod home;
mod page_load;
mod program;
mod sign_in;
mod start;
mod wire;

use std::path::PathBuf;

use crate::process::{self, Failure};
use crate::site;
use figure::{Board, Figure};

/// What can be measured alone: `cargo xtask bench start medium`.
const PARTS: [&str; 5] = ["size", "start", "sample", "medium", "large"];
/// Organisations, and how much faster than AWS the local one runs for each, so that a crawl of an hour takes
/// minutes. Quotas grow with it, and so does Leastwise's own pace: what is compared is calls over pace, not
/// seconds.
const ORGANISATIONS: [(&str, u32); 3] = [("sample", 4), ("medium", 20), ("large", 40)];

/// Measures all, or the parts that are named.
pub fn bench(parts: &[String]) -> Result<(), Failure> {
    if let Some(unknown) = parts.iter().find(|part| !PARTS.contains(&part.as_str())) {
        let known = PARTS.join(" | ");
        return Err(Failure::new(format!(
            "cargo xtask bench [{known}]: there is no {unknown}"
        )));
    }
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|one| one == part);
    let site = site::build_within_budget()?;
    let binary = release()?;
    let mut board = Board::new();

    println!("\nOn {}\n", figure::machine());
    if wanted("size") {
        board.show(
            Figure::new(
                "the browser's files, compressed, without page and headers",
                kilobytes(site),
                "kB",
            )
            .at_most(130.0),
        );
    }
    if wanted("start") {
        start::sample(&binary, &mut board)?;
    }
    for (organisation, speed) in ORGANISATIONS {
        if wanted(organisation) {
            home::show(organisation, &binary, speed, &mut board)?;
        }
    }
    println!("\nLoad average at the end: {}", figure::load());
    board.verdict()
}

/// The binary as it is shipped, but with the sandbox in it.
fn release() -> Result<PathBuf, Failure> {
    let of_server = ["--package", "leastwise-server", "--features", "jemalloc"];
    process::run(
        process::cargo()
            .args(["build", "--release"])
            .args(of_server),
    )?;
    Ok(process::target().join("release/leastwise"))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what is measured here is far below 2^52 bytes"
)]
fn kilobytes(bytes: usize) -> f64 {
    bytes as f64 / 1_000.0
}

//! `cargo xtask unreviewed [SERVICE]`: the actions of the catalogue that have no line in the review. They count as dangerous
//! until somebody writes one. The example of the same name knows the catalogue; xtask is free of the workspace's crates.

use crate::process::{self, Failure};

/// Prints the actions of a service, or the number for each service.
pub fn unreviewed(args: &[String]) -> Result<(), Failure> {
    let package = [
        "--package",
        "leastwise-catalogue",
        "--example",
        "unreviewed",
    ];
    process::run(
        process::cargo()
            .args(["run", "--quiet"])
            .args(package)
            .arg("--")
            .args(args),
    )
}

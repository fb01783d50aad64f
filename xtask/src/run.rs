//! `cargo xtask run`: builds everything, then replaces the xtask process with the sandbox, so that signals reach it.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;

use crate::process::{self, Failure};
use crate::site;

pub fn run(args: &[String]) -> Result<(), Failure> {
    site::build()?;
    let server = build_server()?;
    let error = process::command(&server).arg("sandbox").args(args).exec();
    Err(Failure::new(format!(
        "could not start {}: {error}",
        server.display()
    )))
}

/// Builds the binary as `test` does, with the features of the whole workspace and the same wrapper, so that both use
/// the same compiled crates.
pub fn build_server() -> Result<PathBuf, Failure> {
    process::run(process::linting_cargo().args(["build", "--workspace", "--bin", "leastwise"]))?;
    Ok(process::target().join("debug/leastwise"))
}

//! `cargo xtask run`: builds everything, then replaces the xtask process with the sandbox, so that signals reach it, or
//! starts several servers with `--replicas N`.

mod replicas;

use std::os::unix::process::CommandExt;
use std::path::PathBuf;

use crate::process::{self, Failure};
use crate::site;

pub fn run(args: &[String]) -> Result<(), Failure> {
    let (replicas, args) = replicas_of(args)?;
    site::build()?;
    let server = build_server()?;
    if let Some(count) = replicas {
        return replicas::run(&server, count, &args);
    }
    let error = process::command(&server).arg("sandbox").args(args).exec();
    Err(Failure::new(format!(
        "could not start {}: {error}",
        server.display()
    )))
}

/// Takes `--replicas N` out of the arguments.
fn replicas_of(args: &[String]) -> Result<(Option<usize>, Vec<String>), Failure> {
    let Some(at) = args.iter().position(|word| word == "--replicas") else {
        return Ok((None, args.to_vec()));
    };
    let count = args.get(at + 1).and_then(|word| word.parse().ok());
    let count = count.filter(|count| (1..=9).contains(count));
    let count = count.ok_or_else(|| Failure::new("--replicas takes a number from 1 to 9"))?;
    Ok((Some(count), [&args[..at], &args[at + 2..]].concat()))
}

/// Builds the binary as `test` does, with the features of the whole workspace and the same wrapper, so that both use
/// the same compiled crates.
pub fn build_server() -> Result<PathBuf, Failure> {
    process::run(process::linting_cargo().args(["build", "--workspace", "--bin", "leastwise"]))?;
    Ok(process::target().join("debug/leastwise"))
}

//! `leastwise serve | sandbox | migrate | sync | ledger | report | check-config`.

use std::process::ExitCode;

use clap::Parser as _;
use server::cli::{Cli, run};

/// A crawl needs for some seconds as much again as the world it replaces; this one gives that back.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    run(Cli::parse()).await
}

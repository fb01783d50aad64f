//! `leastwise serve | sandbox | migrate | sync | ledger | report | check-config`.

use std::process::ExitCode;

use clap::Parser as _;
use server::cli::{Cli, run, secrets};

/// jemalloc returns memory to the operating system after a crawl, which briefly needs twice the size of the read model.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    if let Err(error) = secrets::refuse(std::env::args_os()) {
        eprintln!("leastwise: {error}");
        return ExitCode::from(2);
    }
    run(Cli::parse()).await
}

//! `leastwise serve | sandbox | migrate | sync | classify | lint | ledger | identity | report | check-config`.

use std::{process::ExitCode, time::Duration};

use clap::Parser as _;
use server::cli::{Cli, run, secrets};
use tokio::runtime::Runtime;

/// jemalloc returns memory to the operating system after a crawl, which briefly needs twice the size of the read model.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How long the end of the process waits for computations on blocking threads, such as a read model that is being built.
/// What they would still compute is lost anyway; a line that one of them is writing is not cut off.
const LAST_WORK: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    if let Err(error) = secrets::refuse(std::env::args_os()) {
        eprintln!("leastwise: {error}");
        return ExitCode::from(2);
    }
    let runtime = Runtime::new().expect("the operating system provides threads");
    let code = runtime.block_on(run(Cli::parse()));
    runtime.shutdown_timeout(LAST_WORK);
    code
}

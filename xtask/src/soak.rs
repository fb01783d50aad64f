//! `cargo xtask soak`: runs the engine simulation of `test` with a new seed, for hours, or the faults of replicas for many
//! rounds.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::process::{self, Failure};
use crate::test::{browser, tools};
use crate::{run, site};

/// The number of runs per round.
const ROUND: u64 = 10_000;

/// Runs the soak that the arguments name.
pub fn soak(args: &[String]) -> Result<(), Failure> {
    match args {
        [flag, rounds] if flag == "--replicas" => replicas(rounds),
        args => simulation(args.first().map_or("1", String::as_str)),
    }
}

/// Runs so many rounds of each fault of `e2e/replicas.mjs`, whose limits of time grow with them.
fn replicas(rounds: &str) -> Result<(), Failure> {
    let count: u32 = rounds
        .parse()
        .map_err(|_| Failure::new("cargo xtask soak --replicas N: N is a number of rounds"))?;
    site::build()?;
    let server = run::build_server()?;
    browser::install_packages()?;
    let mut node = process::supervised("node");
    node.args(["e2e/run.mjs", "replicas.mjs"])
        .env("LEASTWISE_BINARY", server)
        .env("LEASTWISE_TEST_POSTGRES_BIN", tools::postgres_programs()?)
        .env("E2E_REPLICA_ROUNDS", count.to_string());
    process::run(&mut node)
}

/// Runs rounds for the given number of hours. Stops at the first failure and reports its seed.
fn simulation(hours: &str) -> Result<(), Failure> {
    let hours: f64 = hours
        .parse()
        .map_err(|_| Failure::new("cargo xtask soak HOURS: hours is a number, such as 8 or 0.5"))?;
    let end = Instant::now() + Duration::from_secs_f64(hours * 3600.0);
    let mut seed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let mut rounds = 0_u64;
    while Instant::now() < end {
        let mut simulation = process::cargo();
        simulation.args([
            "test",
            "--release",
            "--package",
            "leastwise-domain",
            "--test",
            "it",
            "engine_simulation",
        ]);
        simulation
            .env("LEASTWISE_SIM_RUNS", ROUND.to_string())
            .env("LEASTWISE_SIM_FIRST", seed.to_string());
        process::run(&mut simulation)
            .map_err(|failure| Failure::new(format!("seed {seed}: {failure}")))?;
        rounds += 1;
        seed += ROUND;
    }
    println!("soak: {} runs, 0 failed", rounds * ROUND);
    Ok(())
}

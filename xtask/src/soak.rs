//! `cargo xtask soak`: runs the engine simulation of `test` with a new seed, for hours.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::process::{self, Failure};

/// The number of runs per round.
const ROUND: u64 = 10_000;

/// Runs rounds for the given number of hours, by default one. Stops at the first failure and reports its seed.
pub fn soak(hours: Option<&str>) -> Result<(), Failure> {
    let hours: f64 = hours
        .unwrap_or("1")
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

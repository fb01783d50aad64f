//! `cargo xtask soak`: the engine's simulation of `test`, with a fresh seed and for hours.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::process::{self, Failure};

/// Runs of one round; `test` runs as many in all.
const ROUND: u64 = 10_000;

/// Rounds until so many hours are over, one when none is said. Stops at the first failure and names its seed.
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
    println!("soak: {} runs, none failed", rounds * ROUND);
    Ok(())
}

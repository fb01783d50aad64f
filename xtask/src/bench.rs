//! `cargo xtask bench`: every figure that the product promises, measured here and now beside its budget. A
//! figure that cannot be measured is a failure, not a blank.

use crate::process::Failure;
use crate::site::{self, Effort};

/// One promise.
struct Measurement {
    name: &'static str,
    unit: &'static str,
    budget: f64,
    measure: fn() -> Result<f64, Failure>,
}

const MEASUREMENTS: [Measurement; 1] = [Measurement {
    name: "the browser's files, compressed, without the page itself",
    unit: "kB",
    budget: 130.0,
    measure: browser_files,
}];

pub fn bench() -> Result<(), Failure> {
    let mut missed = Vec::new();
    for Measurement {
        name,
        unit,
        budget,
        measure,
    } in MEASUREMENTS
    {
        let value = measure()?;
        let verdict = if value <= budget { "ok" } else { "over" };
        println!("{verdict:<5} {value:>10.1} {unit:<4} of {budget:>8.1}  {name}");
        if value > budget {
            missed.push(name);
        }
    }
    if missed.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!("over budget: {}", missed.join(", "))))
    }
}

fn browser_files() -> Result<f64, Failure> {
    #[expect(clippy::cast_precision_loss, reason = "file sizes are far below 2^52")]
    site::build(Effort::Full).map(|bytes| bytes as f64 / 1000.0)
}

//! Measures the time from the start of the process to the first response of `/healthz` with the sample: on an empty
//! folder and on existing data.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use super::figure::{Board, Figure, percentile};
use super::program::{LocalAws, Program, command, folder, ports};
use crate::process::Failure;

const BUDGET_MS: f64 = 200.0;
/// The number of starts with existing data. Their median is compared with the limit.
const AGAIN: usize = 9;

/// Measures `leastwise serve` with a separate local AWS, then `leastwise sandbox`, which starts both.
pub fn sample(binary: &Path, board: &mut Board) -> Result<(), Failure> {
    let aws = LocalAws::start(binary, "sample", 10)?;
    measure("leastwise serve", board, || {
        let (mut program, took) = aws.serve(binary)?;
        let busy = program.processor_ms()?;
        // The next start must find a crawled organisation.
        program.logged("crawled", Duration::from_mins(1))?;
        program.stop()?;
        Ok((milliseconds(took), busy))
    })?;
    drop(aws);

    let (data, web) = (folder("sandbox")?, ports()?);
    let (data_text, port) = (data.display().to_string(), web.to_string());
    measure("leastwise sandbox", board, || {
        let environment = BTreeMap::from([("LEASTWISE_LOG".to_owned(), "info".to_owned())]);
        let args = ["sandbox", "--data", &data_text, "--port", &port];
        let started = Instant::now();
        let mut program = Program::start(
            &mut command(binary, &args, &environment),
            &data.with_extension("log"),
        )?;
        program.answers(web, "/healthz")?;
        let took = started.elapsed();
        let busy = program.processor_ms()?;
        program.logged("crawled", Duration::from_mins(1))?;
        program.stop()?;
        Ok((milliseconds(took), busy))
    })
}

fn measure(
    what: &str,
    board: &mut Board,
    mut start: impl FnMut() -> Result<Started, Failure>,
) -> Result<(), Failure> {
    let (first, first_busy) = start()?;
    board.show(Figure::new(
        format!(
            "{what}: first start, empty folder, until /healthz responds; {first_busy:.0} ms of processor time"
        ),
        first,
        "ms",
    ));
    let (mut again, mut busy) = (Vec::new(), Vec::new());
    for _ in 0..AGAIN {
        let (took, used) = start()?;
        again.push(took);
        busy.push(used);
    }
    again.sort_by(f64::total_cmp);
    busy.sort_by(f64::total_cmp);
    board.show(
        Figure::new(
            format!("{what}: start with the data of the sample, median of {AGAIN}"),
            percentile(&again, 50),
            "ms",
        )
        .at_most(BUDGET_MS),
    );
    board.show(Figure::new(
        format!("{what}: the slowest of these"),
        percentile(&again, 100),
        "ms",
    ));
    board.show(Figure::new(
        format!("{what}: processor time of these starts, median"),
        percentile(&busy, 50),
        "ms",
    ));
    Ok(())
}

/// The time from exec to the response and the processor time until then, in milliseconds.
type Started = (f64, f64);

pub fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}

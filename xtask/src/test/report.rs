//! Reports the results of a run: the tests and seconds of each stage, the slowest tests, and the skipped and failed
//! tests. The last line is `N passed, N failed`, followed by `, N skipped` if there are any; CI reads it.

use std::time::Instant;

use super::counts::{Counts, Results, Timed};
use crate::process::Failure;

const SLOWEST: usize = 10;
/// The number of lines of each failure in the summary; the full text is further up in the output.
const LINES_OF_A_FAILURE: usize = 20;

#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    timed: Vec<Timed>,
    skipped: Vec<String>,
    failures: Vec<String>,
}

struct Row {
    name: String,
    counts: Counts,
    seconds: f64,
}

impl Report {
    /// Runs a stage that passes or fails as a whole and counts as one test.
    pub fn check(&mut self, name: &str, work: impl FnOnce() -> Result<(), Failure>) {
        self.step(name, work);
    }

    /// Runs a stage as [`check`](Self::check) does, and returns its result for later stages.
    pub fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T, Failure>) -> Option<T> {
        let mut made = None;
        self.stage(name, || {
            made = Some(work()?);
            Ok(Results {
                counts: Counts {
                    passed: 1,
                    ..Counts::default()
                },
                ..Results::default()
            })
        });
        made
    }

    /// Runs a stage that consists of tests.
    pub fn stage(&mut self, name: &str, work: impl FnOnce() -> Result<Results, Failure>) {
        println!("\n== {name}");
        let start = Instant::now();
        let results = work().unwrap_or_else(|failure| {
            eprintln!("{failure}");
            let mut results = Results::default();
            results.fail(failure.to_string());
            results
        });
        let row = Row {
            name: name.to_owned(),
            counts: results.counts,
            seconds: start.elapsed().as_secs_f64(),
        };
        println!("== {name}: {}, {:.1} s", sentence(row.counts), row.seconds);
        self.rows.push(row);
        self.timed.extend(results.timed);
        self.skipped.extend(results.skipped);
        self.failures.extend(
            results
                .failed
                .into_iter()
                .map(|why| format!("{name}: {why}")),
        );
    }

    fn total(&self) -> Counts {
        let mut total = Counts::default();
        for row in &self.rows {
            total += row.counts;
        }
        total
    }

    /// Adds a failure if no test ran: a filter without matches must not look like success.
    pub fn require_tests(&mut self) {
        if self.timed.is_empty() && self.is_success() {
            self.check("tests", || {
                Err(Failure::new("no test name contains these words"))
            });
        }
    }

    pub fn is_success(&self) -> bool {
        self.total().failed == 0
    }

    pub fn print(&self) {
        println!("\n{}", self.table());
        println!("{}", self.engines());
        println!("\nSlowest tests (s):");
        for test in self.slowest() {
            println!("{:>8.1}  {}", test.seconds, test.name);
        }
        if !self.skipped.is_empty() {
            println!("\nSkipped:");
            for name in &self.skipped {
                println!("- {name}");
            }
        }
        if !self.failures.is_empty() {
            println!("\nFailed:");
            for failure in &self.failures {
                let lines: Vec<&str> = failure.lines().take(LINES_OF_A_FAILURE).collect();
                println!("- {}", lines.join("\n  "));
            }
        }
        println!("\n{}", sentence(self.total()));
    }

    fn table(&self) -> String {
        let width = self
            .rows
            .iter()
            .map(|row| row.name.len())
            .max()
            .unwrap_or_default();
        let mut lines = vec![format!(
            "{:width$}  passed  failed  skipped  seconds",
            "stage"
        )];
        let total = Row {
            name: "total".into(),
            counts: self.total(),
            seconds: self.rows.iter().map(|row| row.seconds).sum(),
        };
        for row in self.rows.iter().chain([&total]) {
            let Counts {
                passed,
                failed,
                skipped,
            } = row.counts;
            let (name, seconds) = (&row.name, row.seconds);
            lines.push(format!(
                "{name:width$}  {passed:>6}  {failed:>6}  {skipped:>7}  {seconds:>7.1}"
            ));
        }
        lines.join("\n")
    }

    /// Returns the number of tests per database, by the names of the modules that `server/tests/it` generates.
    fn engines(&self) -> String {
        let on = |engine: &str| {
            self.timed
                .iter()
                .filter(|test| test.name.contains(engine))
                .count()
        };
        format!(
            "Passed on SQLite: {}, on PostgreSQL: {}, without a database of their own: {}",
            on("::on_sqlite::"),
            on("::on_postgres::"),
            self.timed.len() - on("::on_sqlite::") - on("::on_postgres::"),
        )
    }

    fn slowest(&self) -> Vec<&Timed> {
        let mut tests: Vec<&Timed> = self.timed.iter().collect();
        tests.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        tests.truncate(SLOWEST);
        tests
    }
}

fn sentence(counts: Counts) -> String {
    let Counts {
        passed,
        failed,
        skipped,
    } = counts;
    if skipped == 0 {
        format!("{passed} passed, {failed} failed")
    } else {
        format!("{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_cannot_run_is_a_failed_test_with_its_reason() {
        let mut report = Report::default();
        report.check("formatting", || Ok(()));
        assert!(report.is_success());
        assert!(
            report
                .step::<u8>("build", || Err(Failure::new("no compiler")))
                .is_none()
        );
        assert_eq!(report.failures, ["build: no compiler"]);
        assert_eq!(sentence(report.total()), "1 passed, 1 failed");
    }

    #[test]
    fn the_slowest_come_first_and_engines_are_told_apart() {
        let mut report = Report::default();
        report.stage("server", || {
            let mut results = Results::default();
            results.pass("server::it::on_sqlite::a", 0.5);
            results.pass("server::it::on_postgres::a", 1.5);
            results.pass("server::lib::b", 1.0);
            results.skip("c (needs PostgreSQL)");
            Ok(results)
        });
        let names: Vec<&str> = report
            .slowest()
            .iter()
            .map(|test| test.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "server::it::on_postgres::a",
                "server::lib::b",
                "server::it::on_sqlite::a"
            ]
        );
        assert!(
            report
                .engines()
                .starts_with("Passed on SQLite: 1, on PostgreSQL: 1,")
        );
        assert_eq!(sentence(report.total()), "3 passed, 0 failed, 1 skipped");
    }
}

//! Sums up what test programs say of themselves. A program that ends badly without naming a failed test counts
//! as one failure: silence is not success.

use std::io::{BufRead as _, BufReader};
use std::ops::AddAssign;
use std::process::{Command, Stdio};

use crate::process::{self, Doing, Failure};

/// How many tests passed and failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub passed: u32,
    pub failed: u32,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Runs a program, shows what it prints, and counts on the way.
pub fn of_run(command: &mut Command) -> Result<Counts, Failure> {
    let spelled = process::spelled(command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .doing(format_args!("could not start `{spelled}`"))?;
    let mut counts = Counts::default();
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            println!("{line}");
            counts += of_line(&line);
        }
    }
    let status = child.wait().doing(&spelled)?;
    match (status.success(), counts) {
        (
            true,
            Counts {
                passed: 0,
                failed: 0,
            },
        ) => Err(Failure::new(format!("`{spelled}` ran no test"))),
        (false, Counts { failed: 0, .. }) => Ok(Counts {
            failed: 1,
            ..counts
        }),
        _ => Ok(counts),
    }
}

/// `test result: ok. 12 passed; 0 failed; ...` of Rust, or a line that is just `12 passed, 0 failed`.
fn of_line(line: &str) -> Counts {
    let none = Counts::default();
    let words: Vec<&str> = line
        .trim()
        .trim_start_matches("test result: ")
        .split([' ', ';', ','])
        .filter(|w| !w.is_empty())
        .collect();
    let words = match words.as_slice() {
        ["ok." | "FAILED.", rest @ ..] if line.starts_with("test result: ") => {
            &rest[..rest.len().min(4)]
        }
        all if all.len() == 4 => all,
        _ => return none,
    };
    match words {
        [passed, "passed", failed, "failed"] => match (passed.parse(), failed.parse()) {
            (Ok(passed), Ok(failed)) => Counts { passed, failed },
            _ => none,
        },
        _ => none,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_counted_and_prose_is_not() {
        let rust = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(
            of_line(rust),
            Counts {
                passed: 12,
                failed: 3
            }
        );
        assert_eq!(
            of_line("7 passed, 0 failed"),
            Counts {
                passed: 7,
                failed: 0
            }
        );
        assert_eq!(of_line("all 7 passed, 0 failed today"), Counts::default());
    }

    #[test]
    fn a_program_that_fails_without_a_failed_test_counts_as_one() {
        let mut shell = Command::new("sh");
        assert_eq!(
            of_run(shell.args(["-c", "echo '2 passed, 0 failed'; exit 3"])).unwrap(),
            Counts {
                passed: 2,
                failed: 1
            }
        );
    }

    #[test]
    fn a_program_that_ran_nothing_is_a_failure() {
        assert!(of_run(&mut Command::new("true")).is_err());
    }
}

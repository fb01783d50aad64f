//! What tests came to, from each kind of program that runs them. A program that ends badly without naming a failed
//! test counts as one failure: silence is not success.

use std::ops::AddAssign;

/// How many tests passed, failed and were skipped.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub passed: u32,
    pub failed: u32,
    pub skipped: u32,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// One test that ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed {
    pub name: String,
    pub seconds: f64,
}

/// What one program of tests, or a part of it, came to.
#[derive(Debug, Default)]
pub struct Results {
    pub counts: Counts,
    pub timed: Vec<Timed>,
    /// Names of failed tests, or why the program itself failed.
    pub failed: Vec<String>,
    /// Names of skipped tests, with the reason.
    pub skipped: Vec<String>,
}

impl Results {
    pub fn pass(&mut self, name: &str, seconds: f64) {
        self.counts.passed += 1;
        self.timed.push(Timed {
            name: name.to_owned(),
            seconds,
        });
    }

    pub fn fail(&mut self, why: impl Into<String>) {
        self.counts.failed += 1;
        self.failed.push(why.into());
    }

    pub fn skip(&mut self, name: impl Into<String>) {
        self.counts.skipped += 1;
        self.skipped.push(name.into());
    }

    pub fn is_empty(&self) -> bool {
        self.counts == Counts::default()
    }

    /// Holds the program's exit against what it said of its tests.
    pub fn ended(&mut self, program: &str, success: bool) {
        if !success && self.counts.failed == 0 {
            self.fail(format!("{program} failed without naming a test"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_without_a_failed_test_counts_as_one() {
        let mut silent = Results::default();
        silent.pass("a", 0.1);
        silent.ended("x", false);
        assert_eq!(
            silent.counts,
            Counts {
                passed: 1,
                failed: 1,
                skipped: 0
            }
        );

        let mut named = Results::default();
        named.fail("b");
        named.ended("x", false);
        assert_eq!(named.failed, ["b"]);
    }
}

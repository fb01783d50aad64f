//! Test results, collected from each kind of program that runs tests. A program that exits with an error without
//! naming a failed test counts as one failure.

use std::ops::AddAssign;

use super::plan::Scope;

/// The numbers of tests that passed, failed and were skipped.
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

/// A completed test and its duration.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed {
    pub name: String,
    pub seconds: f64,
}

/// The results of one test program, or of a part of it.
#[derive(Debug, Default)]
pub struct Results {
    pub counts: Counts,
    pub timed: Vec<Timed>,
    /// Names of failed tests, or the reason why the program itself failed.
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

    /// Adds a failure if no test ran although the run was not limited to some tests.
    pub fn complete(mut self, scope: &Scope) -> Self {
        if scope.words().is_none() && self.is_empty() {
            self.fail("no test ran");
        }
        self
    }

    pub fn is_empty(&self) -> bool {
        self.counts == Counts::default()
    }

    /// Adds a failure if the program exited with an error but reported no failed test.
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
    fn a_program_without_tests_is_a_failure_unless_words_narrow_the_run() {
        let ran = |scope: &Scope| Results::default().complete(scope).counts.failed;
        assert_eq!(ran(&Scope::Everything), 1);
        assert_eq!(ran(&Scope::Only("words".into())), 0);
    }

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

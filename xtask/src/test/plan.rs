//! Selects what `cargo xtask test` runs, from the command line and from the files that git reports as changed. Runs
//! nothing itself.

use std::collections::BTreeSet;

use crate::compiler::Program;
use crate::process::{self, Failure};

const USAGE: &str = "cargo xtask test [--quick | --only WORDS]";

/// The crates of the workspace, each of which has tests.
const CRATES: [&str; 5] = ["app", "domain", "sandbox", "server", "xtask"];
/// Crates whose tests always run before a commit: their tests are fast, and all decision logic is in `domain`.
const ALWAYS: [&str; 2] = ["domain", "app"];

#[derive(Debug, PartialEq, Eq)]
pub enum Scope {
    /// All checks, on both databases and in the browser.
    Everything,
    /// The checks before a commit: lints, and the tests of these crates on SQLite only.
    Quick(BTreeSet<String>),
    /// Tests whose names contain these words, on both databases and in the browser.
    Only(String),
}

impl Scope {
    pub fn parse(args: &[String]) -> Result<Self, Failure> {
        match args {
            [] => Ok(Self::Everything),
            [flag] if flag == "--quick" => Ok(Self::Quick(changed_crates()?)),
            [flag, words @ ..] if flag == "--only" && !words.is_empty() => {
                Ok(Self::Only(words.join(" ")))
            }
            _ => Err(Failure::new(format!("usage: {USAGE}"))),
        }
    }

    /// Returns whether checks other than tests run: formatting, lints, house rules.
    pub fn has_checks(&self) -> bool {
        !matches!(self, Self::Only(_))
    }

    /// Returns whether PostgreSQL, Node, Chromium and Python are needed.
    pub fn has_services(&self) -> bool {
        !matches!(self, Self::Quick(_))
    }

    /// Returns the words that the name of a test must contain, if the scope is limited to some.
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Only(words) => Some(words),
            Self::Everything | Self::Quick(_) => None,
        }
    }

    /// Returns an error unless there is a test program for every crate in scope.
    pub fn check_programs(&self, programs: &[Program]) -> Result<(), Failure> {
        let missing: Vec<&str> = CRATES
            .into_iter()
            .filter(|name| match self {
                Self::Everything | Self::Only(_) => true,
                Self::Quick(crates) => crates.contains(*name),
            })
            .filter(|name| programs.iter().all(|program| program.package != *name))
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(Failure::new(format!(
                "no tests were built for {}",
                missing.join(", ")
            )))
        }
    }

    /// Returns whether the tests of this program run.
    pub fn includes(&self, program: &Program) -> bool {
        match self {
            Self::Everything | Self::Only(_) => true,
            Self::Quick(crates) => crates.contains(&program.package),
        }
    }
}

/// Returns [`ALWAYS`] and every crate that git reports as changed since the last commit.
fn changed_crates() -> Result<BTreeSet<String>, Failure> {
    let status = process::output(process::command("git").args([
        "status",
        "--porcelain",
        "-z",
        "--no-renames",
        "--untracked-files=all",
    ]))?;
    let changed = status.split('\0').filter(|line| !line.is_empty());
    let crates: BTreeSet<&str> = ALWAYS
        .into_iter()
        .chain(changed.flat_map(crates_of_status_line))
        .collect();
    println!(
        "crates: {}",
        crates.iter().copied().collect::<Vec<_>>().join(", ")
    );
    Ok(crates.into_iter().map(str::to_owned).collect())
}

/// Returns the crates whose tests cover the file of a status line such as ` M server/src/main.rs`. A file of the
/// workspace itself, such as `Cargo.lock`, belongs to all crates.
fn crates_of_status_line(line: &str) -> Vec<&'static str> {
    let path = line.get(3..).unwrap_or_default();
    let Some((folder, _)) = path.split_once('/') else {
        let is_text = [".md", "LICENSE", "Dockerfile"]
            .iter()
            .any(|end| path.ends_with(end));
        return if is_text { Vec::new() } else { CRATES.to_vec() };
    };
    match folder {
        "deploy" | "migrations" => vec!["server"],
        "style" => vec!["xtask"],
        other => CRATES.into_iter().filter(|name| *name == other).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Scope, Failure> {
        Scope::parse(
            &words
                .iter()
                .map(|&word| word.to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn words_after_only_are_one_filter_and_unknown_flags_are_refused() {
        assert_eq!(parse(&[]).unwrap(), Scope::Everything);
        assert_eq!(
            parse(&["--only", "two", "words"]).unwrap(),
            Scope::Only("two words".into())
        );
        assert!(parse(&["--only"]).is_err());
        assert!(
            parse(&["--fast"])
                .unwrap_err()
                .to_string()
                .contains("--quick")
        );
    }

    #[test]
    fn a_changed_file_leads_to_the_crate_that_tests_it() {
        assert_eq!(crates_of_status_line(" M server/src/main.rs"), ["server"]);
        assert_eq!(
            crates_of_status_line("?? migrations/sqlite/0010_x.sql"),
            ["server"]
        );
        assert_eq!(
            crates_of_status_line(" M deploy/cloudformation.yaml"),
            ["server"]
        );
        assert_eq!(crates_of_status_line(" M Cargo.lock"), CRATES);
        assert!(crates_of_status_line(" M README.md").is_empty());
        assert!(crates_of_status_line(" M e2e/run.mjs").is_empty());
    }

    #[test]
    fn a_crate_without_tests_is_named() {
        let program = |package: &str| Program {
            package: package.into(),
            target: "it".into(),
            executable: "it".into(),
        };
        let programs = CRATES.map(program);
        assert!(Scope::Everything.check_programs(&programs).is_ok());
        let failure = Scope::Everything
            .check_programs(&programs[1..])
            .unwrap_err();
        assert_eq!(failure.to_string(), "no tests were built for app");
    }
}

//! What one call of `cargo xtask test` runs. It decides from the command line and from what git says has changed,
//! and runs nothing itself.

use std::collections::BTreeSet;

use crate::compiler::Program;
use crate::process::{self, Failure};

const USAGE: &str = "cargo xtask test [--quick | --only WORDS]";

/// Crates whose tests run before every commit, whatever changed: they are quick, and every rule is in the one.
const ALWAYS: [&str; 2] = ["domain", "app"];

#[derive(Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every check, on both databases and in the browser.
    Everything,
    /// What one runs before a commit: lints, and the tests of these crates, on SQLite only.
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

    /// Whether checks that are no tests run: formatting, lints, house rules.
    pub fn has_checks(&self) -> bool {
        !matches!(self, Self::Only(_))
    }

    /// Whether PostgreSQL, Node, Chromium and Python are needed.
    pub fn has_services(&self) -> bool {
        !matches!(self, Self::Quick(_))
    }

    /// The words that a test's name must contain.
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Only(words) => Some(words),
            Self::Everything | Self::Quick(_) => None,
        }
    }

    /// Whether the tests of this program run.
    pub fn includes(&self, program: &Program) -> bool {
        match self {
            Self::Everything | Self::Only(_) => true,
            Self::Quick(crates) => crates.contains(&program.package),
        }
    }
}

/// [`ALWAYS`], and every crate that git shows as changed since the last commit.
fn changed_crates() -> Result<BTreeSet<String>, Failure> {
    let status = process::output(process::command("git").args([
        "status",
        "--porcelain",
        "--untracked-files=all",
    ]))?;
    let changed = status.lines().filter_map(crate_of_status_line);
    Ok(ALWAYS
        .map(str::to_owned)
        .into_iter()
        .chain(changed)
        .collect())
}

/// The crate whose tests cover the file of a line such as ` M server/src/main.rs`.
fn crate_of_status_line(line: &str) -> Option<String> {
    let path = line.get(3..)?.trim_start_matches('"');
    let folder = path.split('/').next()?;
    match folder {
        "migrations" => Some("server".to_owned()),
        "style" => Some("xtask".to_owned()),
        other => Some(other.to_owned()),
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
        let of = |line| crate_of_status_line(line).unwrap();
        assert_eq!(of(" M server/src/main.rs"), "server");
        assert_eq!(of("?? migrations/sqlite/0010_x.sql"), "server");
        assert_eq!(of("R  sandbox/a.rs -> sandbox/b.rs"), "sandbox");
    }
}

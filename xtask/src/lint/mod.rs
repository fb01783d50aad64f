//! `cargo xtask lint`: automates review comments. It must never change a file.

mod files;
mod terms;
mod views;

use crate::compiler::{self, Build};
use crate::process::{self, Failure};
use crate::site::{self, palette};

pub fn lint() -> Result<(), Failure> {
    formatting()?;
    house_rules()?;
    build_tests()?.lints()?;
    domain_without_features()?;
    site::lint()
}

/// Checks that the domain compiles without its features, each of which brings many dependencies. A build of the workspace
/// has all of them.
pub fn domain_without_features() -> Result<(), Failure> {
    let check = ["check", "--package", "leastwise-domain", "--lib"];
    let mut cargo = process::linting_cargo();
    compiler::compile(cargo.args(check).arg("--no-default-features"))?.lints()
}

pub fn formatting() -> Result<(), Failure> {
    process::run(process::cargo().args(["fmt", "--all", "--check"]))
}

/// Builds and lints the workspace with all its tests, in one build, so that no dependency is compiled for two feature
/// sets.
pub fn build_tests() -> Result<Build, Failure> {
    compiler::compile(process::linting_cargo().args(["test", "--workspace", "--no-run"]))
}

/// Runs the checks that no other tool provides: markup, files, classes, palette. Fast, and without a compiler.
pub fn house_rules() -> Result<(), Failure> {
    let mut wrong = palette::check(&site::tokens()?);
    wrong.extend(views::check()?);
    wrong.extend(files::check()?);
    wrong.extend(terms::check()?);
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(wrong.join("\n")))
    }
}

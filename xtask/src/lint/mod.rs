//! `cargo xtask lint`: automates review comments. It must never change a file.

mod files;
mod views;

use crate::process::{self, Failure};
use crate::site::{self, palette};

pub fn lint() -> Result<(), Failure> {
    process::run(process::cargo().args(["fmt", "--all", "--check"]))?;
    house_rules()?;
    clippy()
}

/// Runs the checks that no other tool provides: markup, files, classes, palette. Fast, and without a compiler.
pub fn house_rules() -> Result<(), Failure> {
    let mut wrong = palette::check(&site::tokens()?);
    wrong.extend(views::check()?);
    wrong.extend(files::check()?);
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(wrong.join("\n")))
    }
}

/// Runs clippy for the host and for the browser build, which a plain clippy run does not cover.
pub fn clippy() -> Result<(), Failure> {
    site::ensure_target()?;
    process::run(process::cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    let mut browser = process::cargo();
    browser.args([
        "clippy",
        "--package",
        "leastwise-app",
        "--lib",
        "--target",
        "wasm32-unknown-unknown",
    ]);
    process::run(browser.args([
        "--no-default-features",
        "--features",
        "hydrate",
        "--",
        "-D",
        "warnings",
    ]))
}

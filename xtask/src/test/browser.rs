//! The part of the tests that needs Node: journeys in Chromium, sign-in against a certified OpenID provider, and
//! the contracts. Its conventions: everything under `e2e/`, `node run.mjs`, and `N passed, N failed` lines.

use std::path::PathBuf;

use super::counts::{self, Counts};
use crate::process::{self, Failure};

/// Browsers that Playwright can drive, best first.
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// What `install` found.
pub struct Tools {
    chromium: PathBuf,
}

/// Finds Node and Chromium, and installs what `e2e/package-lock.json` pins.
pub fn install() -> Result<Tools, Failure> {
    if process::which("node").is_none() || process::which("npm").is_none() {
        return Err(Failure::new(
            "the browser tests need Node 20 with npm.\nType: sudo apt-get install -y nodejs npm\nor see https://nodejs.org",
        ));
    }
    let chromium = chromium()?;
    process::output(process::command("npm").args([
        "ci",
        "--prefix",
        "e2e",
        "--no-audit",
        "--no-fund",
    ]))?;
    println!("{}", chromium.display());
    Ok(Tools { chromium })
}

fn chromium() -> Result<PathBuf, Failure> {
    if let Some(given) = std::env::var_os("CHROMIUM") {
        return Ok(given.into());
    }
    let found = || BROWSERS.iter().find_map(|name| process::which(name));
    if let Some(path) = found() {
        return Ok(path);
    }
    process::apt_install(
        "chromium",
        "the browser tests need Chromium (or CHROMIUM=/path/to/it)",
    )?;
    found().ok_or_else(|| Failure::new("no chromium on the PATH after installing it"))
}

/// Runs `e2e/run.mjs` against the binary that the tests before it have built.
pub fn run(tools: &Tools, environment: &[(&str, String)]) -> Result<Counts, Failure> {
    let mut node = process::command("node");
    node.arg("e2e/run.mjs")
        .env("CHROMIUM", &tools.chromium)
        .env(
            "LEASTWISE_BINARY",
            process::target().join("debug/leastwise"),
        );
    counts::of_run(node.envs(environment.iter().map(|(name, value)| (name, value))))
}

//! Finds the programs that tests need in addition to Rust, before anything is compiled. Missing programs are installed
//! if that is allowed; otherwise all of them are listed with the command that installs them.

use std::path::PathBuf;

use super::python;
use crate::process::{self, Failure};

/// Chromium without windows. It runs the same pages with about a third less processor time than `chromium --headless`.
const HEADLESS: &str = "chromium-headless-shell";
/// Browsers that Playwright supports, in order of preference.
const BROWSERS: [&str; 5] = [
    HEADLESS,
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// The minimum version of Node, as in `e2e/package.json`.
const NODE: (u32, u32) = (20, 19);
/// The programs of PostgreSQL that the tests run.
const POSTGRES: [&str; 4] = ["initdb", "postgres", "pg_ctl", "pg_isready"];

/// The locations of the tools.
#[derive(Debug, Clone)]
pub struct Tools {
    pub chromium: PathBuf,
    /// The folder of `initdb` and `postgres`; none if `LEASTWISE_TEST_POSTGRES` names a server.
    pub postgres: Option<PathBuf>,
}

/// A missing tool: its name and purpose, and the Debian packages that contain it.
struct Missing {
    why: &'static str,
    packages: &'static [&'static str],
}

/// Finds all tools. Installs missing ones if that is allowed.
pub fn find() -> Result<Tools, Failure> {
    prefer_headless();
    let missing = missing();
    if !missing.is_empty() {
        let packages: Vec<&str> = missing
            .iter()
            .flat_map(|one| one.packages)
            .copied()
            .collect();
        let typed = format!("apt-get install -y {}", packages.join(" "));
        for one in &missing {
            println!("missing: {}", one.why);
        }
        if !process::is_root() || process::which("apt-get").is_none() {
            let each: Vec<&str> = missing.iter().map(|one| one.why).collect();
            return Err(Failure::new(format!(
                "missing: {}.\nOn Debian type: sudo {typed}",
                each.join("; ")
            )));
        }
        println!("{typed}");
        process::apt_install(&packages)?;
    }
    located()
}

/// Installs Chromium without windows if that is allowed. Distributions without this package have another browser.
fn prefer_headless() {
    let chosen = std::env::var_os("CHROMIUM").is_some() || process::which(HEADLESS).is_some();
    let allowed = process::is_root() && process::which("apt-get").is_some();
    if !chosen && allowed && process::apt_install(&[HEADLESS]).is_err() {
        println!("no package {HEADLESS}: the browser tests take longer");
    }
}

fn missing() -> Vec<Missing> {
    let mut missing = Vec::new();
    let mut need = |found: bool, why, packages| {
        if !found {
            missing.push(Missing { why, packages });
        }
    };
    let is_there = |program: &str| process::which(program).is_some();
    need(
        is_there("node") && is_there("npm"),
        "Node 20.19 or later with npm (browser tests)",
        &["nodejs", "npm"],
    );
    need(
        chromium().is_some(),
        "Chromium (browser tests); or CHROMIUM=/path/to/it",
        &["chromium"],
    );
    need(
        python::makes_environments(),
        "Python 3 with venv (AWS contract tests, checks of the deployment template)",
        &["python3-venv"],
    );
    need(
        given_postgres() || postgres().is_some(),
        "PostgreSQL with initdb, postgres, pg_ctl and pg_isready (database tests); or the URL of a server in LEASTWISE_TEST_POSTGRES",
        &["postgresql"],
    );
    missing
}

fn located() -> Result<Tools, Failure> {
    let version = process::output(process::command("node").arg("--version"))?;
    if version_of(&version).is_none_or(|version| version < NODE) {
        return Err(Failure::new(format!(
            "the browser tests need Node {}.{}; `node --version` prints {}. See https://nodejs.org",
            NODE.0,
            NODE.1,
            version.trim()
        )));
    }
    let postgres = if given_postgres() {
        None
    } else {
        Some(postgres().ok_or_else(|| {
            Failure::new("no PostgreSQL in /usr/lib/postgresql/*/bin after installing it")
        })?)
    };
    Ok(Tools {
        chromium: chromium()
            .ok_or_else(|| Failure::new("no chromium on the PATH after installing it"))?,
        postgres,
    })
}

/// Returns the major and minor number of a version such as `v20.19.4`.
fn version_of(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().trim_start_matches('v').split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Returns the folder of PostgreSQL's programs. Installs them if that is allowed.
pub fn postgres_programs() -> Result<PathBuf, Failure> {
    if let Some(programs) = postgres() {
        return Ok(programs);
    }
    let cure = "PostgreSQL is missing. On Debian type: sudo apt-get install -y postgresql";
    if process::is_root() && process::which("apt-get").is_some() {
        process::apt_install(&["postgresql"])?;
    }
    postgres().ok_or_else(|| Failure::new(cure))
}

fn given_postgres() -> bool {
    std::env::var_os("LEASTWISE_TEST_POSTGRES").is_some()
}

fn chromium() -> Option<PathBuf> {
    std::env::var_os("CHROMIUM")
        .map(PathBuf::from)
        .filter(|given| given.is_file())
        .or_else(|| BROWSERS.iter().find_map(|name| process::which(name)))
}

/// Returns the folder of PostgreSQL's programs: the one on the PATH, or else Debian's newest version.
fn postgres() -> Option<PathBuf> {
    let has_all = |dir: &PathBuf| POSTGRES.iter().all(|program| dir.join(program).is_file());
    let on_path = process::which("initdb")
        .and_then(|file| file.canonicalize().ok())
        .and_then(|file| file.parent().map(PathBuf::from))
        .filter(has_all);
    on_path.or_else(|| {
        let versions = std::fs::read_dir("/usr/lib/postgresql")
            .ok()?
            .filter_map(Result::ok);
        let numbered = versions.filter_map(|entry| {
            let number: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((number, entry.path().join("bin")))
        });
        let newest = numbered
            .filter(|(_, dir)| has_all(dir))
            .max_by_key(|(number, _)| *number);
        newest.map(|(_, dir)| dir)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert_eq!(version_of("v20.19.4\n"), Some((20, 19)));
        assert!(version_of("v20.9.0").unwrap() < NODE);
        assert!(version_of("v22.1.0").unwrap() > NODE);
        assert_eq!(version_of("nonsense"), None);
    }
}

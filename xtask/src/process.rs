//! Running other programs and naming what went wrong. A failure always says which command it was, so that
//! it can be typed by hand.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why xtask stopped, in words for the person who typed it.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Failure {
    fn from(words: String) -> Self {
        Self(words)
    }
}

/// Adds what was being done to an error of the standard library or of a dependency.
pub trait Doing<T> {
    fn doing(self, what: impl fmt::Display) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> Doing<T> for Result<T, E> {
    fn doing(self, what: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| Failure(format!("{what}: {error}")))
    }
}

/// The workspace's folder.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Cargo's target folder: `CARGO_TARGET_DIR` or `target`.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// The cargo that runs xtask, without what it told xtask about xtask: build scripts that watch those variables
/// (ring's does) would otherwise compile everything anew after each direct call of cargo.
pub fn cargo() -> Command {
    let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let told = name.to_str().is_some_and(|name| {
            [
                "CARGO_PKG_",
                "CARGO_MANIFEST_",
                "CARGO_CRATE_",
                "CARGO_BIN_",
                "CARGO_PRIMARY_",
            ]
            .iter()
            .any(|start| name.starts_with(start))
        });
        if told {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// The same cargo with clippy as the compiler of the workspace's crates: they are linted while they are built, and
/// dependencies are compiled once. `-D warnings` would compile every dependency anew; see `compiler`.
pub fn linting_cargo() -> Command {
    let mut cargo = cargo();
    cargo.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    cargo
}

/// A program that is ended when xtask ends, however xtask ends. To be started by the main thread: the kernel
/// watches the thread that starts it.
pub fn supervised(program: impl Into<OsString>) -> Command {
    if which("setpriv").is_none() {
        return command(program);
    }
    let mut setpriv = command("setpriv");
    setpriv
        .args(["--pdeathsig", "INT", "--"])
        .arg(program.into());
    setpriv
}

/// A program, started in the workspace's folder.
pub fn command(program: impl Into<OsString>) -> Command {
    let mut command = Command::new(program.into());
    command.current_dir(root());
    command
}

/// Runs it with its output on the terminal.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command
        .status()
        .doing(format_args!("could not start `{}`", spelled(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure(format!("`{}` failed ({status})", spelled(command))))
    }
}

/// Runs it silently and gives what it printed; what it complained of is in the failure.
pub fn output(command: &mut Command) -> Result<String, Failure> {
    let out = command
        .stdin(Stdio::null())
        .output()
        .doing(format_args!("could not start `{}`", spelled(command)))?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    if out.status.success() {
        return Ok(text);
    }
    let complaint = String::from_utf8_lossy(&out.stderr);
    Err(Failure(format!(
        "`{}` failed ({})\n{text}{complaint}",
        spelled(command),
        out.status
    )))
}

/// The command as one would type it.
pub fn spelled(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Where a program is, if it is on the PATH.
pub fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
}

/// Whether we may install packages and write to foreign folders.
pub fn is_root() -> bool {
    output(command("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Installs Debian packages.
pub fn apt_install(packages: &[&str]) -> Result<(), Failure> {
    let install = || {
        let mut apt = command("apt-get");
        apt.args(["install", "-y", "--no-install-recommends"])
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive");
        output(&mut apt)
    };
    if install().is_err() {
        output(command("apt-get").arg("update"))?;
        install()?;
    }
    Ok(())
}

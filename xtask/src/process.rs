//! Runs other programs. Every failure names the command, so that it can be repeated manually.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An error of xtask, with a message for the terminal.
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

/// Adds the failed action to an error of the standard library or of a dependency.
pub trait ErrorContext<T> {
    fn context(self, what: impl fmt::Display) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> ErrorContext<T> for Result<T, E> {
    fn context(self, what: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| Failure(format!("{what}: {error}")))
    }
}

/// Returns the folder of the workspace.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Returns the target folder of cargo: `CARGO_TARGET_DIR` or `target`.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Returns a command for the cargo that runs xtask, without the variables that cargo sets for xtask. Build scripts that
/// watch those variables (e.g. ring's) would otherwise recompile everything after each direct call of cargo.
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

/// Returns the same cargo with clippy as the compiler of the workspace's crates: they are linted while they are built,
/// and dependencies are compiled once. `-D warnings` would recompile every dependency; see `compiler`.
pub fn linting_cargo() -> Command {
    let mut cargo = cargo();
    cargo.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    cargo
}

/// Returns a command that is terminated when xtask ends, even if xtask is killed. Spawn it on the main thread: the
/// kernel sends the signal when the spawning thread ends.
pub fn supervised(program: impl Into<OsString>) -> Command {
    if which("setpriv").is_none() {
        return command(program);
    }
    let mut setpriv = command("setpriv");
    setpriv
        .args(["--pdeathsig", "TERM", "--"])
        .arg(program.into());
    setpriv
}

/// Returns a command that runs in the folder of the workspace.
pub fn command(program: impl Into<OsString>) -> Command {
    let mut command = Command::new(program.into());
    command.current_dir(root());
    command
}

/// Runs a command with its output on the terminal.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command
        .status()
        .context(format_args!("could not start `{}`", spelled(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure(format!("`{}` failed ({status})", spelled(command))))
    }
}

/// Runs a command and returns its output. On failure, the error includes its output and standard error.
pub fn output(command: &mut Command) -> Result<String, Failure> {
    let out = command
        .stdin(Stdio::null())
        .output()
        .context(format_args!("could not start `{}`", spelled(command)))?;
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

/// Returns the command line.
pub fn spelled(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns the path of a program on the PATH.
pub fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
}

/// Returns whether the process runs as root and may install packages.
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

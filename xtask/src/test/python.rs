//! Python environments under the target folder, each with the packages that a file of the project pins. They are kept
//! between runs, and created again when the pinned versions change.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{self, ErrorContext, Failure};

/// A Python environment with the packages that a file pins.
pub struct Environment(PathBuf);

impl Environment {
    /// Creates the environment `folder` of the target folder with the packages that `requirements` pins, unless it exists.
    /// `modules` are what Python must be able to import.
    pub fn create(folder: &str, requirements: &str, modules: &str) -> Result<Self, Failure> {
        let pins_path = process::root().join(requirements);
        let pins = fs::read_to_string(&pins_path).context(requirements)?;
        let venv = process::target().join(folder);
        let stamp = venv.join("requirements.txt");
        // An environment does not start after Python itself was upgraded.
        let works = || {
            let mut python = process::command(venv.join("bin/python"));
            process::output(python.args(["-c", &format!("import {modules}")])).is_ok()
        };
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == pins) && works() {
            return Ok(Self(venv));
        }
        create(&venv)?;
        let mut pip = process::command(venv.join("bin/python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .arg(&pins_path);
        process::output(&mut pip)?;
        fs::write(&stamp, pins).context(stamp.display())?;
        Ok(Self(venv))
    }

    /// Returns the path of the Python interpreter that has the packages.
    pub fn python(&self) -> PathBuf {
        self.program("python")
    }

    /// Returns the path of a program that a package installed.
    pub fn program(&self, name: &str) -> PathBuf {
        self.0.join("bin").join(name)
    }
}

fn create(venv: &Path) -> Result<(), Failure> {
    process::output(
        process::command("python3")
            .args(["-m", "venv", "--clear"])
            .arg(venv),
    )
    .map(drop)
}

/// Returns whether `python3 -m venv` works: Debian packages the required module separately.
pub fn makes_environments() -> bool {
    process::output(process::command("python3").args(["-c", "import ensurepip, venv"])).is_ok()
}

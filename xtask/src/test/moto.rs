//! Runs moto and boto3, with which the tests check the local AWS independently. They are pinned in
//! `e2e/requirements.txt` and installed in a separate Python environment under the target folder.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use super::postgres::free_port;
use crate::process::{self, ErrorContext, Failure};

/// A moto server that is stopped when the tests end.
pub struct Moto {
    server: Child,
    port: u16,
}

impl Moto {
    pub fn start(environment: &Environment) -> Result<Self, Failure> {
        let port = free_port()?;
        let log =
            fs::File::create(process::target().join("moto.log")).context("target/moto.log")?;
        let errors = log.try_clone().context("target/moto.log")?;
        let mut command = process::supervised(environment.0.join("bin/python"));
        command.args([
            "-m",
            "moto.server",
            "-H",
            "127.0.0.1",
            "-p",
            &port.to_string(),
        ]);
        let server = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .context("could not start moto_server")?;
        let mut moto = Self { server, port };
        moto.wait()?;
        Ok(moto)
    }

    /// Returns the URL of the server.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn wait(&mut self) -> Result<(), Failure> {
        for _ in 0..300 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(());
            }
            if self.server.try_wait().context("moto_server")?.is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(Failure::new(
            "moto_server did not start; see target/moto.log",
        ))
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A Python environment with the packages that `e2e/requirements.txt` pins.
pub struct Environment(PathBuf);

impl Environment {
    /// Creates the environment, or creates it again if the pinned versions have changed.
    pub fn create() -> Result<Self, Failure> {
        let pins_path = process::root().join("e2e/requirements.txt");
        let pins = fs::read_to_string(&pins_path).context("e2e/requirements.txt")?;
        let venv = process::target().join("python");
        let stamp = venv.join("requirements.txt");
        // An environment does not start after Python itself was upgraded.
        let works = || {
            let mut python = process::command(venv.join("bin/python"));
            process::output(python.args(["-c", "import boto3, moto"])).is_ok()
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

    /// Returns the path of the Python interpreter that has boto3.
    pub fn python(&self) -> String {
        self.0.join("bin/python").display().to_string()
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
pub fn python_makes_environments() -> bool {
    process::output(process::command("python3").args(["-c", "import ensurepip, venv"])).is_ok()
}

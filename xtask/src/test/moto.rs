//! The outside check on our AWS: moto and boto3, pinned in `e2e/requirements.txt`, in a Python environment of
//! their own under the target folder. Somebody else's AWS and somebody else's client share no mistake with ours.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use super::postgres::free_port;
use crate::process::{self, Doing, Failure};

/// A moto server that ends with the tests.
pub struct Moto {
    server: Child,
    port: u16,
    venv: PathBuf,
}

impl Moto {
    pub fn start() -> Result<Self, Failure> {
        let venv = environment()?;
        let port = free_port()?;
        let log = fs::File::create(process::target().join("moto.log")).doing("target/moto.log")?;
        let errors = log.try_clone().doing("target/moto.log")?;
        let mut command = process::command(venv.join("bin/moto_server"));
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let server = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .doing("could not start moto_server")?;
        let mut moto = Self { server, port, venv };
        moto.wait()?;
        Ok(moto)
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The Python that has boto3.
    pub fn python(&self) -> String {
        self.venv.join("bin/python").display().to_string()
    }

    fn wait(&mut self) -> Result<(), Failure> {
        for _ in 0..300 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(());
            }
            if self.server.try_wait().doing("moto_server")?.is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(Failure::new(
            "moto_server did not start; target/moto.log says why",
        ))
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The environment, made anew when the pins change.
fn environment() -> Result<PathBuf, Failure> {
    let pins_path = process::root().join("e2e/requirements.txt");
    let pins = fs::read_to_string(&pins_path).doing("e2e/requirements.txt")?;
    let venv = process::target().join("python");
    let stamp = venv.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == pins) {
        return Ok(venv);
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
    fs::write(&stamp, pins).doing(stamp.display())?;
    Ok(venv)
}

fn create(venv: &Path) -> Result<(), Failure> {
    if process::which("python3").is_none() {
        process::apt_install("python3-venv", "the tests need Python 3")?;
    }
    let make = || {
        process::output(
            process::command("python3")
                .args(["-m", "venv", "--clear"])
                .arg(venv),
        )
    };
    // Debian's python3 comes without the part that makes environments.
    make()
        .or_else(|_| {
            process::apt_install("python3-venv", "the tests need Python's venv")
                .and_then(|()| make())
        })
        .map(drop)
}

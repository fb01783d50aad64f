//! Runs moto and boto3, with which the tests check the local AWS independently. They are pinned in
//! `e2e/requirements.txt` and installed in a separate Python environment.

use std::fs;
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::postgres::free_port;
use super::python::Environment;
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
        let mut command = process::supervised(environment.python());
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

/// Creates the Python environment with the packages that `e2e/requirements.txt` pins.
pub fn environment() -> Result<Environment, Failure> {
    Environment::create("python", "e2e/requirements.txt", "boto3, moto")
}

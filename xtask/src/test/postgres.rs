//! Provides PostgreSQL for the tests: the server that `LEASTWISE_TEST_POSTGRES` names, or else a temporary cluster in
//! the run's folder. PostgreSQL refuses to run as root, so root starts it as `nobody`.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::run_folder::RunFolder;
use crate::process::{self, ErrorContext, Failure};

/// The user that runs PostgreSQL if xtask runs as root. It exists on every Debian system and owns no files.
const UNPRIVILEGED: &str = "nobody";

pub struct Cluster {
    url: String,
    own: Option<(Own, Child)>,
}

/// A cluster that xtask started and must stop.
struct Own {
    bin: PathBuf,
    dir: PathBuf,
}

impl Cluster {
    /// Starts a cluster with the programs in `bin`, or uses the server that the variable names.
    pub fn start(bin: Option<&Path>, folder: &RunFolder) -> Result<Self, Failure> {
        let Some(bin) = bin else {
            let url =
                std::env::var("LEASTWISE_TEST_POSTGRES").context("LEASTWISE_TEST_POSTGRES")?;
            return Ok(Self { url, own: None });
        };
        let own = Own {
            bin: bin.to_owned(),
            dir: folder.path().join("postgres"),
        };
        fs::create_dir_all(&own.dir).context(own.dir.display())?;
        own.give_away()?;
        own.initdb()?;
        let port = free_port()?;
        let server = own.start(port)?;
        let url = format!("postgres://leastwise@127.0.0.1:{port}/postgres");
        println!("{url}");
        Ok(Self {
            url,
            own: Some((own, server)),
        })
    }

    /// Returns the URL of a database whose user may create other databases.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some((own, server)) = &mut self.own {
            let mut stop = own.command("pg_ctl");
            stop.args(["-m", "immediate", "-w", "stop", "-D"])
                .arg(own.data());
            if process::output(&mut stop).is_err() {
                let _ = server.kill();
            }
            let _ = server.wait();
        }
    }
}

impl Own {
    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Returns a command for a PostgreSQL program that runs as a permitted user and ends with xtask.
    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if process::is_root() {
            let mut command = process::command("setpriv");
            command
                .args([
                    "--reuid",
                    UNPRIVILEGED,
                    "--regid",
                    "nogroup",
                    "--clear-groups",
                ])
                // SIGINT is PostgreSQL's fast shutdown; after SIGTERM it would wait for its clients.
                .args(["--pdeathsig", "INT", "--"])
                .arg(program);
            command
        } else {
            process::supervised(program)
        };
        command.current_dir(&self.dir).env("LC_ALL", "C");
        command
    }

    fn give_away(&self) -> Result<(), Failure> {
        if process::is_root() {
            process::output(
                process::command("chown")
                    .arg(format!("{UNPRIVILEGED}:nogroup"))
                    .arg(&self.dir),
            )?;
        }
        Ok(())
    }

    fn initdb(&self) -> Result<(), Failure> {
        let mut initdb = self.command("initdb");
        initdb.args([
            "--username=leastwise",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "-D",
        ]);
        process::output(initdb.arg(self.data())).map(drop)
    }

    fn start(&self, port: u16) -> Result<Child, Failure> {
        let log = fs::File::create(self.dir.join("log")).context("the log of PostgreSQL")?;
        let errors = log.try_clone().context("the log of PostgreSQL")?;
        let socket = self.dir.display();
        let mut server = self.command("postgres");
        server
            .arg("-D")
            .arg(self.data())
            .args(["-p", &port.to_string()]);
        // The data need not survive a power failure, so commits are not synced to disk.
        for setting in [
            "listen_addresses=127.0.0.1",
            &format!("unix_socket_directories={socket}"),
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "max_connections=400",
            "shared_buffers=64MB",
        ] {
            server.args(["-c", setting]);
        }
        let mut server = server
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .context("could not start postgres")?;
        for _ in 0..600 {
            let port = port.to_string();
            let mut ready = self.command("pg_isready");
            if process::output(ready.args(["-q", "-h", "127.0.0.1", "-p", &port])).is_ok() {
                return Ok(server);
            }
            if server.try_wait().context("postgres")?.is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(Failure::new(format!(
            "PostgreSQL did not start\n{}",
            fs::read_to_string(self.dir.join("log")).unwrap_or_default()
        )))
    }
}

/// Returns a port that was free at the time of the call. It is below the range from which Linux assigns ports (32768 and
/// up), so that no other test gets it before a server listens there.
pub fn free_port() -> Result<u16, Failure> {
    // Another run of the tests on this machine begins elsewhere.
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap_or_default();
    (first..30_000)
        .chain(20_000..first)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .ok_or_else(|| Failure::new("no free port from 20000 to 29999"))
}

//! A PostgreSQL for the tests: `LEASTWISE_TEST_POSTGRES` where somebody gives one, otherwise a throw-away cluster
//! that is gone when the tests are. PostgreSQL refuses to run as root, so root starts it as `nobody`.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, Doing, Failure};

/// Who runs it when we are root: in Debian's base, and owner of nothing.
const UNPRIVILEGED: &str = "nobody";

pub struct Cluster {
    url: String,
    own: Option<Own>,
}

/// One that we started and must stop.
struct Own {
    bin: PathBuf,
    dir: PathBuf,
}

impl Cluster {
    pub fn start() -> Result<Self, Failure> {
        if let Ok(url) = std::env::var("LEASTWISE_TEST_POSTGRES") {
            return Ok(Self { url, own: None });
        }
        if binaries().is_none() {
            let why = "the tests need PostgreSQL's initdb and pg_ctl, or the address of a database in LEASTWISE_TEST_POSTGRES";
            process::apt_install("postgresql", why)?;
        }
        let bin = binaries().ok_or_else(|| {
            Failure::new("no initdb and pg_ctl in /usr/lib/postgresql/*/bin after installing them")
        })?;
        // Not in the target folder: that may lie where an unprivileged user cannot enter.
        let dir = std::env::temp_dir().join(format!("leastwise-postgres-{}", std::process::id()));
        fs::create_dir_all(&dir).doing(dir.display())?;
        let own = Own { bin, dir };
        own.give_away()?;
        own.initdb()?;
        let port = free_port()?;
        own.start(port)?;
        let url = format!("postgres://leastwise@127.0.0.1:{port}/postgres");
        println!("{url}");
        Ok(Self {
            url,
            own: Some(own),
        })
    }

    /// Of a database in which the tests may create others.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(own) = &self.own {
            let _ = process::output(
                own.command("pg_ctl")
                    .args(["-m", "immediate", "-w", "stop", "-D"])
                    .arg(own.data()),
            );
            let _ = fs::remove_dir_all(&own.dir);
        }
    }
}

impl Own {
    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// A PostgreSQL program, run as somebody that it accepts.
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
                    "--",
                ])
                .arg(program);
            command
        } else {
            process::command(program)
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

    fn start(&self, port: u16) -> Result<(), Failure> {
        let socket = self.dir.display();
        // Nothing here must survive a power cut; everything must be quick.
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={socket} -c fsync=off \
             -c synchronous_commit=off -c full_page_writes=off -c max_connections=400 -c shared_buffers=64MB"
        );
        let mut start = self.command("pg_ctl");
        start
            .args(["-w", "-t", "60", "-D"])
            .arg(self.data())
            .arg("-l")
            .arg(self.dir.join("log"))
            .args(["-o", &options, "start"]);
        // Its output goes to a file: the server inherits our pipe, and reading it would wait for the server.
        start
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        process::run(&mut start).map_err(|failure| {
            Failure::new(format!(
                "{failure}\n{}",
                fs::read_to_string(self.dir.join("log")).unwrap_or_default()
            ))
        })
    }
}

/// The folder that holds `initdb` and `pg_ctl`: what the PATH leads to, or the newest of Debian's.
fn binaries() -> Option<PathBuf> {
    let has_both = |dir: &Path| dir.join("initdb").is_file() && dir.join("pg_ctl").is_file();
    let on_path = process::which("initdb").and_then(|file| fs::canonicalize(file).ok());
    let on_path = on_path
        .and_then(|file| file.parent().map(Path::to_path_buf))
        .filter(|dir| has_both(dir));
    on_path.or_else(|| {
        let versions = fs::read_dir("/usr/lib/postgresql")
            .ok()?
            .filter_map(Result::ok);
        let dirs = versions
            .map(|entry| entry.path().join("bin"))
            .filter(|dir| has_both(dir));
        dirs.max_by_key(|dir| {
            dir.components()
                .rev()
                .nth(1)
                .and_then(|c| c.as_os_str().to_str()?.parse::<u32>().ok())
        })
    })
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").doing("no free port")?;
    listener
        .local_addr()
        .map(|address| address.port())
        .doing("no free port")
}

//! Runs the binary that is measured: without inherited `LEASTWISE_` variables, terminated on drop, and with a log file
//! that error messages name.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::wire::Connection;
use crate::process::{self, ErrorContext, Failure};

/// How long to wait for a process to start or stop.
const PATIENCE: Duration = Duration::from_mins(2);

/// Creates an empty folder under the target folder.
pub fn folder(name: &str) -> Result<PathBuf, Failure> {
    let path = process::target().join("bench").join(name);
    if path.exists() {
        fs::remove_dir_all(&path).context(path.display())?;
    }
    fs::create_dir_all(&path).context(path.display())?;
    Ok(path)
}

/// Returns the first of three consecutive free ports, for web, AWS and Cognito.
pub fn ports() -> Result<u16, Failure> {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    (21_000..60_000)
        .step_by(7)
        .find(|port| free(*port) && free(port + 1) && free(port + 2))
        .ok_or_else(|| Failure::new("three consecutive free ports are not available"))
}

/// Returns a command of the binary without inherited `LEASTWISE_` variables.
pub fn command(binary: &Path, args: &[&str], environment: &BTreeMap<String, String>) -> Command {
    let mut command = process::command(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LEASTWISE_") {
            command.env_remove(name);
        }
    }
    command.args(args).envs(environment);
    command
}

/// A process that is terminated on drop.
pub struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts the process, with its standard error in the log file.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self, Failure> {
        let errors = File::create(log).context(log.display())?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors);
        let child = command.spawn().context(process::spelled(command))?;
        Ok(Self {
            child,
            log: log.to_owned(),
        })
    }

    /// Returns the first line of output.
    pub fn first_line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        if let Some(out) = self.child.stdout.as_mut() {
            BufReader::new(out)
                .read_line(&mut line)
                .context(self.log.display())?;
        }
        if line.is_empty() {
            return Err(self.failed("the process ended without output"));
        }
        Ok(line)
    }

    /// Waits until a path responds with status 200.
    pub fn answers(&mut self, port: u16, path: &str) -> Result<(), Failure> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let mut nap = Duration::from_millis(1);
            if let Ok(mut connection) = Connection::open(port)
                && let Ok(answer) = connection.get(path, "")
            {
                if answer.status == 200 {
                    return Ok(());
                }
                // The server responds but is not ready; more frequent requests would exceed the limit per address.
                nap = Duration::from_millis(50);
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.failed(&format!("the process ended with {status}")));
            }
            std::thread::sleep(nap);
        }
        Err(self.failed(&format!("{path} did not return status 200 in time")))
    }

    /// Waits until the log contains a line with this message.
    pub fn logged(&mut self, message: &str, patience: Duration) -> Result<(), Failure> {
        let needle = format!("\"message\":\"{message}\"");
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if fs::read_to_string(&self.log).is_ok_and(|log| log.contains(&needle)) {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.failed(&format!("the process ended with {status}")));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Err(self.failed(&format!("the message `{message}` was not logged in time")))
    }

    /// Returns a number of each log line with this message.
    pub fn numbers(&self, message: &str, field: &str) -> Result<Vec<f64>, Failure> {
        let log = fs::read_to_string(&self.log).context(self.log.display())?;
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let fields = lines.map(|line| line.get("fields").cloned().unwrap_or(line));
        let wanted = fields.filter(|fields| fields["message"] == message);
        Ok(wanted.filter_map(|fields| fields[field].as_f64()).collect())
    }

    /// Returns a line of `/proc/PID/status` in megabytes of 10^6 bytes.
    pub fn megabytes(&self, line: &str) -> Result<f64, Failure> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).context(&path)?;
        let kibibytes = status
            .lines()
            .find_map(|one| one.strip_prefix(line)?.strip_prefix(':'))
            .and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
        let kibibytes = kibibytes.ok_or_else(|| Failure::new(format!("{path} has no {line}")))?;
        Ok(kibibytes * 1_024.0 / 1_000_000.0)
    }

    /// Forgets the highest memory use so far, so that `VmHWM` is the highest from now on.
    pub fn forget_peak(&self) -> Result<(), Failure> {
        let path = format!("/proc/{}/clear_refs", self.child.id());
        fs::write(&path, "5").context(&path)
    }

    /// Returns the processor time used so far in milliseconds, which does not depend on other load. The kernel counts
    /// hundredths of a second.
    pub fn processor_ms(&self) -> Result<f64, Failure> {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = fs::read_to_string(&path).context(&path)?;
        // The name in brackets may contain any character; user and system time are fields 14 and 15.
        let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let ticks: Vec<f64> = fields
            .skip(11)
            .take(2)
            .filter_map(|t| t.parse().ok())
            .collect();
        match ticks[..] {
            [user, system] => Ok((user + system) * 10.0),
            _ => Err(Failure::new(format!("{path} has no processor time"))),
        }
    }

    /// Stops the process with SIGTERM, as an operator would, so that the data is complete for the next start.
    pub fn stop(mut self) -> Result<(), Failure> {
        let pid = self.child.id().to_string();
        process::output(process::command("kill").args(["-TERM", &pid]))?;
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if self
                .child
                .try_wait()
                .context("waiting for the server")?
                .is_some()
            {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(self.failed("the process did not stop in time"))
    }

    fn failed(&self, what: &str) -> Failure {
        Failure::new(format!("{what}; see the log {}", self.log.display()))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A local AWS and Cognito in a separate process, with the environment that other processes need to use them.
pub struct LocalAws {
    // Terminated on drop.
    _program: Program,
    pub environment: BTreeMap<String, String>,
    pub web: u16,
    pub folder: PathBuf,
}

impl LocalAws {
    pub fn start(binary: &Path, organisation: &str, speed: u32) -> Result<Self, Failure> {
        let (folder, web) = (folder(organisation)?, ports()?);
        let (data, port, speed) = (
            folder.display().to_string(),
            web.to_string(),
            speed.to_string(),
        );
        let args = [
            "sandbox",
            "--aws-only",
            "--json",
            "--org",
            organisation,
            "--data",
            &data,
            "--port",
            &port,
            "--speed",
            &speed,
        ];
        let mut program = Program::start(
            &mut command(binary, &args, &BTreeMap::new()),
            &folder.join("aws.log"),
        )?;
        let line = program.first_line()?;
        let told: Value = serde_json::from_str(&line).context("output of the sandbox")?;
        let environment = told
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        Ok(Self {
            _program: program,
            environment,
            web,
            folder,
        })
    }

    /// Returns a value that the sandbox printed.
    pub fn told(&self, name: &str) -> Result<&str, Failure> {
        let value = self.environment.get(name).map(String::as_str);
        value.ok_or_else(|| Failure::new(format!("the sandbox did not print {name}")))
    }

    /// Starts `leastwise serve` on it and stops it: only a server creates the database and its keys.
    pub fn first_start(&self, binary: &Path) -> Result<(), Failure> {
        let (program, _) = self.serve(binary)?;
        program.stop()
    }

    /// Starts `leastwise serve` on it. Returns the process and the time until it responded.
    pub fn serve(&self, binary: &Path) -> Result<(Program, Duration), Failure> {
        let mut environment = self.environment.clone();
        let log = environment.entry("LEASTWISE_LOG".to_owned());
        log.or_insert_with(|| "info".to_owned());
        // The server crawls at the start; a second crawl would overlap with the measurements.
        environment.insert("LEASTWISE_CRAWL_MINUTES".into(), "600".into());
        let started = Instant::now();
        let mut program = Program::start(
            &mut command(binary, &["serve"], &environment),
            &self.folder.join("serve.log"),
        )?;
        program.answers(self.web, "/healthz")?;
        Ok((program, started.elapsed()))
    }

    /// Returns the username of an administrator, who may see everything.
    pub fn administrator(&self) -> Result<&str, Failure> {
        let all = self.told("LEASTWISE_ADMINISTRATORS")?;
        Ok(all.split(',').next().unwrap_or(all))
    }
}

//! `cargo xtask watch`: rebuilds after a file is saved and restarts the server once the build succeeds; the browser
//! reloads through `/assets/reload`. It polls, because a few folders do not justify a watcher crate.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, SystemTime};

use crate::process::{self, ErrorContext, Failure};
use crate::{run, site};

const WATCHED: [&str; 6] = [
    "domain/src",
    "app/src",
    "server/src",
    "sandbox/src",
    "style",
    "migrations",
];
const PAUSE: Duration = Duration::from_millis(150);

pub fn watch(args: &[String]) -> Result<(), Failure> {
    let mut server: Option<Running> = None;
    loop {
        let seen = newest();
        match site::build().and_then(|_| run::build_server()) {
            Ok(binary) => {
                // Stopped only now, so that the previous server responds during the build.
                drop(server.take());
                let mut start = process::command(binary);
                start.arg("sandbox").args(args).env("LEASTWISE_DEV", "1");
                server = Some(Running(
                    start.spawn().context("could not start the server")?,
                ));
            }
            Err(failure) => {
                eprintln!(
                    "\nxtask: {failure}\nxtask: the last version that compiled is still running"
                );
            }
        }
        while newest() == seen {
            std::thread::sleep(PAUSE);
        }
        println!("xtask: changed, building");
    }
}

/// A server process that is terminated on drop.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the latest modification under the watched folders and the number of files, which detects deletions.
fn newest() -> (usize, Option<SystemTime>) {
    let files: Vec<PathBuf> = WATCHED
        .iter()
        .flat_map(|dir| files_under(&process::root().join(dir)))
        .collect();
    let latest = files
        .iter()
        .filter_map(|file| file.metadata().ok()?.modified().ok())
        .max();
    (files.len(), latest)
}

/// Returns every file under a folder, or none if the folder does not exist.
pub fn files_under(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() {
                files_under(&path)
            } else {
                vec![path]
            }
        })
        .collect();
    files.sort();
    files
}

//! `cargo xtask watch`: rebuilds what a saved file touches and restarts the server once it has linked; the
//! browser follows by the server's own `/assets/reload`. It polls: four folders do not need a watcher crate.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, SystemTime};

use crate::process::{self, Doing, Failure};
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
                // Only now: while the new one was being built, the old one answered.
                drop(server.take());
                let mut start = process::command(binary);
                start.arg("sandbox").args(args).env("LEASTWISE_DEV", "1");
                server = Some(Running(start.spawn().doing("could not start the server")?));
            }
            Err(failure) => {
                eprintln!(
                    "\nxtask: {failure}\nxtask: the last version that compiled keeps running"
                );
            }
        }
        while newest() == seen {
            std::thread::sleep(PAUSE);
        }
        println!("xtask: changed, building");
    }
}

/// A server that does not outlive its replacement.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The latest change under the watched folders, and how many files there are: a deletion counts, too.
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

/// Every file under a folder; none when there is no such folder.
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

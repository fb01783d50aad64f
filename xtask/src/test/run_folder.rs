//! The temporary folder of one run: databases, test files, and everything that tested programs write to `TMPDIR`. An
//! interrupted run leaves its folder behind; the next run removes it.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::process::{ErrorContext, Failure};

/// The prefix of the folder name. The process ID of the run follows.
const PREFIX: &str = "leastwise-run-";
/// The lock file, which is locked while the run is in progress.
const LOCK: &str = "lock";

pub struct RunFolder {
    path: PathBuf,
    _lock: File,
}

impl RunFolder {
    /// Creates a folder and removes those of ended runs. It is not in the target folder, because PostgreSQL runs as an
    /// unprivileged user, who may not have access to that.
    pub fn create() -> Result<Self, Failure> {
        let parent = std::env::temp_dir();
        remove_abandoned(&parent)?;
        Self::create_in(&parent)
    }

    fn create_in(parent: &Path) -> Result<Self, Failure> {
        let id = std::process::id();
        let path = (0..100)
            .map(|number| parent.join(format!("{PREFIX}{id}-{number}")))
            .find(|path| fs::create_dir(path).is_ok())
            .ok_or_else(|| {
                Failure::new(format!("cannot create a folder in {}", parent.display()))
            })?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).context(path.display())?;
        let lock = File::create(path.join(LOCK)).context(path.display())?;
        lock.lock().context(path.display())?;
        Ok(Self { path, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the folder.
    pub fn close(self) {
        let _ = fs::remove_dir_all(&self.path);
    }

    /// Keeps the folder until the next run, with the log of PostgreSQL and the files of failed tests.
    pub fn keep(self) {
        println!(
            "\nfiles of this run, until the next one: {}",
            self.path.display()
        );
    }
}

/// Removes the folders that are not locked. A folder of another user is kept.
fn remove_abandoned(parent: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(parent)
        .context(parent.display())?
        .filter_map(Result::ok)
    {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if is_ours && !is_in_use(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

fn is_in_use(folder: &Path) -> bool {
    File::open(folder.join(LOCK))
        .is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_runs_that_are_over_are_removed_and_nothing_else() {
        let parent = std::env::temp_dir().join(format!("xtask-test-{}", std::process::id()));
        fs::create_dir_all(parent.join("other")).unwrap();
        let over = RunFolder::create_in(&parent).unwrap().path().to_owned();
        let going_on = RunFolder::create_in(&parent).unwrap();
        remove_abandoned(&parent).unwrap();
        assert!(!over.exists());
        assert!(going_on.path().exists() && parent.join("other").exists());
        fs::remove_dir_all(parent).unwrap();
    }
}

//! The temporary folder of one run: databases, test files, and everything that tested programs write to `TMPDIR`. An
//! interrupted run leaves its folder behind; the next run removes it.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::process::{self, ErrorContext, Failure};

/// The prefix of the folder name. The process ID of the run follows.
const PREFIX: &str = "leastwise-run-";
/// The lock file, which is locked while the run is in progress.
const LOCK: &str = "lock";

/// The file system in memory. Tests create and delete databases of some hundred files each, for which a file system on a
/// disk needs more time than the tests themselves.
const MEMORY: &str = "/dev/shm";
/// The memory that a run may fill. The largest measured run needs a quarter of it.
const ENOUGH_MIB: u64 = 4_096;

pub struct RunFolder {
    path: PathBuf,
    _lock: File,
}

impl RunFolder {
    /// Creates a folder and removes those of ended runs. It is not in the target folder, because PostgreSQL runs as an
    /// unprivileged user, who may not have access to that.
    pub fn create() -> Result<Self, Failure> {
        let memory = Path::new(MEMORY);
        let in_memory = memory_is_sufficient(memory) && std::env::var_os("TMPDIR").is_none();
        let parents = [std::env::temp_dir(), memory.to_owned()];
        for parent in parents.iter().filter(|parent| parent.is_dir()) {
            remove_abandoned(parent)?;
        }
        Self::create_in(&parents[usize::from(in_memory)])
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

/// Whether a run fits both the file system in memory and the memory that programs leave.
fn memory_is_sufficient(folder: &Path) -> bool {
    let mut df = process::command("df");
    let free = process::output(df.args(["--output=avail", "--block-size=1M"]).arg(folder));
    let free = free
        .ok()
        .and_then(|table| table.lines().nth(1)?.trim().parse().ok());
    let left = fs::read_to_string("/proc/meminfo").ok().and_then(|table| {
        let line = table
            .lines()
            .find_map(|line| line.strip_prefix("MemAvailable:"))?;
        let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kib / 1_024)
    });
    // What the tests themselves need comes on top.
    free.zip(left)
        .is_some_and(|(free, left): (u64, u64)| free >= ENOUGH_MIB && left >= 2 * ENOUGH_MIB)
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

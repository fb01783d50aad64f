//! The folder of one run: databases, files of tests, everything that programs under test put into their `TMPDIR`. A run
//! that was interrupted leaves it behind; the next one removes it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{self, ErrorContext, Failure};

/// Followed by the process id of the run.
const PREFIX: &str = "leastwise-run-";

pub struct RunFolder(PathBuf);

impl RunFolder {
    /// A new one, after folders of runs that are over have been removed. Not in the target folder: PostgreSQL runs as
    /// an unprivileged user, who may not be able to enter it.
    pub fn create() -> Result<Self, Failure> {
        let parent = std::env::temp_dir();
        remove_abandoned(&parent, is_running)?;
        let folder = parent.join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir(&folder).context(folder.display())?;
        Ok(Self(folder))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Removes it. After a failure it stays until the next run, to be looked at.
    pub fn close(self) {
        let _ = fs::remove_dir_all(&self.0);
    }

    pub fn keep(self) {
        println!("(files of the failed tests: {})", self.0.display());
    }
}

fn remove_abandoned(parent: &Path, is_running: impl Fn(&str) -> bool) -> Result<(), Failure> {
    for entry in fs::read_dir(parent)
        .context(parent.display())?
        .filter_map(Result::ok)
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(process) = name.strip_prefix(PREFIX)
            && !is_running(process)
        {
            fs::remove_dir_all(entry.path()).context(entry.path().display())?;
        }
    }
    Ok(())
}

fn is_running(process: &str) -> bool {
    process::output(process::command("kill").args(["-0", process])).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_runs_that_are_over_are_removed_and_nothing_else() {
        let parent = std::env::temp_dir().join(format!("xtask-test-{}", std::process::id()));
        for name in ["leastwise-run-1", "leastwise-run-2", "other"] {
            fs::create_dir_all(parent.join(name)).unwrap();
        }
        remove_abandoned(&parent, |process| process == "2").unwrap();
        let mut left: Vec<_> = fs::read_dir(&parent)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["leastwise-run-2", "other"]);
        fs::remove_dir_all(parent).unwrap();
    }
}

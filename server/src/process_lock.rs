//! Keeps two processes from using the same files: the database file of a server, and the data folder of a sandbox.
//!
//! The operating system holds the lock and releases it when the process ends, however it ends. Taken by the commands of the
//! host that need a database without a server, such as `ledger adopt-row-key`. Never taken by commands
//! that run beside a server, such as `report` or `identity confirm`. Only the user of the server can open the file:
//! whoever can read it can hold its lock.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::store::name;

/// A held lock; released when dropped.
#[derive(Debug)]
pub struct ProcessLock {
    _file: File,
}

/// The reason why a lock is not held.
#[derive(Debug, Error)]
pub enum LockError {
    #[error(
        "{} is in use by another `leastwise serve` or `leastwise sandbox` on this machine. Stop it, or choose another {setting}.",
        .path.display()
    )]
    InUse {
        path: PathBuf,
        setting: &'static str,
    },
    #[error("{} cannot be locked: check that the folder exists and can be written to", .path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl ProcessLock {
    /// Locks the database file of a SQLite URL, by a file beside it. None for another database.
    ///
    /// # Errors
    /// If another process holds the lock, or the folder cannot be written to.
    pub fn of_database(url: &str) -> Result<Option<Self>, LockError> {
        let Some(path) = name::sqlite_path(url) else {
            return Ok(None);
        };
        // Another path may lead to the same file.
        let path = path.canonicalize().unwrap_or(path);
        let mut lock = path.clone().into_os_string();
        lock.push(".lock");
        let setting = "LEASTWISE_DATABASE_URL";
        Self::take(path, Path::new(&lock), setting).map(Some)
    }

    /// Locks the data folder of a sandbox by the file [`SANDBOX_LOCK`] in it.
    ///
    /// # Errors
    /// If another process holds the lock, or the folder cannot be written to.
    pub fn of_sandbox(folder: &Path) -> Result<Self, LockError> {
        let lock = folder.join(SANDBOX_LOCK);
        Self::take(folder.to_owned(), &lock, "folder with --data")
    }

    fn take(path: PathBuf, lock: &Path, setting: &'static str) -> Result<Self, LockError> {
        let io = |source| LockError::Io {
            path: lock.to_owned(),
            source,
        };
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, OWNER_ONLY);
        let file = options.open(lock).map_err(io)?;
        #[cfg(unix)]
        if let Err(error) = narrow(&file) {
            tracing::warn!(
                path = %lock.display(),
                error = &error as &dyn std::error::Error,
                "the lock file stays accessible to other users, who can keep Leastwise from starting"
            );
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::InUse { path, setting }),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                tracing::warn!(
                    path = %lock.display(),
                    "the file system has no locks, so nothing prevents a second process from using the same files"
                );
            }
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        Ok(Self { _file: file })
    }
}

/// The mode of a lock file.
#[cfg(unix)]
const OWNER_ONLY: u32 = 0o600;

/// Takes the lock file of an earlier version away from other users.
#[cfg(unix)]
fn narrow(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut permissions = file.metadata()?.permissions();
    if permissions.mode() & 0o777 & !OWNER_ONLY == 0 {
        return Ok(());
    }
    permissions.set_mode(OWNER_ONLY);
    file.set_permissions(permissions)
}

/// The name of the lock file in the data folder of a sandbox.
pub const SANDBOX_LOCK: &str = "sandbox.lock";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn other_users_cannot_open_a_lock_file_whether_it_is_new_or_existed() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("leastwise-mode-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the folder can be created");
        let lock = folder.join(SANDBOX_LOCK);
        let mode = || {
            let read = std::fs::metadata(&lock).expect("the lock file exists");
            read.permissions().mode() & 0o777
        };
        drop(ProcessLock::of_sandbox(&folder).expect("it is free"));
        assert_eq!(mode(), 0o600);
        let wide = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(&lock, wide).expect("the mode can be set");
        drop(ProcessLock::of_sandbox(&folder).expect("it is free"));
        assert_eq!(mode(), 0o600);
        std::fs::remove_dir_all(&folder).expect("the folder can be removed");
    }

    #[test]
    fn a_database_file_is_used_by_one_process_at_a_time_whatever_path_leads_to_it() {
        let folder = std::env::temp_dir().join(format!("leastwise-lock-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the folder can be created");
        let url = |path: &str| format!("sqlite:{}/{path}", folder.display());
        std::fs::write(folder.join("a.db"), []).expect("the file can be written");
        let held = ProcessLock::of_database(&url("a.db")).expect("it is free");
        assert!(held.is_some());
        let again = ProcessLock::of_database(&url("./a.db?mode=rwc"));
        let Err(error @ LockError::InUse { .. }) = again else {
            panic!("{again:?}");
        };
        let words = error.to_string();
        assert!(
            words.contains("a.db is in use") && words.contains("LEASTWISE_DATABASE_URL"),
            "{words}"
        );
        assert!(matches!(
            ProcessLock::of_database(&url("%61.db")),
            Err(LockError::InUse { .. })
        ));
        assert!(ProcessLock::of_database(&url("b.db")).is_ok());
        drop(held);
        assert!(ProcessLock::of_database(&url("a.db")).is_ok());
        assert!(matches!(
            ProcessLock::of_database("postgres://db/leastwise"),
            Ok(None)
        ));
        assert!(matches!(
            ProcessLock::of_database("sqlite::memory:"),
            Ok(None)
        ));
        let missing = ProcessLock::of_database(&url("missing/a.db"));
        assert!(matches!(missing, Err(LockError::Io { .. })));
        std::fs::remove_dir_all(&folder).expect("the folder can be removed");
    }
}

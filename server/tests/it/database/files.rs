//! Temporary folders of this process. The process holds a lock on a file in them until it ends, so that another run
//! can detect folders that were left behind.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use server::clock;

const PREFIX: &str = "leastwise-test-";
const LOCK: &str = "lock";

/// The folder of this process, and its lock.
static RUN: LazyLock<(PathBuf, File)> = LazyLock::new(|| {
    let parent = std::env::temp_dir();
    remove_left_behind(&parent);
    let path = parent.join(format!("{PREFIX}{}", clock::row_id()));
    // It gets its final name after it is locked: a folder with such a name and no lock counts as left behind.
    let new = path.with_extension("new");
    fs::create_dir_all(&new).expect("the folder for temporary files is writable");
    let lock = File::create(new.join(LOCK)).expect("a new folder is writable");
    lock.lock().expect("a new file can be locked");
    fs::rename(&new, &path).expect("a new folder can be renamed");
    (path, lock)
});

fn remove_left_behind(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let ours = name
            .to_str()
            .is_some_and(|name| name.starts_with(PREFIX) && Path::new(name).extension().is_none());
        let lock = File::open(entry.path().join(LOCK));
        if ours && lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            // Another run may remove it at the same time.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A new folder, removed with its content when this is dropped.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = RUN.0.join(number.to_string());
        fs::create_dir(&path).expect("the folder of this run is writable");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The next run removes it if this fails.
        let _ = fs::remove_dir_all(&self.0);
    }
}

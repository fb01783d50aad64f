//! Files that hold a secret of 32 bytes as 64 hex digits, which only their owner may read.
//!
//! A key is created once and never overwritten. No message shows its value.

use std::{fs, io, io::Write as _, path::Path};

use domain::ledger::Hash;

use crate::clock;

/// Parses 64 lower-case hex digits.
pub fn parse(text: &str) -> Option<[u8; 32]> {
    Hash::parse_hex(text.trim().as_bytes()).map(|key| key.0)
}

/// Returns the text of a file; none if it does not exist.
pub fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Creates a file with a random key, and its folder.
pub fn create(path: &Path) -> io::Result<[u8; 32]> {
    let key = clock::random();
    create_with(path, &key)?;
    Ok(key)
}

/// Creates a file with this key, and its folder.
pub fn create_with(path: &Path, key: &[u8; 32]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(format!("{}\n", Hash(*key).hex()).as_bytes())?;
    file.sync_all()
}

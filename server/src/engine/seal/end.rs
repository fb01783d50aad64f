//! The end of the ledger that this installation verified last, in a file beside the key: it shows that the end was cut off,
//! or that an older backup was restored, while no process ran.

use std::{fs, io, io::Write as _, path::Path, sync::LazyLock};

use domain::ledger::Hash;

use crate::{clock, key_file, store::ledger::VerifiedEnd};

/// The file name, in the folder of the key. One line: the number of the last entry, a space, and its MAC.
pub const END_FILE: &str = "ledger.end";

/// The ending of the file that this process writes before it renames it. Several processes may share the folder, and those
/// in containers have the same process id.
static NEW: LazyLock<String> = LazyLock::new(|| format!("end.{}", clock::row_id()));

/// Replaces the file, so that a reader finds either the old line or the new one.
pub fn keep_end(folder: &Path, end: &VerifiedEnd) -> io::Result<()> {
    let path = folder.join(END_FILE);
    let line = format!("{} {}\n", end.size.saturating_sub(1), end.mac.hex());
    if key_file::read(&path)?.as_deref() == Some(line.as_str()) {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    let new = path.with_extension(NEW.as_str());
    let mut file = fs::File::create(&new)?;
    file.write_all(line.as_bytes())?;
    file.sync_data()?;
    fs::rename(&new, path)
}

/// Returns the number and the MAC of the last entry; none if there is no file.
pub fn kept_end(folder: &Path) -> io::Result<Option<(u64, Hash)>> {
    let Some(text) = key_file::read(&folder.join(END_FILE))? else {
        return Ok(None);
    };
    let parsed = text
        .trim()
        .split_once(' ')
        .and_then(|(seq, mac)| Some((seq.parse().ok()?, Hash::parse_hex(mac.as_bytes())?)));
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "not the end of a ledger");
    parsed.map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_end_is_read_and_another_text_is_an_error() {
        let folder = std::env::temp_dir().join(format!("leastwise-end-{}", crate::clock::row_id()));
        assert_eq!(kept_end(&folder).unwrap(), None);
        for size in [1, 7] {
            let end = VerifiedEnd {
                size,
                mac: Hash([3; 32]),
                leaf: Hash::ZERO,
            };
            keep_end(&folder, &end).unwrap();
            assert_eq!(kept_end(&folder).unwrap(), Some((size - 1, Hash([3; 32]))));
        }
        fs::write(folder.join(END_FILE), "7").unwrap();
        assert!(kept_end(&folder).is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }
}

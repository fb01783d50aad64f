//! The copy of every checkpoint outside the database. It shows that a person with access to the database alone rewrote
//! the log. Back it up to a place where neither Leastwise nor database administrators can write.

use std::{
    fs, io,
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use domain::ledger::bundle;

/// The file name, in the folder of the key. Each line is one signed note as a JSON string, oldest first.
pub const COPY_FILE: &str = "checkpoints.log";

/// An upper bound on the length of the last lines.
const TAIL: u64 = 64 * 1024;

/// Appends a note and syncs the file.
pub fn append(path: &Path, note: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::OpenOptions::new()
        .append(true)
        .read(true)
        .create(true)
        .open(path)?;
    // A power failure can leave a partial line. Its note was not stored in the database either.
    let torn = u64::try_from(
        tail(&mut file)?
            .rsplit(|byte| *byte == b'\n')
            .next()
            .map_or(0, <[u8]>::len),
    );
    let torn = torn.map_err(io::Error::other)?;
    if torn > 0 {
        let length = file.metadata()?.len();
        file.set_len(length - torn)?;
    }
    let line = bundle::checkpoint_line(note).map_err(io::Error::other)?;
    file.write_all(line.as_bytes())?;
    file.sync_data()
}

/// Returns the note of the last complete line, or `None` if there is no file or no line.
pub fn last(path: &Path) -> io::Result<Option<String>> {
    let mut file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let tail = tail(&mut file)?;
    let mut lines = tail.rsplit(|byte| *byte == b'\n').skip(1);
    lines
        .next()
        .map(|line| serde_json::from_slice(line).map_err(io::Error::other))
        .transpose()
}

fn tail(file: &mut fs::File) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    Ok(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_whole_note_is_read_and_half_a_line_is_cut_off() {
        let folder =
            std::env::temp_dir().join(format!("leastwise-copy-{}", crate::clock::row_id()));
        let path = folder.join(COPY_FILE);
        assert_eq!(last(&path).unwrap(), None);
        append(&path, "one\nline\n").unwrap();
        append(&path, "two\n").unwrap();
        fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"\"thr")
            .unwrap();
        assert_eq!(last(&path).unwrap().as_deref(), Some("two\n"));
        append(&path, "four\n").unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "\"one\\nline\\n\"\n\"two\\n\"\n\"four\\n\"\n"
        );
        fs::remove_dir_all(folder).unwrap();
    }
}

//! Names files by their content hash, compresses them and writes the manifest. Unchanged files are not rewritten, so
//! that cargo does not rebuild the server.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::process::{self, ErrorContext, Failure};

/// The highest brotli quality.
const QUALITY: u32 = 11;

pub struct Bundle {
    dir: PathBuf,
    entries: Vec<Entry>,
}

struct Entry {
    kind: &'static str,
    name: String,
    raw: usize,
    compressed: usize,
}

impl Bundle {
    pub fn new() -> Self {
        Self {
            dir: process::target().join("site"),
            entries: Vec::new(),
        }
    }

    /// Adds a file and returns the name under which it is served.
    pub fn add(
        &mut self,
        kind: &'static str,
        extension: &str,
        content: &[u8],
    ) -> Result<String, Failure> {
        let hash = hex::encode(&Sha256::digest(content)[..8]);
        let name = format!("app.{hash}.{extension}");
        let cached = process::target().join(format!("site-cache/{name}.q{QUALITY}"));
        let compressed = if let Ok(bytes) = fs::read(&cached) {
            bytes
        } else {
            let bytes = compress(content)?;
            write_if_different(&cached, &bytes)?;
            bytes
        };
        write_if_different(&self.dir.join(format!("{name}.br")), &compressed)?;
        self.entries.push(Entry {
            kind,
            name: name.clone(),
            raw: content.len(),
            compressed: compressed.len(),
        });
        Ok(name)
    }

    /// Writes the manifest, removes files that it does not list, and returns the compressed sizes.
    pub fn finish(self) -> Result<Vec<(&'static str, usize)>, Failure> {
        let keep: Vec<String> = self
            .entries
            .iter()
            .map(|entry| format!("{}.br", entry.name))
            .collect();
        for file in fs::read_dir(&self.dir)
            .context("target/site")?
            .filter_map(Result::ok)
        {
            let name = file.file_name().to_string_lossy().into_owned();
            if name != "manifest.txt" && !keep.contains(&name) {
                fs::remove_file(file.path()).context(file.path().display())?;
            }
        }
        let lines: Vec<String> = self
            .entries
            .iter()
            .map(|entry| format!("{} {} {}\n", entry.kind, entry.name, entry.raw))
            .collect();
        write_if_different(&self.dir.join("manifest.txt"), lines.concat().as_bytes())?;
        Ok(self
            .entries
            .iter()
            .map(|entry| (entry.kind, entry.compressed))
            .collect())
    }
}

fn compress(content: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut out, 64 * 1024, QUALITY, 22);
    writer.write_all(content).context("brotli")?;
    drop(writer);
    Ok(out)
}

fn write_if_different(path: &std::path::Path, content: &[u8]) -> Result<(), Failure> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).context(dir.display())?;
    }
    fs::write(path, content).context(path.display())
}

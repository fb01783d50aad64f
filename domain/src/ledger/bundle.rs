//! An exported ledger: plain files that a third party can read without Leastwise.
//!
//! This module handles text; the caller reads and writes the files. A bundle must never vouch for itself: its
//! `vkeys.txt` and its own checkpoints are a convenience, and a verifier takes the keys and an earlier checkpoint from
//! elsewhere. The parent module specifies the byte layout.

mod items;

pub use items::{
    ITEMS, ItemFindings, ItemTexts, ItemsDiffer, TextDiffers, item_line, verify_items,
};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Hash, Item, LogName, PrivateValue, Report, Salt, Verifier};

/// The value of `format` in the manifest.
pub const FORMAT: &str = "leastwise-ledger-bundle/1";
/// The file name of the manifest.
pub const MANIFEST: &str = "manifest.json";
/// The file name of the leaves, one per line.
pub const ENTRIES: &str = "entries.jsonl";
/// The file name of the signed notes, one JSON string per line.
pub const CHECKPOINTS: &str = "checkpoints.jsonl";
/// The file name of the verifier keys, one per line.
pub const VKEYS: &str = "vkeys.txt";
/// The file name of the private values that were not erased or left out. The file may be absent.
pub const PRIVATE: &str = "private.jsonl";

/// An error while reading a bundle.
#[derive(Debug, Error)]
pub enum BundleError<E> {
    /// The caller could not read a line.
    #[error("cannot read {file}: {error}")]
    Read { file: &'static str, error: E },
    /// A line is malformed.
    #[error("{file} line {line}: {why}")]
    Malformed {
        file: &'static str,
        /// The line number, counted from 1.
        line: u64,
        why: String,
    },
}

/// A difference between the manifest and the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the manifest states that {what} is {stated}, but it is {found}")]
pub struct ManifestDiffers {
    /// The manifest member or file.
    pub what: String,
    /// The value in the manifest.
    pub stated: String,
    /// The actual value.
    pub found: String,
}

/// The length and SHA-256 of a file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileDigest {
    pub bytes: u64,
    pub sha256: Hash,
}

/// The manifest of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always [`FORMAT`].
    pub format: String,
    pub log: LogName,
    /// The time of the export, RFC 3339 UTC with milliseconds.
    pub exported_at: String,
    /// The number of lines in `entries.jsonl`. The first is entry 0.
    pub entries: u64,
    /// The size of the largest checkpoint.
    pub tree_size: u64,
    /// The root of the largest checkpoint.
    pub root: Hash,
    /// The first entry that Leastwise did not write at its place, according to the MACs at the time of the export: it and
    /// those after it do not count. Absent if there is none, or if the MACs were not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_not_authentic: Option<u64>,
    /// The other files, by name.
    pub files: BTreeMap<String, FileDigest>,
}

impl Manifest {
    /// Returns the text of the file: one line of canonical JSON.
    pub fn format(&self) -> Result<String, serde_json::Error> {
        serde_json_canonicalizer::to_string(self).map(|text| text + "\n")
    }

    /// Parses the text of the file. White space is ignored; another `format` is an error.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let manifest: Self = serde_json::from_str(text)?;
        if manifest.format == FORMAT {
            Ok(manifest)
        } else {
            Err(serde::de::Error::custom(format_args!(
                "the format is not {FORMAT}"
            )))
        }
    }

    /// Checks the length and hash of a file against the manifest.
    pub fn check_file(&self, name: &str, found: &FileDigest) -> Result<(), ManifestDiffers> {
        let stated = self.files.get(name);
        if stated == Some(found) {
            return Ok(());
        }
        let spell =
            |digest: &FileDigest| format!("{} bytes, SHA-256 {}", digest.bytes, digest.sha256);
        Err(ManifestDiffers {
            what: name.to_owned(),
            stated: stated.map_or_else(|| "absent".to_owned(), spell),
            found: spell(found),
        })
    }

    /// Checks the result of a verification against the manifest.
    pub fn check_report(&self, report: &Report) -> Result<(), ManifestDiffers> {
        for (what, stated, found) in [
            (
                "entries",
                self.entries.to_string(),
                report.entries.to_string(),
            ),
            (
                "tree_size",
                self.tree_size.to_string(),
                report.tree_size.to_string(),
            ),
            ("root", self.root.hex(), report.root.hex()),
        ] {
            if stated != found {
                return Err(ManifestDiffers {
                    what: what.to_owned(),
                    stated,
                    found,
                });
            }
        }
        Ok(())
    }
}

/// Returns a line of `checkpoints.jsonl`, including the line feed.
pub fn checkpoint_line(note: &str) -> Result<String, serde_json::Error> {
    serde_json_canonicalizer::to_string(&note).map(|text| text + "\n")
}

/// Parses the signed notes of a `checkpoints.jsonl` file.
pub fn parse_checkpoints<E>(text: &str) -> Result<Vec<String>, BundleError<E>> {
    (1..)
        .zip(text.lines())
        .map(|(line, text)| parse_line(CHECKPOINTS, line, text))
        .collect()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PrivateLine {
    seq: u64,
    path: String,
    salt: Salt,
    value: String,
}

impl PrivateLine {
    fn value(self) -> PrivateValue {
        PrivateValue {
            path: self.path,
            salt: self.salt,
            value: self.value,
        }
    }
}

/// Returns a line of `private.jsonl`, including the line feed. Lines are in ascending order of `seq`.
pub fn private_line(seq: u64, value: &PrivateValue) -> Result<String, serde_json::Error> {
    let line = PrivateLine {
        seq,
        path: value.path.clone(),
        salt: value.salt,
        value: value.value.clone(),
    };
    serde_json_canonicalizer::to_string(&line).map(|text| text + "\n")
}

fn parse_line<T: for<'de> Deserialize<'de>, E>(
    file: &'static str,
    line: u64,
    text: &str,
) -> Result<T, BundleError<E>> {
    serde_json::from_str(text).map_err(|error| BundleError::Malformed {
        file,
        line,
        why: error.to_string(),
    })
}

/// Reads `private.jsonl` in step with the entries and holds the values of one entry at a time.
struct PrivateLines<I> {
    lines: I,
    line: u64,
    latest: u64,
    ahead: Option<PrivateLine>,
}

impl<I, L, E> PrivateLines<I>
where
    I: Iterator<Item = Result<L, E>>,
    L: AsRef<str>,
{
    fn advance(&mut self) -> Result<(), BundleError<E>> {
        let Some(text) = self.lines.next() else {
            return Ok(());
        };
        let text = text.map_err(|error| BundleError::Read {
            file: PRIVATE,
            error,
        })?;
        self.line += 1;
        let line: PrivateLine = parse_line(PRIVATE, self.line, text.as_ref())?;
        if line.seq < self.latest {
            let why = "lines must be in ascending order of seq".to_owned();
            return Err(BundleError::Malformed {
                file: PRIVATE,
                line: self.line,
                why,
            });
        }
        self.latest = line.seq;
        self.ahead = Some(line);
        Ok(())
    }

    fn take(&mut self, seq: u64, values: &mut Vec<PrivateValue>) -> Result<(), BundleError<E>> {
        values.clear();
        while let Some(line) = self.ahead.take_if(|line| line.seq == seq) {
            self.advance()?;
            values.push(line.value());
        }
        Ok(())
    }
}

/// Verifies the entries of a bundle line by line, with their private values.
///
/// # Errors
/// Returns an error for a line that cannot be read or a malformed line of `private.jsonl`. Findings about entries are
/// in the report instead.
pub fn verify<L, P, E>(
    mut verifier: Verifier,
    entries: impl IntoIterator<Item = Result<L, E>>,
    private: impl IntoIterator<Item = Result<P, E>>,
) -> Result<Report, BundleError<E>>
where
    L: AsRef<[u8]>,
    P: AsRef<str>,
{
    let mut private = PrivateLines {
        lines: private.into_iter(),
        line: 0,
        latest: 0,
        ahead: None,
    };
    private.advance()?;
    let mut values = Vec::new();
    for (seq, line) in (0..).zip(entries) {
        let line = line.map_err(|error| BundleError::Read {
            file: ENTRIES,
            error,
        })?;
        private.take(seq, &mut values)?;
        verifier.entry(&Item {
            private: &values,
            ..Item::new(seq, line.as_ref())
        });
    }
    if let Some(left) = private.ahead {
        let why = format!("entry {} is not in the bundle", left.seq);
        return Err(BundleError::Malformed {
            file: PRIVATE,
            line: private.line,
            why,
        });
    }
    Ok(verifier.finish())
}

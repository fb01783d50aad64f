//! An exported ledger: five plain files that a third party reads without us.
//!
//! Text in, text out; reading and writing files is the caller's. The bundle never vouches for
//! itself: its `vkeys.txt` and its own checkpoints are a convenience, and a verifier takes the keys
//! and an earlier checkpoint from elsewhere. The byte layout is specified in the parent module.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Hash, Item, LogName, PrivateValue, Report, Salt, Verifier};

/// The value of `format` in the manifest.
pub const FORMAT: &str = "leastwise-ledger-bundle/1";
/// The manifest's file name.
pub const MANIFEST: &str = "manifest.json";
/// The leaves, one a line.
pub const ENTRIES: &str = "entries.jsonl";
/// The signed notes, each as a JSON string on a line.
pub const CHECKPOINTS: &str = "checkpoints.jsonl";
/// The verifier keys, one a line.
pub const VKEYS: &str = "vkeys.txt";
/// The private values that were not erased or left out; the file may be absent.
pub const PRIVATE: &str = "private.jsonl";

/// Why a bundle cannot be read.
#[derive(Debug, Error)]
pub enum BundleError<E> {
    /// The caller could not read a line.
    #[error("cannot read {file}: {error}")]
    Read {
        /// Which file.
        file: &'static str,
        /// The caller's error.
        error: E,
    },
    /// A line is not what the file holds.
    #[error("{file} line {line}: {why}")]
    Malformed {
        /// Which file.
        file: &'static str,
        /// Counted from 1.
        line: u64,
        /// In words.
        why: String,
    },
}

/// Where the manifest and what was found differ.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the manifest says {what} is {said}, but it is {found}")]
pub struct ManifestDiffers {
    /// Which statement.
    pub what: String,
    /// As the manifest says.
    pub said: String,
    /// As it was found.
    pub found: String,
}

/// Length and hash of a file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileDigest {
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its content.
    pub sha256: Hash,
}

/// What a bundle says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always [`FORMAT`].
    pub format: String,
    /// The log.
    pub log: LogName,
    /// When it was exported, RFC 3339 UTC with milliseconds.
    pub exported_at: String,
    /// Lines in `entries.jsonl`; the first is entry 0.
    pub entries: u64,
    /// Size of the largest checkpoint.
    pub tree_size: u64,
    /// Its root.
    pub root: Hash,
    /// Every other file by name.
    pub files: BTreeMap<String, FileDigest>,
}

impl Manifest {
    /// The file's text: one line of canonical JSON.
    pub fn format(&self) -> Result<String, serde_json::Error> {
        serde_json_canonicalizer::to_string(self).map(|text| text + "\n")
    }

    /// Reads the file's text; white space does not matter, another format does.
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

    /// Checks a file's length and hash against the manifest.
    pub fn check_file(&self, name: &str, found: &FileDigest) -> Result<(), ManifestDiffers> {
        let said = self.files.get(name);
        if said == Some(found) {
            return Ok(());
        }
        let spell =
            |digest: &FileDigest| format!("{} bytes, SHA-256 {}", digest.bytes, digest.sha256);
        Err(ManifestDiffers {
            what: name.to_owned(),
            said: said.map_or_else(|| "absent".to_owned(), spell),
            found: spell(found),
        })
    }

    /// Checks a verification's outcome against the manifest.
    pub fn check_report(&self, report: &Report) -> Result<(), ManifestDiffers> {
        for (what, said, found) in [
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
            if said != found {
                return Err(ManifestDiffers {
                    what: what.to_owned(),
                    said,
                    found,
                });
            }
        }
        Ok(())
    }
}

/// A line of `checkpoints.jsonl`, with its line feed.
pub fn checkpoint_line(note: &str) -> Result<String, serde_json::Error> {
    serde_json_canonicalizer::to_string(&note).map(|text| text + "\n")
}

/// The signed notes of a `checkpoints.jsonl`.
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

/// A line of `private.jsonl`, with its line feed; lines go by ascending `seq`.
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

/// Reads `private.jsonl` alongside the entries, holding the values of one entry at a time.
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
            let why = "lines must go by ascending seq".to_owned();
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
            values.push(PrivateValue {
                path: line.path,
                salt: line.salt,
                value: line.value,
            });
        }
        Ok(())
    }
}

/// Verifies a bundle's entries, line by line, with the private values that go with them.
///
/// # Errors
/// A line that cannot be read or is malformed in `private.jsonl`. Whatever is wrong with an entry
/// is in the report instead.
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

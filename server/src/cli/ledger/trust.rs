//! The trusted inputs of a verification: verifier keys, and checkpoints kept elsewhere.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use domain::ledger::{LogName, Vkeys, bundle};

use super::{LedgerCommandError, LedgerLocation, VerifyArgs};
use crate::engine::seal::{COPY_FILE, VKEY_FILE};

/// The source of the verifier keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A source other than the ledger to verify.
    Apart,
    /// The bundle to verify.
    Bundle,
}

/// Verifier keys and the log they belong to.
pub(super) struct Trusted {
    pub(super) vkeys: Vkeys,
    /// One key per line, as given.
    pub(super) text: String,
    pub(super) log: LogName,
    pub(super) source: Source,
}

/// Reads `--vkey`, `ledger.vkey`, or the keys of the bundle, in this order.
pub(super) fn keys(
    place: &LedgerLocation,
    bundle: Option<&Path>,
) -> Result<Trusted, LedgerCommandError> {
    let of_folder = match folder(place, bundle) {
        Some(folder) => optional(&folder.join(VKEY_FILE))?,
        None => None,
    };
    let of_bundle = bundle.map(|bundle| bundle.join(bundle::VKEYS));
    let (text, source) = match &place.vkey {
        // A key contains a `+`, which paths rarely do. A file with that name takes precedence.
        Some(given) => match fs::read_to_string(given) {
            Ok(text) => (text, Source::Apart),
            Err(_) if given.contains('+') => (given.clone(), Source::Apart),
            Err(source) => {
                return Err(LedgerCommandError::File {
                    path: PathBuf::from(given),
                    source,
                });
            }
        },
        None => match (of_folder, of_bundle) {
            (Some(text), _) => (text, Source::Apart),
            (None, Some(path)) => (
                optional(&path)?.ok_or(LedgerCommandError::NoKey)?,
                Source::Bundle,
            ),
            (None, None) => return Err(LedgerCommandError::NoKey),
        },
    };
    let vkeys = Vkeys::parse(&text)?;
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    // The name of the key is the name of the log. The name in the database is not trusted.
    let name = lines
        .next()
        .and_then(|line| line.split('+').next())
        .ok_or(LedgerCommandError::NoKey)?;
    let log = LogName::parse(name)?;
    Ok(Trusted {
        vkeys,
        text,
        log,
        source,
    })
}

/// Reads `--checkpoint`, or the copy beside the keys.
pub(super) fn kept(args: &VerifyArgs) -> Result<Vec<String>, LedgerCommandError> {
    if let Some(path) = &args.checkpoint {
        let file = |source| LedgerCommandError::File {
            path: path.clone(),
            source,
        };
        let notes = notes(&fs::read_to_string(path).map_err(file)?);
        return if notes.is_empty() {
            Err(LedgerCommandError::NoCheckpoint(path.clone()))
        } else {
            Ok(notes)
        };
    }
    match folder(&args.place, args.bundle.as_deref()) {
        Some(folder) => Ok(optional(&folder.join(COPY_FILE))?
            .map(|text| notes(&text))
            .unwrap_or_default()),
        None => Ok(Vec::new()),
    }
}

/// Returns the folder of keys. A bundle may come from anywhere, so the default folder does not apply to it: it may
/// belong to another log.
fn folder(place: &LedgerLocation, bundle: Option<&Path>) -> Option<PathBuf> {
    match (&place.keys, bundle) {
        (Some(folder), _) => Some(folder.clone()),
        (None, Some(_)) => None,
        (None, None) => Some(PathBuf::from("keys")),
    }
}

/// Parses one signed note, or lines that each hold one as a JSON string. A partial last line, as left by a power
/// failure, is not a note.
fn notes(text: &str) -> Vec<String> {
    if !text.starts_with('"') {
        return if text.trim().is_empty() {
            Vec::new()
        } else {
            vec![text.to_owned()]
        };
    }
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    // A line that is not a JSON string is passed on unchanged, and the verifier reports it.
    whole
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| line.to_owned()))
        .collect()
}

fn optional(path: &Path) -> Result<Option<String>, LedgerCommandError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(LedgerCommandError::File {
            path: path.to_owned(),
            source,
        }),
    }
}

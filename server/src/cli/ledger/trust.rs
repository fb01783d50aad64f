//! What a verification believes: verifier keys, and checkpoints that somebody kept.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use domain::ledger::{LogName, Vkeys, bundle};

use super::{LedgerCommandError, Place, VerifyArgs};
use crate::engine::seal::{COPY_FILE, VKEY_FILE};

/// Where the keys came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Kept apart from what is verified.
    Apart,
    /// The bundle that is verified.
    Bundle,
}

/// Keys, and the log that they are of.
pub(super) struct Trusted {
    pub(super) vkeys: Vkeys,
    /// One a line, as given.
    pub(super) text: String,
    pub(super) log: LogName,
    pub(super) source: Source,
}

/// Reads `--vkey`, or `ledger.vkey`, or the bundle's own.
pub(super) fn keys(place: &Place, bundle: Option<&Path>) -> Result<Trusted, LedgerCommandError> {
    let of_folder = match folder(place, bundle) {
        Some(folder) => optional(&folder.join(VKEY_FILE))?,
        None => None,
    };
    let of_bundle = bundle.map(|bundle| bundle.join(bundle::VKEYS));
    let (text, source) = match &place.vkey {
        // A key holds a `+`, a path seldom; a file of that name is still found first.
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
    // The key's name is the log's: what the database says of its own name is not believed.
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

/// The folder of keys. A bundle may come from anywhere: the folder that happens to be here may
/// belong to another log.
fn folder(place: &Place, bundle: Option<&Path>) -> Option<PathBuf> {
    match (&place.keys, bundle) {
        (Some(folder), _) => Some(folder.clone()),
        (None, Some(_)) => None,
        (None, None) => Some(PathBuf::from("keys")),
    }
}

/// One signed note, or lines that each hold one as a JSON string. Half a line at the end, as a
/// power cut leaves it, is no note yet.
fn notes(text: &str) -> Vec<String> {
    if !text.starts_with('"') {
        return if text.trim().is_empty() {
            Vec::new()
        } else {
            vec![text.to_owned()]
        };
    }
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    // A line that is no string is handed on as it is: the verifier names it.
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

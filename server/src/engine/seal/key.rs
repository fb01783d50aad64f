//! The signing key: a file that only its owner may read, or an environment variable. Never the database, whose
//! administrators must not be able to sign.
//!
//! The public keys are stored beside it, one line for every key that ever signed here, to be published.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use domain::ledger::{CheckpointError, LogName, SigningKey, Vkeys};
use thiserror::Error;

use crate::key_file;

/// The file of the secret key: 64 hex digits.
pub const KEY_FILE: &str = "ledger.key";
/// The file of the public keys: C2SP verifier keys, one per line.
pub const VKEY_FILE: &str = "ledger.vkey";
/// The environment variable that replaces the file.
pub const KEY_VARIABLE: &str = "LEASTWISE_LEDGER_KEY";

#[derive(Debug, Error)]
pub enum KeyError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    /// The value is not 64 lower-case hex digits. The message never shows the value.
    #[error("{0} must hold 64 lower-case hex digits: 32 random bytes")]
    Malformed(String),
    /// The key of a log that was signed before is missing.
    #[error(
        "{0} is missing, but the ledger was signed before. Restore the key; if it is lost, create a new one \
         with `openssl rand -hex 32` and inform everyone who verifies the ledger"
    )]
    Missing(PathBuf),
    /// A line of the public keys is not a verifier key.
    #[error("{path}: {source}")]
    Vkey {
        path: PathBuf,
        source: CheckpointError,
    },
}

/// Whether a missing key may be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// Nothing was ever signed.
    New,
    /// Something was signed, so a key existed.
    Signed,
}

/// Returns the key and all known public keys. `given` is the value of the environment variable.
pub fn load(
    folder: &Path,
    given: Option<&str>,
    name: &LogName,
    log: Log,
) -> Result<(SigningKey, Vkeys), KeyError> {
    let key = SigningKey::from_seed(name.clone(), &seed(folder, given, log)?);
    let path = folder.join(VKEY_FILE);
    let file = |source| KeyError::File {
        path: path.clone(),
        source,
    };
    let mut known = match fs::read_to_string(&path) {
        Ok(known) => known,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(file(error)),
    };
    let vkey = key.vkey();
    if !known.lines().any(|line| line.trim() == vkey) {
        let line = format!("{vkey}\n");
        fs::create_dir_all(folder).map_err(file)?;
        let mut vkeys = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(file)?;
        vkeys.write_all(line.as_bytes()).map_err(file)?;
        known.push_str(&line);
    }
    let vkeys = Vkeys::parse(&known).map_err(|source| KeyError::Vkey { path, source })?;
    Ok((key, vkeys))
}

fn seed(folder: &Path, given: Option<&str>, log: Log) -> Result<[u8; 32], KeyError> {
    if let Some(given) = given {
        return key_file::parse(given).ok_or_else(|| KeyError::Malformed(KEY_VARIABLE.to_owned()));
    }
    let path = folder.join(KEY_FILE);
    let file = |source| KeyError::File {
        path: path.clone(),
        source,
    };
    match key_file::read(&path).map_err(file)? {
        Some(text) => {
            key_file::parse(&text).ok_or_else(|| KeyError::Malformed(path.display().to_string()))
        }
        None if log == Log::Signed => Err(KeyError::Missing(path)),
        None => key_file::create(&path).map_err(file),
    }
}

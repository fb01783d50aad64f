//! Where the signing key is: a file that only we may read, or an environment variable. Never the
//! database, whose administrators must not be able to sign.
//!
//! Beside it stands the public half, a line for every key that ever signed here, to be handed out.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use domain::ledger::{CheckpointError, Hash, LogName, SigningKey, Vkeys};
use thiserror::Error;

use crate::clock;

/// The secret half: 64 hex digits.
pub const KEY_FILE: &str = "ledger.key";
/// The public halves, C2SP verifier keys, one a line.
pub const VKEY_FILE: &str = "ledger.vkey";
/// The environment variable that takes the place of the file.
pub const KEY_VARIABLE: &str = "LEASTWISE_LEDGER_KEY";

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file system said no.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Not 64 lower-case hex digits. The value is not shown.
    #[error("{0} must hold 64 lower-case hex digits: 32 random bytes")]
    Malformed(String),
    /// A log that was signed before is missing its key.
    #[error(
        "{0} is missing, but the ledger was signed before. Put the key back; or, if it is lost, make another \
         with `openssl rand -hex 32` and tell everybody who verifies"
    )]
    Missing(PathBuf),
    /// A line of the public halves is none.
    #[error("{path}: {source}")]
    Vkey {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: CheckpointError,
    },
}

/// Whether a key may be made where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// Nothing was ever signed.
    New,
    /// Something was signed, so there was a key.
    Signed,
}

/// The key, and every public half known here. `given` is the environment variable's value.
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
        return parse(given).ok_or_else(|| KeyError::Malformed(KEY_VARIABLE.to_owned()));
    }
    let path = folder.join(KEY_FILE);
    match fs::read_to_string(&path) {
        Ok(text) => parse(&text).ok_or_else(|| KeyError::Malformed(path.display().to_string())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(KeyError::File {
            path,
            source: error,
        }),
        Err(_) if log == Log::Signed => Err(KeyError::Missing(path)),
        Err(_) => make(&path).map_err(|source| KeyError::File { path, source }),
    }
}

fn parse(text: &str) -> Option<[u8; 32]> {
    Hash::parse_hex(text.trim().as_bytes()).map(|seed| seed.0)
}

fn make(path: &Path) -> io::Result<[u8; 32]> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let seed = clock::random();
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(format!("{}\n", Hash(seed).hex()).as_bytes())?;
    file.sync_all()?;
    Ok(seed)
}

//! The row key, with which the server authenticates what it writes to the database: a writer of the database who does
//! not have the key cannot add what counts.
//!
//! A file beside the key of the ledger, or an environment variable; never the database. All replicas share it. Several
//! keys can be given: the first one authenticates what is written, the others only verify. No message and no log shows a
//! key.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use domain::ledger::Hash;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::{clock, key_file};

/// The file of the key: 64 hex digits, or several such lines of which the first one is in use.
pub const KEY_FILE: &str = "row.key";
/// The environment variable that replaces the file: one or more keys, separated by commas.
pub const KEY_VARIABLE: &str = "LEASTWISE_ROW_KEY";

/// The reason why there is no row key.
#[derive(Debug, Error)]
pub enum RowKeyError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    /// The message never shows the value.
    #[error(
        "{0} must hold one or more row keys of 64 lower-case hex digits: 32 random bytes each, such as `openssl rand \
         -hex 32` prints"
    )]
    Malformed(String),
    #[error(
        "{0} is missing, but entries of this database have MACs. Restore the row key; every replica needs the same one. If \
         it is lost, docs/row-key.md states what to do"
    )]
    Missing(PathBuf),
    /// This command creates no key.
    #[error(
        "{0} is missing, and only `leastwise serve` creates a row key. Name its folder of keys with --keys or \
         LEASTWISE_KEYS, or set LEASTWISE_ROW_KEY; before the first start of `leastwise serve` there is none. If the row key \
         is lost, docs/row-key.md states what to do"
    )]
    NotHere(PathBuf),
}

/// Whether a missing key may be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyHistory {
    /// No row key was ever used with it.
    New,
    /// Something in it was authenticated, so a key existed.
    Authenticated,
}

/// The name of a key, which proves nothing about the key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowKeyId(String);

impl RowKeyId {
    fn of(key: &[u8; 32]) -> Self {
        let mut sha256 = Sha256::new();
        sha256.update(b"leastwise row key");
        sha256.update(key);
        Self(hex::encode(&sha256.finalize()[..8]))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RowKeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One or more keys. Cheap to clone.
#[derive(Clone)]
pub struct RowKeys {
    in_use: Arc<RowKey>,
    earlier: Arc<[RowKey]>,
}

struct RowKey {
    id: RowKeyId,
    /// The keyed state, from which each MAC starts.
    state: Hmac<Sha256>,
}

impl RowKey {
    fn new(key: &[u8; 32]) -> Self {
        Self {
            id: RowKeyId::of(key),
            state: Hmac::new_from_slice(key).expect("HMAC takes a key of any length"),
        }
    }

    /// Each part is preceded by its length, so that no two lists of parts are the same bytes.
    fn over(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut state = self.state.clone();
        for part in parts {
            state.update(&(part.len() as u64).to_be_bytes());
            state.update(part);
        }
        state
    }
}

impl fmt::Debug for RowKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.ids()).finish()
    }
}

impl RowKeys {
    /// Parses keys that are separated by commas or line feeds. The first one is in use.
    pub fn parse(text: &str) -> Option<Self> {
        let parts = text.split([',', '\n']).map(str::trim);
        let mut keys = Vec::new();
        for part in parts.filter(|part| !part.is_empty()) {
            keys.push(RowKey::new(&key_file::parse(part)?));
        }
        let mut keys = keys.into_iter();
        Some(Self {
            in_use: Arc::new(keys.next()?),
            earlier: keys.collect(),
        })
    }

    fn of(key: &[u8; 32]) -> Self {
        Self {
            in_use: Arc::new(RowKey::new(key)),
            earlier: Arc::default(),
        }
    }

    /// Returns the names of all keys; the one in use first.
    pub fn ids(&self) -> impl Iterator<Item = &RowKeyId> {
        let earlier = self.earlier.iter().map(|key| &key.id);
        std::iter::once(&self.in_use.id).chain(earlier)
    }

    /// Returns the name of the key in use.
    pub fn id(&self) -> &RowKeyId {
        &self.in_use.id
    }

    /// Returns the MAC of some values by the key in use. The first value names what they are.
    pub fn mac(&self, parts: &[&[u8]]) -> Hash {
        Hash(self.in_use.over(parts).finalize().into_bytes().into())
    }

    /// Returns whether the named key made this MAC of these values. The comparison takes the same time for every MAC.
    pub fn verifies(&self, id: &str, parts: &[&[u8]], mac: &Hash) -> bool {
        let mut keys = std::iter::once(&*self.in_use).chain(&*self.earlier);
        keys.find(|key| key.id.0 == id)
            .is_some_and(|key| key.over(parts).verify_slice(&mac.0).is_ok())
    }
}

/// Returns the keys; they are created if there are none and the database never used any. `given` is the value of the
/// environment variable.
///
/// # Errors
/// If the keys are missing or malformed, or the file cannot be read or created.
pub fn load(
    folder: &Path,
    given: Option<&str>,
    history: KeyHistory,
) -> Result<RowKeys, RowKeyError> {
    if let Some(keys) = existing(folder, given)? {
        return Ok(keys);
    }
    let path = folder.join(KEY_FILE);
    if history == KeyHistory::Authenticated {
        return Err(RowKeyError::Missing(path));
    }
    let key = key_file::create(&path).map_err(|source| RowKeyError::File { path, source })?;
    Ok(RowKeys::of(&key))
}

/// Returns the keys, which must exist. Creates nothing.
///
/// # Errors
/// If the keys are missing or malformed, or the file cannot be read.
pub fn required(folder: &Path, given: Option<&str>) -> Result<RowKeys, RowKeyError> {
    existing(folder, given)?.ok_or_else(|| RowKeyError::NotHere(folder.join(KEY_FILE)))
}

/// A random key that is not in a file yet.
pub struct NewRowKey([u8; 32]);

impl NewRowKey {
    pub fn random() -> Self {
        Self(clock::random())
    }

    /// Returns it as the only key.
    pub fn keys(&self) -> RowKeys {
        RowKeys::of(&self.0)
    }

    /// Creates the file.
    ///
    /// # Errors
    /// If the file exists or cannot be created.
    pub fn save(&self, folder: &Path) -> Result<(), RowKeyError> {
        let path = folder.join(KEY_FILE);
        key_file::create_with(&path, &self.0).map_err(|source| RowKeyError::File { path, source })
    }
}

/// Returns the keys; none if there are none. Creates nothing.
///
/// # Errors
/// If the keys are malformed, or the file cannot be read.
pub fn existing(folder: &Path, given: Option<&str>) -> Result<Option<RowKeys>, RowKeyError> {
    let (text, place) = if let Some(given) = given {
        (Some(given.to_owned()), KEY_VARIABLE.to_owned())
    } else {
        let path = folder.join(KEY_FILE);
        let place = path.display().to_string();
        let read = key_file::read(&path);
        (
            read.map_err(|source| RowKeyError::File { path, source })?,
            place,
        )
    };
    text.map(|text| RowKeys::parse(&text).ok_or(RowKeyError::Malformed(place)))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222222222222222222222222222";

    #[test]
    fn the_first_key_makes_macs_and_the_others_only_verify() {
        let old = RowKeys::parse(ONE).unwrap();
        let rotated = RowKeys::parse(&format!("{TWO},{ONE}")).unwrap();
        let parts: [&[u8]; 2] = [b"context", b"value"];
        let by_old = old.mac(&parts);
        assert!(rotated.verifies(old.id().as_str(), &parts, &by_old));
        let by_new = rotated.mac(&parts);
        assert_ne!(by_old, by_new);
        assert!(rotated.verifies(rotated.id().as_str(), &parts, &by_new));
        assert!(!old.verifies(rotated.id().as_str(), &parts, &by_new));
        assert!(!rotated.verifies(old.id().as_str(), &parts, &by_new));
    }

    #[test]
    fn parts_that_are_cut_elsewhere_have_another_mac() {
        let keys = RowKeys::parse(ONE).unwrap();
        assert_ne!(keys.mac(&[b"ab", b"c"]), keys.mac(&[b"a", b"bc"]));
    }

    #[test]
    fn debug_output_shows_names_and_no_key() {
        let keys = RowKeys::parse(&format!("{ONE}\n{TWO}\n")).unwrap();
        let shown = format!("{keys:?}");
        assert!(shown.contains(keys.id().as_str()), "{shown}");
        assert!(
            !shown.contains("1111") && !shown.contains("2222"),
            "{shown}"
        );
        assert!(RowKeys::parse("").is_none() && RowKeys::parse(&ONE[1..]).is_none());
    }
}

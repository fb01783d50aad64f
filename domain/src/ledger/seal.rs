//! Converts an entry and its position in the log to permanent bytes, and back.
//!
//! Sealing must never lose or alter data silently: content that the format cannot represent is rejected, and the error
//! names the field.

use serde_json::{Map, Value};
use thiserror::Error;

use super::{
    Entry, Hash, LogName, PrivateValue,
    canonical::{self, Flaw, MAX_DEPTH, MAX_INTEGER},
    entry::pointer_token,
    leaf::Leaf,
};

/// The maximum size of a leaf in bytes: tlog-tiles entries carry a 16-bit length.
pub const MAX_LEAF: usize = 65_535;

/// The version of the leaf format that is written.
pub const VERSION: u64 = 1;

/// The position of an entry, which is determined together with the tree's head under one lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub log: LogName,
    /// Counted from 0: the index of the leaf in the Merkle tree, and the size of the tree before it.
    pub seq: u64,
    /// The leaf hash of entry `seq - 1`; [`Hash::ZERO`] for entry 0.
    pub prev: Hash,
}

/// A sealed entry, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The index in the tree.
    pub seq: u64,
    /// The canonical bytes.
    pub leaf: Vec<u8>,
    /// The leaf hash, which is the `prev` of the next entry.
    pub hash: Hash,
    /// The private values, which are stored outside the log so that they can be erased.
    pub private: Vec<PrivateValue>,
}

/// An error while sealing an entry.
#[derive(Debug, Error)]
pub enum SealError {
    /// The leaf exceeds [`MAX_LEAF`].
    #[error(
        "the leaf has {bytes} bytes of at most {MAX_LEAF}; the largest field is {biggest} with {biggest_bytes}"
    )]
    TooLong {
        /// The size of the leaf.
        bytes: usize,
        /// A JSON Pointer to the largest field, at most two levels deep.
        biggest: String,
        /// The size of the largest field's value.
        biggest_bytes: usize,
    },
    /// A number is a float, or an integer that not every JSON reader represents exactly.
    #[error("{path} is not an integer within ±(2^53 - 1)")]
    NotAnInteger { path: String },
    /// The nesting exceeds [`MAX_DEPTH`] levels.
    #[error("{path} is nested deeper than {MAX_DEPTH} levels")]
    TooDeep { path: String },
    /// A [`Private`](super::Private) value was read from a leaf, so its plain value is unknown.
    #[error("{path} is a private value that was read from a leaf")]
    NotOpened { path: String },
    /// A time is outside the years 1970 to 9999.
    #[error("the entry cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
}

/// An error while parsing a leaf of version 1.
#[derive(Debug, Error)]
pub enum ParseError {
    /// The leaf exceeds [`MAX_LEAF`].
    #[error("{0} bytes are more than a leaf may have")]
    TooLong(usize),
    /// The bytes are not canonical.
    #[error("not canonical at {0}")]
    NotCanonical(#[from] Flaw),
    /// The version of the leaf is unknown.
    #[error("leaf version {0} is unknown")]
    UnknownVersion(Value),
    /// A field is `null` instead of absent.
    #[error("`{0}` is null")]
    Null(String),
    /// A field is missing, unknown or malformed.
    #[error("not an entry: {0}")]
    NotAnEntry(#[from] serde_json::Error),
}

impl Entry {
    /// Returns the bytes of the entry at this position, their hash, and the private values to store separately.
    pub fn seal(&self, at: &Position) -> Result<Sealed, SealError> {
        let mut leaf = serde_json::to_value(self)?;
        if let Value::Object(members) = &mut leaf {
            members.insert("v".into(), VERSION.into());
            members.insert("log".into(), at.log.as_str().into());
            members.insert("seq".into(), at.seq.into());
            members.insert("prev".into(), at.prev.hex().into());
        }
        check(&leaf, "", 1)?;
        let bytes = serde_json_canonicalizer::to_vec(&leaf)?;
        if bytes.len() > MAX_LEAF {
            let (biggest, biggest_bytes) = biggest_field(&leaf)?;
            return Err(SealError::TooLong {
                bytes: bytes.len(),
                biggest,
                biggest_bytes,
            });
        }
        let private = self
            .private_fields()
            .into_iter()
            .map(|(path, private)| match private.opened() {
                Some((salt, value)) => Ok(PrivateValue {
                    path,
                    salt,
                    value: value.to_owned(),
                }),
                None => Err(SealError::NotOpened { path }),
            })
            .chain(self.item_texts.iter().cloned().map(Ok))
            .collect::<Result<_, _>>()?;
        Ok(Sealed {
            seq: at.seq,
            hash: Hash::leaf(&bytes),
            leaf: bytes,
            private,
        })
    }

    /// Parses a leaf into its position and content. Private values are hashes only.
    pub fn parse(leaf: &[u8]) -> Result<(Position, Self), ParseError> {
        if leaf.len() > MAX_LEAF {
            return Err(ParseError::TooLong(leaf.len()));
        }
        canonical::scan(leaf)?;
        // What the one pass refuses, or may read otherwise, is read member by member, which names what is wrong.
        if std::str::from_utf8(leaf).is_ok_and(|text| !text.contains("null"))
            && let Ok(Leaf { position, entry }) = serde_json::from_slice(leaf)
        {
            return Ok((position, entry));
        }
        Self::parse_members(leaf)
    }

    /// As [`parse`](Self::parse), for a canonical leaf: one member after the other, so that an error names the member.
    pub(super) fn parse_members(leaf: &[u8]) -> Result<(Position, Self), ParseError> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct LeafPosition {
            log: LogName,
            seq: u64,
            prev: Hash,
        }
        let mut members: Map<String, Value> = serde_json::from_slice(leaf)?;
        match members.remove("v") {
            Some(version) if version == VERSION => {}
            other => return Err(ParseError::UnknownVersion(other.unwrap_or_default())),
        }
        if let Some(field) = null_field(&members) {
            return Err(ParseError::Null(field));
        }
        let place = ["log", "seq", "prev"]
            .into_iter()
            .filter_map(|key| members.remove_entry(key))
            .collect::<Map<_, _>>();
        let LeafPosition { log, seq, prev } = serde_json::from_value(Value::Object(place))?;
        let entry = serde_json::from_value(Value::Object(members))?;
        Ok((Position { log, seq, prev }, entry))
    }
}

/// Returns the first field outside `data` that is null, which serde would read as absent.
fn null_field(members: &Map<String, Value>) -> Option<String> {
    members
        .iter()
        .filter(|(key, _)| *key != "data")
        .find_map(|(key, value)| match value {
            Value::Null => Some(key.clone()),
            Value::Object(inner) => null_field(inner).map(|field| format!("{key}.{field}")),
            _ => None,
        })
}

fn check(value: &Value, path: &str, depth: usize) -> Result<(), SealError> {
    let nested = matches!(value, Value::Array(_) | Value::Object(_));
    if nested && depth > MAX_DEPTH {
        return Err(SealError::TooDeep {
            path: path.to_owned(),
        });
    }
    match value {
        Value::Number(n) => {
            // `as_i64` is None for every float, including 1.0.
            let kept = n.as_i64().is_some_and(|n| n.unsigned_abs() <= MAX_INTEGER);
            if kept {
                Ok(())
            } else {
                Err(SealError::NotAnInteger {
                    path: path.to_owned(),
                })
            }
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(at, item)| check(item, &format!("{path}/{at}"), depth + 1)),
        Value::Object(members) => members.iter().try_for_each(|(key, member)| {
            check(member, &format!("{path}/{}", pointer_token(key)), depth + 1)
        }),
        _ => Ok(()),
    }
}

/// Returns the largest member, and within it the largest again: `/data/findings` is more specific than `/data`.
fn biggest_field(leaf: &Value) -> Result<(String, usize), serde_json::Error> {
    let mut path = String::new();
    let mut bytes = 0;
    let mut value = leaf;
    for _ in 0..2 {
        let Value::Object(members) = value else { break };
        let mut biggest = None;
        for (key, member) in members {
            let size = serde_json_canonicalizer::to_vec(member)?.len();
            if biggest.is_none_or(|(_, _, most)| size > most) {
                biggest = Some((key, member, size));
            }
        }
        let Some((key, member, size)) = biggest else {
            break;
        };
        path = format!("{path}/{}", pointer_token(key));
        (value, bytes) = (member, size);
    }
    Ok((path, bytes))
}

//! From an entry and its place in the log to the bytes that stand for ever, and back.
//!
//! Sealing never loses or alters anything silently: what the format cannot hold is refused, with
//! the field named.

use serde_json::{Map, Value};
use thiserror::Error;

use super::{
    Entry, Hash, LogName, PrivateValue,
    canonical::{self, Flaw, MAX_DEPTH, MAX_INTEGER},
    entry::pointer_token,
};

/// The most bytes a leaf may have: tlog-tiles entries carry a 16-bit length.
pub const MAX_LEAF: usize = 65_535;

/// The version of the leaf format that is written.
pub const VERSION: u64 = 1;

/// Where an entry stands: taken, with the tree's head, under one lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The log.
    pub log: LogName,
    /// Counted from 0: the leaf's index in the Merkle tree, and the tree's size before it.
    pub seq: u64,
    /// The leaf hash of entry `seq - 1`; [`Hash::ZERO`] for entry 0.
    pub prev: Hash,
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Its index in the tree.
    pub seq: u64,
    /// The canonical bytes.
    pub leaf: Vec<u8>,
    /// The leaf hash: the next entry's `prev`.
    pub hash: Hash,
    /// What goes beside the log, to be erased when it must.
    pub private: Vec<PrivateValue>,
}

/// Why an entry cannot become a leaf.
#[derive(Debug, Error)]
pub enum SealError {
    /// Over [`MAX_LEAF`].
    #[error(
        "the leaf has {bytes} bytes of at most {MAX_LEAF}; the biggest field is {biggest} with {biggest_bytes}"
    )]
    TooLong {
        /// Of the whole leaf.
        bytes: usize,
        /// A JSON Pointer, at most two levels deep.
        biggest: String,
        /// Of that field's value.
        biggest_bytes: usize,
    },
    /// A float, or an integer that not every JSON reader keeps.
    #[error("{path} is not an integer within 2^53 - 1")]
    NotAnInteger {
        /// A JSON Pointer.
        path: String,
    },
    /// Over [`MAX_DEPTH`] levels.
    #[error("{path} is nested deeper than {MAX_DEPTH} levels")]
    TooDeep {
        /// A JSON Pointer.
        path: String,
    },
    /// A `Private` that was read from a leaf has no value to hand back.
    #[error("{path} holds a private value that was read from a leaf")]
    NotOpened {
        /// A JSON Pointer.
        path: String,
    },
    /// A time outside the years 1970 to 9999.
    #[error("the entry cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
}

/// Why bytes are not a leaf of version 1.
#[derive(Debug, Error)]
pub enum ParseError {
    /// Longer than any leaf.
    #[error("{0} bytes are more than a leaf may have")]
    TooLong(usize),
    /// Not the one canonical spelling.
    #[error("not canonical at {0}")]
    NotCanonical(#[from] Flaw),
    /// Written by a version that this one does not know.
    #[error("leaf version {0} is not known")]
    UnknownVersion(Value),
    /// An absent field is an absent key.
    #[error("`{0}` is null")]
    Null(String),
    /// A field is missing, unknown, or has the wrong form.
    #[error("not an entry: {0}")]
    NotAnEntry(#[from] serde_json::Error),
}

impl Entry {
    /// The entry's bytes at this place, their hash, and the private values to store apart.
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
            .collect::<Result<_, _>>()?;
        Ok(Sealed {
            seq: at.seq,
            hash: Hash::leaf(&bytes),
            leaf: bytes,
            private,
        })
    }

    /// Reads a leaf back: its place and its content, private values as hashes only.
    pub fn parse(leaf: &[u8]) -> Result<(Position, Self), ParseError> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Place {
            log: LogName,
            seq: u64,
            prev: Hash,
        }
        if leaf.len() > MAX_LEAF {
            return Err(ParseError::TooLong(leaf.len()));
        }
        canonical::scan(leaf)?;
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
        let Place { log, seq, prev } = serde_json::from_value(Value::Object(place))?;
        let entry = serde_json::from_value(Value::Object(members))?;
        Ok((Position { log, seq, prev }, entry))
    }
}

/// The first field outside `data` that is null: serde would read it as absent.
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
            // `as_i64` is None for every float, also for 1.0.
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

/// The largest member, and inside it the largest again: `/data/findings` says more than `/data`.
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

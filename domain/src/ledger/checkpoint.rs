//! A checkpoint: the log's name, its size and its root, signed (C2SP tlog-checkpoint, signed-note).
//!
//! Whoever keeps one can later tell that everything before it is unchanged. The key's name is the
//! log's name; a note without a good signature by that name and a known key is not a checkpoint.

use ed25519_dalek::Signer as _;
use signed_note::{
    Note, NoteError, Signer, StandardVerifier, VerificationError, Verifier, VerifierError,
    Verifiers,
};
use thiserror::Error;

use super::{Hash, LogName};

/// The head of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub log: LogName,
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Why a note is not a checkpoint of this log, or a key not a key.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// Not a signed note, or its text not a checkpoint.
    #[error("not a signed checkpoint")]
    Malformed,
    /// Signed, but by none of the keys given.
    #[error("no signature by a known key of this log")]
    Unsigned,
    /// A signature by a known key that does not hold.
    #[error("the signature by {0} is wrong")]
    WrongSignature(String),
    /// A checkpoint of another log.
    #[error("it is a checkpoint of the log `{0}`")]
    OtherLog(String),
    /// Not a verifier key `name+id+base64`.
    #[error("`{text}` is not an Ed25519 verifier key: {source}")]
    WrongVkey {
        /// The line as given.
        text: String,
        /// What was wrong.
        source: VerifierError,
    },
}

impl Checkpoint {
    /// The note's text, which is what gets signed: three lines.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.log, self.size, self.root.base64())
    }

    /// Reads the text; extension lines of others are allowed and not kept.
    fn parse(text: &[u8]) -> Result<Self, CheckpointError> {
        let parsed =
            tlog_tiles::Checkpoint::from_bytes(text).map_err(|_| CheckpointError::Malformed)?;
        // One checkpoint has one spelling.
        if parsed.to_bytes() != text {
            return Err(CheckpointError::Malformed);
        }
        let log = LogName::parse(parsed.origin()).map_err(|_| CheckpointError::Malformed)?;
        Ok(Self {
            log,
            size: parsed.size(),
            root: (*parsed.hash()).into(),
        })
    }
}

/// The key that signs a log's checkpoints.
pub struct SigningKey {
    log: LogName,
    id: u32,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// From the 32 secret bytes of RFC 8032.
    pub fn from_seed(log: LogName, seed: &[u8; 32]) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        // The first byte is the type of the key: 0x01 is Ed25519.
        let typed = [&[1], key.verifying_key().as_bytes().as_slice()].concat();
        Self {
            id: signed_note::key_id(log.as_str(), &typed),
            log,
            key,
        }
    }

    /// The public half, as text to hand out: `name+id+base64`.
    pub fn vkey(&self) -> String {
        signed_note::new_ed25519_verifier_key(self.log.as_str(), &self.key.verifying_key())
    }

    /// Signs the head of this key's log.
    pub fn sign(&self, size: u64, root: Hash) -> Result<String, CheckpointError> {
        let text = Checkpoint {
            log: self.log.clone(),
            size,
            root,
        }
        .text();
        let mut note = Note::new(text.as_bytes(), &[]).map_err(|_| CheckpointError::Malformed)?;
        note.add_sigs(&[self])
            .map_err(|_| CheckpointError::Malformed)?;
        String::from_utf8(note.to_bytes()).map_err(|_| CheckpointError::Malformed)
    }
}

impl Signer for SigningKey {
    fn name(&self) -> &str {
        self.log.as_str()
    }
    fn key_id(&self) -> u32 {
        self.id
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ed25519_dalek::SignatureError> {
        self.key
            .try_sign(message)
            .map(|signature| signature.to_vec())
    }
}

/// The verifier keys that a reader trusts, obtained apart from the log.
#[derive(Clone, Default)]
pub struct Vkeys(Vec<StandardVerifier>);

impl Vkeys {
    /// One key a line; empty lines and lines that begin with `#` are skipped.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let lines = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines
            .map(|line| {
                StandardVerifier::new(line).map_err(|source| CheckpointError::WrongVkey {
                    text: line.to_owned(),
                    source,
                })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Checks the note's signatures and reads it as a checkpoint of this log.
    pub fn open(&self, note: &str, log: &LogName) -> Result<Checkpoint, CheckpointError> {
        let parsed = Note::from_bytes(note.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
        if parsed.to_bytes() != note.as_bytes() {
            return Err(CheckpointError::Malformed);
        }
        let (signed, _) = parsed.verify(self).map_err(|error| match error {
            NoteError::InvalidSignature { name, .. } => CheckpointError::WrongSignature(name),
            NoteError::MalformedNote => CheckpointError::Malformed,
            _ => CheckpointError::Unsigned,
        })?;
        let checkpoint = Checkpoint::parse(parsed.text())?;
        if checkpoint.log != *log {
            return Err(CheckpointError::OtherLog(checkpoint.log.into()));
        }
        // A witness vouches that it saw the checkpoint, not that the log made it.
        if !signed
            .iter()
            .any(|signature| signature.name() == log.as_str())
        {
            return Err(CheckpointError::Unsigned);
        }
        Ok(checkpoint)
    }
}

impl Verifiers for Vkeys {
    fn verifier(&self, name: &str, id: u32) -> Result<&dyn Verifier, VerificationError> {
        self.0
            .iter()
            .find(|key| key.name() == name && key.key_id() == id)
            .map(|key| key as &dyn Verifier)
            .ok_or_else(|| VerificationError::UnknownKey {
                name: name.to_owned(),
                id,
            })
    }
}

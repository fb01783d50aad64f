//! Checkpoints: the name, size and root of a log, signed (C2SP tlog-checkpoint, signed-note).
//!
//! A checkpoint that is kept elsewhere proves later that everything before it is unchanged. The name of the key is the
//! name of the log. A note without a valid signature by that name and a known key must never pass as a checkpoint.

use ed25519_dalek::Signer as _;
use signed_note::{
    Note, NoteError, Signer, StandardVerifier, VerificationError, Verifier, VerifierError,
    Verifiers,
};
use thiserror::Error;

use super::{Hash, LogName};

/// A signed tree head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub log: LogName,
    /// The number of leaves.
    pub size: u64,
    pub root: Hash,
}

/// An error in a checkpoint or a verifier key.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// The text is not a signed note, or the note is not a checkpoint.
    #[error("not a signed checkpoint")]
    Malformed,
    /// None of the given keys signed the checkpoint.
    #[error("no signature by a known key of this log")]
    Unsigned,
    /// A signature by a known key is invalid.
    #[error("the signature by {0} is invalid")]
    WrongSignature(String),
    /// The checkpoint belongs to another log.
    #[error("the checkpoint belongs to the log `{0}`")]
    OtherLog(String),
    /// The line is not a verifier key `name+id+base64`.
    #[error("`{text}` is not an Ed25519 verifier key: {source}")]
    WrongVkey { text: String, source: VerifierError },
}

impl Checkpoint {
    /// Returns the signed text of the note: three lines.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.log, self.size, self.root.base64())
    }

    /// Parses the text. Extension lines are allowed and discarded.
    fn parse(text: &[u8]) -> Result<Self, CheckpointError> {
        let parsed =
            tlog_tiles::Checkpoint::from_bytes(text).map_err(|_| CheckpointError::Malformed)?;
        // Each checkpoint has exactly one spelling.
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

/// The key that signs the checkpoints of a log.
pub struct SigningKey {
    log: LogName,
    id: u32,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// Creates the key from the 32 secret bytes of RFC 8032.
    pub fn from_seed(log: LogName, seed: &[u8; 32]) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        // The first byte is the key type: 0x01 is Ed25519.
        let typed = [&[1], key.verifying_key().as_bytes().as_slice()].concat();
        Self {
            id: signed_note::key_id(log.as_str(), &typed),
            log,
            key,
        }
    }

    /// Returns the verifier key to publish: `name+id+base64`.
    pub fn vkey(&self) -> String {
        signed_note::new_ed25519_verifier_key(self.log.as_str(), &self.key.verifying_key())
    }

    /// Signs a tree head of the log.
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

/// The verifier keys that a reader trusts, obtained independently of the log.
#[derive(Clone, Default)]
pub struct Vkeys(Vec<StandardVerifier>);

impl Vkeys {
    /// Parses one key per line. Empty lines and lines that begin with `#` are skipped.
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

    /// Verifies the signatures of the note and parses it as a checkpoint of this log.
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
        // A witness signature proves that the witness saw the checkpoint, not that the log issued it.
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

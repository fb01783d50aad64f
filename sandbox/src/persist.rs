//! Persistence: like AWS, the sandbox must not lose state when its process is killed.
//!
//! A write reaches the journal before it is answered; the next snapshot empties the journal. The journal stores calls,
//! not their effects: each call carries its time, its random seed and its fault effects, so that replaying it produces
//! the same state. Reads are never replayed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::aws::call::{CallOutcome, Caller, Timing};
use crate::aws::calls::CallRecord;
use crate::aws::response::replay;
use crate::aws::service::is_write;
use crate::aws::sso_admin::operation::{Operation, Operations};
use crate::clock::Clock;
use crate::org::Organisation;
use crate::state::SandboxState;

/// An error that occurs when the state file is read or written.
#[derive(Debug, thiserror::Error)]
pub enum PersistError {
    #[error("cannot use the state file {path}: {source}")]
    File { path: String, source: io::Error },
    #[error("the state file {path} does not match this version: {source}")]
    Parse {
        path: String,
        source: serde_json::Error,
    },
}

/// The sandbox state, except its clock, quotas and fault rules.
#[derive(Serialize, Deserialize)]
pub(crate) struct Saved {
    organisation: Organisation,
    operations: Vec<Operation>,
    /// Calls to write operations, successful or not. Reads are too many to store.
    calls: Vec<CallRecord>,
    /// Journal entries with a lower number are already included.
    next_call: u64,
}

/// A call in the journal.
#[derive(Serialize, Deserialize)]
pub(crate) struct Entry {
    pub record: CallRecord,
    pub caller: Caller,
    /// The request body if the handler ran. A call that was rejected before is recorded but not replayed.
    pub body: Option<String>,
    pub seed: u64,
    pub fate: CallOutcome,
    pub timing: Timing,
}

/// The open journal file.
pub(crate) struct Journal {
    file: File,
    /// The number of the last call in the journal.
    last: u64,
}

impl Journal {
    /// Writes the entry to the operating system, which keeps it when this process is killed.
    pub fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.last = entry.record.seq;
        Ok(())
    }
}

impl SandboxState {
    /// Opens a state file and replays its journal, or creates one from `organisation`.
    pub fn open(
        path: &Path,
        organisation: impl FnOnce() -> Organisation,
        clock: Clock,
    ) -> Result<Self, PersistError> {
        let failed = |source| PersistError::File {
            path: path.display().to_string(),
            source,
        };
        let mut sandbox = match std::fs::read(path) {
            Ok(text) => {
                let saved =
                    serde_json::from_slice(&text).map_err(|source| PersistError::Parse {
                        path: path.display().to_string(),
                        source,
                    })?;
                restore(saved, clock)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                SandboxState::of(organisation(), clock)
            }
            Err(error) => return Err(failed(error)),
        };
        let journal = journal_path(path);
        let begun_at = sandbox.calls.next_number();
        if let Ok(text) = std::fs::read_to_string(&journal) {
            // The last line may be incomplete; the entry of an answered call never is.
            for entry in text
                .lines()
                .filter_map(|line| serde_json::from_str::<Entry>(line).ok())
            {
                if entry.record.seq >= begun_at {
                    replay(&mut sandbox, entry);
                }
            }
        }
        let next = sandbox.calls.next_number();
        sandbox.entropy =
            ChaCha8Rng::seed_from_u64(sandbox.clock.now_ms().unsigned_abs() ^ (next << 20));
        // Write a snapshot now: the journal is only usable on top of one.
        write_atomically(path, &sandbox.snapshot()).map_err(failed)?;
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&journal)
            .map_err(failed)?;
        file.set_len(0).map_err(failed)?;
        sandbox.journal = Some(Journal { file, last: 0 });
        Ok(sandbox)
    }

    pub(crate) fn saved(&self) -> Saved {
        Saved {
            organisation: self.organisation(),
            operations: self.operations.iter().cloned().collect(),
            calls: self
                .calls
                .iter()
                .filter(|record| is_write(&record.operation))
                .cloned()
                .collect(),
            next_call: self.calls.next_number(),
        }
    }

    /// Returns the current content of the state file.
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        serde_json::to_vec(&self.saved()).expect("plain data always serializes")
    }

    /// Empties the journal after a snapshot that was taken before call `next_call`, unless the journal has later calls.
    pub(crate) fn forget_journal(&mut self, next_call: u64) {
        if let Some(journal) = &mut self.journal
            && journal.last < next_call
            && let Err(error) = journal.file.set_len(0)
        {
            tracing::warn!(%error, "cannot empty the sandbox journal");
        }
    }
}

fn restore(saved: Saved, clock: Clock) -> SandboxState {
    let mut sandbox = SandboxState::of(saved.organisation, clock);
    sandbox.operations = Operations::restore(saved.operations);
    for record in saved.calls {
        sandbox.calls.push(record);
    }
    sandbox.calls.skip_to(saved.next_call);
    sandbox
}

/// Replaces a file atomically: a reader sees the old or the new content, never a part of it.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&beside, content)?;
    std::fs::rename(&beside, path)
}

fn journal_path(path: &Path) -> PathBuf {
    let mut journal = path.as_os_str().to_owned();
    journal.push(".journal");
    journal.into()
}

//! Seals the ledger: signs its head at most a minute after an entry.
//!
//! Signs only what it has read: it hashes the new leaves again and appends them to the tree that it signed before. A
//! log that was rewritten below the last checkpoint is therefore never signed, and is reported instead. A checkpoint is
//! written to the file beside the key before it is written to the database.

mod copy;
mod key;

pub use copy::COPY_FILE;
pub use key::{KEY_FILE, KEY_VARIABLE, KeyError, VKEY_FILE};

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::ledger::{
    Checkpoint, CheckpointError, Hash, LogName, SigningKey, Vkeys,
    tree::{self, Need, TreeError},
};
use thiserror::Error;
use tokio::sync::watch;

use crate::{
    clock::Clock,
    service::journal::Journal,
    store::{
        Store, StoreError,
        ledger::{self, LedgerError},
    },
};

/// How often the sealer checks for new entries.
const EVERY: Duration = Duration::from_secs(20);
/// The maximum number of entries per checkpoint. More entries are signed in several steps.
const STEP: u64 = 10_000;
/// The maximum number of entries in memory.
const PAGE: u32 = 500;

/// The reason why nothing was signed, or why the process must not start.
#[derive(Debug, Error)]
pub enum Fault {
    #[error("the ledger cannot be read")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The copy outside the database cannot be read or written.
    #[error("{path}: {source}")]
    Copy { path: PathBuf, source: io::Error },
    /// No known key signed the checkpoint.
    #[error("the newest checkpoint in {place} is not one of this ledger's: {source}. {LOOK}")]
    Strange {
        /// The file or database that holds the checkpoint.
        place: String,
        source: CheckpointError,
    },
    /// The ledger has fewer entries than were signed: an older backup was restored, or the end was cut off.
    #[error(
        "the ledger has {found} entries, but a checkpoint in {place} covers {promised}. {LOOK}"
    )]
    Shorter {
        /// The file or database that holds the checkpoint.
        place: String,
        /// The number of entries that the checkpoint covers.
        promised: u64,
        /// The number of entries found.
        found: u64,
    },
    /// The history differs from the signed one.
    #[error("the first {size} entries of the ledger are not those that were signed. {LOOK}")]
    Rewritten {
        /// The number of entries that the checkpoint covers.
        size: u64,
    },
    /// The entries, their number and the tree are inconsistent.
    #[error("the ledger is inconsistent: {0}. {LOOK}")]
    NotWhole(String),
}

/// The advice at the end of a fault.
const LOOK: &str = "Do not write to this database. Run `leastwise ledger verify` to find the first altered entry, \
                    and compare with a backup of the database and checkpoints.log";

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Self {
        Self::Store(error.into())
    }
}

impl From<TreeError> for Fault {
    fn from(error: TreeError) -> Self {
        Self::NotWhole(error.to_string())
    }
}

/// Signs the checkpoints of one log. Cheap to clone.
#[derive(Clone)]
pub struct Sealer {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    clock: Clock,
    journal: Journal,
    key: SigningKey,
    vkeys: Vkeys,
    copy: PathBuf,
    /// The size and root of the last signed head. The lock serializes signing.
    signed: tokio::sync::Mutex<(u64, Hash)>,
    trouble: Mutex<Option<String>>,
}

impl Sealer {
    /// Loads or creates the key, and verifies that the ledger still matches what was signed. `folder` holds the key and
    /// the copy; `given` is the value of [`KEY_VARIABLE`], if it is set.
    pub async fn open(
        store: Store,
        clock: Clock,
        journal: Journal,
        folder: &Path,
        given: Option<&str>,
    ) -> Result<Self, Fault> {
        let copy = folder.join(COPY_FILE);
        let in_file = copy::last(&copy).map_err(|source| Fault::Copy {
            path: copy.clone(),
            source,
        })?;
        let in_database = ledger::newest_checkpoint(&store)
            .await?
            .map(|signed| signed.note);
        let log = if in_file.is_some() || in_database.is_some() {
            key::Log::Signed
        } else {
            key::Log::New
        };
        let (key, vkeys) = key::load(folder, given, journal.log(), log)?;
        let file = copy.display().to_string();
        let in_file = read(&vkeys, journal.log(), &file, in_file)?;
        let in_database = read(&vkeys, journal.log(), "the database", in_database)?;
        if in_file.is_none() && in_database.is_some() {
            tracing::warn!(
                file,
                "no checkpoint was kept outside the database; new ones will be"
            );
        }
        for (place, checkpoint) in [(file.as_str(), &in_file), ("the database", &in_database)] {
            if let Some(checkpoint) = checkpoint {
                compare(&store, place, checkpoint).await?;
            }
        }
        head_matches_last_entry(&store).await?;
        let largest = in_file
            .into_iter()
            .chain(in_database)
            .max_by_key(|checkpoint| checkpoint.size);
        let signed = largest.map_or((0, Hash::EMPTY_TREE), |checkpoint| {
            (checkpoint.size, checkpoint.root)
        });
        let signed = tokio::sync::Mutex::new(signed);
        let shared = Shared {
            store,
            clock,
            journal,
            key,
            vkeys,
            copy,
            signed,
            trouble: Mutex::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Returns the public key, to publish.
    pub fn vkey(&self) -> String {
        self.shared.key.vkey()
    }

    /// Returns why signing currently fails, if it does. The server is then not ready.
    pub fn trouble(&self) -> Option<String> {
        self.shared
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Signs all unsigned entries. Returns the newest checkpoint, or `None` if there was nothing to sign.
    pub async fn seal_now(&self) -> Result<Option<Checkpoint>, Fault> {
        let mut signed = self.shared.signed.lock().await;
        let size = ledger::head(&self.shared.store)
            .await?
            .map_or(0, |head| head.size);
        let mut newest = None;
        while signed.0 < size {
            let checkpoint = self.extend(*signed, size.min(signed.0 + STEP)).await?;
            self.sign(&checkpoint).await?;
            *signed = (checkpoint.size, checkpoint.root);
            newest = Some(checkpoint);
        }
        Ok(newest)
    }

    /// Extends the signed tree by the leaves in the database, and compares the result with the stored tree.
    async fn extend(&self, (old, old_root): (u64, Hash), size: u64) -> Result<Checkpoint, Fault> {
        let store = &self.shared.store;
        let mut hashes = ledger::tree_hashes(store, &[Need::Root { size: old }]).await?;
        if tree::root(&hashes, old)? != old_root {
            return Err(Fault::Rewritten { size: old });
        }
        let mut seq = old;
        while seq < size {
            let after = i64::try_from(seq).unwrap_or(i64::MAX) - 1;
            let page = ledger::entries_after(store, (seq > 0).then_some(after), PAGE).await?;
            if page.is_empty() {
                return Err(Fault::NotWhole(format!("entry {seq} is missing")));
            }
            for stored in page
                .iter()
                .take(usize::try_from(size - seq).unwrap_or(usize::MAX))
            {
                let leaf = stored
                    .leaf
                    .as_deref()
                    .filter(|_| u64::try_from(stored.seq) == Ok(seq));
                let leaf =
                    leaf.ok_or_else(|| Fault::NotWhole(format!("entry {seq} is missing")))?;
                let grown = tree::append(&hashes, seq, Hash::leaf(leaf.as_bytes()))?;
                hashes.extend(grown);
                seq += 1;
            }
        }
        let root = tree::root(&hashes, size)?;
        let stored: BTreeMap<u64, Hash> =
            ledger::tree_hashes(store, &[Need::Root { size }]).await?;
        if tree::root(&stored, size)? != root {
            let which = format!(
                "an entry from {old} to {} differs from what was hashed when it was written",
                size - 1
            );
            return Err(Fault::NotWhole(which));
        }
        Ok(Checkpoint {
            log: self.shared.journal.log().clone(),
            size,
            root,
        })
    }

    async fn sign(&self, checkpoint: &Checkpoint) -> Result<(), Fault> {
        let shared = &self.shared;
        let note = shared
            .key
            .sign(checkpoint.size, checkpoint.root)
            .map_err(|source| Fault::Strange {
                place: "memory".to_owned(),
                source,
            })?;
        let (path, text) = (shared.copy.clone(), note.clone());
        let written = tokio::task::spawn_blocking(move || copy::append(&path, &text)).await;
        written
            .unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
            .map_err(|source| Fault::Copy {
                path: shared.copy.clone(),
                source,
            })?;
        let mut tx = shared.store.write().await?;
        ledger::insert_checkpoint(&mut tx, checkpoint, &note, shared.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Runs forever. Every process writes the counts that it keeps in memory; only the one in which the engine runs signs,
    /// because each signature needs all new entries to be read.
    pub async fn run(self, engine_runs_here: watch::Receiver<bool>) {
        loop {
            tokio::time::sleep(EVERY).await;
            self.write_counts().await;
            if *engine_runs_here.borrow() {
                self.look().await;
            }
        }
    }

    async fn write_counts(&self) {
        if let Err(error) = self.shared.journal.write_due_counts().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the counts could not be written to the ledger"
            );
        }
    }

    async fn look(&self) {
        let trouble = match self.seal_now().await {
            Ok(_) => None,
            Err(fault) => {
                tracing::error!(
                    error = &fault as &dyn std::error::Error,
                    "the ledger could not be sealed"
                );
                Some(fault.to_string())
            }
        };
        *self
            .shared
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// Writes the pending counts and the stop of the log, and seals them. Used for an orderly shutdown.
    pub async fn close(&self) -> Result<(), Fault> {
        let shared = &self.shared;
        shared.journal.write_all_counts().await?;
        let mut tx = shared.store.write().await?;
        shared
            .journal
            .append(&mut tx, shared.journal.log_stopped())
            .await?;
        tx.commit().await?;
        self.seal_now().await.map(|_| ())
    }

    /// Returns the keys whose signatures are accepted on checkpoints of this log.
    pub fn vkeys(&self) -> &Vkeys {
        &self.shared.vkeys
    }
}

fn read(
    vkeys: &Vkeys,
    log: &LogName,
    place: &str,
    note: Option<String>,
) -> Result<Option<Checkpoint>, Fault> {
    note.map(|note| {
        vkeys.open(&note, log).map_err(|source| Fault::Strange {
            place: place.to_owned(),
            source,
        })
    })
    .transpose()
}

/// Compares the stored tree with a checkpoint.
async fn compare(store: &Store, place: &str, checkpoint: &Checkpoint) -> Result<(), Fault> {
    let found = ledger::head(store).await?.map_or(0, |head| head.size);
    if found < checkpoint.size {
        return Err(Fault::Shorter {
            place: place.to_owned(),
            promised: checkpoint.size,
            found,
        });
    }
    let hashes = ledger::tree_hashes(
        store,
        &[Need::Root {
            size: checkpoint.size,
        }],
    )
    .await?;
    if tree::root(&hashes, checkpoint.size)? == checkpoint.root {
        Ok(())
    } else {
        Err(Fault::Rewritten {
            size: checkpoint.size,
        })
    }
}

/// Checks that the head matches the last entry. The head numbers and chains the next entry.
async fn head_matches_last_entry(store: &Store) -> Result<(), Fault> {
    let (said, found) = ledger::head_and_end(store).await?;
    if found == said {
        return Ok(());
    }
    let what = format!(
        "its head records {} entries ending in {}, but there are {} ending in {}",
        said.0, said.1, found.0, found.1
    );
    Err(Fault::NotWhole(what))
}

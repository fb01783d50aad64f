//! Seals the ledger: signs its head at most a minute after an entry.
//!
//! Signs only what it has read: the new leaves, hashed again, on the tree that it signed before. So
//! a log that was written anew below the last checkpoint is never signed by us, and is reported
//! instead. A checkpoint goes to the file beside the key before it goes to the database.

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

use crate::{
    clock::Clock,
    service::journal::Journal,
    store::{
        Store, StoreError,
        ledger::{self, LedgerError},
    },
};

/// How often it looks whether there is something to sign.
const EVERY: Duration = Duration::from_secs(20);
/// How many entries are read for one checkpoint; more are signed in steps.
const STEP: u64 = 10_000;
/// How many entries are in memory at once.
const PAGE: u32 = 500;

/// Why nothing was signed, or why the process must not start.
#[derive(Debug, Error)]
pub enum Fault {
    /// The database's.
    #[error("the ledger cannot be read")]
    Store(#[from] StoreError),
    /// The key's.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The copy outside the database.
    #[error("{path}: {source}")]
    Copy {
        /// Which file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// A checkpoint that none of our keys signed.
    #[error("the newest checkpoint in {place} is not one of this ledger's: {source}. {LOOK}")]
    Strange {
        /// Where it stands.
        place: String,
        /// What is wrong with it.
        source: CheckpointError,
    },
    /// Fewer entries than were signed: an older backup, or the end was cut off.
    #[error(
        "the ledger has {found} entries, but a checkpoint in {place} covers {promised}. {LOOK}"
    )]
    Shorter {
        /// Where the checkpoint stands.
        place: String,
        /// What it covers.
        promised: u64,
        /// What there is.
        found: u64,
    },
    /// Another history than the one that was signed.
    #[error("the first {size} entries of the ledger are not those that were signed. {LOOK}")]
    Rewritten {
        /// What the checkpoint covers.
        size: u64,
    },
    /// Entries, their number and the tree contradict each other.
    #[error("the ledger is not whole: {0}. {LOOK}")]
    NotWhole(String),
}

/// What whoever reads a fault can do.
const LOOK: &str = "Do not write to this database. `leastwise ledger verify` names the first entry that is not as it \
                    was; compare with a backup of database and checkpoints.log";

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

/// Signs one log. Cheap to clone.
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
    /// The head that was signed last; a lock, so that one signing runs at a time.
    signed: tokio::sync::Mutex<(u64, Hash)>,
    trouble: Mutex<Option<String>>,
}

impl Sealer {
    /// Takes or makes the key, and makes sure that the ledger still is what was signed before.
    /// `folder` holds the key and the copy; `given` is the value of [`KEY_VARIABLE`], if it is set.
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
                "no checkpoint was kept outside the database; from here on they are"
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

    /// The public key, to hand out.
    pub fn vkey(&self) -> String {
        self.shared.key.vkey()
    }

    /// Why nothing is signed at the moment, if so: then the server is not ready.
    pub fn trouble(&self) -> Option<String> {
        self.shared
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Signs what is not signed yet; answers the checkpoint, if there was anything to sign.
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

    /// The tree that was signed, grown by the leaves that stand in the database now.
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
                "an entry from {old} to {} is not the one that was hashed when it was written",
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

    /// Seals for ever.
    pub async fn run(self) {
        loop {
            tokio::time::sleep(EVERY).await;
            self.look().await;
        }
    }

    async fn look(&self) {
        if let Err(error) = self.shared.journal.write_due_counts().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "counts wait to be written to the ledger"
            );
        }
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

    /// Writes what waits and that the log stops, and seals it: for an end in good order.
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

    /// The keys that checkpoints of this log are believed by.
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

/// The stored tree against a checkpoint.
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

/// The next entry is numbered and chained by the head: it must be the last entry's.
async fn head_matches_last_entry(store: &Store) -> Result<(), Fault> {
    let (said, found) = ledger::head_and_end(store).await?;
    if found == said {
        return Ok(());
    }
    let what = format!(
        "its head says {} entries ending in {}, but there are {} ending in {}",
        said.0, said.1, found.0, found.1
    );
    Err(Fault::NotWhole(what))
}

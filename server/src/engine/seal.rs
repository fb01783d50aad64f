//! Seals the ledger: signs its head at most a minute after an entry, in a job (`server/src/jobs`).
//!
//! Signs only what it has read: it hashes the new leaves again and appends them to the tree that it signed before. A
//! log that was rewritten below the last checkpoint is therefore never signed, and is reported instead. An entry without a
//! valid MAC is never signed over. A checkpoint is written to the file beside the key before it is written to the database.

mod adopt;
mod copy;
mod end;
mod fault;
mod key;
mod start_check;
mod stored_projection;

pub use adopt::Adoption;
pub use copy::COPY_FILE;
pub use end::{END_FILE, keep_end, kept_end};
pub use fault::Fault;
pub use key::{KEY_FILE, KEY_VARIABLE, KeyError, VKEY_FILE};
pub use start_check::SignedPart;
use stored_projection::Occasion;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::ledger::{
    Checkpoint, Hash, SigningKey, Vkeys,
    tree::{self, Need},
};
use tokio::sync::watch;

use crate::{
    clock::Clock,
    service::journal::Journal,
    store::{
        Store,
        ledger::{self, CaughtUp, EntryFlaw, NotAuthentic},
    },
};

/// How often the counts in memory are looked at.
const EVERY: Duration = Duration::from_secs(20);
/// The maximum number of entries per checkpoint. More entries are signed in several steps.
const STEP: u64 = 10_000;
/// How often the end of the ledger is followed, and kept beside the key.
const FOLLOW: Duration = Duration::from_secs(1);

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
    /// The folder of the key.
    folder: PathBuf,
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
        let in_file = start_check::open(&vkeys, journal.log(), &file, in_file)?;
        let in_database = start_check::open(&vkeys, journal.log(), "the database", in_database)?;
        if in_file.is_none() && in_database.is_some() {
            tracing::warn!(
                file,
                "no checkpoint was kept outside the database; new ones will be"
            );
        }
        for (place, checkpoint) in [(file.as_str(), &in_file), ("the database", &in_database)] {
            if let Some(checkpoint) = checkpoint {
                start_check::compare(&store, place, checkpoint).await?;
            }
        }
        let largest = in_file
            .into_iter()
            .chain(in_database)
            .max_by_key(|checkpoint| checkpoint.size);
        let signed = largest.map_or((0, Hash::EMPTY_TREE), |checkpoint| {
            (checkpoint.size, checkpoint.root)
        });
        let adoption = Adoption::of_earlier_version(&store, &journal, signed).await?;
        if let Some(adoption) = adoption {
            adoption.finish().await?;
        }
        start_check::authentic_to_the_end(&store, journal.log(), folder).await?;
        let signed = tokio::sync::Mutex::new(signed);
        let shared = Shared {
            store,
            clock,
            journal,
            key,
            vkeys,
            copy,
            folder: folder.to_owned(),
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
        let fault = self.shared.store.tail().fault();
        let fault = fault.map(|fault| Fault::NotAuthentic(fault).to_string());
        let trouble = self.shared.trouble();
        fault.or_else(|| trouble.clone())
    }

    /// Whether there are entries that this process knows of and has not signed, or the last attempt failed. False while it
    /// signs.
    pub fn is_due(&self) -> bool {
        let known = self
            .shared
            .store
            .tail()
            .verified()
            .map_or(0, |end| end.size);
        let Ok(signed) = self.shared.signed.try_lock() else {
            return false;
        };
        signed.0 < known || self.shared.trouble().is_some()
    }

    /// Signs all unsigned entries, up to the first one that is not authentic. Returns the newest checkpoint, or `None` if
    /// there was nothing to sign.
    pub async fn seal_now(&self) -> Result<Option<Checkpoint>, Fault> {
        self.seal(|_, _| ()).await
    }

    /// Tells after each checkpoint how many entries of how many are signed.
    async fn seal(&self, told: impl Fn(u64, u64)) -> Result<Option<Checkpoint>, Fault> {
        let mut signed = self.shared.signed.lock().await;
        let CaughtUp { end, fault } = self.shared.caught_up().await?;
        let mut newest = None;
        while signed.0 < end.size {
            let checkpoint = self.extend(*signed, end.size.min(signed.0 + STEP)).await?;
            self.sign(&checkpoint).await?;
            *signed = (checkpoint.size, checkpoint.root);
            told(checkpoint.size, end.size);
            newest = Some(checkpoint);
        }
        match fault {
            Some(fault) => Err(Fault::NotAuthentic(fault)),
            None => Ok(newest),
        }
    }

    /// Extends the signed tree by the leaves in the database, and compares the result with the stored tree.
    async fn extend(&self, (old, old_root): (u64, Hash), size: u64) -> Result<Checkpoint, Fault> {
        let (store, log) = (&self.shared.store, self.shared.journal.log());
        let mut hashes = ledger::tree_hashes(store, &[Need::Root { size: old }]).await?;
        if tree::root(&hashes, old)? != old_root {
            return Err(Fault::Rewritten { size: old });
        }
        let mut conn = store.connection().await?;
        let mut seq = old;
        while seq < size {
            let page = ledger::maced_entries(&mut conn, seq).await?;
            if page.is_empty() {
                return Err(Fault::NotWhole(format!("entry {seq} is missing")));
            }
            for stored in page
                .iter()
                .take(usize::try_from(size - seq).unwrap_or(usize::MAX))
            {
                // It was verified before, and may have been altered since.
                let end = stored.verified_end(store.tail(), log);
                let end = end.filter(|end| end.size == seq + 1);
                let why = EntryFlaw::Altered;
                let end = end.ok_or(Fault::NotAuthentic(NotAuthentic { seq, why }))?;
                let grown = tree::append(&hashes, seq, end.leaf)?;
                hashes.extend(grown);
                seq += 1;
            }
        }
        drop(conn);
        let root = tree::root(&hashes, size)?;
        let stored: BTreeMap<u64, Hash> =
            ledger::tree_hashes(store, &[Need::Root { size }]).await?;
        if tree::root(&stored, size)? != root {
            let which = format!(
                "the tree differs from the entries from {old} to {}",
                size - 1
            );
            return Err(Fault::NotWhole(which));
        }
        Ok(Checkpoint {
            log: log.clone(),
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

    /// Writes the counts that this process keeps in memory. Runs forever. A job signs what is written.
    pub async fn count(self, engine_runs_here: watch::Receiver<bool>) {
        loop {
            tokio::time::sleep(EVERY).await;
            self.write_counts().await;
            if !*engine_runs_here.borrow() {
                // What this process could not sign, another one does.
                self.shared.trouble().take();
            }
        }
    }

    /// Follows the end of the ledger, so that it is noticed within a second when somebody writes to it or cuts it off. Runs
    /// forever.
    pub async fn follow(self) {
        loop {
            tokio::time::sleep(FOLLOW).await;
            if let Err(error) = self.keep_end().await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the end of the ledger could not be kept"
                );
            }
        }
    }

    /// Verifies the newest entries, and writes the end to the file beside the key.
    pub async fn keep_end(&self) -> Result<(), Fault> {
        let shared = &self.shared;
        let end = shared.caught_up().await?.end;
        if end.size == 0 {
            return Ok(());
        }
        let folder = shared.folder.clone();
        let written = tokio::task::spawn_blocking(move || keep_end(&folder, &end)).await;
        written
            .unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
            .map_err(|source| Fault::Copy {
                path: shared.folder.join(END_FILE),
                source,
            })
    }

    async fn write_counts(&self) {
        if let Err(error) = self.shared.journal.write_due_counts().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the counts could not be written to the ledger"
            );
        }
    }

    /// Signs all unsigned entries. The server is not ready as long as this fails. Tells after each checkpoint how many entries
    /// of how many are signed.
    pub async fn seal_and_tell(
        &self,
        told: impl Fn(u64, u64),
    ) -> Result<Option<Checkpoint>, Fault> {
        let sealed = self.seal(told).await;
        *self.shared.trouble() = sealed.as_ref().err().map(ToString::to_string);
        self.store_projection(Occasion::Checkpoint).await;
        sealed
    }

    /// Stores what the entries say, if enough of them came. A start without it takes longer, so a failure is only logged.
    async fn store_projection(&self, occasion: Occasion) {
        let (store, log) = (&self.shared.store, self.shared.journal.log());
        if let Err(error) = stored_projection::store(store, log, occasion).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the projection of the ledger could not be stored"
            );
        }
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
        self.seal_now().await?;
        self.store_projection(Occasion::Stop).await;
        self.keep_end().await
    }

    /// Returns the keys whose signatures are accepted on checkpoints of this log.
    pub fn vkeys(&self) -> &Vkeys {
        &self.shared.vkeys
    }
}

impl Shared {
    fn trouble(&self) -> MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn caught_up(&self) -> Result<CaughtUp, Fault> {
        let mut conn = self.store.connection().await?;
        Ok(ledger::catch_up(&mut conn).await?)
    }
}

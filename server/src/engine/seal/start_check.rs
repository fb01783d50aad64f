//! What must hold before a process starts with a ledger: it contains what was signed, and every entry behind the stored
//! projection is authentic.

use std::path::Path;

use domain::ledger::{
    Checkpoint, Hash, LogName, Vkeys,
    tree::{self, Need},
};

use super::{COPY_FILE, END_FILE, Fault, KeyError, VKEY_FILE, copy, kept_end};
use crate::key_file;
use crate::store::{
    Store,
    ledger::{self, VerifiedEnd},
};

/// What the checkpoints of an installation sign.
#[derive(Debug, Clone, Copy)]
pub struct SignedPart {
    /// The size and the root of the newest one.
    pub newest: (u64, Hash),
    /// The size of the newest one outside the database.
    pub in_file: Option<u64>,
    /// The size of the newest one in the database.
    pub in_database: Option<u64>,
}

impl SignedPart {
    /// Reads the newest checkpoints, and verifies their signatures. Does not compare them with the ledger.
    pub async fn read(store: &Store, log: &LogName, folder: &Path) -> Result<Self, Fault> {
        let path = folder.join(COPY_FILE);
        let file = path.display().to_string();
        let in_file = copy::last(&path).map_err(|source| Fault::Copy { path, source })?;
        let in_database = ledger::newest_checkpoint(store).await?;
        let path = folder.join(VKEY_FILE);
        let vkeys = match key_file::read(&path) {
            Ok(text) => text.unwrap_or_default(),
            Err(source) => return Err(Fault::Copy { path, source }),
        };
        if in_file.is_none() && in_database.is_none() {
            return Ok(Self {
                newest: (0, Hash::EMPTY_TREE),
                in_file: None,
                in_database: None,
            });
        }
        let vkeys = Vkeys::parse(&vkeys).map_err(|source| KeyError::Vkey { path, source })?;
        let in_file = open(&vkeys, log, &file, in_file)?;
        let in_database = in_database.map(|signed| signed.note);
        let in_database = open(&vkeys, log, "the database", in_database)?;
        let size = |one: &Option<Checkpoint>| one.as_ref().map(|checkpoint| checkpoint.size);
        let sizes = (size(&in_file), size(&in_database));
        let newest = in_file.into_iter().chain(in_database);
        let newest = newest.max_by_key(|checkpoint| checkpoint.size);
        Ok(Self {
            newest: newest.map_or((0, Hash::EMPTY_TREE), |one| (one.size, one.root)),
            in_file: sizes.0,
            in_database: sizes.1,
        })
    }
}

/// Verifies the note of a checkpoint.
pub(super) fn open(
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
pub(super) async fn compare(
    store: &Store,
    place: &str,
    checkpoint: &Checkpoint,
) -> Result<(), Fault> {
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

/// Checks that every entry behind the stored projection is authentic, that the head states their end, and that the end that a process of this installation
/// kept is among them. Without the file, an end that was cut off behind the newest checkpoint is not noticed.
pub(super) async fn authentic_to_the_end(
    store: &Store,
    log: &LogName,
    folder: &Path,
) -> Result<(), Fault> {
    let mut conn = store.connection().await?;
    if let Some(fault) = ledger::catch_up(&mut conn).await?.fault {
        return Err(Fault::NotAuthentic(fault));
    }
    let path = folder.join(END_FILE);
    let kept = kept_end(folder).map_err(|source| Fault::Copy {
        path: path.clone(),
        source,
    })?;
    let Some((seq, mac)) = kept else {
        return Ok(());
    };
    let found = ledger::end_at(&mut conn, seq, log).await?;
    if found.is_some_and(|end: VerifiedEnd| end.mac == mac) {
        return Ok(());
    }
    Err(Fault::CutOff { seq, path })
}

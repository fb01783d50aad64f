//! Writes the ledger as a bundle, entry by entry.
//!
//! Entries never change, so no transaction spans the whole export. The export is itself recorded as an entry, which is
//! part of the bundle. The manifest states from which entry on the log is not authentic: a bundle must not show as an entry
//! of Leastwise what it did not write.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use domain::ids::ChangeId;
use domain::ledger::{
    Actor, ActorKind, Checkpoint, Entry, EntryTarget, EventKind, Hash, LogName, Outcome,
    bundle::{
        self, CHECKPOINTS, ENTRIES, FORMAT, FileDigest, ITEMS, MANIFEST, Manifest, PRIVATE, VKEYS,
    },
    items::stored_beside,
    projection,
};
use domain::time::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{ExportArgs, LedgerCommandError, LedgerLocation, database, trust};
use crate::{
    clock::Clock,
    config,
    row_comparison::MacCheck,
    row_key::{self, RowKeys},
    store::{Store, StoreError, change, ledger},
};

const PAGE: u32 = 500;

pub(super) async fn export(
    args: &ExportArgs,
    notes: &mut (dyn Write + Send),
) -> Result<Manifest, LedgerCommandError> {
    let trusted = trust::keys(&args.place, None)?;
    empty(&args.folder)?;
    let now = Clock::System.now();
    let (store, keys) = recorded(&args.place, &trusted.log, now, notes).await?;
    // Read the checkpoints before the size, so that the size covers everything they sign.
    let checkpoints = database::checkpoints(&mut store.connection().await?).await?;
    let size = ledger::head(&store)
        .await?
        .ok_or(LedgerCommandError::NoLedger)?
        .size;
    let mut files = BTreeMap::new();
    let mut digests = |name: &str, written| files.insert(name.to_owned(), written);
    let mut macs = MacCheck::new(keys.as_ref(), &trusted.log);
    let (written, items) = entries(&store, &args.folder, size, &mut macs).await?;
    let first_not_authentic = macs.first();
    if let Some(seq) = first_not_authentic {
        let told = writeln!(
            notes,
            "Entry {seq} and those after it are not authentic: Leastwise did not write them, or they were altered. The manifest \
             says so; run `leastwise ledger verify`."
        );
        told.map_err(LedgerCommandError::Output)?;
    }
    digests(ENTRIES, written);
    if let Some(items) = items {
        digests(ITEMS, items);
    }
    let mut file = Hashed::create(&args.folder, CHECKPOINTS)?;
    for note in &checkpoints {
        file.write(bundle::checkpoint_line(note).map_err(io::Error::other))?;
    }
    digests(CHECKPOINTS, file.end()?);
    let mut file = Hashed::create(&args.folder, VKEYS)?;
    for line in trusted.text.lines() {
        file.write(Ok(format!("{line}\n")))?;
    }
    digests(VKEYS, file.end()?);
    if args.with_private {
        digests(PRIVATE, private(&store, &args.folder, size).await?);
    }
    store.close().await;
    let head = checkpoints
        .last()
        .map(|note| trusted.vkeys.open(note, &trusted.log))
        .transpose()?;
    let (tree_size, root) = head.map_or(
        (0, Hash::EMPTY_TREE),
        |Checkpoint { size, root, .. }| (size, root),
    );
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        log: trusted.log,
        exported_at: now.rfc3339(),
        entries: size,
        tree_size,
        root,
        first_not_authentic,
        files,
    };
    let mut file = Hashed::create(&args.folder, MANIFEST)?;
    file.write(manifest.format().map_err(io::Error::other))?;
    file.end()?;
    Ok(manifest)
}

/// Opens the database and records the export. Returns the row keys as well; none if there are none that can be used. A person
/// who can read the tables can copy them anyway, so what prevents the record is only reported.
async fn recorded(
    place: &LedgerLocation,
    log: &LogName,
    now: Timestamp,
    notes: &mut (dyn Write + Send),
) -> Result<(Store, Option<RowKeys>), LedgerCommandError> {
    let mut told = |what: &str, error: &dyn std::error::Error| {
        let told = writeln!(notes, "{what}: {}", crate::cli::chain(error));
        told.map_err(LedgerCommandError::Output)
    };
    let store = database::open(&place.database).await?;
    let (store, keys) = match keys_in_use(&store, place).await {
        Ok(keys) => (store.with_row_keys(keys.clone()), Some(keys)),
        Err(error) => {
            told("The MACs of the entries were not checked", &error)?;
            (store, None)
        }
    };
    if let Err(error) = record(&store, log, now).await {
        told("This export could not be recorded in the ledger", &error)?;
    }
    Ok((store, keys))
}

/// Returns the row keys of the server.
async fn keys_in_use(store: &Store, place: &LedgerLocation) -> Result<RowKeys, LedgerCommandError> {
    let folder = place.keys.clone().unwrap_or_else(|| PathBuf::from("keys"));
    let given = config::row_key_variable()?;
    let keys = row_key::required(&folder, given.as_deref())?;
    ledger::require_used(store, &keys).await?;
    Ok(keys)
}

async fn record(store: &Store, log: &LogName, now: Timestamp) -> Result<(), StoreError> {
    let kind = EventKind::LedgerExported.entry_type();
    let mut entry = Entry::new(kind, now, Outcome::Success, Actor::new(ActorKind::Service));
    entry.target = Some(EntryTarget {
        id: Some(log.to_string()),
        ..EntryTarget::new("ledger")
    });
    let mut tx = store.write().await?;
    ledger::append(&mut tx, log, &entry).await?;
    tx.commit().await
}

/// Writes the entries, and the items that are stored beside them.
async fn entries(
    store: &Store,
    folder: &Path,
    size: u64,
    macs: &mut MacCheck<'_>,
) -> Result<(FileDigest, Option<FileDigest>), LedgerCommandError> {
    let mut file = Hashed::create(folder, ENTRIES)?;
    let mut items = None;
    let (mut after, mut left) = (None, size);
    while left > 0 {
        let page = ledger::entries_after(&mut store.connection().await?, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.seq);
        for stored in page
            .into_iter()
            .take(usize::try_from(left).unwrap_or(usize::MAX))
        {
            let hash = Hash::leaf(stored.leaf.as_deref().unwrap_or_default().as_bytes());
            macs.entry(&stored, &hash);
            let leaf = stored.leaf.unwrap_or_default();
            if let Some(change) = items_beside(&leaf) {
                let file = match &mut items {
                    Some(file) => file,
                    none => none.insert(Hashed::create(folder, ITEMS)?),
                };
                let seq = u64::try_from(stored.seq).unwrap_or(0);
                for item in change::items_of(store, &change).await? {
                    file.write(bundle::item_line(seq, &item).map_err(io::Error::other))?;
                }
            }
            file.write(Ok(leaf + "\n"))?;
            left -= 1;
        }
    }
    let items = items.map(Hashed::end).transpose()?;
    Ok((file.end()?, items))
}

/// Returns the change whose items are stored beside an entry, if it is such an entry.
fn items_beside(leaf: &str) -> Option<ChangeId> {
    // Most entries concern something else, and parsing is expensive.
    if !projection::REQUESTS.iter().any(|word| leaf.contains(word)) {
        return None;
    }
    let (_, entry) = Entry::parse(leaf.as_bytes()).ok()?;
    stored_beside(&entry)?;
    entry.change_id
}

async fn private(
    store: &Store,
    folder: &Path,
    size: u64,
) -> Result<FileDigest, LedgerCommandError> {
    let mut file = Hashed::create(folder, PRIVATE)?;
    let page = u64::from(PAGE);
    for first in (0..size).step_by(usize::try_from(page).unwrap_or(1)) {
        let number = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
        let last = size.min(first + page) - 1;
        let mut conn = store.connection().await?;
        for found in ledger::private_of(&mut conn, number(first), number(last)).await? {
            let seq = u64::try_from(found.seq).unwrap_or(0);
            file.write(bundle::private_line(seq, &found.value).map_err(io::Error::other))?;
        }
    }
    file.end()
}

fn empty(folder: &Path) -> Result<(), LedgerCommandError> {
    let file = |source| LedgerCommandError::File {
        path: folder.to_owned(),
        source,
    };
    fs::create_dir_all(folder).map_err(file)?;
    match fs::read_dir(folder).map_err(file)?.next() {
        None => Ok(()),
        Some(_) => Err(LedgerCommandError::NotEmpty(folder.to_owned())),
    }
}

/// A file that counts and hashes the bytes written to it.
struct Hashed {
    path: PathBuf,
    file: BufWriter<File>,
    sha256: Sha256,
    bytes: u64,
}

impl Hashed {
    fn create(folder: &Path, name: &str) -> Result<Self, LedgerCommandError> {
        let path = folder.join(name);
        match File::create_new(&path) {
            Ok(file) => Ok(Self {
                path,
                file: BufWriter::new(file),
                sha256: Sha256::new(),
                bytes: 0,
            }),
            Err(source) => Err(LedgerCommandError::File { path, source }),
        }
    }

    fn write(&mut self, text: io::Result<String>) -> Result<(), LedgerCommandError> {
        let written = text.and_then(|text| {
            self.sha256.update(&text);
            self.bytes += u64::try_from(text.len()).unwrap_or(0);
            self.file.write_all(text.as_bytes())
        });
        written.map_err(|source| LedgerCommandError::File {
            path: self.path.clone(),
            source,
        })
    }

    fn end(self) -> Result<FileDigest, LedgerCommandError> {
        let Self {
            path,
            file,
            sha256,
            bytes,
        } = self;
        let synced = file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all());
        synced.map_err(|source| LedgerCommandError::File { path, source })?;
        Ok(FileDigest {
            bytes,
            sha256: Hash(sha256.finalize().into()),
        })
    }
}

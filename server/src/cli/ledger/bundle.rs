//! Verifies an exported ledger offline.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _},
    path::Path,
};

use domain::ledger::{
    Hash, Verifier,
    bundle::{
        self, CHECKPOINTS, ENTRIES, FileDigest, ITEMS, ItemTexts, ItemsDiffer, MANIFEST, Manifest,
        ManifestDiffers, PRIVATE, TextDiffers,
    },
};
use sha2::{Digest as _, Sha256};

use super::{LedgerCommandError, MacsChecked, Verified, VerifyArgs, trust};
use crate::row_comparison::Difference;

pub(super) fn verify(folder: &Path, args: &VerifyArgs) -> Result<Verified, LedgerCommandError> {
    let trusted = trust::keys(&args.place, Some(folder))?;
    let kept = trust::kept(args)?;
    let manifest = Manifest::parse(&read(folder, MANIFEST)?)
        .map_err(|error| LedgerCommandError::Bundle(format!("{MANIFEST}: {error}")))?;
    let own = bundle::parse_checkpoints::<io::Error>(&read(folder, CHECKPOINTS)?)?;
    let verifier = Verifier::new(
        &trusted.log,
        &trusted.vkeys,
        own.iter().map(String::as_str),
        kept.iter().map(String::as_str),
    );
    let entries = open(folder, ENTRIES)?.split(b'\n');
    let report = if manifest.files.contains_key(PRIVATE) {
        bundle::verify(verifier, entries, open(folder, PRIVATE)?.lines())?
    } else {
        bundle::verify(
            verifier,
            entries,
            std::iter::empty::<Result<String, io::Error>>(),
        )?
    };
    let mut rows = items(folder, &manifest)?;
    rows.extend(manifest.first_not_authentic.map(not_authentic));
    let manifest = check(folder, &manifest).or_else(|| manifest.check_report(&report).err());
    Ok(Verified {
        report,
        manifest,
        rows,
        set_aside: Vec::new(),
        kept: kept.len(),
        keys: trusted.source,
        macs: MacsChecked::Bundle,
        seconds: None,
    })
}

/// The statement of a manifest. A bundle has no MACs, so nothing can confirm it here.
fn not_authentic(seq: u64) -> Difference {
    Difference::NotAuthentic(format!(
        "entry {seq} and those after it were not authentic when the ledger was exported, according to {MANIFEST}"
    ))
}

/// Compares the items of changes with the digests in their entries.
fn items(folder: &Path, manifest: &Manifest) -> Result<Vec<Difference>, LedgerCommandError> {
    let entries = open(folder, ENTRIES)?.split(b'\n');
    let texts = if manifest.files.contains_key(PRIVATE) {
        ItemTexts::read(open(folder, PRIVATE)?.lines())?
    } else {
        ItemTexts::default()
    };
    let found = if manifest.files.contains_key(ITEMS) {
        bundle::verify_items(entries, open(folder, ITEMS)?.lines(), texts)?
    } else {
        bundle::verify_items(
            entries,
            std::iter::empty::<Result<String, io::Error>>(),
            texts,
        )?
    };
    let difference = |differs: ItemsDiffer| {
        let change = differs.change.map_or_else(
            || format!("the change of entry {}", differs.seq),
            |change| format!("change {change} (entry {})", differs.seq),
        );
        match differs.found {
            0 => Difference::ItemsWithoutRow(change),
            _ => Difference::ItemsDiffer(change),
        }
    };
    let text = |differs: TextDiffers| {
        Difference::ItemTextDiffers(format!("{} of entry {}", differs.path, differs.seq))
    };
    let items = found.items.into_iter().map(difference);
    Ok(items.chain(found.texts.into_iter().map(text)).collect())
}

/// Returns the first file that differs from the manifest.
fn check(folder: &Path, manifest: &Manifest) -> Option<ManifestDiffers> {
    manifest.files.keys().find_map(|name| {
        // A name with a path separator could refer to a file outside the folder.
        let found = if name.contains(['/', '\\']) {
            None
        } else {
            digest(&folder.join(name)).ok()
        };
        match found {
            Some(found) => manifest.check_file(name, &found).err(),
            None => Some(ManifestDiffers {
                what: name.clone(),
                stated: "there".to_owned(),
                found: "missing or unreadable".to_owned(),
            }),
        }
    })
}

fn digest(path: &Path) -> io::Result<FileDigest> {
    let mut file = File::open(path)?;
    let (mut sha256, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 64 * 1024]);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(FileDigest {
                bytes,
                sha256: Hash(sha256.finalize().into()),
            });
        }
        sha256.update(&buffer[..read]);
        bytes += u64::try_from(read).unwrap_or(0);
    }
}

fn open(folder: &Path, name: &str) -> Result<BufReader<File>, LedgerCommandError> {
    let path = folder.join(name);
    File::open(&path)
        .map(BufReader::new)
        .map_err(|source| LedgerCommandError::File { path, source })
}

fn read(folder: &Path, name: &str) -> Result<String, LedgerCommandError> {
    let path = folder.join(name);
    std::fs::read_to_string(&path).map_err(|source| LedgerCommandError::File { path, source })
}

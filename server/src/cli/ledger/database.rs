//! Verifies a database: the entries, their columns, and the rows that need an entry.

use std::path::PathBuf;

use domain::ledger::{Item, Verifier};
use serde::Serialize;

use super::{LedgerCommandError, LedgerLocation, MacsChecked, Verified, VerifyArgs, trust};
use crate::{
    clock::Clock,
    config,
    row_comparison::{Comparison, Page},
    row_key::{self, RowKeys},
    store::{Store, StoreConnection, ledger},
};

/// The maximum number of entries in memory.
const PAGE: u32 = 500;

/// Where the time of a verification went, in seconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Seconds {
    /// Reading rows from the database.
    reading: f64,
    /// Hashes, chain, tree, checkpoints, MACs, form and private values of the entries.
    entries: f64,
    /// Parsing the entries, and comparing columns, rows and words with them.
    rows: f64,
}

/// Adds what the work took to a sum of seconds.
fn timed<T>(sum: &mut f64, work: impl FnOnce() -> T) -> T {
    let began = Clock::System.elapsed();
    let done = work();
    *sum += Clock::System.elapsed().saturating_sub(began).as_secs_f64();
    done
}

pub(super) async fn verify(args: &VerifyArgs) -> Result<Verified, LedgerCommandError> {
    let trusted = trust::keys(&args.place, None)?;
    let kept = trust::kept(args)?;
    let row_keys = row_keys(&args.place)?;
    let store = open(&args.place.database).await?;
    let began = Clock::System.elapsed();
    let mut snapshot = store.snapshot().await?;
    let own = checkpoints(&mut snapshot).await?;
    let own = own.iter().map(String::as_str);
    let kept_notes = kept.iter().map(String::as_str);
    let mut verifier = Verifier::new(&trusted.log, &trusted.vkeys, own, kept_notes);
    let mut comparison = Comparison::begin(&mut snapshot, row_keys.as_ref(), &trusted.log).await?;
    let mut seconds = Seconds::default();
    while let Some(mut page) = comparison.read(&mut snapshot, PAGE).await? {
        timed(&mut seconds.entries, || {
            page.hash();
            // The MACs are independent of the chain and the tree, and take about as long.
            std::thread::scope(|scope| {
                scope.spawn(|| comparison.authenticate(&page));
                entries(&mut verifier, &page);
            });
        });
        let with_texts = timed(&mut seconds.rows, || comparison.apply(&mut page));
        comparison.texts(&mut snapshot, with_texts).await?;
    }
    let rows = comparison.rows(&mut snapshot).await?;
    drop(snapshot);
    store.close().await;
    let compared = timed(&mut seconds.rows, || rows.compare());
    let all = Clock::System.elapsed().saturating_sub(began);
    seconds.reading = all.as_secs_f64() - seconds.entries - seconds.rows;
    Ok(Verified {
        report: verifier.finish(),
        manifest: None,
        rows: compared.differences,
        set_aside: compared.set_aside,
        kept: kept.len(),
        keys: trusted.source,
        macs: match row_keys {
            Some(_) => MacsChecked::All,
            None => MacsChecked::NoRowKey,
        },
        seconds: Some(seconds),
    })
}

/// Verifies the chain, the tree, the form and the private values of entries.
fn entries(verifier: &mut Verifier, page: &Page) {
    for (stored, private, hash) in page.entries() {
        let item = Item {
            // The verifier reports a negative number as a wrong number.
            seq: u64::try_from(stored.seq).unwrap_or(u64::MAX),
            leaf: stored.leaf.as_deref().unwrap_or_default().as_bytes(),
            stored_hash: stored.leaf_hash,
            private,
        };
        verifier.hashed_entry(&item, *hash);
    }
}

/// Returns the row keys of a ledger in a database; none if there are none on this machine.
pub(super) fn row_keys(place: &LedgerLocation) -> Result<Option<RowKeys>, LedgerCommandError> {
    let given = config::row_key_variable()?;
    let folder = place.keys.clone().unwrap_or_else(|| PathBuf::from("keys"));
    Ok(row_key::existing(&folder, given.as_deref())?)
}

/// Opens an existing database. Verification must not create one.
pub(super) async fn open(url: &str) -> Result<Store, LedgerCommandError> {
    let url = if url.starts_with("sqlite:") && !url.contains('?') && !url.contains(":memory:") {
        format!("{url}?mode=rw")
    } else {
        url.to_owned()
    };
    Ok(Store::open(&url).await?)
}

/// Returns every signed note, smallest tree first.
pub(super) async fn checkpoints(
    conn: &mut StoreConnection,
) -> Result<Vec<String>, LedgerCommandError> {
    let mut notes = Vec::new();
    let mut above = i64::MIN;
    loop {
        let page = ledger::notes_after(conn, above, PAGE).await?;
        let Some((last, _)) = page.last() else {
            return Ok(notes);
        };
        above = *last;
        notes.extend(page.into_iter().map(|(_, note)| note));
    }
}

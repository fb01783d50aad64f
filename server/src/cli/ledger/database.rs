//! Verifies a database: the entries, their columns, and the rows that need an entry.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use domain::{
    ids::ChangeId,
    ledger::{
        Entry, Hash, Item, PrivateValue, Verifier, items::text_beside, projection::EntryPlace,
    },
};
use serde::Serialize;

use super::{
    LedgerCommandError, LedgerLocation, MacsChecked, Verified, VerifyArgs, columns, items,
    macs::MacCheck,
    rows::{self, Difference, LedgerBackedRows, Replay},
    search::SearchIndexCheck,
    stored_projections::StoredProjectionCheck,
    trust,
};
use crate::{
    clock::Clock,
    config,
    row_key::{self, RowKeys},
    store::{
        Store, StoreError,
        ledger::{self, IndexTerm, StoredEntry},
    },
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

/// Consecutive entries with everything that is stored of them.
struct Page {
    /// Each with its private values.
    entries: Vec<(StoredEntry, Vec<PrivateValue>)>,
    in_tree: BTreeMap<u64, Hash>,
    words: BTreeMap<i64, BTreeSet<IndexTerm>>,
    /// The greatest number.
    last: i64,
}

impl Page {
    /// Reads the entries after a number; none if there are no more.
    async fn read(store: &Store, after: Option<i64>) -> Result<Option<Self>, StoreError> {
        let page = ledger::entries_after(store, after, PAGE).await?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else {
            return Ok(None);
        };
        let (first, last) = (first.seq, last.seq);
        let private = ledger::private_of(store, first, last).await?;
        let mut private = private.into_iter().peekable();
        let seqs = page.iter().filter_map(|at| u64::try_from(at.seq).ok());
        let in_tree = ledger::leaves_in_tree(&mut store.connection().await?, seqs).await?;
        let words = ledger::words_between(store, after, last).await?;
        let with_values = |stored: StoredEntry| {
            let mut values = Vec::new();
            while let Some(found) = private.next_if(|found| found.seq <= stored.seq) {
                if found.seq == stored.seq {
                    values.push(found.value);
                }
            }
            (stored, values)
        };
        Ok(Some(Self {
            entries: page.into_iter().map(with_values).collect(),
            in_tree,
            words,
            last,
        }))
    }
}

/// Everything that is checked of the entries, one page after the other.
struct Checks<'a> {
    verifier: Verifier,
    macs: MacCheck<'a>,
    search: SearchIndexCheck,
    projections: StoredProjectionCheck,
    replay: Replay,
    rows: Vec<Difference>,
}

impl Checks<'_> {
    /// Verifies the entries, and returns their leaf hashes.
    fn entries(&mut self, page: &Page) -> Vec<Hash> {
        let mut hashes = Vec::with_capacity(page.entries.len());
        for (stored, private) in &page.entries {
            let leaf = stored.leaf.as_deref().unwrap_or_default().as_bytes();
            let hash = Hash::leaf(leaf);
            self.macs.entry(stored, &hash);
            let item = Item {
                // The verifier reports a negative number as a wrong number.
                seq: u64::try_from(stored.seq).unwrap_or(u64::MAX),
                leaf,
                stored_hash: stored.leaf_hash,
                private,
            };
            self.verifier.hashed_entry(&item, hash);
            hashes.push(hash);
        }
        hashes
    }

    /// Compares what is beside the entries with them, and applies them. Returns the entries with texts of items.
    fn rows<'p>(&mut self, page: &'p mut Page, hashes: &[Hash]) -> Vec<WithTexts<'p>> {
        let mut with_texts = Vec::new();
        for ((stored, values), hash) in page.entries.iter().zip(hashes) {
            let leaf = stored.leaf.as_deref().unwrap_or_default();
            // An entry that cannot be parsed is reported by the verifier, and has no known words.
            let entry = Entry::parse(leaf.as_bytes()).ok().map(|(_, entry)| entry);
            let differing = columns::compare(stored, hash, entry.as_ref(), &page.in_tree);
            self.rows.extend(differing);
            let found_by = page.words.remove(&stored.seq).unwrap_or_default();
            let seq = u64::try_from(stored.seq).unwrap_or(u64::MAX);
            if let Some(entry) = &entry {
                let place = EntryPlace { seq, leaf: *hash };
                self.replay.apply(place, entry, values);
                self.search.entry(stored.seq, entry, values, &found_by);
            }
            let mac = stored.mac.as_ref().map(|stored| &stored.mac);
            let projection = &self.replay.projection;
            self.projections.entry(seq, hash, mac, projection);
            if values.iter().any(|value| text_beside(value).is_some()) {
                let change = entry.and_then(|entry| entry.change_id);
                with_texts.push((stored.seq, change, values.as_slice()));
            }
        }
        for seq in page.words.keys() {
            self.search.nobody(*seq);
        }
        with_texts
    }
}

/// The number and the change of an entry, and its private values.
type WithTexts<'p> = (i64, Option<ChangeId>, &'p [PrivateValue]);

pub(super) async fn verify(args: &VerifyArgs) -> Result<Verified, LedgerCommandError> {
    let trusted = trust::keys(&args.place, None)?;
    let kept = trust::kept(args)?;
    let row_keys = row_keys(&args.place)?;
    let store = open(&args.place.database).await?;
    let began = Clock::System.elapsed();
    // Read before the entries, so that everything these checkpoints and projections cover is read afterwards.
    let own = checkpoints(&store).await?;
    let own = own.iter().map(String::as_str);
    let kept_notes = kept.iter().map(String::as_str);
    let stored = ledger::stored_projections(&store).await?;
    let mut checks = Checks {
        verifier: Verifier::new(&trusted.log, &trusted.vkeys, own, kept_notes),
        macs: MacCheck::new(row_keys.as_ref(), &trusted.log),
        search: SearchIndexCheck::default(),
        projections: StoredProjectionCheck::new(stored, row_keys.as_ref(), &trusted.log),
        replay: Replay::default(),
        rows: Vec::new(),
    };
    let before = LedgerBackedRows::read(&store).await?;
    let mut seconds = Seconds::default();
    let mut after = None;
    while let Some(mut page) = Page::read(&store, after).await? {
        after = Some(page.last);
        let hashes = timed(&mut seconds.entries, || checks.entries(&page));
        let with_texts = timed(&mut seconds.rows, || checks.rows(&mut page, &hashes));
        for (seq, change, values) in with_texts {
            let differing = items::differing_texts(&store, seq, change.as_ref(), values);
            checks.rows.extend(differing.await?);
        }
    }
    for seq in ledger::words_of_nobody(&store, after).await? {
        checks.search.nobody(seq);
    }
    for seq in ledger::macs_of_no_entry(&store).await? {
        checks.macs.no_entry(seq);
    }
    let head = head(&store).await?;
    let now = LedgerBackedRows::read(&store).await?;
    store.close().await;
    let mut rows = checks.rows;
    timed(&mut seconds.rows, || {
        rows.extend(checks.search.finish());
        rows.extend(checks.macs.finish());
        rows.extend(checks.projections.finish());
        rows.extend(head);
        rows.extend(rows::compare(&before, &now, &checks.replay));
    });
    let all = Clock::System.elapsed().saturating_sub(began);
    seconds.reading = all.as_secs_f64() - seconds.entries - seconds.rows;
    Ok(Verified {
        report: checks.verifier.finish(),
        manifest: None,
        rows,
        kept: kept.len(),
        keys: trusted.source,
        macs: match row_keys {
            Some(_) => MacsChecked::All,
            None => MacsChecked::NoRowKey,
        },
        seconds: Some(seconds),
    })
}

/// Compares the head row with the last entry.
async fn head(store: &Store) -> Result<Option<Difference>, LedgerCommandError> {
    let (stated, found) = ledger::head_and_end(store).await?;
    Ok((stated != found).then(|| {
        Difference::Head(format!(
            "the head states {} entries that end in {}, but there are {} that end in {}",
            stated.0, stated.1, found.0, found.1
        ))
    }))
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
pub(super) async fn checkpoints(store: &Store) -> Result<Vec<String>, LedgerCommandError> {
    let mut notes = Vec::new();
    let mut above = i64::MIN;
    loop {
        let page = ledger::notes_after(store, above, PAGE).await?;
        let Some((last, _)) = page.last() else {
            return Ok(notes);
        };
        above = *last;
        notes.extend(page.into_iter().map(|(_, note)| note));
    }
}

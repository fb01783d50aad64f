//! Verifies a database: the entries, their columns, and the rows that need an entry.

use std::path::PathBuf;

use domain::ledger::{Item, PrivateValue, Verifier, projection::Projection};

use super::{
    LedgerCommandError, LedgerLocation, MacsChecked, Verified, VerifyArgs, columns, items,
    macs::MacCheck,
    rows::{self, Difference, LedgerBackedRows},
    search::SearchIndexCheck,
    trust,
};
use crate::{
    config,
    row_key::{self, RowKeys},
    store::{Store, ledger},
};

/// The maximum number of entries in memory.
const PAGE: u32 = 500;

pub(super) async fn verify(args: &VerifyArgs) -> Result<Verified, LedgerCommandError> {
    let trusted = trust::keys(&args.place, None)?;
    let kept = trust::kept(args)?;
    let row_keys = row_keys(&args.place)?;
    let store = open(&args.place.database).await?;
    // Read before the entries, so that everything these checkpoints cover is read afterwards.
    let own = checkpoints(&store).await?;
    let own = own.iter().map(String::as_str);
    let mut verifier = Verifier::new(
        &trusted.log,
        &trusted.vkeys,
        own,
        kept.iter().map(String::as_str),
    );
    let before = LedgerBackedRows::read(&store).await?;
    let (mut after, mut projection, mut rows) = (None, Projection::default(), Vec::new());
    let mut search = SearchIndexCheck::default();
    let mut macs = MacCheck::new(row_keys.as_ref(), &trusted.log);
    loop {
        let page = ledger::entries_after(&store, after, PAGE).await?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else {
            break;
        };
        let mut private = ledger::private_of(&store, first.seq, last.seq)
            .await?
            .into_iter()
            .peekable();
        let seqs = page.iter().filter_map(|at| u64::try_from(at.seq).ok());
        let in_tree = ledger::leaves_in_tree(&mut store.connection().await?, seqs).await?;
        let mut words = ledger::words_between(&store, after, last.seq).await?;
        for stored in &page {
            rows.extend(columns::compare(stored, &in_tree));
            macs.entry(stored);
            let mut values: Vec<PrivateValue> = Vec::new();
            while let Some(found) = private.next_if(|found| found.seq <= stored.seq) {
                if found.seq == stored.seq {
                    values.push(found.value);
                }
            }
            let leaf = stored.leaf.as_deref().unwrap_or_default();
            rows::apply(&mut projection, leaf);
            let found_by = words.remove(&stored.seq).unwrap_or_default();
            search.entry(stored.seq, leaf, &values, &found_by);
            rows.extend(items::differing_texts(&store, stored.seq, leaf, &values).await?);
            verifier.entry(&Item {
                // The verifier reports a negative number as a wrong number.
                seq: u64::try_from(stored.seq).unwrap_or(u64::MAX),
                leaf: leaf.as_bytes(),
                stored_hash: stored.leaf_hash,
                private: &values,
            });
        }
        for seq in words.keys() {
            search.nobody(*seq);
        }
        after = Some(last.seq);
    }
    for seq in ledger::words_of_nobody(&store, after).await? {
        search.nobody(seq);
    }
    rows.extend(search.finish());
    for seq in ledger::macs_of_no_entry(&store).await? {
        macs.no_entry(seq);
    }
    rows.extend(macs.finish());
    rows.extend(head(&store).await?);
    rows.extend(rows::compare(
        &before,
        &LedgerBackedRows::read(&store).await?,
        &projection,
    ));
    store.close().await;
    Ok(Verified {
        report: verifier.finish(),
        manifest: None,
        rows,
        kept: kept.len(),
        keys: trusted.source,
        macs: match row_keys {
            Some(_) => MacsChecked::All,
            None => MacsChecked::NoRowKey,
        },
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

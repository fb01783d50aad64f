//! MACs for entries that have none: those of an earlier version, and all of them after the row key was lost.
//!
//! Who may call this decides what proves the entries. A MAC of an entry that nothing proves would make a forged entry
//! authentic.

use std::sync::Arc;

use domain::ledger::{Entry, Hash, LogName, tree::Frontier};

use super::{
    EntryFlaw, LedgerError, NotAuthentic, VerifiedEnd, count_of,
    mac::{self, MacedEntry},
    maced_entries,
};
use crate::{
    row_key::RowKeys,
    store::{StoreError, Tx},
};

/// How often the progress is logged, in entries.
const PROGRESS: u64 = 50_000;

/// What proves the entries that get a MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryProof {
    /// A signed checkpoint: the caller compares the root of the tree with it before the transaction ends.
    Checkpoint,
    /// The hash of the entry before, in each leaf. A later entry with a valid MAC proves those before it; where there is
    /// none, people accept them.
    Chain,
}

/// Locks the head and starts over from the first entry. Returns the number of entries.
pub async fn begin_adoption(tx: &mut Tx) -> Result<u64, StoreError> {
    let head: Option<(i64,)> =
        sqlx::query_as("update ledger_head set size = size where id = 'head' returning size")
            .fetch_optional(tx.conn())
            .await?;
    tx.conn().begin_again();
    head.map_or(Ok(0), |(size,)| count_of("ledger_head", size))
}

/// Returns how many entries the MACs by these keys prove, from a number on: the last entry with a valid one proves those
/// before it, whose hashes it continues. Returns the number itself if there is none.
pub async fn proven_by_macs(
    tx: &mut Tx,
    log: &LogName,
    keys: &RowKeys,
    from: u64,
) -> Result<u64, StoreError> {
    let (mut proven, mut next) = (from, from);
    loop {
        let page = maced_entries(tx.conn(), next).await?;
        let valid = page.iter().filter(|one| one.verified(keys, log).is_some());
        proven = valid
            .filter_map(|one| one.seq)
            .fold(proven, |proven, seq| proven.max(seq + 1));
        match page.last().and_then(|last| last.seq) {
            Some(last) if last >= next => next = last + 1,
            _ => return Ok(proven),
        }
    }
}

/// Gives the entries below `size` that follow those of the tree a MAC, and adds them to the tree.
pub async fn add_macs(
    tx: &mut Tx,
    log: &LogName,
    tree: &mut Frontier,
    size: u64,
    proof: EntryProof,
) -> Result<(), StoreError> {
    let keys = Arc::clone(tx.conn().tail()).keys()?.clone();
    let mut end = tx.conn().known_end().unwrap_or(VerifiedEnd::START);
    while end.size < size {
        let page = maced_entries(tx.conn(), end.size).await?;
        let left = usize::try_from(size - end.size).unwrap_or(usize::MAX);
        let (from, mut macs, mut entries) = (end, Vec::new(), Vec::new());
        for stored in page.iter().take(left) {
            let leaf = leaf(stored, log, &end, proof)
                .map_err(|why| LedgerError::NotAuthentic(NotAuthentic { seq: end.size, why }))?;
            tree.push(leaf);
            let mac = mac::of_entry(&keys, log, end.size, &leaf, &end.mac);
            let next = VerifiedEnd {
                size: end.size + 1,
                mac: mac.mac,
                leaf,
            };
            macs.push((end.size, mac));
            let text = stored.leaf.as_deref().unwrap_or_default();
            if let Ok((_, entry)) = Entry::parse(text.as_bytes()) {
                entries.push((next.place(), entry));
            }
            end = next;
            if end.size.is_multiple_of(PROGRESS) {
                tracing::info!(
                    done = end.size,
                    of = size,
                    "entries of the ledger get a MAC"
                );
            }
        }
        if macs.is_empty() {
            let missing = NotAuthentic {
                seq: end.size,
                why: EntryFlaw::Missing,
            };
            return Err(LedgerError::NotAuthentic(missing).into());
        }
        tx.conn().append_own(from, &entries, end);
        for some in macs.chunks(mac::ROWS) {
            mac::insert(tx, some).await?;
        }
    }
    Ok(())
}

/// Returns the leaf hash of the next entry.
fn leaf(
    stored: &MacedEntry,
    log: &LogName,
    end: &VerifiedEnd,
    proof: EntryProof,
) -> Result<Hash, EntryFlaw> {
    let text = stored
        .leaf
        .as_deref()
        .filter(|_| stored.seq == Some(end.size));
    let bytes = text.ok_or(EntryFlaw::Missing)?.as_bytes();
    if proof == EntryProof::Chain {
        let (position, _) = Entry::parse(bytes).map_err(|_| EntryFlaw::Link)?;
        if position.seq != end.size || position.prev != end.leaf || position.log != *log {
            return Err(EntryFlaw::Link);
        }
    }
    Ok(Hash::leaf(bytes))
}

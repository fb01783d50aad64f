//! The ledger for display: the list, one entry with its proof, and its health.
//!
//! Every read is recorded before anything is shown; if recording fails, nothing is shown. The caller checks the right
//! to read.

mod words;

use app::backend::{Answer, Denied, EntryRow, EntryView, Inclusion, LedgerHealth, ListQuery, Page};
use domain::{
    ledger::{
        Entry, Hash, Outcome,
        tree::{self, Need},
    },
    snapshot::Snapshot,
};

use super::{
    broken, existing,
    journal::{Journal, Who},
};
use crate::store::{
    Store, StoreError,
    ledger::{self, LedgerError, Listed, SignedHead},
};

/// The number of rows on one page.
pub const PAGE: u32 = 50;

/// The values of `only`, and the index words that they stand for (see `store::ledger`).
const NARROWINGS: &[(&str, &str)] = &[
    ("denied", "outcome:denied"),
    ("failed", "outcome:failure"),
    ("changes", "type:change"),
    ("access", "type:grant"),
    ("operations", "type:operation"),
    ("sessions", "type:session"),
    ("outside", "type:outside"),
    ("roles", "type:role"),
];

/// Returns one page of entries, newest first. The read is recorded.
pub async fn entries(
    store: &Store,
    journal: &Journal,
    who: &Who,
    snapshot: &Snapshot,
    query: &ListQuery,
) -> Answer<Page<EntryRow>> {
    viewed(journal, who).await?;
    list(store, snapshot, query).await.map_err(broken)
}

async fn list(
    store: &Store,
    snapshot: &Snapshot,
    query: &ListQuery,
) -> Result<Page<EntryRow>, StoreError> {
    let mut words: Vec<String> = NARROWINGS
        .iter()
        .filter(|(name, _)| query.only.as_deref() == Some(name))
        .map(|(_, word)| (*word).to_owned())
        .collect();
    words.extend(ledger::query_words(&query.words));
    let entries = if words.is_empty() {
        ledger::head(store).await?.map_or(0, |head| head.size)
    } else {
        ledger::count(store, &words).await?
    };
    let total = usize::try_from(entries).unwrap_or(usize::MAX);
    let size = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let number = existing(query.page, total, size);
    let skip = u64::try_from((number - 1) * size).unwrap_or(entries);
    let rows = if words.is_empty() {
        ledger::newest(store, entries.saturating_sub(skip), PAGE).await?
    } else {
        ledger::search(store, &words, skip, PAGE).await?
    };
    Ok(Page {
        rows: rows
            .iter()
            .map(|listed| row(listed, snapshot))
            .collect::<Result<_, _>>()?,
        number,
        total,
        size,
    })
}

/// Returns one entry with its proof. The read is recorded.
pub async fn entry(
    store: &Store,
    journal: &Journal,
    who: &Who,
    snapshot: &Snapshot,
    seq: u64,
) -> Answer<EntryView> {
    viewed(journal, who).await?;
    match view(store, snapshot, seq).await {
        Ok(Some(view)) => Ok(view),
        Ok(None) => Err(Denied::NotFound),
        Err(error) => Err(broken(error)),
    }
}

/// Returns the bytes of one entry, from which its leaf hash is computed. The read is recorded.
pub async fn leaf(store: &Store, journal: &Journal, who: &Who, seq: u64) -> Answer<Vec<u8>> {
    viewed(journal, who).await?;
    // The database holds no larger number.
    if i64::try_from(seq).is_err() {
        return Err(Denied::NotFound);
    }
    match ledger::listed(store, seq).await {
        Ok(Some(listed)) => Ok(listed.leaf.into_bytes()),
        Ok(None) => Err(Denied::NotFound),
        Err(error) => Err(broken(error)),
    }
}

async fn view(
    store: &Store,
    snapshot: &Snapshot,
    seq: u64,
) -> Result<Option<EntryView>, StoreError> {
    // The database holds no larger number.
    let Ok(number) = i64::try_from(seq) else {
        return Ok(None);
    };
    let Some(listed) = ledger::listed(store, seq).await? else {
        return Ok(None);
    };
    let private = ledger::private_of(store, number, number).await?;
    let covering = ledger::newest_checkpoint(store)
        .await?
        .filter(|signed| signed.size > seq);
    let leaf = Hash::leaf(listed.leaf.as_bytes());
    let (inclusion, proof) = match &covering {
        Some(signed) => included(store, signed, seq, leaf).await?,
        None => (Inclusion::NotSigned, Vec::new()),
    };
    Ok(Some(EntryView {
        row: row(&listed, snapshot)?,
        json: indented(&listed.leaf),
        leaf_hash: leaf.hex(),
        private: private
            .into_iter()
            .map(|found| (found.value.path, found.value.value))
            .collect(),
        checkpoint: covering.map(|signed| (signed.size, signed.root.hex())),
        proof: proof.into_iter().map(Hash::hex).collect(),
        inclusion,
        neighbours: ledger::around(store, seq).await?,
    }))
}

/// Returns the inclusion proof if it verifies. It is computed from the displayed bytes, so that *proven* always refers
/// to them.
async fn included(
    store: &Store,
    signed: &SignedHead,
    seq: u64,
    leaf: Hash,
) -> Result<(Inclusion, Vec<Hash>), StoreError> {
    let need = Need::Inclusion {
        size: signed.size,
        index: seq,
    };
    let hashes = ledger::tree_hashes(store, &[need]).await?;
    let proof = tree::prove_inclusion(&hashes, signed.size, seq).map_err(LedgerError::from)?;
    match tree::verify_inclusion(&proof, signed.size, signed.root, seq, leaf) {
        Ok(()) => Ok((Inclusion::Proven, proof)),
        Err(_) => Ok((Inclusion::Altered, Vec::new())),
    }
}

/// Returns the size of the ledger and of the newest checkpoint. `vkey` is the verifier key of the current signer.
pub async fn health(store: &Store, vkey: &str) -> Answer<LedgerHealth> {
    let read = async {
        let size = ledger::head(store).await?.map_or(0, |head| head.size);
        let signed = ledger::newest_checkpoint(store).await?;
        Ok::<_, StoreError>(LedgerHealth {
            size,
            checkpoint_size: signed.as_ref().map_or(0, |signed| signed.size),
            signed_at: signed.as_ref().map(|signed| signed.signed_at),
            root: signed.map_or(Hash::EMPTY_TREE, |signed| signed.root).hex(),
            vkey: vkey.to_owned(),
        })
    };
    read.await.map_err(broken)
}

async fn viewed(journal: &Journal, who: &Who) -> Answer<()> {
    journal
        .note(journal.ledger_viewed(who))
        .await
        .map_err(broken)
}

fn row(listed: &Listed, snapshot: &Snapshot) -> Result<EntryRow, StoreError> {
    let (_, entry) =
        Entry::parse(listed.leaf.as_bytes()).map_err(|error| StoreError::Inconsistent {
            table: "ledger_entry",
            what: format!("entry {}: {error}", listed.seq),
        })?;
    Ok(EntryRow {
        seq: listed.seq,
        at: entry.occurred_at,
        kind: entry.kind.as_str().to_owned(),
        outcome: outcome(entry.outcome).to_owned(),
        actor: words::actor(listed, &entry, snapshot),
        about: words::about(listed, &entry, snapshot),
    })
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Failure => "failure",
        Outcome::Denied => "denied",
        Outcome::Pending => "pending",
    }
}

/// Indents JSON for display. Text that is not JSON is returned as it is.
fn indented(leaf: &str) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(leaf);
    value
        .ok()
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or_else(|| leaf.to_owned())
}

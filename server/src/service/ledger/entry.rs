//! One entry with its proof: the bytes as they are signed, what they are about, and the entries beside it.

use app::backend::{CoveringCheckpoint, EntryView, Inclusion, RecordedSignIn};
use domain::{
    ledger::{
        Entry, Hash,
        tree::{self, Need},
    },
    snapshot::Snapshot,
};

use super::{related::related, rows::rows, stored_items::items};
use crate::store::{
    Store, StoreError,
    ledger::{self, LedgerError, SignedHead},
};

/// Returns an entry; none if there is none.
pub(super) async fn view(
    store: &Store,
    snapshot: &Snapshot,
    seq: u64,
) -> Result<Option<EntryView>, StoreError> {
    // The database holds no larger number.
    let Ok(number) = i64::try_from(seq) else {
        return Ok(None);
    };
    let around: Vec<u64> = [seq.checked_sub(1), Some(seq), seq.checked_add(1)]
        .into_iter()
        .flatten()
        .filter(|seq| i64::try_from(*seq).is_ok())
        .collect();
    let around = ledger::listed_of(store, &around).await?;
    let Some(listed) = around.iter().find(|listed| listed.seq == seq) else {
        return Ok(None);
    };
    let private = ledger::private_of(&mut store.connection().await?, number, number).await?;
    let private = private.into_iter().map(|found| found.value);
    let covering = ledger::newest_checkpoint(store)
        .await?
        .filter(|signed| signed.size > seq);
    let leaf = Hash::leaf(listed.leaf.as_bytes());
    let (inclusion, proof) = match &covering {
        Some(signed) => included(store, signed, seq, leaf).await?,
        None => (Inclusion::NotSigned, Vec::new()),
    };
    let (mut row, mut before, mut after) = (None, None, None);
    for one in rows(store, snapshot, &around).await? {
        match one.seq.cmp(&seq) {
            std::cmp::Ordering::Less => before = Some(one),
            std::cmp::Ordering::Equal => row = Some(one),
            std::cmp::Ordering::Greater => after = Some(one),
        }
    }
    let Some(row) = row else {
        return Ok(None);
    };
    let entry = Entry::parse(listed.leaf.as_bytes()).ok();
    let entry = entry.map(|(_, entry)| entry);
    let actor = entry.as_ref().map(|entry| &entry.actor);
    let sign_in = actor.and_then(|actor| {
        Some(RecordedSignIn {
            issuer: actor.iss.clone()?,
            subject: actor.sub.clone()?,
        })
    });
    Ok(Some(EntryView {
        related: entry.map_or_else(Vec::new, |entry| related(snapshot, &row, &entry)),
        sign_in,
        row,
        items: items(store, snapshot, &listed.leaf, 1).await?,
        leaf: listed.leaf.clone(),
        json: indented(&listed.leaf),
        leaf_hash: leaf.hex(),
        private: private.map(|value| (value.path, value.value)).collect(),
        checkpoint: covering.map(|signed| CoveringCheckpoint {
            size: signed.size,
            root: signed.root.hex(),
            signed_at: signed.signed_at,
        }),
        proof: proof.into_iter().map(Hash::hex).collect(),
        inclusion,
        neighbours: (before, after),
    }))
}

/// Returns the inclusion proof if it verifies. It is computed from the displayed bytes, so that *proven* refers to them.
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

/// Indents JSON for display. Text that is not JSON is returned as it is.
fn indented(leaf: &str) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(leaf);
    value
        .ok()
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or_else(|| leaf.to_owned())
}

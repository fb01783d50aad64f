//! Gives entries a MAC that have none: those of an earlier version, and all of them after the row key was lost.
//!
//! What the newest checkpoint signs is proven, and so is what a MAC by a known key proves. What is behind both is only
//! accepted by people, never at a start.

use domain::{
    ledger::{Hash, tree::Frontier},
    time::Timestamp,
};

use super::Fault;
use crate::{
    row_key::RowKeys,
    service::journal::{HostAgreement, Journal},
    store::{
        Store, StoreConnection, Tx,
        ledger::{self, EntryFlaw, EntryProof, NotAuthentic},
    },
};

/// An open transaction in which every entry that is proven has a MAC. Rolled back unless finished.
pub struct Adoption {
    tx: Tx,
    journal: Journal,
    tree: Frontier,
    /// The number of entries that a checkpoint signs.
    signed: u64,
    /// The number of entries.
    size: u64,
}

impl Adoption {
    /// Begins for a database of an earlier version; none if an entry has a MAC, or there is no entry.
    pub async fn of_earlier_version(
        store: &Store,
        journal: &Journal,
        signed: (u64, Hash),
    ) -> Result<Option<Self>, Fault> {
        let mut tx = store.write().await?;
        let size = ledger::begin_adoption(&mut tx).await?;
        if size == 0 || ledger::has_macs(tx.conn()).await? {
            return Ok(None);
        }
        let adoption = Self::begin(tx, journal, signed, 0, size).await?;
        match adoption.unproven() {
            0 => Ok(Some(adoption)),
            count => Err(Fault::NotProven {
                first: signed.0,
                count,
            }),
        }
    }

    /// Begins for a database whose row key is lost, or whose end no checkpoint proves; none if this installation has the key
    /// of every entry.
    pub async fn with_row_key(
        store: &Store,
        journal: &Journal,
        keys: &RowKeys,
        signed: (u64, Hash),
        now: Timestamp,
    ) -> Result<Option<Self>, Fault> {
        let named = ledger::row_key_ids(store).await?;
        let mut tx = store.write().await?;
        let size = ledger::begin_adoption(&mut tx).await?;
        let used = ledger::mac_key_ids(tx.conn()).await?;
        // A writer of the database can delete the names, but needs a MAC for each entry.
        let is_complete = !used.is_empty()
            && ledger::require_known(&named, keys).is_ok()
            && ledger::require_known(&used, keys).is_ok();
        if size == 0 || is_complete {
            return Ok(None);
        }
        // Before the MACs are deleted: an entry that a known key proves needs nobody to accept it.
        let by_macs = ledger::proven_by_macs(&mut tx, journal.log(), keys, signed.0).await?;
        ledger::forget_row_keys(&mut tx).await?;
        ledger::register_row_keys(&mut tx, keys, now).await?;
        Ok(Some(Self::begin(tx, journal, signed, by_macs, size).await?))
    }

    async fn begin(
        mut tx: Tx,
        journal: &Journal,
        (signed, root): (u64, Hash),
        by_macs: u64,
        size: u64,
    ) -> Result<Self, Fault> {
        let (log, mut tree) = (journal.log(), Frontier::default());
        ledger::add_macs(&mut tx, log, &mut tree, signed, EntryProof::Checkpoint).await?;
        if tree.root() != root {
            return Err(Fault::Rewritten { size: signed });
        }
        ledger::add_macs(&mut tx, log, &mut tree, by_macs, EntryProof::Chain).await?;
        if tree.size() > size {
            let why = EntryFlaw::Head;
            return Err(Fault::NotAuthentic(NotAuthentic { seq: size, why }));
        }
        Ok(Self {
            tx,
            journal: journal.clone(),
            tree,
            signed,
            size,
        })
    }

    /// Returns the number of entries that only a MAC proves.
    pub fn proven_by_macs(&self) -> u64 {
        self.tree.size() - self.signed
    }

    /// Returns the number of entries that nothing proves.
    pub fn unproven(&self) -> u64 {
        self.size - self.tree.size()
    }

    /// Returns the leaves of all entries that nothing proves: people accept each of them.
    pub async fn unproven_leaves(&mut self) -> Result<Vec<String>, Fault> {
        let (mut leaves, mut from) = (Vec::new(), self.tree.size());
        loop {
            let page = ledger::maced_entries(self.tx.conn(), from).await?;
            let Some(last) = page.last().and_then(|last| last.seq) else {
                return Ok(leaves);
            };
            from = last + 1;
            leaves.extend(page.into_iter().filter_map(|entry| entry.leaf));
        }
    }

    /// Returns a digest of what people accept.
    pub fn plan(&self, leaves: &[String]) -> Hash {
        let text = format!(
            "{} {} {}\n{}",
            self.size,
            self.tree.size(),
            self.tree.root(),
            leaves.join("\n")
        );
        Hash::of(text.as_bytes())
    }

    /// Returns the connection, on which the entries count that are proven, and no others.
    pub fn conn(&mut self) -> &mut StoreConnection {
        self.tx.conn()
    }

    /// Records the adoption and commits it.
    pub async fn finish(mut self) -> Result<(), Fault> {
        let proven = self.tree.size();
        tracing::warn!(
            entries = proven,
            "entries of an earlier version, which a checkpoint proves, have a MAC from now on"
        );
        let entry = self.journal.ledger_adopted(proven, 0, None);
        self.journal.append(&mut self.tx, entry).await?;
        Ok(self.tx.commit().await?)
    }

    /// Gives the entries that nothing proves a MAC as well, because people accept them, and commits it.
    pub async fn accepted_by(mut self, agreement: &HostAgreement) -> Result<u64, Fault> {
        let (proven, accepted) = (self.tree.size(), self.unproven());
        let (log, proof) = (self.journal.log().clone(), EntryProof::Chain);
        ledger::add_macs(&mut self.tx, &log, &mut self.tree, self.size, proof).await?;
        let entry = self
            .journal
            .ledger_adopted(proven, accepted, Some(agreement));
        let seq = self.journal.append(&mut self.tx, entry).await?;
        self.tx.commit().await?;
        Ok(seq)
    }
}

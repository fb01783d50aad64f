//! The changes that wait for decisions, in memory: every page of an approver counts them.
//!
//! Each look asks the database for their numbers and versions, and reads only those that it does not hold as they are.
//! Nothing is decided by it: whoever decides reads the change again. A change that differs from the ledger is never held: each
//! look compares it again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{change::State, ids::ChangeId};

use super::mismatch;
use crate::store::{
    StoreConnection, StoreError,
    change::{self, FoundChange, StoredChange},
};

/// The waiting changes that this process has read. A change that this version does not understand is none of them.
#[derive(Debug, Default)]
pub struct WaitingChanges(Mutex<BTreeMap<ChangeId, Arc<StoredChange>>>);

impl WaitingChanges {
    /// Returns the changes that wait now, oldest first.
    pub async fn now(
        &self,
        conn: &mut StoreConnection,
    ) -> Result<Vec<Arc<StoredChange>>, StoreError> {
        let versions = change::versions(conn, State::Waiting).await?;
        let held = self.held(&versions);
        let missing = versions.iter().filter(|(id, _)| !held.contains_key(id));
        let missing: Vec<ChangeId> = missing.map(|(id, _)| id.clone()).collect();
        let read = change::find_all(conn, &missing).await?;
        let read = read.into_iter().filter_map(FoundChange::known);
        let mut all = held;
        for stored in read.filter(|stored| stored.change.state == State::Waiting) {
            all.insert(stored.change.id.clone(), Arc::new(stored));
        }
        let ordered = versions.iter().filter_map(|(id, _)| all.get(id).cloned());
        let ordered = ordered.collect();
        all.retain(|_, stored| !mismatch::exists(stored));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = all;
        Ok(ordered)
    }

    /// Returns the held changes that have these versions.
    fn held(&self, versions: &[(ChangeId, i64)]) -> BTreeMap<ChangeId, Arc<StoredChange>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = versions.iter().filter_map(|(id, version)| {
            let stored = known.get(id).filter(|stored| stored.version == *version)?;
            Some((id.clone(), stored.clone()))
        });
        held.collect()
    }
}

//! The changes that wait for decisions, in memory: every page of an approver counts them.
//!
//! As long as no entry about a change was committed, they are the same: each transition of a change is committed together
//! with its entry, and a request looks at the ledger as of its beginning. Otherwise a look asks the database for their numbers
//! and versions, and reads only those that it does not hold as they are. Nothing is decided by it: whoever decides reads the
//! change again. A change that differs from the ledger is never held: each look compares it again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{change::State, ids::ChangeId, ledger::projection::Changes};

use super::mismatch;
use crate::store::{
    StoreConnection, StoreError,
    change::{self, FoundChange, StoredChange},
    ledger::live,
};

/// Waiting changes, oldest first.
type Waiting = Arc<[Arc<StoredChange>]>;

/// The waiting changes that this process has read, and what the entries said of changes before. A change that this version
/// does not understand is none of them.
#[derive(Debug, Default)]
pub struct WaitingChanges(Mutex<Option<(Changes, Waiting)>>);

impl WaitingChanges {
    /// Returns the changes that wait now, oldest first.
    pub async fn now(&self, conn: &mut StoreConnection) -> Result<Waiting, StoreError> {
        // Before the rows are read: rows that are newer are read again once more.
        let said = live::view(conn, |projection| projection.changes().clone()).await?;
        let last = self.last();
        if let Some((before, waiting)) = &last
            && said.is_shared_with(before)
            && !waiting.iter().any(|stored| mismatch::exists(stored))
        {
            return Ok(Arc::clone(waiting));
        }
        let versions = change::versions(conn, State::Waiting).await?;
        let mut all = held(last.map(|(_, waiting)| waiting), &versions);
        let missing = versions.iter().filter(|(id, _)| !all.contains_key(id));
        let missing: Vec<ChangeId> = missing.map(|(id, _)| id.clone()).collect();
        let read = change::find_all(conn, &missing).await?;
        let read = read.into_iter().filter_map(FoundChange::known);
        for stored in read.filter(|stored| stored.change.state == State::Waiting) {
            all.insert(stored.change.id.clone(), Arc::new(stored));
        }
        let ordered = versions.iter().filter_map(|(id, _)| all.remove(id));
        let ordered: Waiting = ordered.collect();
        let held = Some((said, Arc::clone(&ordered)));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = held;
        Ok(ordered)
    }

    fn last(&self) -> Option<(Changes, Waiting)> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }
}

/// Returns the changes that have these versions and do not differ from the ledger.
fn held(
    last: Option<Waiting>,
    versions: &[(ChangeId, i64)],
) -> BTreeMap<ChangeId, Arc<StoredChange>> {
    let versions: BTreeMap<&ChangeId, i64> = versions
        .iter()
        .map(|(id, version)| (id, *version))
        .collect();
    let last = last.iter().flat_map(|waiting| waiting.iter());
    last.filter(|stored| versions.get(&stored.change.id) == Some(&stored.version))
        .filter(|stored| !mismatch::exists(stored))
        .map(|stored| (stored.change.id.clone(), Arc::clone(stored)))
        .collect()
}

//! The changes that wait for decisions, in memory: every page of an approver counts them.
//!
//! As long as no entry about a change was committed, they are the same. Otherwise a look asks the database for their
//! numbers and versions, and reads only those that it does not hold as they are. Nothing is decided by it: whoever decides
//! reads the change again.

use std::{collections::BTreeMap, sync::Arc};

use domain::{change::State, ids::ChangeId};

use crate::{
    service::held::Held,
    store::{
        StoreConnection, StoreError,
        change::{self, FoundChange, StoredChange},
        ledger::live,
    },
};

/// The waiting changes that this process has read, oldest first. A change that this version does not understand is none of
/// them.
#[derive(Debug, Default)]
pub struct WaitingChanges(Held<Vec<Arc<StoredChange>>>);

impl WaitingChanges {
    /// Returns the changes that wait now, oldest first.
    pub async fn now(
        &self,
        conn: &mut StoreConnection,
    ) -> Result<Arc<Vec<Arc<StoredChange>>>, StoreError> {
        let entries = live::view(conn, |projection| projection.counts().changes).await?;
        if let Some(held) = self.0.as_of(entries) {
            return Ok(held);
        }
        let versions = change::versions(conn, State::Waiting).await?;
        let mut all = self.held(&versions);
        let missing = versions.iter().filter(|(id, _)| !all.contains_key(id));
        let missing: Vec<ChangeId> = missing.map(|(id, _)| id.clone()).collect();
        let read = change::find_all(conn, &missing).await?;
        let read = read.into_iter().filter_map(FoundChange::known);
        for stored in read.filter(|stored| stored.change.state == State::Waiting) {
            all.insert(stored.change.id.clone(), Arc::new(stored));
        }
        let ordered = versions.iter().filter_map(|(id, _)| all.remove(id));
        Ok(self.0.hold(entries, ordered.collect()))
    }

    /// Returns the held changes that have these versions.
    fn held(&self, versions: &[(ChangeId, i64)]) -> BTreeMap<ChangeId, Arc<StoredChange>> {
        let Some(last) = self.0.last() else {
            return BTreeMap::new();
        };
        let versions: BTreeMap<&ChangeId, i64> = versions
            .iter()
            .map(|(id, version)| (id, *version))
            .collect();
        last.iter()
            .filter(|stored| versions.get(&stored.change.id) == Some(&stored.version))
            .map(|stored| (stored.change.id.clone(), Arc::clone(stored)))
            .collect()
    }
}

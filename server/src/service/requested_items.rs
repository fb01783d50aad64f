//! The items of the changes whose steps run, as the ledger proves that they were requested. Loading and proving costs as
//! much as there are items, so it happens once for a change and not at each of its steps. What was not proven is not kept.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{change::Operation, ids::ChangeId};

use crate::store::{Store, StoreError, change};

/// The number of changes that are kept: as many as sagas run at once.
const KEPT: usize = 4;

/// The items of one change; none for each that this version does not understand.
type Items = Arc<[Option<Operation>]>;

/// The items of the changes whose steps ran last.
#[derive(Debug, Default)]
pub struct RequestedItems(Mutex<VecDeque<(ChangeId, Items)>>);

impl RequestedItems {
    /// Returns the items of a change; no items if it is not as it was requested.
    pub async fn of(&self, store: &Store, change: &ChangeId) -> Result<Items, StoreError> {
        let known = self
            .kept()
            .iter()
            .find(|(id, _)| id == change)
            .map(|(_, items)| Arc::clone(items));
        if let Some(items) = known {
            return Ok(items);
        }
        let mut conn = store.connection().await?;
        let items: Items = change::requested_items(&mut conn, change).await?.into();
        let mut kept = self.kept();
        if !items.is_empty() && kept.iter().all(|(id, _)| id != change) {
            kept.truncate(KEPT - 1);
            kept.push_front((change.clone(), Arc::clone(&items)));
        }
        Ok(items)
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<(ChangeId, Items)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

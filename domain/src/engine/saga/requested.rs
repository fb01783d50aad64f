//! Compares the plans of sagas in the row of a change with the request that the ledger proves.
//!
//! The row is not proven, and whoever edits it must not decide what is written. A saga whose plan differs keeps what a read
//! shows as done and writes nothing more.

use std::collections::BTreeSet;

use super::super::rows::{ChangeRow, Item};
use crate::{
    change::Operation,
    subject::{SagaPlan, Work},
};

impl ChangeRow {
    /// Replaces every plan that differs from the request by the requested one, or by one without steps if nothing such was
    /// requested. Returns the indices of these items. `requested` holds the items of the request, each if it is proven
    /// and understood.
    pub fn as_requested(&mut self, requested: &[Option<Operation>]) -> BTreeSet<usize> {
        let whole = self.items.len() == requested.len();
        let mut altered = BTreeSet::new();
        for (index, row) in self.items.iter_mut().enumerate() {
            let plan = requested.get(index).and_then(Option::as_ref).and_then(saga);
            let next = match (&row.item, plan) {
                (Item::Saga { plan: stored }, Some(plan)) if whole && *stored == plan => continue,
                (Item::Saga { plan: stored }, None) => SagaPlan {
                    steps: Vec::new(),
                    ..stored.clone()
                },
                (_, Some(plan)) => plan,
                // The ledger proves access windows by themselves, and a removal is never stopped.
                (Item::Open { .. } | Item::Close { .. }, None) => continue,
            };
            row.item = Item::Saga { plan: next };
            altered.insert(index);
        }
        altered
    }

    /// Whether the row has a saga.
    pub fn has_sagas(&self) -> bool {
        let mut items = self.items.iter();
        items.any(|row| matches!(row.item, Item::Saga { .. }))
    }
}

fn saga(operation: &Operation) -> Option<SagaPlan> {
    match operation.subject().work() {
        Work::Saga(plan) => Some(plan),
        Work::Keep { .. } | Work::Remove { .. } => None,
    }
}

#[cfg(test)]
mod tests;

//! Compares the plans of sagas in the row of a change with the request that the ledger proves.
//!
//! The row is not proven, and whoever edits it must not decide what is written. The entry of the start records the digest
//! of the stored plans, so that a version that plans otherwise continues what an earlier one began. Only if that differs,
//! the plans are compared one by one with what this version plans for the request. A saga whose plan differs keeps what a
//! read shows as done and writes nothing more.

use std::collections::BTreeSet;

use super::super::rows::{ChangeRow, Item, ItemRow};
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
                (Item::Saga { plan: stored }, Some(plan)) if whole && **stored == plan => continue,
                (Item::Saga { plan: stored }, None) => SagaPlan {
                    steps: Vec::new(),
                    ..(**stored).clone()
                },
                (_, Some(plan)) => plan,
                // The ledger proves access windows by themselves, and a removal is never stopped.
                (Item::Open { .. } | Item::Close { .. }, None) => continue,
            };
            row.item = Item::Saga { plan: next.into() };
            altered.insert(index);
        }
        altered
    }

    /// Returns the indices of the sagas whose plan this version does not understand.
    pub fn not_understood(&self) -> Vec<usize> {
        let unknown =
            |row: &ItemRow| matches!(&row.item, Item::Saga { plan } if !plan.is_understood());
        let items = self.items.iter().enumerate();
        items
            .filter_map(|(index, row)| unknown(row).then_some(index))
            .collect()
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

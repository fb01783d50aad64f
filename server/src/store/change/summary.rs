//! A change in a list: how many items it has, and the first of them. A list never loads the items of a large change.

use std::collections::BTreeSet;

use domain::{
    approval::{ApprovalProgress, Decision},
    change::{Change, Operation, State, StoredItem, tally},
    diff::Effect,
    ids::{ChangeId, PersonId},
    time::{Date, Timestamp},
};
use sqlx::any::AnyRow;

use super::{
    StoredChange,
    compared::{self, Compared, Differences},
    parts::ItemsLoaded,
    proven::{ProvenChange, change_id},
};
use crate::store::{StoreConnection, StoreError};

/// A change of a list, with its first items only.
#[derive(Debug, Clone)]
pub struct ListedChange {
    /// Holds the first items that are understood. Private: nothing else may be done with a part of a change.
    part: StoredChange,
    count: usize,
    understood: bool,
}

impl ListedChange {
    pub fn summary(&self) -> ChangeSummary<'_> {
        ChangeSummary {
            stored: &self.part,
            count: self.count,
            understood: self.understood,
        }
    }
}

/// What a list shows of a change.
#[derive(Debug, Clone, Copy)]
pub struct ChangeSummary<'a> {
    stored: &'a StoredChange,
    count: usize,
    understood: bool,
}

impl<'a> From<&'a StoredChange> for ChangeSummary<'a> {
    fn from(stored: &'a StoredChange) -> Self {
        Self {
            stored,
            count: stored.change.proposal.operations.len(),
            understood: true,
        }
    }
}

impl<'a> ChangeSummary<'a> {
    fn change(&self) -> &'a Change {
        &self.stored.change
    }

    pub fn id(&self) -> &'a ChangeId {
        &self.change().id
    }

    pub fn requester(&self) -> &'a PersonId {
        &self.change().requester
    }

    pub fn submitted(&self) -> Timestamp {
        self.change().submitted
    }

    pub fn decide_by(&self) -> Timestamp {
        self.change().decide_by
    }

    pub fn state(&self) -> State {
        self.change().state
    }

    /// Returns the date by which somebody reviews the standing access that it gives.
    pub fn review_on(&self) -> Option<Date> {
        self.change().proposal.review_on
    }

    /// Returns when its state changed last.
    pub fn updated_at(&self) -> Timestamp {
        self.stored.updated_at
    }

    /// Returns the number of items.
    pub fn items(&self) -> usize {
        self.count
    }

    /// Returns the first items, at least one unless there are none. None if one of them is not understood.
    pub fn first(&self) -> Option<&'a [Operation]> {
        self.understood
            .then_some(self.change().proposal.operations.as_slice())
    }

    pub fn effect(&self) -> &'a Effect {
        &self.stored.effect
    }

    /// Whether anything of the change or of the decisions on it differs from the ledger, as far as a list compares them.
    pub fn differs(&self) -> bool {
        self.stored.differs()
    }

    /// Returns the number of approvals that the change has, and the number it needs.
    pub fn approvals(&self) -> (u8, u8) {
        let need = self.change().verdict.approvals;
        let have = match tally(self.change(), &self.stored.gaining, |_| true) {
            ApprovalProgress::Met(_) => need,
            ApprovalProgress::Missing(missing) => need.saturating_sub(missing),
            ApprovalProgress::Declined(_) => self.approved(),
        };
        (have, need)
    }

    /// Returns who approved the effect in force.
    pub fn approvers(&self) -> BTreeSet<&'a PersonId> {
        self.change()
            .in_force()
            .filter(|given| given.decision == Decision::Approve)
            .map(|given| &given.approver)
            .collect()
    }

    /// Returns the number of people who approved the effect in force.
    fn approved(&self) -> u8 {
        u8::try_from(self.approvers().len()).unwrap_or(u8::MAX)
    }
}

/// The columns of a change in a list.
pub(super) const LISTED: &str =
    "change.*, (select count(*) from change_item i where i.change_id = change.id) as items";

/// Reads rows of changes for a list.
pub(super) async fn listed(
    conn: &mut StoreConnection,
    rows: &[AnyRow],
) -> Result<Vec<ListedChange>, StoreError> {
    let all = ListedChange::read(conn, rows).await?;
    compared::again(conn, all).await
}

impl Compared for ListedChange {
    fn id(&self) -> &ChangeId {
        &self.part.change.id
    }

    fn differences(&self) -> Differences<'_> {
        self.part.differences()
    }

    async fn read(conn: &mut StoreConnection, rows: &[AnyRow]) -> Result<Vec<Self>, StoreError> {
        let ids = rows.iter().map(|row| Ok((change_id(row)?, row)));
        let ids = ids.collect::<Result<_, StoreError>>()?;
        let read = ProvenChange::read(conn, ids, ItemsLoaded::First).await?;
        read.into_iter().map(|proven| one(proven?)).collect()
    }
}

fn one(proven: ProvenChange<'_>) -> Result<ListedChange, StoreError> {
    let items = proven.items();
    let operations: Vec<Operation> = items.iter().map_while(StoredItem::read).collect();
    Ok(ListedChange {
        understood: operations.len() == items.len(),
        count: items.len().saturating_add(proven.rest()),
        part: proven.with(operations)?,
    })
}

//! Reads from AWS what a removal may affect, just before it is evaluated: at its submission and at its start.
//!
//! Best effort within a short time. What AWS answers is added to the read model, where the policies on removals may ask
//! for an approval because of it. What AWS does not answer neither holds nor delays a removal: a delegated administrator,
//! for example, may not ask where a group is assigned. Never called for the end of an access window, nor for a removal
//! that has started.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    change::Operation,
    crawl::SingleRead,
    engine::Listing,
    ids::{GroupId, Pair, PermissionSetArn, Principal},
    policies::removal_limit,
    time::Timestamp,
};
use futures::{StreamExt as _, stream};
use tokio::time::timeout;

use super::{IN_FLIGHT, ReadItem, read_item, take};
use crate::{
    aws::{error::CallError, read::GroupMembers},
    service::{app_state::AppState, evaluation_slots::ReadSlot, publication::PATIENCE},
};

/// Reads what operations may remove into the read model. Returns in time whether or not AWS answers. Reads nothing
/// for a change that gives access. `slot` is kept until the reads end, also if the caller is gone; the
/// engine has none.
pub async fn read_removal(
    app_state: &Arc<AppState>,
    operations: &[Operation],
    slot: Option<ReadSlot>,
) {
    let within = app_state.settings.removal_reads;
    let has = |wanted: fn(&Operation) -> bool| operations.iter().any(wanted);
    if within.is_zero() || has(Operation::gives) || !has(Operation::removes) {
        return;
    }
    let reads = Arc::new(Reads {
        app_state: app_state.clone(),
        found: Mutex::default(),
    });
    let operations = operations.to_vec();
    // Adding what was read must not be interrupted, and goes on if it takes long.
    let work = tokio::spawn(async move {
        let _slot = slot;
        if timeout(within, reads.clone().all(operations))
            .await
            .is_err()
        {
            tracing::info!("AWS did not answer in time what a removal affects");
        }
        reads.take().await;
    });
    if timeout(2 * within, work).await.is_err() {
        tracing::info!("a removal is evaluated before everything that was read for it is known");
    }
}

/// Where a group is assigned.
struct GroupAssignments {
    sets: BTreeSet<PermissionSetArn>,
    /// The pairs that AWS lists and the last read did not show.
    unseen: Vec<Pair>,
}

/// The reads of one change.
struct Reads {
    app_state: Arc<AppState>,
    found: Mutex<Vec<(SingleRead, Timestamp)>>,
}

impl Reads {
    async fn all(self: Arc<Self>, operations: Vec<Operation>) {
        let (mut left, mut unassigned) = (BTreeSet::new(), BTreeSet::new());
        let mut sets = BTreeSet::new();
        for operation in operations {
            left.extend(operation.leaves().map(|(group, _)| group.clone()));
            if let Some(assignment) = operation.unassigns() {
                sets.insert(assignment.pair.set.clone());
                if let Principal::Group(group) = &assignment.principal {
                    unassigned.insert(group.clone());
                }
            }
        }
        let listings = stream::iter(left).map(|group| self.clone().assigned(group));
        let mut listings = listings.buffer_unordered(IN_FLIGHT);
        let mut unseen: BTreeSet<Pair> = BTreeSet::new();
        while let Some(listed) = listings.next().await {
            sets.extend(listed.sets);
            unseen.extend(listed.unseen);
        }
        drop(listings);
        let items: Vec<ReadItem> = unseen
            .into_iter()
            .map(ReadItem::Pair)
            .chain(sets.into_iter().map(ReadItem::Set))
            .collect();
        let members = stream::iter(unassigned);
        let members = members.for_each_concurrent(IN_FLIGHT, |group| self.clone().members(group));
        let items = stream::iter(items);
        let items = items.for_each_concurrent(IN_FLIGHT, |item| self.clone().item(item));
        tokio::join!(members, items);
    }

    /// Reads where a group is assigned.
    async fn assigned(self: Arc<Self>, group: GroupId) -> GroupAssignments {
        let group = Principal::Group(group);
        let (aws, instance) = (&self.app_state.aws, &self.app_state.instance);
        let listed = match aws.pairs_of(instance, &group).await {
            Ok(listed) => listed,
            Err(error) => {
                unanswered(&error);
                BTreeSet::new()
            }
        };
        let read_model = self.app_state.read_model();
        let known: BTreeSet<&Pair> = read_model.snapshot.pairs_of(&group).iter().collect();
        let all = known.iter().copied().chain(&listed);
        GroupAssignments {
            sets: all.map(|pair| pair.set.clone()).collect(),
            unseen: listed
                .iter()
                .filter(|pair| !known.contains(pair))
                .cloned()
                .collect(),
        }
    }

    /// Reads whether a group has more members than one person may remove, and no page after these.
    async fn members(self: Arc<Self>, group: GroupId) {
        let Some(limit) = removal_limit(&self.app_state.rules()) else {
            return;
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let read_model = self.app_state.read_model();
        if read_model.snapshot.members(&group).count() > limit {
            return;
        }
        let as_of = self.app_state.clock.now();
        let (aws, instance) = (&self.app_state.aws, &self.app_state.instance);
        match aws.members_until(instance, &group, limit).await {
            Ok(GroupMembers::All(members)) => {
                let listing = Listing::Group { group, members };
                self.found(SingleRead::Listing(listing), as_of);
            }
            Ok(GroupMembers::AtLeast(users)) => {
                self.found(SingleRead::MembersSeen { group, users }, as_of);
            }
            Err(error) => unanswered(&error),
        }
    }

    async fn item(self: Arc<Self>, item: ReadItem) {
        let as_of = self.app_state.clock.now();
        match read_item(&self.app_state, &item).await {
            Ok(read) => self.found(read, as_of),
            Err(error) => unanswered(&error),
        }
    }

    fn found(&self, read: SingleRead, as_of: Timestamp) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.push((read, as_of));
    }

    /// Adds what was read to the read model.
    async fn take(&self) {
        let found = {
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *found)
        };
        let mut shown = None;
        for (read, as_of) in found {
            match take(&self.app_state, &read, as_of).await {
                Ok(receipt) => shown = Some(receipt),
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a read for a removal could not be stored"
                    );
                }
            }
        }
        // Who waits for the reads has a time limit of their own.
        if let Some(shown) = shown
            && let Err(error) = shown.shown(PATIENCE).await
        {
            tracing::warn!(error = &error as &dyn std::error::Error);
        }
    }
}

fn unanswered(error: &CallError) {
    tracing::info!(
        code = error.code,
        "AWS did not answer what a removal affects"
    );
}

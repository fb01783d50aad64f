//! Reads from AWS what an approved change depends on, just before its final evaluation.
//!
//! A verdict on data from the last crawl would miss later drift, such as a new assignment of a harmless group or an
//! edit of a harmless permission set. Never evaluates, and never takes a failed read for an answer: the change waits.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    change::{Operation, State},
    classification::is_live,
    crawl::SingleRead,
    engine::Listing,
    ids::{AccountId, ChangeId, GroupId, Pair, PermissionSetArn, Principal},
    snapshot::Knowledge,
    time::{Duration, Timestamp},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use thiserror::Error;

use super::{reread_accounts, start};
use crate::{
    aws::error::{CallError, ErrorClass},
    service::{
        app_state::AppState,
        jobs,
        publication::{self, NotShown, PATIENCE},
        single_reads::{self, IN_FLIGHT, ReadItem, read_item},
    },
    store::{
        StoreError,
        change::{FoundChange, StoredChange},
    },
};

/// The reason why a change cannot be evaluated against what AWS holds now. The read is retried.
#[derive(Debug, Error)]
pub enum RereadError {
    /// AWS did not respond.
    #[error("AWS could not be read: {0}")]
    Aws(#[from] CallError),
    /// The response could not be stored, or the change could not be loaded.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was read is stored, and the read model does not show it yet.
    #[error(transparent)]
    NotShown(#[from] NotShown),
    /// The change needs a complete crawl that has not happened yet.
    #[error("no complete crawl has begun since the change was approved")]
    NotCrawled,
}

/// The resources to read.
#[derive(Debug, Default)]
struct ReadPlan {
    pairs: BTreeSet<Pair>,
    groups: BTreeSet<GroupId>,
    sets: BTreeSet<PermissionSetArn>,
    accounts: BTreeSet<AccountId>,
}

/// Reads everything that the gains of a change depend on into the read model: the assignments of its pairs, the content
/// of its permission sets, the members of its groups, the assignments of its groups, and the classification of its
/// accounts. For a change that may not be delayed, what it may affect is read as far as AWS answers in time.
pub async fn reread(app_state: &Arc<AppState>, stored: &StoredChange) -> Result<(), RereadError> {
    let proposal = &stored.change.proposal;
    if stored.change.state != State::Approved {
        return Ok(());
    }
    if !stored.change.may_be_delayed() {
        single_reads::read_removal(app_state, &proposal.operations, None).await;
        return Ok(());
    }
    // The row may say that it was earlier.
    let proven = stored.recorded.iter().map(|decision| decision.at);
    let proven = proven.chain(stored.shown_at);
    let approved = proven.fold(stored.updated_at, Timestamp::max);
    let now = app_state.clock.now();
    if !app_state
        .read_model()
        .snapshot
        .parts()
        .coverage
        .is_sound(now)
    {
        ask_for_crawl(app_state).await?;
        return Err(RereadError::NotCrawled);
    }
    let wanted = wanted(app_state, &proposal.operations, approved).await?;
    let reads = wanted.pairs.into_iter().map(ReadItem::Pair);
    let reads = reads.chain(wanted.groups.into_iter().map(ReadItem::Group));
    let reads = reads.chain(wanted.sets.into_iter().map(ReadItem::Set));
    take_all(app_state, reads.collect()).await?;
    reread_accounts::reread(app_state, &wanted.accounts, approved).await
}

/// Requests a crawl, at most once a minute for all waiting changes. Otherwise a resource that cannot be read would
/// cause continuous crawls.
async fn ask_for_crawl(app_state: &AppState) -> Result<(), StoreError> {
    let began = app_state.read_model().snapshot.parts().coverage.began;
    if began.is_none_or(|began| app_state.clock.now().since(began) >= Duration::minutes(1)) {
        jobs::request_crawl(app_state).await?;
    }
    Ok(())
}

/// Reads the permission sets that a change assigned again, after the change is done. An edit made in the meantime is
/// recorded and evaluated at once instead of after the next crawl.
pub async fn confirm(app_state: &Arc<AppState>, change: &ChangeId) -> Result<(), RereadError> {
    let found = start::load(app_state, change).await?;
    let Some(stored) = found.and_then(FoundChange::known) else {
        return Ok(());
    };
    let operations = stored.change.proposal.operations.into_iter();
    let sets: BTreeSet<PermissionSetArn> = operations
        .filter_map(|operation| Some(operation.assigns()?.0.pair.set.clone()))
        .collect();
    take_all(app_state, sets.into_iter().map(ReadItem::Set).collect()).await
}

async fn wanted(
    app_state: &AppState,
    operations: &[Operation],
    approved: Timestamp,
) -> Result<ReadPlan, RereadError> {
    let mut wanted = ReadPlan::default();
    for operation in operations {
        if let Some((assignment, _)) = operation.assigns() {
            wanted.pairs.insert(assignment.pair.clone());
            wanted.accounts.insert(assignment.pair.account.clone());
            wanted.sets.insert(assignment.pair.set.clone());
            if let Principal::Group(group) = &assignment.principal {
                wanted.groups.insert(group.clone());
            }
        } else if let Some((group, _)) = operation.joins() {
            let there = Principal::Group(group.clone());
            wanted.groups.insert(group.clone());
            let read_model = app_state.read_model();
            let known: BTreeSet<Pair> = read_model
                .snapshot
                .pairs_of(&there)
                .iter()
                .cloned()
                .collect();
            let listed = assigned(app_state, &there, &known, approved).await?;
            let accounts = listed.union(&known).map(|pair| pair.account.clone());
            wanted.accounts.extend(accounts);
            wanted
                .sets
                .extend(listed.union(&known).map(|pair| pair.set.clone()));
            wanted
                .pairs
                .extend(listed.symmetric_difference(&known).cloned());
        } else if !operation.removes() {
            wanted.accounts.extend(operation.account().cloned());
        }
    }
    Ok(wanted)
}

/// Returns the pairs that a group is assigned to now. If AWS denies the call, a crawl must have read everything since
/// the approval.
async fn assigned(
    app_state: &AppState,
    group: &Principal,
    known: &BTreeSet<Pair>,
    approved: Timestamp,
) -> Result<BTreeSet<Pair>, RereadError> {
    match app_state.aws.pairs_of(&app_state.instance, group).await {
        Ok(pairs) => Ok(pairs),
        Err(error) if error.class == ErrorClass::AccessDenied => {
            crawled_since(app_state, approved).await?;
            Ok(known.clone())
        }
        Err(error) => Err(error.into()),
    }
}

/// Requires that a crawl read everything since the approval.
pub(super) async fn crawled_since(
    app_state: &AppState,
    approved: Timestamp,
) -> Result<(), RereadError> {
    let read_model = app_state.read_model();
    let coverage = &read_model.snapshot.parts().coverage;
    if coverage.is_whole_since(approved) {
        return Ok(());
    }
    ask_for_crawl(app_state).await?;
    Err(RereadError::NotCrawled)
}

async fn take_all(app_state: &Arc<AppState>, wanted: Vec<ReadItem>) -> Result<(), RereadError> {
    let reads = stream::iter(wanted).map(|one| async move {
        // The time of the request: a response proves nothing about later changes.
        let as_of = app_state.clock.now();
        match read_item(app_state, &one).await {
            Ok(read) => Ok(Some((read, as_of))),
            Err(error) if is_explained(app_state, &one, &error) => Ok(None),
            Err(error) => Err(error),
        }
    });
    let reads: Vec<Option<(SingleRead, Timestamp)>> =
        reads.buffer_unordered(IN_FLIGHT).try_collect().await?;
    // Also what others read before counts, so the read model must show it.
    let mut receipt = publication::everything(app_state);
    for (read, as_of) in reads.into_iter().flatten() {
        if differs(app_state, &read) {
            receipt = single_reads::take(app_state, &read, as_of).await?;
        } else {
            single_reads::remember(app_state, &read, as_of);
        }
    }
    Ok(receipt.shown(PATIENCE).await?)
}

/// Whether AWS does not find a pair because its account is not in use or not in the organization. Otherwise a failed read
/// is never an answer.
fn is_explained(app_state: &AppState, one: &ReadItem, error: &CallError) -> bool {
    let ReadItem::Pair(pair) = one else {
        return false;
    };
    let read_model = app_state.read_model();
    let snapshot = &read_model.snapshot;
    let account = snapshot.account(&pair.account);
    error.class == ErrorClass::NotFound
        && snapshot.never_read().accounts() == Knowledge::Read
        && account.is_none_or(|(account, _)| !is_live(account))
}

/// Returns whether a read is worth storing. A newer *as of* of a pair alone is not.
fn differs(app_state: &AppState, read: &SingleRead) -> bool {
    let SingleRead::Listing(Listing::Pair { pair, principals }) = read else {
        return true;
    };
    let observed = app_state.publication.observed(app_state);
    match observed.pairs.get(pair) {
        Some(known) => !known.principals.keys().eq(principals),
        None => !principals.is_empty(),
    }
}

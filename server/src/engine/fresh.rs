//! Reads from AWS what an approved change rests on, just before it is judged for the last time.
//!
//! A verdict on what was seen a quarter of an hour ago would let pass what somebody did past Leastwise
//! since: a harmless group that was assigned, a harmless set that was edited. Never judges, and never
//! takes a read that broke for an answer: then the change waits.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    change::{Change, Operation, State},
    crawl::Read,
    engine::Listing,
    ids::{ChangeId, GroupId, Pair, PermissionSetArn, Principal},
    permission_set::PermissionSet,
    time::{Duration, Timestamp},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use thiserror::Error;

use super::observe;
use crate::{
    aws::error::{CallError, Class},
    service::core::Core,
    store::{self, StoreError},
};

/// Reads in flight for one change.
const IN_FLIGHT: usize = 8;

/// Why a change cannot be judged on what AWS holds now; it is asked again.
#[derive(Debug, Error)]
pub enum NotRead {
    /// AWS did not answer.
    #[error("AWS could not be read: {0}")]
    Aws(#[from] CallError),
    /// What it answered could not be stored, or the change not be loaded.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Only a crawl can tell, and none has since the change was approved.
    #[error("no complete crawl has begun since the change was approved")]
    NotCrawled,
}

/// What has to be read.
#[derive(Debug, Default)]
struct Wanted {
    pairs: BTreeSet<Pair>,
    groups: BTreeSet<GroupId>,
    sets: BTreeSet<PermissionSetArn>,
}

/// Reads everything that a change's gains rest on into the world: who is assigned to its pairs, what its
/// sets hold, who is in its groups, and where its groups are assigned. A change that only takes reads nothing.
pub async fn reread(core: &Arc<Core>, change: &ChangeId) -> Result<(), NotRead> {
    let Some((change, approved)) = asked(core, change).await? else {
        return Ok(());
    };
    let operations = change.proposal.operations;
    if change.state != State::Approved || !operations.iter().any(Operation::gives) {
        return Ok(());
    }
    let now = core.clock.now();
    if !core.world().snapshot.parts().coverage.is_sound(now) {
        ask_for_crawl(core);
        return Err(NotRead::NotCrawled);
    }
    let wanted = wanted(core, &operations, approved).await?;
    let reads = wanted.pairs.into_iter().map(One::Pair);
    let reads = reads.chain(wanted.groups.into_iter().map(One::Group));
    let reads = reads.chain(wanted.sets.into_iter().map(One::Set));
    take_all(core, reads.collect()).await
}

/// At most once a minute, however many changes wait: something that cannot be read at all would
/// otherwise have AWS read without a pause.
fn ask_for_crawl(core: &Core) {
    let began = core.world().snapshot.parts().coverage.began;
    if began.is_none_or(|began| core.clock.now().since(began) >= Duration::minutes(1)) {
        core.wake_sync.notify_one();
    }
}

/// Reads the sets that a change gave once more, after it is done: what was edited while it was carried
/// out is on record at once and judged where it is held. The next crawl would find it, too.
pub async fn confirm(core: &Arc<Core>, change: &ChangeId) -> Result<(), NotRead> {
    let Some((change, _)) = asked(core, change).await? else {
        return Ok(());
    };
    let operations = change.proposal.operations.into_iter();
    let sets: BTreeSet<PermissionSetArn> = operations
        .filter_map(|operation| match operation {
            Operation::Assign { assignment, .. } => Some(assignment.pair.set),
            _ => None,
        })
        .collect();
    take_all(core, sets.into_iter().map(One::Set).collect()).await
}

/// A change, and when it last moved: of an approved one, when it was approved.
async fn asked(core: &Core, change: &ChangeId) -> Result<Option<(Change, Timestamp)>, StoreError> {
    let mut conn = core.store.read().acquire().await?;
    let Some(stored) = store::change::find(&mut conn, change).await? else {
        return Ok(None);
    };
    let moved = store::change::moved_at(&mut conn, change).await?;
    Ok(Some((stored.change, moved)))
}

async fn wanted(
    core: &Core,
    operations: &[Operation],
    approved: Timestamp,
) -> Result<Wanted, NotRead> {
    let mut wanted = Wanted::default();
    for operation in operations {
        match operation {
            Operation::Assign { assignment, .. } => {
                wanted.pairs.insert(assignment.pair.clone());
                wanted.sets.insert(assignment.pair.set.clone());
                if let Principal::Group(group) = &assignment.principal {
                    wanted.groups.insert(group.clone());
                }
            }
            Operation::AddMember { group, .. } => {
                let there = Principal::Group(group.clone());
                wanted.groups.insert(group.clone());
                let world = core.world();
                let known: BTreeSet<Pair> =
                    world.snapshot.pairs_of(&there).iter().cloned().collect();
                let listed = assigned(core, &there, &known, approved).await?;
                wanted
                    .sets
                    .extend(listed.union(&known).map(|pair| pair.set.clone()));
                wanted
                    .pairs
                    .extend(listed.symmetric_difference(&known).cloned());
            }
            Operation::Unassign { .. } | Operation::RemoveMember { .. } => {}
        }
    }
    Ok(wanted)
}

/// Where a group is assigned now. Where AWS does not let us ask, a crawl must have read everything
/// since the change was approved.
async fn assigned(
    core: &Core,
    group: &Principal,
    known: &BTreeSet<Pair>,
    approved: Timestamp,
) -> Result<BTreeSet<Pair>, NotRead> {
    match core.aws.pairs_of(&core.instance, group).await {
        Ok(pairs) => Ok(pairs),
        Err(error) if error.class == Class::AccessDenied => {
            let world = core.world();
            let coverage = &world.snapshot.parts().coverage;
            if coverage.is_whole_since(approved) {
                return Ok(known.clone());
            }
            ask_for_crawl(core);
            Err(NotRead::NotCrawled)
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug)]
enum One {
    Pair(Pair),
    Group(GroupId),
    Set(PermissionSetArn),
}

async fn take_all(core: &Arc<Core>, wanted: Vec<One>) -> Result<(), NotRead> {
    let reads = stream::iter(wanted).map(|one| async move {
        // When it was asked for: an answer proves nothing of what came after.
        let as_of = core.clock.now();
        Ok::<_, CallError>((read(core, one).await?, as_of))
    });
    let reads: Vec<(Read, Timestamp)> = reads.buffer_unordered(IN_FLIGHT).try_collect().await?;
    for (read, as_of) in reads {
        if differs(core, &read) {
            observe::take(core, &read, as_of).await?;
        } else {
            observe::remember(core, &read, as_of);
        }
    }
    Ok(())
}

async fn read(core: &Core, one: One) -> Result<Read, CallError> {
    let (aws, instance) = (&core.aws, &core.instance);
    Ok(match one {
        One::Pair(pair) => Read::Listing(Listing::Pair {
            principals: aws.assignments(instance, &pair).await?,
            pair,
        }),
        One::Group(group) => Read::Listing(Listing::Group {
            members: aws.members(instance, &group).await?,
            group,
        }),
        One::Set(arn) => {
            let (name, description, content) = aws.set_content(instance, &arn).await?;
            let outdated = aws.outdated_accounts(instance, &arn).await?;
            let (hash, analysis) = (content.hash(), core.analyse(&content));
            let set = Box::new(PermissionSet {
                arn,
                name,
                description,
                content,
                hash,
                analysis,
            });
            Read::Set { set, outdated }
        }
    })
}

/// Whether a pair shows something new: a newer *as of* alone is not worth a new world.
fn differs(core: &Core, read: &Read) -> bool {
    let Read::Listing(Listing::Pair { pair, principals }) = read else {
        return true;
    };
    let world = core.world();
    match world.snapshot.pair(pair) {
        Some(known) => !known.principals.keys().eq(principals),
        None => !principals.is_empty(),
    }
}

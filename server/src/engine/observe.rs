//! Lets what one read showed become part of the world, at once and on record.
//!
//! Only a complete read comes here. A newer world is made beside the old one and put in its place;
//! crawls and single reads take turns, so that neither loses what the other saw.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    crawl::{PairListing, merge_pair},
    engine::{Listing, Presence},
    guardrails::Agreement,
    ids::{AccountId, ChangeId, GroupId, Pair, Principal, UserId},
    permission_set::PermissionSet,
    snapshot::{Parts, Provisioned, Snapshot},
    time::Timestamp,
};

use super::sync;
use crate::{
    service::core::{Core, World},
    store::{self, StoreError},
};

/// One complete read of AWS.
#[derive(Debug, Clone)]
pub enum Read {
    /// Assignments of a pair, or members of a group.
    Listing(Listing),
    /// A permission set's whole content, and the accounts that still hold an older one.
    Set {
        /// The set.
        set: Box<PermissionSet>,
        /// Accounts that were not provisioned with this content.
        outdated: BTreeSet<AccountId>,
    },
}

/// Takes one read into the world. If it cannot be stored, the next crawl brings it again.
pub async fn note(core: &Arc<Core>, listing: &Listing, as_of: Timestamp) {
    if let Err(error) = take(core, &Read::Listing(listing.clone()), as_of).await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "a read could not be stored"
        );
    }
}

/// Takes one read into the world, or says that it could not be stored: then the world does not hold it.
pub async fn take(core: &Arc<Core>, read: &Read, as_of: Timestamp) -> Result<(), StoreError> {
    let _turn = core.observing.lock().await;
    let world = core.world();
    let before = world.snapshot.parts();
    let Some((parts, touched)) = merged(before, read, as_of) else {
        return Ok(());
    };
    keep(core, before, &parts, read, as_of).await?;
    refresh(core, parts, &touched).await
}

/// Makes a new world of what is known, after windows of ours changed in these accounts.
pub async fn windows_moved(core: &Arc<Core>, touched: &BTreeSet<AccountId>) {
    let _turn = core.observing.lock().await;
    let parts = core.world().snapshot.parts().clone();
    if let Err(error) = refresh(core, parts, touched).await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the windows could not be read"
        );
    }
}

/// Stores what a read changed, and writes down what in it no write of ours explains: a single read
/// must not swallow what somebody did outside.
async fn keep(
    core: &Core,
    before: &Parts,
    after: &Parts,
    read: &Read,
    as_of: Timestamp,
) -> Result<(), StoreError> {
    let now = core.clock.now();
    let mut tx = core.store.write().await?;
    let (then, mut since) = (part_of(before, read), part_of(after, read));
    since.coverage.newest = since.coverage.newest.max(Some(as_of));
    let seen = sync::unexplained(&mut tx, &then, &since).await?;
    store::observed::save(&mut tx, before, after, now).await?;
    store::crawl::save_outside(&mut tx, &seen).await?;
    if !seen.is_empty() {
        let entries = seen.iter().map(|one| core.journal.outside_seen(one));
        core.journal.append_many(&mut tx, entries.collect()).await?;
    }
    tx.commit().await
}

/// What one read can have changed, so that two worlds need not be compared as a whole.
fn part_of(parts: &Parts, read: &Read) -> Parts {
    let mut part = Parts {
        coverage: parts.coverage.clone(),
        ..Parts::default()
    };
    match read {
        Read::Listing(Listing::Pair { pair, .. }) => {
            let read = parts.pairs.get(pair).cloned();
            part.pairs.extend(read.map(|read| (pair.clone(), read)));
        }
        Read::Listing(Listing::Membership { group, .. } | Listing::Group { group, .. }) => {
            let members = parts.members.get(group).cloned();
            part.members
                .extend(members.map(|members| (group.clone(), members)));
        }
        Read::Set { set, .. } => {
            let known = parts.sets.get(&set.arn).cloned();
            part.sets.extend(known.map(|set| (set.arn.clone(), set)));
        }
    }
    part
}

/// The parts after one read, and the accounts about which something changed; nothing if it shows
/// what was known and that is recent.
fn merged(before: &Parts, read: &Read, as_of: Timestamp) -> Option<(Parts, BTreeSet<AccountId>)> {
    match read {
        Read::Listing(Listing::Pair { pair, principals }) => {
            merged_pair(before, pair, principals, as_of)
        }
        Read::Listing(Listing::Membership {
            group,
            user,
            presence,
        }) => {
            let mut members = before.members.get(group).cloned().unwrap_or_default();
            let differs = match presence {
                Presence::Present => members.insert(user.clone()),
                Presence::Absent => members.remove(user),
            };
            differs.then(|| with_members(before, group, members))
        }
        Read::Listing(Listing::Group { group, members }) => {
            let newer = before.members_as_of.get(group) > Some(&as_of);
            let none = BTreeSet::new();
            if newer || before.members.get(group).unwrap_or(&none) == members {
                return None;
            }
            let (mut parts, touched) = with_members(before, group, members.clone());
            parts.members_as_of.insert(group.clone(), as_of);
            Some((parts, touched))
        }
        Read::Set { set, outdated } => merged_set(before, set, outdated),
    }
}

fn merged_pair(
    before: &Parts,
    pair: &Pair,
    principals: &BTreeSet<Principal>,
    as_of: Timestamp,
) -> Option<(Parts, BTreeSet<AccountId>)> {
    let known = before.pairs.get(pair);
    let same = match known {
        Some(read) => read.principals.keys().eq(principals),
        None => principals.is_empty(),
    };
    if same && known.is_none_or(|read| read.as_of >= as_of) {
        return None;
    }
    let mut parts = before.clone();
    let provisioned = known.map_or(Provisioned::Latest, |read| read.provisioned);
    let listing = PairListing {
        pair: pair.clone(),
        as_of,
        principals: principals.clone(),
        provisioned,
    };
    merge_pair(&mut parts.pairs, listing);
    Some((parts, BTreeSet::from([pair.account.clone()])))
}

fn with_members(
    before: &Parts,
    group: &GroupId,
    members: BTreeSet<UserId>,
) -> (Parts, BTreeSet<AccountId>) {
    let mut parts = before.clone();
    parts.members.insert(group.clone(), members);
    let opened = Principal::Group(group.clone());
    let touched = parts
        .pairs
        .iter()
        .filter(|(_, read)| read.principals.contains_key(&opened))
        .map(|(pair, _)| pair.account.clone())
        .collect();
    (parts, touched)
}

/// What a set holds is the same everywhere, and which accounts hold it too; so all its pairs change.
fn merged_set(
    before: &Parts,
    set: &PermissionSet,
    outdated: &BTreeSet<AccountId>,
) -> Option<(Parts, BTreeSet<AccountId>)> {
    let provisioned = |pair: &Pair| {
        if outdated.contains(&pair.account) {
            Provisioned::Outdated
        } else {
            Provisioned::Latest
        }
    };
    let mut pairs = before.pairs.iter().filter(|(pair, _)| pair.set == set.arn);
    let same_everywhere = pairs.all(|(pair, read)| read.provisioned == provisioned(pair));
    if same_everywhere && before.sets.get(&set.arn) == Some(set) {
        return None;
    }
    let mut parts = before.clone();
    parts.sets.insert(set.arn.clone(), set.clone());
    let mut touched = BTreeSet::new();
    for (pair, read) in &mut parts.pairs {
        if pair.set == set.arn {
            read.provisioned = provisioned(pair);
            touched.insert(pair.account.clone());
        }
    }
    Some((parts, touched))
}

/// Publishes a new world in which only these accounts are judged anew.
pub(super) async fn refresh(
    core: &Arc<Core>,
    parts: Parts,
    touched: &BTreeSet<AccountId>,
) -> Result<(), StoreError> {
    let (windows, agreed) = reasons(core).await?;
    let (old, rules, touched) = (core.world(), core.rules.clone(), touched.clone());
    let special = old.special.clone();
    let made = tokio::task::spawn_blocking(move || {
        World::after(
            &old,
            Snapshot::new(parts),
            special,
            windows,
            &agreed,
            &rules,
            &touched,
        )
    });
    if let Ok(world) = made.await {
        core.publish(world);
    }
    Ok(())
}

type Reasons = (
    Vec<domain::engine::WindowRow>,
    BTreeMap<ChangeId, Agreement>,
);

/// Windows that are not over, and who agreed to them.
pub(super) async fn reasons(core: &Core) -> Result<Reasons, StoreError> {
    let mut conn = core.store.read().acquire().await?;
    let windows = store::engine::windows(&mut conn).await?;
    let changes: BTreeSet<&ChangeId> = windows.iter().map(|row| &row.window.change).collect();
    let mut agreed = BTreeMap::new();
    for change in changes {
        if let Some(stored) = store::change::find(&mut conn, change).await? {
            let approvals = stored
                .change
                .in_force()
                .filter(|approval| approval.decision == domain::approval::Decision::Approve)
                .map(|approval| approval.approver.clone())
                .collect();
            let gaining = stored.effect.gaining().into_iter().cloned().collect();
            agreed.insert(change.clone(), Agreement { approvals, gaining });
        }
    }
    Ok((windows, agreed))
}

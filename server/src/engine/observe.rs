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
    ids::{AccountId, ChangeId, PersonId, Principal},
    snapshot::{Parts, Provisioned, Snapshot},
    time::Timestamp,
};

use super::sync;
use crate::{
    service::core::{Core, World},
    store::{self, StoreError},
};

/// Takes one read into the world. If it cannot be stored, the next crawl brings it again.
pub async fn note(core: &Arc<Core>, listing: &Listing, as_of: Timestamp) {
    let _turn = core.observing.lock().await;
    let world = core.world();
    let before = world.snapshot.parts();
    let Some((parts, touched)) = merged(before, listing, as_of) else {
        return;
    };
    match keep(core, before, &parts, listing).await {
        Ok(()) => refresh(core, parts, &touched).await,
        Err(error) => tracing::error!(
            error = &error as &dyn std::error::Error,
            "a read could not be stored"
        ),
    }
}

/// Makes a new world of what is known, after windows of ours changed in these accounts.
pub async fn windows_moved(core: &Arc<Core>, touched: &BTreeSet<AccountId>) {
    let _turn = core.observing.lock().await;
    let parts = core.world().snapshot.parts().clone();
    refresh(core, parts, touched).await;
}

/// Stores what a read changed, and writes down what in it no write of ours explains: a single read
/// must not swallow what somebody did outside.
async fn keep(
    core: &Core,
    before: &Parts,
    after: &Parts,
    listing: &Listing,
) -> Result<(), StoreError> {
    let now = core.clock.now();
    let mut tx = core.store.write().await?;
    let (then, since) = (part_of(before, listing), part_of(after, listing));
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
fn part_of(parts: &Parts, listing: &Listing) -> Parts {
    let mut part = Parts {
        coverage: parts.coverage.clone(),
        ..Parts::default()
    };
    match listing {
        Listing::Pair { pair, .. } => {
            let read = parts.pairs.get(pair).cloned();
            part.pairs.extend(read.map(|read| (pair.clone(), read)));
        }
        Listing::Membership { group, .. } | Listing::Group { group, .. } => {
            let members = parts.members.get(group).cloned();
            part.members
                .extend(members.map(|members| (group.clone(), members)));
        }
    }
    part
}

/// The parts after one listing, and the accounts about which something changed; nothing if it shows
/// what was known and that is recent.
fn merged(
    before: &Parts,
    listing: &Listing,
    as_of: Timestamp,
) -> Option<(Parts, BTreeSet<AccountId>)> {
    match listing {
        Listing::Pair { pair, principals } => {
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
        Listing::Membership {
            group,
            user,
            presence,
        } => {
            let known = before
                .members
                .get(group)
                .is_some_and(|members| members.contains(user));
            let there = *presence == Presence::Present;
            if known == there {
                return None;
            }
            let mut parts = before.clone();
            let members = parts.members.entry(group.clone()).or_default();
            if there {
                members.insert(user.clone());
            } else {
                members.remove(user);
            }
            let opened = Principal::Group(group.clone());
            let touched = parts
                .pairs
                .iter()
                .filter(|(_, read)| read.principals.contains_key(&opened))
                .map(|(pair, _)| pair.account.clone())
                .collect();
            Some((parts, touched))
        }
        // Whole groups come with the crawl only.
        Listing::Group { .. } => None,
    }
}

/// Publishes a new world in which only these accounts are judged anew.
pub(super) async fn refresh(core: &Arc<Core>, parts: Parts, touched: &BTreeSet<AccountId>) {
    let (windows, approvals) = match reasons(core).await {
        Ok(reasons) => reasons,
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the windows could not be read"
            );
            return;
        }
    };
    let (old, rules, touched) = (core.world(), core.rules.clone(), touched.clone());
    let special = old.special.clone();
    let made = tokio::task::spawn_blocking(move || {
        World::after(
            &old,
            Snapshot::new(parts),
            special,
            windows,
            &approvals,
            &rules,
            &touched,
        )
    });
    if let Ok(world) = made.await {
        core.publish(world);
    }
}

type Reasons = (
    Vec<domain::engine::WindowRow>,
    BTreeMap<ChangeId, BTreeSet<PersonId>>,
);

/// Windows that are not over, and who agreed to them.
pub(super) async fn reasons(core: &Core) -> Result<Reasons, StoreError> {
    let mut conn = core.store.read().acquire().await?;
    let windows = store::engine::windows(&mut conn).await?;
    let changes: BTreeSet<&ChangeId> = windows.iter().map(|row| &row.window.change).collect();
    let mut approvals = BTreeMap::new();
    for change in changes {
        if let Some(stored) = store::change::find(&mut conn, change).await? {
            let agreed = stored
                .change
                .approvals
                .iter()
                .filter(|approval| approval.effect == stored.change.effect)
                .filter(|approval| approval.decision == domain::approval::Decision::Approve)
                .map(|approval| approval.approver.clone())
                .collect();
            approvals.insert(change.clone(), agreed);
        }
    }
    Ok((windows, approvals))
}

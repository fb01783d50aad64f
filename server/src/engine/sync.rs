//! Crawls, merges, tells what differs, and publishes the new world.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError},
    time::Duration,
};

use domain::{
    crawl::{Known, Read, merge},
    drift::{Outside, Seen, outside},
    engine::{Ending, Key, Kind, Listing, OperationRow, Phase},
    ids::{GroupId, PersonId, UserId},
    ledger::Outcome,
    org::SpecialAccounts,
    person::{Join, join},
    snapshot::{Parts, Snapshot, Unread},
    time::Timestamp,
};
use serde::Serialize;

use super::{execute::observation, observe};
use crate::{
    aws::crawl::{Calls, Cost, Crawled, Progress, crawl},
    clock,
    service::{
        core::{Core, World},
        journal::Draft,
    },
    store::{self, StoreError, Tx},
};

/// What one crawl came to.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Calls made, by service.
    pub calls: Calls,
    /// Calls that the page-exact formula asks for, by service.
    pub formula: Calls,
    /// Throttles met.
    pub throttled: u64,
    /// Accounts known.
    pub accounts: usize,
    /// Permission sets known.
    pub permission_sets: usize,
    /// Pairs with at least one assignment.
    pub pairs: usize,
    /// Assignments.
    pub assignments: usize,
    /// Assignments whose principal is gone.
    pub orphans: usize,
    /// Differences that no change of ours explains.
    pub outside: usize,
    /// Whether everything was read.
    pub complete: bool,
    /// What was not.
    pub unread: Vec<Unread>,
    /// From the first call to the last.
    pub seconds: f64,
}

/// Runs for ever: a crawl now, then one every interval, or when somebody asks.
pub async fn run(core: Arc<Core>) {
    let every =
        Duration::from_millis(u64::try_from(core.settings.crawl_every.0).unwrap_or(900_000));
    loop {
        match once(&core, &Arc::default()).await {
            Ok(report) => tracing::info!(
                seconds = report.seconds,
                pairs = report.pairs,
                complete = report.complete,
                outside = report.outside,
                "crawled"
            ),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "what the crawl read could not be stored"
                );
            }
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = core.wake_sync.notified() => {}
        }
    }
}

/// One full crawl, stored and published.
pub async fn once(core: &Arc<Core>, progress: &Arc<Progress>) -> Result<Report, StoreError> {
    // What was asked for before the first call cannot be newer than what this lists.
    drop(reads(core));
    let analyse = |content: &_| core.analyse(content);
    let crawled = crawl(&core.aws, &core.instance, &core.clock, &analyse, progress).await;
    let _turn = core.observing.lock().await;
    let world = core.world();
    let before = world.snapshot.parts();
    let special = special(core, &world.special, &crawled);
    let (started, ended, cost) = (
        crawled.crawl.started,
        crawled.crawl.ended,
        crawled.cost.clone(),
    );
    let listings = minded(core, &crawled).await?;

    let mut tx = core.store.write().await?;
    let recorded = store::observed::recorded(tx.conn()).await?;
    let persons = persons(&mut tx, before, &crawled, core).await?;
    let mut reads = reads(core);
    reads.sort_by_key(|(_, as_of)| *as_of);
    let known = Known {
        special: &special,
        recorded: &recorded,
        persons,
        reads: &reads,
    };
    let parts = merge(before, crawled.crawl, known);
    let seen = unexplained(&mut tx, before, &parts).await?;
    store::observed::save(&mut tx, before, &parts, ended).await?;
    store::crawl::save(&mut tx, started, ended, &parts.coverage, &seen).await?;
    core.journal
        .append_many(&mut tx, entries(core, &parts, &seen, &cost))
        .await?;
    tx.commit().await?;

    let mut report = Report {
        calls: cost.calls,
        formula: cost.formula,
        throttled: cost.throttled,
        accounts: parts.accounts.len(),
        permission_sets: parts.sets.len(),
        pairs: parts.pairs.len(),
        assignments: parts.pairs.values().map(|read| read.principals.len()).sum(),
        orphans: 0,
        outside: seen.len(),
        complete: parts.coverage.unread.is_empty(),
        unread: parts.coverage.unread.clone(),
        // Milliseconds of a crawl fit a double many times over.
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        seconds: ended.since(started).0 as f64 / 1_000.0,
    };
    publish(core, parts, special).await?;
    report.orphans = domain::access::orphans(&core.world().snapshot).count();
    for listing in listings {
        // Without an engine there is nobody to tell.
        let _ = core.observations.send(observation(listing, started));
    }
    Ok(report)
}

fn entries(core: &Core, parts: &Parts, seen: &[Seen], cost: &Cost) -> Vec<Draft> {
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let outcome = if parts.coverage.unread.is_empty() {
        Outcome::Success
    } else {
        Outcome::Failure
    };
    let facts = [
        ("accounts", count(parts.accounts.len())),
        ("pairs", count(parts.pairs.len())),
        ("unread", count(parts.coverage.unread.len())),
        ("outside", count(seen.len())),
        (
            "calls",
            cost.calls.sso + cost.calls.identitystore + cost.calls.organizations,
        ),
        ("throttled", cost.throttled),
    ];
    let mut entries: Vec<Draft> = seen
        .iter()
        .map(|one| core.journal.outside_seen(one))
        .collect();
    entries.push(core.journal.sync_completed(outcome, facts));
    entries
}

async fn publish(
    core: &Arc<Core>,
    parts: Parts,
    special: SpecialAccounts,
) -> Result<(), StoreError> {
    let reasons = observe::reasons(core).await?;
    let rules = core.rules.clone();
    let made = tokio::task::spawn_blocking(move || {
        World::new(Snapshot::new(parts), special, reasons, &rules)
    });
    core.publish(made.await.map_err(|error| unmade(&error))?);
    Ok(())
}

/// A world that could not be made: whoever waits for it must not go on with the one before.
pub(super) fn unmade(error: &tokio::task::JoinError) -> StoreError {
    StoreError::Inconsistent {
        table: "world",
        what: error.to_string(),
    }
}

/// The single reads so far; from here on they are gathered anew.
fn reads(core: &Core) -> Vec<(Read, Timestamp)> {
    std::mem::take(&mut *core.reads.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Loads what was known when the process last ran.
pub async fn restore(core: &Arc<Core>) -> Result<(), StoreError> {
    let special = SpecialAccounts {
        leastwise: core.settings.leastwise_accounts.clone(),
        ..SpecialAccounts::default()
    };
    let parts = {
        let mut conn = core.store.read().acquire().await?;
        store::observed::load(&mut conn, &special, |content| core.analyse(content)).await?
    };
    publish(core, parts, special).await
}

fn special(core: &Core, before: &SpecialAccounts, crawled: &Crawled) -> SpecialAccounts {
    let mut special = crawled.special.clone();
    // What could not be read this time stays as it was: a guarded account must not become free.
    special.management = special.management.or_else(|| before.management.clone());
    if special.delegated_administrators.is_empty() {
        special
            .delegated_administrators
            .clone_from(&before.delegated_administrators);
    }
    special
        .leastwise
        .clone_from(&core.settings.leastwise_accounts);
    special
}

/// Every user is somebody. Who signed in, or was given a role, before the directory was read has a
/// person already: that one becomes the user's, so that nothing they hold is left behind.
async fn persons(
    tx: &mut Tx,
    before: &Parts,
    crawled: &Crawled,
    core: &Core,
) -> Result<BTreeMap<UserId, PersonId>, StoreError> {
    let Some(users) = &crawled.crawl.users else {
        return Ok(before.persons.clone());
    };
    let mut known = store::joined::by_user(tx.conn()).await?;
    for person in store::joined::without_user(tx.conn()).await? {
        let joined = person
            .subjects
            .iter()
            .map(|subject| join(subject, users.iter()))
            .find_map(|join| match join {
                Join::Joined(user) if !known.contains_key(&user) => Some(user),
                _ => None,
            });
        if let Some(user) = joined {
            store::joined::set_user(tx, &person.id, &user).await?;
            known.insert(user, person.id);
        }
    }
    let fresh: Vec<(UserId, PersonId)> = users
        .iter()
        .filter(|user| !known.contains_key(&user.id))
        .map(|user| (user.id.clone(), clock::person_id()))
        .collect();
    store::joined::ensure_for_users(tx, &fresh, core.clock.now()).await?;
    let now = store::joined::by_user(tx.conn()).await?;
    // Whoever was known keeps the ids that were there: while one world replaces another, both are in memory.
    let same = |(user, person): (UserId, PersonId)| {
        let known = before.persons.get_key_value(&user);
        let known = known.filter(|(_, known)| **known == person);
        known.map_or((user, person), |(user, person)| {
            (user.clone(), person.clone())
        })
    };
    Ok(now.into_iter().map(same).collect())
}

/// Differences that no write of ours explains.
pub(super) async fn unexplained(
    tx: &mut Tx,
    before: &Parts,
    after: &Parts,
) -> Result<Vec<Seen>, StoreError> {
    let Some(oldest) = before.coverage.oldest else {
        return Ok(Vec::new());
    };
    let ours: BTreeSet<(Key, bool)> = store::engine::operations_since(tx.conn(), oldest)
        .await?
        .into_iter()
        .filter(|row| !never_done(row.phase))
        .map(|OperationRow { key, kind, .. }| (key, kind == Kind::Create))
        .collect();
    Ok(outside(before, after, |seen| {
        explained_by(seen).is_some_and(|write| ours.contains(&write))
    }))
}

/// What AWS never did explains nothing: somebody else did it by hand.
fn never_done(phase: Phase) -> bool {
    matches!(
        phase,
        Phase::Over(Ending::Refused | Ending::NotSent | Ending::Failed)
    )
}

/// The write of ours that would explain a difference; sets and accounts are not written to yet.
fn explained_by(outside: &Outside) -> Option<(Key, bool)> {
    let membership = |group: &GroupId, user: &UserId| Key::Membership {
        group: group.clone(),
        user: user.clone(),
    };
    Some(match outside {
        Outside::Assigned { assignment } => (Key::Assignment(assignment.clone()), true),
        Outside::Unassigned { assignment } => (Key::Assignment(assignment.clone()), false),
        Outside::Joined { group, user } => (membership(group, user), true),
        Outside::Left { group, user } => (membership(group, user), false),
        Outside::SetEdited { .. } | Outside::Reclassified { .. } => return None,
    })
}

/// What the crawl read of pairs and groups that the engine minds.
async fn minded(core: &Core, crawled: &Crawled) -> Result<Vec<Listing>, StoreError> {
    let keys = {
        let mut conn = core.store.read().acquire().await?;
        store::engine::keys(&mut conn).await?
    };
    let (mut pairs, mut groups) = (BTreeSet::new(), BTreeSet::new());
    for row in keys {
        match row.key {
            Key::Assignment(assignment) => drop(pairs.insert(assignment.pair)),
            Key::Membership { group, .. } => drop(groups.insert(group)),
        }
    }
    let read = crawled
        .crawl
        .pairs
        .iter()
        .filter(|listing| pairs.contains(&listing.pair));
    let pairs = read.map(|listing| Listing::Pair {
        pair: listing.pair.clone(),
        principals: listing.principals.clone(),
    });
    let read = crawled
        .crawl
        .members
        .iter()
        .filter(|members| groups.contains(&members.group));
    let groups = read.map(|members| Listing::Group {
        group: members.group.clone(),
        members: members.users.clone(),
    });
    Ok(pairs.chain(groups).collect())
}

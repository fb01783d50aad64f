//! Crawls AWS, merges the result, records drift, and publishes the new read model.

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

/// The result of one crawl.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The calls made, by service.
    pub calls: Calls,
    /// The calls predicted by the page-exact formula, by service.
    pub formula: Calls,
    /// The number of throttles.
    pub throttled: u64,
    pub accounts: usize,
    pub permission_sets: usize,
    /// Pairs with at least one assignment.
    pub pairs: usize,
    pub assignments: usize,
    /// Assignments whose principal no longer exists.
    pub orphans: usize,
    /// Differences that no change explains (drift).
    pub outside: usize,
    /// Whether everything was read.
    pub complete: bool,
    /// What was not read.
    pub unread: Vec<Unread>,
    /// The time from the first call to the last.
    pub seconds: f64,
}

/// Runs forever: a crawl at the start, then after every interval and on request.
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
                    "the result of the crawl could not be stored"
                );
            }
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = core.wake_sync.notified() => {}
        }
    }
}

/// Runs one full crawl, stores it and publishes the read model.
pub async fn once(core: &Arc<Core>, progress: &Arc<Progress>) -> Result<Report, StoreError> {
    // Reads that were requested before the first call cannot be newer than the listings of this crawl.
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
        // The milliseconds of a crawl fit a double easily.
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        seconds: ended.since(started).0 as f64 / 1_000.0,
    };
    publish(core, parts, special).await?;
    report.orphans = domain::access::orphans(&core.world().snapshot).count();
    for listing in listings {
        // Sending fails if no engine runs.
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

/// Returns the error for a read model that could not be built. Its callers must not continue with the previous one.
pub(super) fn unmade(error: &tokio::task::JoinError) -> StoreError {
    StoreError::Inconsistent {
        table: "world",
        what: error.to_string(),
    }
}

/// Takes the single reads collected so far.
fn reads(core: &Core) -> Vec<(Read, Timestamp)> {
    std::mem::take(&mut *core.reads.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Loads the state that the last run of the process stored.
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
    // What could not be read keeps its value: a protected account must not lose its protection.
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

/// Ensures that every user has an identity. An identity that was created before the directory was read, by a sign-in or
/// a role, is linked to its user and keeps its roles.
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
    // Known users keep their id values, because two read models are in memory during the replacement.
    let same = |(user, person): (UserId, PersonId)| {
        let known = before.persons.get_key_value(&user);
        let known = known.filter(|(_, known)| **known == person);
        known.map_or((user, person), |(user, person)| {
            (user.clone(), person.clone())
        })
    };
    Ok(now.into_iter().map(same).collect())
}

/// Returns the differences that no operation of Leastwise explains.
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

/// Returns whether AWS never carried out an operation. Such an operation explains nothing.
fn never_done(phase: Phase) -> bool {
    matches!(
        phase,
        Phase::Over(Ending::Refused | Ending::NotSent | Ending::Failed)
    )
}

/// Returns the operation that would explain a difference. Leastwise does not write permission sets and accounts yet.
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

/// Returns the crawled listings of the pairs and groups that the engine tracks.
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

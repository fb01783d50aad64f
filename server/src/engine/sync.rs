//! Crawls AWS, merges the result, records drift, and publishes the new read model.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
};

use domain::{
    crawl::{MergeContext, merge},
    drift::DriftEvent,
    engine::{AccessResource, Listing},
    ids::GroupId,
    ledger::Outcome,
    org::SpecialAccounts,
    snapshot::{Figure, Gap, NeverRead, Parts, Unread},
};
use serde::{Deserialize, Serialize};

use super::{
    execute::observation,
    persons::{link_found, link_missed, persons},
};
use crate::{
    aws::crawl::{Calls, Cost, CrawlProgress, Crawled, crawl},
    service::{
        app_state::AppState,
        classification_record,
        drift::unexplained,
        identities::{self, Review},
        instance::{self, InstanceError},
        journal::EntryBuilder,
        publication,
        single_reads::ReadsSince,
        stored_state::{self, LOADED},
    },
    store::{self, StoreError, job::JobLease},
};

/// The result of one crawl. As the result of a job it is read by `leastwise sync` of any version: members are only added.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SyncReport {
    /// The calls made, by service.
    pub calls: Calls,
    /// The calls predicted by the page-exact formula, by service.
    pub formula: Calls,
    /// The number of throttles.
    pub throttled: u64,
    pub accounts: Figure,
    pub permission_sets: Figure,
    /// Pairs with at least one assignment.
    pub pairs: Figure,
    pub assignments: Figure,
    /// Assignments whose principal no longer exists.
    pub orphans: Figure,
    /// Differences that no change explains (drift).
    #[serde(rename = "outside")]
    pub drift: usize,
    /// Whether everything was read.
    pub complete: bool,
    /// What was not read.
    pub unread: Vec<Unread>,
    /// Whether nothing at all was read.
    #[serde(default)]
    pub nothing_read: bool,
    /// The time from the first call to the last.
    pub seconds: f64,
}

/// Runs one full crawl, stores it and publishes the read model. Refuses to read another instance than the one that the
/// database was read from. A job passes its lease: nothing is stored without it.
pub async fn once(
    app_state: &Arc<AppState>,
    progress: &Arc<CrawlProgress>,
    lease: Option<&JobLease>,
) -> Result<SyncReport, InstanceError> {
    instance::check(&app_state.store, &app_state.instance.arn).await?;
    let reads = app_state.crawls.begin();
    let analyse = |content: &_| app_state.analyse(content);
    let crawled = crawl(
        &app_state.aws,
        &app_state.instance,
        &app_state.clock,
        &analyse,
        progress,
    )
    .await;
    // Reads single users from AWS, so the engine must not wait for it.
    let reviewed = match &crawled.crawl.users {
        Some(users) => identities::review(app_state, users).await?,
        // What was not read shows no difference.
        None => Review::default(),
    };
    // A job that is cancelled drops its future. What is stored must be published in any case, because the next crawl
    // compares with what is published.
    let kept = tokio::spawn(keep(
        app_state.clone(),
        crawled,
        reads,
        reviewed,
        lease.cloned(),
    ));
    Ok(kept.await.map_err(|error| not_kept(&error))??)
}

/// Returns the error for a crawl whose result may not be stored.
fn not_kept(error: &tokio::task::JoinError) -> StoreError {
    StoreError::Inconsistent {
        table: "the crawl",
        what: error.to_string(),
    }
}

/// Records what the listing of users shows about identities, in a transaction of its own: who a user is follows from entries, and
/// the transaction that stores the crawl is too long to hold the end of the ledger.
async fn keep_identities(
    app_state: &AppState,
    crawled: &Crawled,
    reviewed: &Review,
    lease: Option<&JobLease>,
) -> Result<(), StoreError> {
    let Some(users) = &crawled.crawl.users else {
        return Ok(());
    };
    let mut tx = app_state.store.write().await?;
    let entries = identities::keep(app_state, &mut tx, reviewed).await?;
    if !entries.is_empty() {
        app_state.journal.append_many(&mut tx, entries).await?;
    }
    link_found(&mut tx, users.iter(), app_state).await?;
    if let Some(lease) = lease {
        store::job::confirm(&mut tx, lease).await?;
    }
    tx.commit().await
}

/// Stores what was read and has it published.
async fn keep(
    app_state: Arc<AppState>,
    mut crawled: Crawled,
    reads: ReadsSince,
    reviewed: Review,
    lease: Option<JobLease>,
) -> Result<SyncReport, StoreError> {
    let app_state = &app_state;
    keep_identities(app_state, &crawled, &reviewed, lease.as_ref()).await?;
    let listings = tracked_listings(app_state, &crawled).await?;
    let nothing_read = crawled.crawl.read_nothing();
    let turn = app_state.observing.lock().await;
    let (mut tx, version) = stored_state::begin_crawl(app_state, &turn).await?;
    let read_model = app_state.read_model();
    let before = app_state.publication.observed(app_state);
    let special = special(app_state, &read_model.special, &crawled);
    if !roles_known(&special, &crawled) {
        // An account whose role is not known must not be classified by its tags alone: keep the previous list.
        crawled.crawl.organization = None;
    }
    let (started, ended, cost) = (
        crawled.crawl.started,
        crawled.crawl.ended,
        crawled.cost.clone(),
    );
    let recorded = store::observed::recorded(tx.conn()).await?;
    let recorded = recorded
        .into_iter()
        .map(|(account, class)| (account, class.strictest));
    let recorded: BTreeMap<_, _> = recorded.collect();
    let declared = store::declaration::all_in_force(tx.conn()).await?;
    let persons = persons(&mut tx, &before, &crawled, app_state).await?;
    let reads = reads.in_order();
    let known = MergeContext {
        special: &special,
        mapping: &app_state.settings.mapping.mapping,
        recorded: &recorded,
        declared: &declared,
        persons: persons.linked,
        other_users: persons.others,
        reads: &reads,
    };
    let parts = merge(&before, crawled.crawl, known);
    let seen = unexplained(&mut tx, &before, &parts).await?;
    store::observed::keep_special(&mut tx, &special).await?;
    store::instance::record(&mut tx, &app_state.instance.arn, ended).await?;
    store::observed::save(&mut tx, &before, &parts, ended).await?;
    store::crawl::save(&mut tx, started, ended, &parts.coverage, &seen).await?;
    let classes = parts
        .accounts
        .iter()
        .map(|(account, (_, class))| (account, class));
    let mut ledger_entries =
        classification_record::keep(&app_state.journal, &mut tx, classes).await?;
    ledger_entries.extend(entries(app_state, &parts, &seen, &cost));
    app_state
        .journal
        .append_many(&mut tx, ledger_entries)
        .await?;
    if let Some(lease) = &lease {
        store::job::confirm(&mut tx, lease).await?;
    }
    tx.commit().await?;
    app_state.observed_version.store(version, Ordering::SeqCst);
    identities::refresh_summary(app_state).await?;

    let never = NeverRead::of(&parts);
    let assignments = never.assignments();
    let mut report = SyncReport {
        calls: cost.calls,
        formula: cost.formula,
        throttled: cost.throttled,
        accounts: never.accounts().figure(parts.accounts.len()),
        permission_sets: never.sets().figure(parts.sets.len()),
        pairs: assignments.figure(parts.pairs.len()),
        assignments: assignments
            .figure(parts.pairs.values().map(|read| read.principals.len()).sum()),
        orphans: Figure::NotKnown,
        drift: seen.len(),
        complete: parts.coverage.unread.is_empty(),
        unread: parts.coverage.unread.clone(),
        nothing_read,
        // The milliseconds of a crawl fit a double easily.
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        seconds: ended.since(started).0 as f64 / 1_000.0,
    };
    drop((before, read_model));
    let receipt = publication::replace(app_state, parts, special);
    drop(turn);
    match receipt.shown(LOADED).await {
        Ok(()) => {
            let orphans = domain::access::orphans(&app_state.read_model().snapshot).count();
            let directory = never.users().and(never.groups());
            report.orphans = assignments.and(directory).figure(orphans);
        }
        Err(error) => tracing::error!(error = &error as &dyn std::error::Error),
    }
    link_missed(app_state).await?;
    for listing in listings {
        // Sending fails if no engine runs.
        let _ = app_state.observations.send(observation(listing, started));
    }
    Ok(report)
}

fn entries(
    app_state: &AppState,
    parts: &Parts,
    seen: &[DriftEvent],
    cost: &Cost,
) -> Vec<EntryBuilder> {
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
    let mut entries: Vec<EntryBuilder> = seen
        .iter()
        .map(|one| app_state.journal.outside_seen(one))
        .collect();
    entries.push(app_state.journal.sync_completed(outcome, facts));
    entries
}

fn special(app_state: &AppState, before: &SpecialAccounts, crawled: &Crawled) -> SpecialAccounts {
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
        .clone_from(&app_state.settings.leastwise_accounts);
    special
}

/// Whether the management account and the delegated administrators were read now or earlier.
fn roles_known(special: &SpecialAccounts, crawled: &Crawled) -> bool {
    let unread = |gap: &Gap| crawled.crawl.unread.iter().any(|one| one.what == *gap);
    (special.management.is_some() || !unread(&Gap::Organization))
        && (!special.delegated_administrators.is_empty() || !unread(&Gap::DelegatedAdministrators))
}

/// Returns the crawled listings of the pairs and groups that the engine tracks.
async fn tracked_listings(
    app_state: &AppState,
    crawled: &Crawled,
) -> Result<Vec<Listing>, StoreError> {
    let keys = {
        let mut conn = app_state.store.connection().await?;
        store::engine::keys(&mut conn).await?
    };
    let (mut pairs, mut groups) = (BTreeSet::new(), BTreeSet::new());
    for row in keys {
        match row.key {
            AccessResource::Assignment(assignment) => drop(pairs.insert(assignment.pair)),
            AccessResource::Membership { group, .. } => drop(groups.insert(group)),
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
    let listed = read.map(|members| Listing::Group {
        group: members.group.clone(),
        members: members.users.clone(),
    });
    // A group that a complete list of groups does not contain has no members.
    let gone = crawled.crawl.groups.iter().flat_map(|all| {
        let known: BTreeSet<&GroupId> = all.iter().map(|group| &group.id).collect();
        let missing = groups.iter().filter(|group| !known.contains(group));
        missing.cloned().collect::<Vec<_>>()
    });
    let gone = gone.map(|group| Listing::Group {
        group,
        members: BTreeSet::new(),
    });
    Ok(pairs.chain(listed).chain(gone).collect())
}

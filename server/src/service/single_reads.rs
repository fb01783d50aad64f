//! Single reads of AWS, between two crawls: reads one item, and adds the result to the ledger at once. Requests and the
//! engine use them.
//!
//! Accepts complete reads, and of an incomplete one only what it adds. Stores what a read shows and has it published,
//! without waiting for that. Crawls and single reads take turns, so neither loses the results of the other.

mod item;
mod removal;
mod since_crawl;

pub(crate) use item::{IN_FLIGHT, ReadItem, read_item};
pub use removal::read_removal;
pub use since_crawl::{CrawlsInProgress, ReadsSince};

use std::sync::{Arc, atomic::Ordering};

use domain::{
    crawl::{self, SingleRead},
    engine::Listing,
    snapshot::Parts,
    time::Timestamp,
};

use super::{
    app_state::AppState,
    classification_record, drift,
    journal::EntryBuilder,
    publication::{self, Receipt},
    stored_state,
};
use crate::store::{self, StoreError, observed::ObservedRead};

/// Stores a read and has it published. If it cannot be stored, the next crawl reads it again.
pub async fn note(app_state: &Arc<AppState>, listing: &Listing, as_of: Timestamp) {
    if let Err(error) = take(app_state, &SingleRead::Listing(listing.clone()), as_of).await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "a read could not be stored"
        );
    }
}

/// Stores a read and has the read model show it; the receipt tells when it does. On an error, the read was not stored and
/// no read model will contain it.
pub async fn take(
    app_state: &Arc<AppState>,
    read: &SingleRead,
    as_of: Timestamp,
) -> Result<Receipt, StoreError> {
    remember(app_state, read, as_of);
    let turn = app_state.observing.lock().await;
    loop {
        stored_state::follow(app_state, &turn).await?;
        let before = app_state.publication.observed(app_state);
        let Some(after) = crawl::take(&before, read, as_of) else {
            return Ok(publication::everything(app_state));
        };
        match keep(app_state, &before, &after, read, as_of).await {
            Ok(()) => return Ok(publication::read(app_state, read, as_of)),
            Err(KeepError::Outdated) => {}
            Err(KeepError::Store(error)) => return Err(error),
        }
    }
}

/// Why a read was not stored.
enum KeepError {
    /// Another process has stored a newer state since this one looked.
    Outdated,
    Store(StoreError),
}

impl From<StoreError> for KeepError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Keeps a read for the crawls in progress, whose older listing must not replace it.
pub fn remember(app_state: &AppState, read: &SingleRead, as_of: Timestamp) {
    app_state.crawls.add(read, as_of);
}

/// Stores what a read changed, and records the drift in it: a single read must not hide a change made outside
/// Leastwise.
async fn keep(
    app_state: &AppState,
    before: &Parts,
    after: &Parts,
    read: &SingleRead,
    as_of: Timestamp,
) -> Result<(), KeepError> {
    let now = app_state.clock.now();
    let known = app_state.observed_version.load(Ordering::SeqCst);
    let this = ObservedRead::Single {
        read: read.clone(),
        as_of,
    };
    let mut tx = app_state.store.write().await?;
    let version = match store::observed::advance(&mut tx, known, &this).await {
        Ok(version) => version,
        Err(StoreError::Conflict(_)) => return Err(KeepError::Outdated),
        Err(error) => return Err(error.into()),
    };
    let (then, mut since) = (part_of(before, read), part_of(after, read));
    let newest = since.coverage.newest.max(Some(as_of));
    since.coverage.newest = newest;
    let seen = drift::unexplained(&mut tx, &then, &since).await?;
    store::observed::save(&mut tx, before, after, now).await?;
    store::crawl::save_drift(&mut tx, &seen).await?;
    let journal = &app_state.journal;
    let mut entries: Vec<EntryBuilder> = seen.iter().map(|one| journal.outside_seen(one)).collect();
    if !after.accounts.is_shared_with(&before.accounts) {
        let changed = after.accounts.changes_since(&before.accounts);
        let classes = changed.filter_map(|one| Some((one.key, &one.after?.1)));
        entries.extend(classification_record::keep(journal, &mut tx, classes).await?);
    }
    if !entries.is_empty() {
        journal.append_many(&mut tx, entries).await?;
    }
    tx.commit().await?;
    app_state.observed_version.store(version, Ordering::SeqCst);
    Ok(())
}

/// Returns the part of the data that a read can change, so that the comparison need not cover everything.
fn part_of(parts: &Parts, read: &SingleRead) -> Parts {
    let mut part = Parts {
        coverage: parts.coverage.clone(),
        ..Parts::default()
    };
    match read {
        SingleRead::Listing(Listing::Pair { pair, .. }) => {
            let read = parts.pairs.get(pair).cloned();
            part.pairs.extend(read.map(|read| (pair.clone(), read)));
        }
        SingleRead::Listing(Listing::Membership { group, .. } | Listing::Group { group, .. })
        | SingleRead::MembersSeen { group, .. } => {
            let members = parts.members.get(group).cloned();
            part.members
                .extend(members.map(|members| (group.clone(), members)));
        }
        SingleRead::Account { account, .. } => {
            let known = parts.accounts.get(&account.id).cloned();
            part.accounts
                .extend(known.map(|known| (account.id.clone(), known)));
        }
        SingleRead::Set { set, .. } => {
            let known = parts.sets.get(&set.arn).cloned();
            part.sets.extend(known.map(|set| (set.arn.clone(), set)));
        }
    }
    part
}

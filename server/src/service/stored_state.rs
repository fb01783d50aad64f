//! The observed state as the database holds it: loads it at a start, and follows what other processes store.
//!
//! Each process has a version of it in memory and stores a read only as the version after that, so what it stores is the
//! difference from what is stored. Whoever follows holds the turn of the reads of AWS.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
};

use domain::{
    crawl::{self, SingleRead},
    org::SpecialAccounts,
    snapshot::{Parts, Snapshot},
    time::Timestamp,
};
use tokio::sync::MutexGuard;

use super::{
    access_reasons,
    app_state::{AppState, ReadModel},
    identities,
    single_reads::{self, unmade},
};
use crate::store::{
    StoreError, Tx,
    observed::{self, Missed, ObservedRead},
};

/// Loads the stored state and publishes it.
pub async fn restore(app_state: &Arc<AppState>) -> Result<(), StoreError> {
    let (parts, special, version) = {
        let mut conn = app_state.store.connection().await?;
        // Before everything else: what is stored meanwhile is applied again afterwards.
        let version = observed::newest(&mut conn).await?;
        let special = SpecialAccounts {
            leastwise: app_state.settings.leastwise_accounts.clone(),
            ..observed::special(&mut conn).await?.unwrap_or_default()
        };
        let context = app_state.classification(&special);
        let now = app_state.clock.now();
        let analyse = |content: &_| app_state.analyse(content);
        let parts = observed::load(&mut conn, context, analyse, now).await?;
        (parts, special, version)
    };
    publish(app_state, parts, special).await?;
    app_state.observed_version.store(version, Ordering::SeqCst);
    Ok(())
}

/// Publishes a read model of these parts, in which everything is evaluated.
pub(crate) async fn publish(
    app_state: &Arc<AppState>,
    mut parts: Parts,
    special: SpecialAccounts,
) -> Result<(), StoreError> {
    let marked = single_reads::take_along(app_state, &mut parts).await?;
    let reasons = access_reasons::load(app_state, &BTreeMap::new()).await?;
    let rules = app_state.rules.clone();
    let made = tokio::task::spawn_blocking(move || {
        ReadModel::new(Snapshot::new(parts), special, reasons, &rules)
    });
    app_state.publish(made.await.map_err(|error| unmade(&error))?);
    app_state.moved_accounts.settle(&marked);
    Ok(())
}

/// Brings the read model to the newest stored version. The turn is that of the reads of AWS.
pub async fn follow(
    app_state: &Arc<AppState>,
    _turn: &MutexGuard<'_, ()>,
) -> Result<(), StoreError> {
    loop {
        let known = app_state.observed_version.load(Ordering::SeqCst);
        let missed = {
            let mut conn = app_state.store.connection().await?;
            observed::missed(&mut conn, known).await?
        };
        match missed {
            Missed::Nothing => return Ok(()),
            Missed::Reads { reads, version } => {
                apply(app_state, reads).await?;
                app_state.observed_version.store(version, Ordering::SeqCst);
            }
            Missed::Everything => {
                restore(app_state).await?;
                identities::refresh_summary(app_state).await?;
            }
        }
    }
}

/// Applies reads that another process stored, and publishes one read model.
async fn apply(
    app_state: &Arc<AppState>,
    reads: Vec<(SingleRead, Timestamp)>,
) -> Result<(), StoreError> {
    let read_model = app_state.read_model();
    let (mut next, mut touched) = (None, BTreeSet::new());
    for (read, as_of) in reads {
        // The crawl of this process may have listed the same item earlier.
        single_reads::remember(app_state, &read, as_of);
        let before = next.as_ref().unwrap_or_else(|| read_model.snapshot.parts());
        if let Some((parts, accounts)) = crawl::take(before, &read, as_of) {
            next = Some(parts);
            touched.extend(accounts);
        }
    }
    match next {
        Some(parts) => single_reads::refresh(app_state, parts, touched).await,
        None => Ok(()),
    }
}

/// Begins to store a crawl as the version after the newest one, which this process then has in memory. Other processes that
/// store what they read wait until the transaction ends. It may last, because everything that was read is merged in it.
pub(crate) async fn begin_crawl(
    app_state: &Arc<AppState>,
    turn: &MutexGuard<'_, ()>,
) -> Result<(Tx, i64), StoreError> {
    loop {
        follow(app_state, turn).await?;
        let known = app_state.observed_version.load(Ordering::SeqCst);
        let mut tx = app_state.store.write_for_long().await?;
        match observed::advance(&mut tx, known, &ObservedRead::Crawl).await {
            Ok(version) => return Ok((tx, version)),
            // Another process stored something since this one looked.
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
}

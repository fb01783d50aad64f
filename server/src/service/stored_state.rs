//! The observed state as the database holds it: loads it at a start, and follows what other processes store.
//!
//! Each process has a version of it in memory and stores a read only as the version after that, so what it stores is the
//! difference from what is stored. Whoever follows holds the turn of the reads of AWS.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use domain::{crawl::SingleRead, org::SpecialAccounts, time::Timestamp};
use thiserror::Error;
use tokio::sync::MutexGuard;

use super::{
    app_state::AppState,
    identities,
    publication::{self, NotShown, Receipt},
    single_reads,
};
use crate::store::{
    StoreError, Tx,
    observed::{self, Missed, ObservedRead},
};

/// How long a start and a crawl wait for the read model of what was loaded.
pub(crate) const LOADED: Duration = Duration::from_mins(2);

/// The stored state could not be loaded.
#[derive(Debug, Error)]
pub enum RestoreError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    NotShown(#[from] NotShown),
}

/// Loads the stored state, and waits until the read model shows it.
pub async fn restore(app_state: &Arc<AppState>) -> Result<(), RestoreError> {
    let receipt = load(app_state).await?;
    Ok(receipt.shown(LOADED).await?)
}

/// Loads the stored state and has it published.
async fn load(app_state: &Arc<AppState>) -> Result<Receipt, StoreError> {
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
    let parts = observed::load(&app_state.store, &mut conn, context, analyse, now).await?;
    drop(conn);
    let receipt = publication::replace(app_state, parts, special);
    app_state.observed_version.store(version, Ordering::SeqCst);
    Ok(receipt)
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
                apply(app_state, &reads);
                app_state.observed_version.store(version, Ordering::SeqCst);
            }
            Missed::Everything => {
                load(app_state).await?;
                identities::refresh_summary(app_state).await?;
            }
        }
    }
}

/// Applies reads that another process stored. The caller has the turn of the reads.
fn apply(app_state: &Arc<AppState>, reads: &[(SingleRead, Timestamp)]) {
    for (read, as_of) in reads {
        // The crawl of this process may have listed the same item earlier.
        single_reads::remember(app_state, read, *as_of);
        publication::read(app_state, read, *as_of);
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

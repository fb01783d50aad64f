//! What the next read model must show besides the current one, and the receipts of those who wait for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{
    ids::{AccountId, GrantId},
    org::SpecialAccounts,
    policies::Rules,
    snapshot::Parts,
};
use thiserror::Error;
use tokio::{sync::watch, time::timeout};

use crate::service::{app_state::AppState, read_model::ReadModel};

/// What the next read model must show besides the current one.
#[derive(Debug)]
pub struct Publication {
    state: Mutex<Requests>,
    /// The number of the last request that the read model shows.
    pub(super) shown: watch::Sender<u64>,
    count: AtomicU64,
    /// How long all publications took, in microseconds.
    micros: AtomicU64,
}

#[derive(Debug, Default)]
pub(super) struct Requests {
    /// The number of the last request.
    pub(super) last: u64,
    /// The last stored state of AWS, with its request; none if the read model shows it.
    pub(super) observed: Option<(Parts, u64)>,
    pub(super) special: Option<SpecialAccounts>,
    /// Accounts whose declaration, access windows or overdue removals changed, each with its last request.
    pub(super) accounts: BTreeMap<AccountId, u64>,
    /// Access windows that were written, each with its last request.
    pub(super) grants: BTreeMap<GrantId, u64>,
    /// The policies to put in force, with their request.
    pub(super) rules: Option<(Arc<Rules>, u64)>,
    /// The request to load all access windows, if there is one.
    pub(super) all_windows: Option<u64>,
    /// Whether the task that publishes runs.
    pub(super) has_publisher: bool,
    /// When publications began to fail; none while they succeed.
    failing_since: Option<Duration>,
}

/// The accounts that changed and that the read model may not show as they are.
#[derive(Debug, Clone, Default)]
pub struct Marked(BTreeSet<AccountId>);

impl Marked {
    pub(in crate::service) fn accounts(&self) -> &BTreeSet<AccountId> {
        &self.0
    }
}

/// What one publication shows.
pub(super) struct Work {
    pub(super) old: Arc<ReadModel>,
    pub(super) number: u64,
    pub(super) rules: Arc<Rules>,
    pub(super) parts: Parts,
    pub(super) special: SpecialAccounts,
    pub(super) marked: Marked,
    pub(super) grants: BTreeSet<GrantId>,
    pub(super) loads_all_windows: bool,
}

/// The read model does not show something in time. It will, later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the read model does not show the last reads of AWS yet")]
pub struct NotShown;

/// Proof of a request, to wait until the read model shows it.
#[derive(Debug, Clone)]
pub struct Receipt {
    number: u64,
    shown: watch::Receiver<u64>,
}

impl Receipt {
    /// Waits until the read model shows what was requested, at most this long.
    pub async fn shown(mut self, limit: Duration) -> Result<(), NotShown> {
        let number = self.number;
        let shown = self.shown.wait_for(|shown| *shown >= number);
        match timeout(limit, shown).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(NotShown),
        }
    }
}

impl Default for Publication {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            shown: watch::channel(0).0,
            count: AtomicU64::new(0),
            micros: AtomicU64::new(0),
        }
    }
}

impl Publication {
    /// Returns the number of publications since the start.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Returns how long all publications took together.
    pub fn took(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }

    /// Notes that a publication failed.
    pub(super) fn failed(&self, now: Duration) {
        self.state().failing_since.get_or_insert(now);
    }

    /// Returns how long publications have failed; none while they succeed.
    pub fn failing_for(&self, now: Duration) -> Option<Duration> {
        let since = self.state().failing_since?;
        Some(now.saturating_sub(since))
    }

    /// Returns the accounts that the read model may not show as they are.
    pub fn marked(&self) -> Marked {
        Marked(self.state().accounts.keys().cloned().collect())
    }

    /// Returns the last stored state of AWS. The caller has the turn of the reads.
    pub fn observed(&self, app_state: &AppState) -> Parts {
        // The read model is taken meanwhile: the next one may be published and include the newer state.
        let state = self.state();
        let newer = state.observed.as_ref().map(|(parts, _)| parts.clone());
        newer.unwrap_or_else(|| app_state.read_model().snapshot.parts().clone())
    }

    /// Forgets a state of AWS that another read model replaces.
    pub(in crate::service) fn replaced(&self) {
        self.state().observed = None;
    }

    pub(super) fn state(&self) -> MutexGuard<'_, Requests> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn receipt(&self, number: u64) -> Receipt {
        Receipt {
            number,
            shown: self.shown.subscribe(),
        }
    }

    /// Returns what to publish; none if the read model shows everything.
    pub(super) fn work(&self, read_model: impl Fn() -> Arc<ReadModel>) -> Option<Work> {
        let state = self.state();
        if state.last <= *self.shown.borrow() {
            return None;
        }
        let old = read_model();
        let parts = state.observed.as_ref().map(|(parts, _)| parts.clone());
        let rules = state.rules.as_ref().map_or(&old.rules, |(rules, _)| rules);
        Some(Work {
            number: state.last,
            rules: Arc::clone(rules),
            parts: parts.unwrap_or_else(|| old.snapshot.parts().clone()),
            special: state.special.clone().unwrap_or_else(|| old.special.clone()),
            marked: Marked(state.accounts.keys().cloned().collect()),
            grants: state.grants.keys().cloned().collect(),
            loads_all_windows: state.all_windows.is_some(),
            old,
        })
    }

    /// Returns whether the task that publishes ends, because the read model shows everything.
    pub(super) fn ends(&self) -> bool {
        let mut state = self.state();
        state.has_publisher = state.last > *self.shown.borrow();
        !state.has_publisher
    }

    /// Forgets what a published read model shows.
    pub(super) fn settle(&self, state: &mut Requests, number: u64, took: Duration) {
        state.accounts.retain(|_, request| *request > number);
        state.grants.retain(|_, request| *request > number);
        state.all_windows = state.all_windows.filter(|request| *request > number);
        state.rules.take_if(|(_, request)| *request <= number);
        if state
            .observed
            .as_ref()
            .is_some_and(|(_, request)| *request <= number)
        {
            (state.observed, state.special) = (None, None);
        }
        state.failing_since = None;
        self.shown.send_replace(number);
        self.count.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
        tracing::debug!(number, micros, "published a read model");
    }
}

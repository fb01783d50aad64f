//! Accounts that changed since the read model was built: their declaration, an access window, or a removal that became
//! overdue. One task brings the read model up to date, at most about once a second.
//!
//! Marking an account never waits, so neither a step nor a commit that ends access waits for the read model. A crawl or
//! single read that replaces the read model takes along what is marked. Evaluations look at what is marked and never wait.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{
    classification::Classification,
    ids::{AccountId, Assignment},
    org::Account,
    snapshot::Snapshot,
    time::Timestamp,
};

use super::{
    access_reasons,
    app_state::{AppState, ReadModel},
    single_reads::unmade,
};
use crate::store::{self, StoreConnection, StoreError};

/// The pause after the read model was brought up to date. What is marked meanwhile becomes one new read model.
const PAUSE: Duration = Duration::from_secs(1);

/// The accounts that the read model does not show as they are now.
#[derive(Debug, Default)]
pub struct MovedAccounts {
    marks: Mutex<Marks>,
    published: AtomicU64,
}

#[derive(Debug, Default)]
struct Marks {
    accounts: BTreeMap<AccountId, u64>,
    /// The number of the last mark.
    last: u64,
    /// Whether the task that brings the read model up to date runs.
    has_publisher: bool,
}

/// The accounts that are marked, each with the number of its last mark.
#[derive(Debug, Clone, Default)]
pub struct Marked(BTreeMap<AccountId, u64>);

impl Marked {
    /// Returns the accounts.
    pub fn accounts(&self) -> BTreeSet<AccountId> {
        self.0.keys().cloned().collect()
    }
}

impl MovedAccounts {
    /// Returns the number of read models that were built because accounts moved.
    pub fn published(&self) -> u64 {
        self.published.load(Ordering::Relaxed)
    }

    /// Returns what is marked.
    pub fn marked(&self) -> Marked {
        Marked(self.marks().accounts.clone())
    }

    /// Removes marks that a published read model includes, except those of accounts that were marked again.
    pub fn settle(&self, marked: &Marked) {
        let mut marks = self.marks();
        for (account, number) in &marked.0 {
            if marks.accounts.get(account) == Some(number) {
                marks.accounts.remove(account);
            }
        }
    }

    /// Marks accounts, and returns whether the caller has to start the publisher.
    fn mark(&self, accounts: impl IntoIterator<Item = AccountId>) -> bool {
        let mut marks = self.marks();
        for account in accounts {
            marks.last += 1;
            let number = marks.last;
            marks.accounts.insert(account, number);
        }
        let starts = !marks.has_publisher && !marks.accounts.is_empty();
        marks.has_publisher |= starts;
        starts
    }

    /// Returns whether the publisher ends, because nothing is marked.
    fn publisher_ends(&self) -> bool {
        let mut marks = self.marks();
        marks.has_publisher = !marks.accounts.is_empty();
        !marks.has_publisher
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks accounts as moved, and has the read model brought up to date. Does not wait for it.
pub fn moved(app_state: &Arc<AppState>, accounts: impl IntoIterator<Item = AccountId>) {
    if app_state.moved_accounts.mark(accounts) {
        tokio::spawn(publish_until_settled(Arc::clone(app_state)));
    }
}

/// Lets the next mark start a publisher if this one ends by a panic.
struct Running<'a>(&'a MovedAccounts);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.marks().has_publisher = false;
        }
    }
}

async fn publish_until_settled(app_state: Arc<AppState>) {
    let _running = Running(&app_state.moved_accounts);
    loop {
        if let Err(error) = bring_up_to_date(&app_state).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "accounts that changed could not be read; they are read again"
            );
        }
        tokio::time::sleep(PAUSE).await;
        if app_state.moved_accounts.publisher_ends() {
            return;
        }
    }
}

/// Publishes a read model that includes everything that is marked. Builds it while nobody waits, and holds the turn of the
/// reads of AWS only to replace the read model.
pub async fn bring_up_to_date(app_state: &Arc<AppState>) -> Result<(), StoreError> {
    loop {
        let marked = app_state.moved_accounts.marked();
        if marked.0.is_empty() {
            return Ok(());
        }
        let old = app_state.read_model();
        let next = next(app_state, &old, &marked).await?;
        let _turn = app_state.observing.lock().await;
        if Arc::ptr_eq(&old, &app_state.read_model()) {
            app_state.publish(next);
            app_state.moved_accounts.settle(&marked);
            app_state
                .moved_accounts
                .published
                .fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        // A read of AWS replaced the read model meanwhile. It took along what was marked when it began.
    }
}

async fn next(
    app_state: &AppState,
    old: &Arc<ReadModel>,
    marked: &Marked,
) -> Result<ReadModel, StoreError> {
    let classes = {
        let mut conn = app_state.store.connection().await?;
        let known = &old.snapshot.parts().accounts;
        classes(&mut conn, known, marked, app_state.clock.now()).await?
    };
    let reasons = access_reasons::load(app_state, &old.agreed).await?;
    let (old, rules, touched) = (Arc::clone(old), app_state.rules.clone(), marked.accounts());
    let made = tokio::task::spawn_blocking(move || {
        let snapshot = old.snapshot.classified(&classes);
        let special = old.special.clone();
        ReadModel::after(&old, snapshot, special, reasons, &rules, &touched)
    });
    made.await.map_err(|error| unmade(&error))
}

/// Returns the marked accounts that are classified differently now, by their declarations.
pub(super) async fn classes(
    conn: &mut StoreConnection,
    known: &BTreeMap<AccountId, (Account, Classification)>,
    marked: &Marked,
    now: Timestamp,
) -> Result<BTreeMap<AccountId, Classification>, StoreError> {
    if marked.0.is_empty() {
        return Ok(BTreeMap::new());
    }
    let declared = store::declaration::in_force_of(conn, &marked.accounts()).await?;
    let changed = marked.0.keys().filter_map(|id| {
        let (_, class) = known.get(id)?;
        let after = class.under(declared.get(id).map(|one| one.declared), now);
        (after != *class).then(|| (id.clone(), after))
    });
    Ok(changed.collect())
}

/// The read model, and the accounts that moved since it was built.
#[derive(Clone)]
pub struct Current {
    pub read_model: Arc<ReadModel>,
    marked: Marked,
}

impl Current {
    /// Returns what is known now.
    pub fn of(app_state: &AppState) -> Self {
        // In this order: a mark that is gone is included in every read model that is taken after it.
        let marked = app_state.moved_accounts.marked();
        Self {
            read_model: app_state.read_model(),
            marked,
        }
    }

    /// Returns a read model of a moment ago, with what is marked now.
    pub fn with(app_state: &AppState, read_model: &Arc<ReadModel>) -> Self {
        Self {
            read_model: Arc::clone(read_model),
            marked: app_state.moved_accounts.marked(),
        }
    }

    /// Returns the snapshot in which every account is classified as it is now.
    pub async fn snapshot(
        &self,
        conn: &mut StoreConnection,
        now: Timestamp,
    ) -> Result<Snapshot, StoreError> {
        let snapshot = &self.read_model.snapshot;
        let changed = classes(conn, &snapshot.parts().accounts, &self.marked, now).await?;
        if changed.is_empty() {
            return Ok(snapshot.clone());
        }
        Ok(snapshot.classified(&changed))
    }

    /// Returns those of these assignments that an open access window of Leastwise gives.
    pub async fn given<'a>(
        &self,
        conn: &mut StoreConnection,
        assignments: impl Iterator<Item = &'a Assignment> + Clone,
    ) -> Result<BTreeSet<Assignment>, StoreError> {
        let mut accounts = assignments.clone().map(|one| &one.pair.account);
        if !accounts.any(|account| self.marked.0.contains_key(account)) {
            let given = assignments.filter(|one| self.read_model.windows.contains_key(*one));
            return Ok(given.cloned().collect());
        }
        let open = access_reasons::open(conn).await?;
        Ok(assignments
            .filter(|one| open.contains(*one))
            .cloned()
            .collect())
    }
}

//! Publication of the read model. Whoever stores something about AWS, an access window or a declaration says so here and
//! goes on; one task gathers what was said, builds the next read model beside the current one and publishes it.
//!
//! Nobody waits for it who need not: the engine never does, and who must see its own read has a receipt and a time limit.
//! A publication that fails or hangs is reported and repeated from a new build; the older read model stays readable. It
//! only shows what was committed: it is told after the commit, and reads the rows itself.

mod requests;

pub use requests::{Marked, NotShown, Publication, Receipt};

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use domain::{
    classification::Classification,
    crawl::{self, SingleRead},
    ids::{AccountId, GrantId},
    org::SpecialAccounts,
    policies::Rules,
    snapshot::{Parts, Snapshot},
    time::{Date, Timestamp},
};
use thiserror::Error;
use tokio::time::timeout;

use self::requests::{Requests, Work};
use super::{
    access_reasons::{self, AccessReasons},
    app_state::AppState,
    moved_accounts,
    read_model::ReadModel,
    rules_in_force,
};
use crate::store::StoreError;

/// How long what is said is gathered after a publication. The first one after a quiet time is published at once.
const GATHER: Duration = Duration::from_millis(50);
/// The longest pause after a publication that failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// After this time a publication is given up. A new build of a large organization takes seconds.
const LIMIT: Duration = Duration::from_mins(1);
/// How long somebody waits for a read model that shows what they need.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How the next read model is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BuildMode {
    /// From the current one, by difference.
    Difference,
    /// Anew, because the last attempt failed.
    Whole,
}

/// An error of one publication. It is repeated.
#[derive(Debug, Error)]
enum PublicationError {
    #[error("the rows that changed could not be read, or the policies in force not be recorded")]
    Store(#[from] StoreError),
    #[error("the read model could not be built")]
    Build(#[from] tokio::task::JoinError),
    #[error("the read model was not built in time")]
    Late,
}

/// Has the read model show accounts and access windows as they are stored now. Called after the commit; waits for
/// nothing.
pub fn moved(
    app_state: &Arc<AppState>,
    accounts: impl IntoIterator<Item = AccountId>,
    grants: impl IntoIterator<Item = GrantId>,
) {
    let (mut accounts, mut grants) = (
        accounts.into_iter().peekable(),
        grants.into_iter().peekable(),
    );
    if accounts.peek().is_none() && grants.peek().is_none() {
        return;
    }
    request(app_state, |state, _, number| {
        state
            .accounts
            .extend(accounts.map(|account| (account, number)));
        state.grants.extend(grants.map(|grant| (grant, number)));
    });
}

/// As [`moved`], for what another process wrote: which access windows it wrote is not known, so all of them are loaded.
pub fn moved_elsewhere(app_state: &Arc<AppState>, accounts: impl IntoIterator<Item = AccountId>) {
    let mut accounts = accounts.into_iter().peekable();
    if accounts.peek().is_none() {
        return;
    }
    request(app_state, |state, _, number| {
        state
            .accounts
            .extend(accounts.map(|account| (account, number)));
        state.all_windows = Some(number);
    });
}

/// Has the read model show what is due today, once a day has begun.
pub fn day(app_state: &Arc<AppState>) {
    let shown = app_state.read_model().reasons.records.today;
    if shown.is_some() && shown != Date::of(app_state.clock.now()) {
        request(app_state, |_, _, _| {});
    }
}

/// Has the read model show a single read that was stored. The caller has the turn of the reads.
pub(super) fn read(app_state: &Arc<AppState>, read: &SingleRead, as_of: Timestamp) -> Receipt {
    request(app_state, |state, shown, number| {
        let known = state.observed.as_ref().map(|(parts, _)| parts);
        // Applied once more: accounts may have been classified since the caller compared.
        let parts = crawl::take(known.unwrap_or(shown.snapshot.parts()), read, as_of);
        if let Some(parts) = parts {
            state.observed = Some((parts, number));
        }
        if let SingleRead::Account { account, .. } = read {
            state.accounts.insert(account.id.clone(), number);
        }
    })
}

/// Has the read model show a whole state of AWS that was stored, and all access windows. The caller has the turn of the
/// reads.
pub fn replace(app_state: &Arc<AppState>, parts: Parts, special: SpecialAccounts) -> Receipt {
    request(app_state, |state, shown, number| {
        let known = state.observed.as_ref().map(|(parts, _)| parts);
        let known = known.unwrap_or(shown.snapshot.parts());
        // These may have been declared while the new state was stored, so their declarations are read again.
        let differ = parts.accounts.changes_since(&known.accounts);
        let differ = differ.map(|one| (one.key.clone(), number));
        state.accounts.extend(differ);
        state.special = Some(special);
        state.all_windows = Some(number);
        state.observed = Some((parts, number));
    })
}

/// Puts other policies in force. They are in force with the first read model that was evaluated by them, never before: until
/// then pages show, and changes are decided by, the policies and findings of the current one.
pub fn put_in_force(app_state: &Arc<AppState>, rules: &Arc<Rules>) -> Receipt {
    request(app_state, |state, _, number| {
        state.rules = Some((Arc::clone(rules), number));
    })
}

/// Returns a receipt for everything that was requested so far.
pub fn everything(app_state: &AppState) -> Receipt {
    let publication = &app_state.publication;
    let last = publication.state().last;
    publication.receipt(last)
}

fn request(app_state: &Arc<AppState>, add: impl FnOnce(&mut Requests, &ReadModel, u64)) -> Receipt {
    let publication = &app_state.publication;
    let mut state = publication.state();
    state.last += 1;
    let number = state.last;
    add(&mut state, &app_state.read_model(), number);
    if !state.has_publisher {
        state.has_publisher = true;
        let running = Running(Arc::downgrade(app_state));
        tokio::spawn(publish_until_shown(running));
    }
    drop(state);
    publication.receipt(number)
}

/// Lets the next request start a publisher if this one ends by a panic.
struct Running(Weak<AppState>);

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(app_state) = self.0.upgrade()
        {
            app_state.publication.state().has_publisher = false;
        }
    }
}

/// Publishes until nothing is left to show. Holds the shared state only while it publishes.
async fn publish_until_shown(running: Running) {
    let (mut build, mut pause) = (BuildMode::Difference, GATHER);
    while let Some(app_state) = running.0.upgrade() {
        let published = timeout(LIMIT, publish(&app_state, build)).await;
        (build, pause) = match published.unwrap_or(Err(PublicationError::Late)) {
            Ok(()) => (BuildMode::Difference, GATHER),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the read model could not be brought up to date; it is tried again"
                );
                // Only what is wrong with the older one is mended by a new build.
                let next = match error {
                    PublicationError::Build(_) => BuildMode::Whole,
                    PublicationError::Store(_) | PublicationError::Late => build,
                };
                app_state.publication.failed(app_state.clock.elapsed());
                (next, LONGEST_PAUSE.min(4 * pause))
            }
        };
        drop(app_state);
        tokio::time::sleep(pause).await;
        if running
            .0
            .upgrade()
            .is_none_or(|state| state.publication.ends())
        {
            return;
        }
    }
}

/// Publishes a read model that shows everything that was requested before.
async fn publish(app_state: &Arc<AppState>, build: BuildMode) -> Result<(), PublicationError> {
    let publication = &app_state.publication;
    loop {
        let began = app_state.clock.elapsed();
        let Some(mut work) = publication.work(|| app_state.read_model()) else {
            return Ok(());
        };
        let reasons = prepare(app_state, &mut work).await?;
        let (old, rules, number) = (Arc::clone(&work.old), Arc::clone(&work.rules), work.number);
        let made = tokio::task::spawn_blocking(move || {
            let Work {
                old,
                parts,
                special,
                rules,
                ..
            } = work;
            match build {
                BuildMode::Difference => old.updated(parts, special, reasons, &rules),
                BuildMode::Whole => ReadModel::new(Snapshot::new(parts), special, reasons, &rules),
            }
        });
        let made = Arc::new(made.await?);
        if rules.version() != old.rules.version() {
            rules_in_force::record(app_state, &rules).await?;
        }
        let mut state = publication.state();
        // Otherwise another read model was published meanwhile, by a test.
        if app_state.replace_read_model(&old, made) {
            app_state.journal.rules_are(rules.version());
            let took = app_state.clock.elapsed().saturating_sub(began);
            publication.settle(&mut state, number, took);
            return Ok(());
        }
    }
}

/// Reads what was written: how the marked accounts are classified now, and the access windows.
async fn prepare(app_state: &AppState, work: &mut Work) -> Result<AccessReasons, PublicationError> {
    let reasons = &work.old.reasons;
    let now = app_state.clock.now();
    let today = Date::of(now);
    if work.marked.accounts().is_empty() && work.grants.is_empty() && !work.loads_all_windows {
        return Ok(reasons.clone().on(today));
    }
    let mut conn = app_state.store.connection().await?;
    let known = &work.parts.accounts;
    let classes = moved_accounts::classes(&mut conn, known, &work.marked, now).await?;
    let reasons = if work.loads_all_windows {
        access_reasons::load(&mut conn, reasons).await?
    } else {
        access_reasons::reload(&mut conn, reasons, &work.grants).await?
    };
    drop(conn);
    let class_of = |id| work.parts.accounts.get(id).map(|(_, class)| *class);
    let before: Vec<Option<Classification>> = classes.keys().map(class_of).collect();
    // An account that was read again meanwhile is marked, and classified from that read.
    let classify = |parts: &mut Parts| {
        for ((id, class), before) in classes.iter().zip(&before) {
            if let Some((_, known)) = parts.accounts.get_mut(id)
                && Some(*known) == *before
            {
                *known = *class;
            }
        }
    };
    classify(&mut work.parts);
    // Later reads are added to the state that they find.
    if !classes.is_empty() {
        let mut state = app_state.publication.state();
        let shown = || (work.parts.clone(), work.number);
        let (parts, _) = state.observed.get_or_insert_with(shown);
        classify(parts);
    }
    Ok(reasons.on(today))
}

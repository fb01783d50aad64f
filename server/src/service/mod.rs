//! Implements the ports, bound to one caller: one file per noun.
//!
//! A service coordinates: it gets decisions from `domain`, reads and writes through `store`, and hands work to the
//! engine. It never decides and never writes to AWS. Every port method checks the caller's right with
//! `Service::allowed`, whatever the route did before. Services know neither `http` nor the engine, except what an
//! approved change waits for.

pub mod access_reasons;
mod accounts;
pub mod app_state;
mod bit_set;
pub mod caller;
pub mod changes;
pub mod classification_record;
mod csv;
pub(crate) mod drift;
pub mod engine_lease;
pub mod evaluation_slots;
pub mod exposure;
pub mod exposure_history;
mod groups;
mod home;
pub mod identities;
pub mod index;
pub mod instance;
pub mod jobs;
pub mod journal;
pub mod known_servers;
mod ledger;
mod list_files;
pub mod metrics;
pub mod moved_accounts;
pub mod names;
mod operations;
pub mod oversight;
pub mod pci_findings;
mod people;
mod permission_sets;
pub mod publication;
pub mod reach;
pub mod read_model;
pub mod readiness;
mod refusals;
pub mod report;
pub mod requested_items;
pub mod row_findings;
pub mod rules_in_force;
pub mod settings;
pub mod sign_in;
pub mod single_reads;
pub mod stored_state;
mod viewer;

use std::{sync::Arc, time::Duration};

use app::{
    backend::{Backend, Denied, ListPage, PortResult},
    lists::{List, ListChoice},
};
use domain::{
    authorize::{Action, may},
    ids::{PersonId, UserId},
    time::Timestamp,
};

use self::{
    app_state::{AppState, ReadModel},
    caller::{Caller, CallingPerson},
    journal::EntryActor,
};
use crate::store::{StoreConnection, StoreError};

/// How long a proposal waits for a read model that shows the latest writes.
const LATEST: Duration = Duration::from_millis(500);

/// The ports, bound to one caller.
pub struct Service {
    app_state: Arc<AppState>,
    caller: Caller,
    read_model: Arc<ReadModel>,
    now: Timestamp,
}

impl Service {
    /// Binds the ports to the caller and to the current read model.
    pub fn new(app_state: Arc<AppState>, caller: Caller) -> Self {
        let (read_model, now) = (app_state.read_model(), app_state.clock.now());
        Self {
            app_state,
            caller,
            read_model,
            now,
        }
    }

    /// As [`Service::new`], with a read model that shows everything that this process stored before. Otherwise a request
    /// that follows an earlier one at once is told that it changes nothing. After a short time the older read model has to
    /// do; a submission against it is evaluated again.
    pub async fn of_latest(app_state: Arc<AppState>, caller: Caller) -> Self {
        if let Err(error) = publication::everything(&app_state).shown(LATEST).await {
            tracing::debug!(%error, "a proposal is evaluated against an older read model");
        }
        Self::new(app_state, caller)
    }

    /// Checks the caller's right to an action.
    fn allowed(&self, action: Action) -> PortResult<()> {
        may(&self.caller.actor(), action).map_err(|denial| Denied::of(denial, action))
    }

    /// Returns the caller, for the ledger.
    fn who(&self) -> EntryActor {
        EntryActor::of(&self.caller)
    }

    /// Whether the viewer may know that this user exists: either it is the viewer, or the viewer may see the directory.
    fn may_see(&self, user: &UserId) -> bool {
        self.caller.user() == Some(user) || self.allowed(Action::SeeDirectory).is_ok()
    }

    /// Returns a connection that looks at the ledger as of the beginning of the caller's request, or later: everything that
    /// anybody wrote before is in it. Who must see what this request itself wrote takes a connection of the store.
    async fn connection(&self) -> Result<StoreConnection, StoreError> {
        match &self.caller {
            Caller::Browser(_, request) => {
                self.app_state.store.connection_since(request.began).await
            }
            Caller::ApiToken(_) | Caller::Job | Caller::CommandLine => {
                self.app_state.store.connection().await
            }
        }
    }

    /// Returns the caller's person. A sign-in that is not linked to an identity has read-only access.
    fn person(&self) -> PortResult<PersonId> {
        let reason = domain::authorize::Denial::NotLinked.reason();
        let person = self.caller.actor().person.clone();
        person.ok_or(Denied::Forbidden(reason))
    }

    /// Returns the person who calls, linked or not.
    fn calling(&self) -> PortResult<&CallingPerson> {
        let reason = "Only a person can do this.";
        self.caller.person().ok_or(Denied::Forbidden(reason))
    }
}

impl Backend for Service {}

/// The number of rows on one page of a list.
const PAGE: usize = 50;

/// Clamps a page number to the existing pages.
fn existing(number: usize, total: usize, size: usize) -> usize {
    number.clamp(1, total.div_ceil(size).max(1))
}

/// Returns a page of a list that is in memory. Rows are built for that page only.
fn page_of_list<F: Clone, L, R>(
    list: &List<F, L>,
    facts: impl Iterator<Item = F>,
    choice: &ListChoice,
    row: impl Fn(&F) -> R,
) -> ListPage<R> {
    let found = list.page(facts, choice, PAGE);
    ListPage {
        rows: found.facts.iter().map(row).collect(),
        number: found.number,
        total: found.total,
        known: found.known,
        size: PAGE,
        counts: found.counts,
        offered: Vec::new(),
        sequence: None,
    }
}

/// Logs the error with its causes. The browser only learns whether the same request may succeed later.
fn broken(error: impl std::error::Error + 'static) -> Denied {
    let mut text = error.to_string();
    let mut denied = denied_by(&error);
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        denied = denied.or_else(|| denied_by(cause));
        source = cause.source();
    }
    tracing::error!(error = text, "a request failed");
    denied.unwrap_or(Denied::Broken)
}

/// Returns the refusal for an error of the database that passes, or that administrators have to end.
fn denied_by(error: &(dyn std::error::Error + 'static)) -> Option<Denied> {
    let error = error.downcast_ref::<StoreError>()?;
    if error.is_not_authentic() {
        return Some(Denied::LedgerNotAuthentic);
    }
    error.is_unavailable().then_some(Denied::Unavailable)
}

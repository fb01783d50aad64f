//! Implements the ports, bound to one actor: one file per noun.
//!
//! A service coordinates: it gets decisions from `domain`, reads and writes through `store`, and hands work to the
//! engine. It never decides and never writes to AWS. Every port method checks the actor's right with
//! `Service::allowed`, whatever the route did before.

mod accounts;
pub mod app_state;
pub mod changes;
pub mod classification;
mod csv;
pub mod evaluation_slots;
pub mod exposure;
mod groups;
mod home;
pub mod identities;
pub mod index;
pub mod instance;
pub mod journal;
mod ledger;
pub mod names;
pub mod oversight;
pub mod pci_findings;
pub mod pending_starts;
mod people;
mod permission_sets;
pub mod report;
pub mod settings;
mod viewer;

use std::sync::Arc;

use app::backend::{Backend, Denied, Page, PortResult};
use domain::{
    authorize::{Action, may},
    ids::{PersonId, UserId},
    time::Timestamp,
};

use self::app_state::{AppState, ReadModel};
use crate::{http::session::SignedIn, store::StoreError};

/// The ports, bound to one actor.
pub struct Service {
    app_state: Arc<AppState>,
    signed: SignedIn,
    request: String,
    read_model: Arc<ReadModel>,
    now: Timestamp,
}

impl Service {
    /// Binds the ports to the signed-in actor and to the current read model.
    pub fn new(app_state: Arc<AppState>, signed: SignedIn, request: String) -> Self {
        let (read_model, now) = (app_state.read_model(), app_state.clock.now());
        Self {
            app_state,
            signed,
            request,
            read_model,
            now,
        }
    }

    /// Checks the actor's right to an action.
    fn allowed(&self, action: Action) -> PortResult<()> {
        may(&self.signed.actor, action).map_err(Denied::from)
    }

    /// Whether the viewer may know that this user exists: either it is the viewer, or the viewer may see the directory.
    fn may_see(&self, user: &UserId) -> bool {
        self.signed.user.as_ref() == Some(user) || self.allowed(Action::SeeDirectory).is_ok()
    }

    /// Returns the actor's person. A sign-in that is not linked to an identity has read-only access.
    fn person(&self) -> PortResult<PersonId> {
        let reason = domain::authorize::Denial::NotLinked.reason();
        self.signed
            .actor
            .person
            .clone()
            .ok_or(Denied::Forbidden(reason))
    }
}

impl Backend for Service {}

/// The number of rows on one page of a list.
const PAGE: usize = 50;

/// Clamps a page number to the existing pages.
fn existing(number: usize, total: usize, size: usize) -> usize {
    number.clamp(1, total.div_ceil(size).max(1))
}

/// Returns one page of the results. Rows are built for that page only.
fn page_of<T, R>(found: Vec<T>, number: usize, row: impl Fn(T) -> R) -> Page<R> {
    let total = found.len();
    let number = existing(number, total, PAGE);
    let rows = found
        .into_iter()
        .skip((number - 1) * PAGE)
        .take(PAGE)
        .map(row)
        .collect();
    Page {
        rows,
        number,
        total,
        size: PAGE,
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

/// Returns the refusal for an error of the database that passes.
fn denied_by(error: &(dyn std::error::Error + 'static)) -> Option<Denied> {
    let passes = error
        .downcast_ref::<StoreError>()
        .is_some_and(StoreError::is_unavailable);
    passes.then_some(Denied::Unavailable)
}

//! Implements the ports, bound to one actor: one file per noun.
//!
//! A service orders: it asks `domain` whether, `store` for what is kept, and hands work to the
//! engine. It never decides and never writes to AWS. `Service::allowed` is the one place where an
//! actor's right is asked for, in every port method, whatever the route in front of it did.

mod accounts;
pub mod changes;
pub mod core;
pub mod exposure;
mod groups;
pub mod guarded;
mod home;
pub mod index;
pub mod journal;
mod ledger;
pub mod names;
mod people;
mod permission_sets;
pub mod report;
mod viewer;
pub mod waiting;

use std::sync::Arc;

use app::backend::{Answer, Backend, Denied, Page};
use domain::{
    authorize::{Action, may},
    ids::{PersonId, UserId},
    time::Timestamp,
};

use self::core::{Core, World};
use crate::http::session::Signed;

/// The ports, bound to one actor.
pub struct Service {
    core: Arc<Core>,
    signed: Signed,
    request: String,
    world: Arc<World>,
    now: Timestamp,
}

impl Service {
    /// Binds the ports to whoever is signed in, on the world as it is now.
    pub fn new(core: Arc<Core>, signed: Signed, request: String) -> Self {
        let (world, now) = (core.world(), core.clock.now());
        Self {
            core,
            signed,
            request,
            world,
            now,
        }
    }

    /// Asks for the actor's right.
    fn allowed(&self, action: Action) -> Answer<()> {
        may(&self.signed.actor, action).map_err(|denial| Denied::Forbidden(denial.reason()))
    }

    /// Whether the viewer may know of this user: themselves, or with the right to see the directory.
    fn may_see(&self, user: &UserId) -> bool {
        self.signed.user.as_ref() == Some(user) || self.allowed(Action::SeeDirectory).is_ok()
    }

    /// The human who asks; a sign-in that is joined to nobody only reads.
    fn person(&self) -> Answer<PersonId> {
        let reason = domain::authorize::Denial::NotJoined.reason();
        self.signed
            .actor
            .person
            .clone()
            .ok_or(Denied::Forbidden(reason))
    }
}

impl Backend for Service {}

/// Rows to a page of a list.
const PAGE: usize = 50;

/// The number of a page that there is: one beyond the last is the last, however far beyond.
fn existing(number: usize, total: usize, size: usize) -> usize {
    number.clamp(1, total.div_ceil(size).max(1))
}

/// Cuts one page out of what was found; only its rows are made.
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

/// What broke is for the log; the browser learns only that something did.
fn broken(error: impl std::error::Error + 'static) -> Denied {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    tracing::error!(error = text, "a request broke");
    Denied::Broken
}

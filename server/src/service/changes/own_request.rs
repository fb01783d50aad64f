//! What a change asks for of the viewer's own access, and what is left of what it gave, for the list on their home page.

use app::backend::{OwnRequest, RequestedAccess};
use domain::{
    change::{Operation, State},
    grant::{Term, Window},
    ids::{Assignment, Principal},
};

use crate::{
    service::{Service, names},
    store::change::ChangeSummary,
};

impl Service {
    /// Returns what a change asks for; none if it is about more than one permission set for the viewer.
    pub(super) fn own_request(&self, change: &ChangeSummary<'_>) -> Option<OwnRequest> {
        let items = all_items(change)?;
        let own = Principal::User(self.caller.user()?.clone());
        let (first, term) = asked(items.first()?)?;
        let snapshot = &self.read_model.snapshot;
        let accounts = items.iter().map(|item| {
            let (assignment, other) = asked(item)?;
            let alike = other == term
                && assignment.principal == own
                && assignment.pair.set == first.pair.set;
            alike.then(|| names::account(snapshot, &assignment.pair.account).name)
        });
        Some(OwnRequest {
            accounts: accounts.collect::<Option<_>>()?,
            set: names::set(snapshot, &first.pair.set).name,
            term,
        })
    }

    /// Returns what is left of the access that a change gave, by the open access windows; none if it gave none, or is not
    /// verified.
    pub(super) fn lasting(&self, change: &ChangeSummary<'_>) -> Option<RequestedAccess> {
        if change.state() != State::Verified {
            return None;
        }
        let given = all_items(change)?.iter().filter_map(Operation::assigns);
        let given: Vec<&Assignment> = given.map(|(assignment, _)| assignment).collect();
        if given.is_empty() {
            return None;
        }
        let windows = &self.read_model.reasons.windows;
        let open = given
            .iter()
            .filter_map(|assignment| windows.get(*assignment));
        let open = open.flat_map(|windows| windows.iter());
        let open = open.filter(|window| window.change == *change.id() && window.valid(self.now));
        let ends: Vec<_> = open.map(Window::stops).collect();
        if ends.contains(&None) {
            return Some(RequestedAccess::Standing);
        }
        let last = ends.into_iter().flatten().max();
        Some(last.map_or(RequestedAccess::Ended, RequestedAccess::Until))
    }
}

/// Returns the items of a change that is what the ledger says, if all of them were loaded.
fn all_items<'a>(change: &ChangeSummary<'a>) -> Option<&'a [Operation]> {
    let items = change.first()?;
    (items.len() == change.items() && !change.differs()).then_some(items)
}

fn asked(item: &Operation) -> Option<(&Assignment, Option<Term>)> {
    match item {
        Operation::Assign { assignment, term } => Some((assignment, Some(*term))),
        Operation::Unassign { assignment } => Some((assignment, None)),
        _ => None,
    }
}

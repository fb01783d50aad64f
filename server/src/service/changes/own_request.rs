//! What a change asks for of the viewer's own access, and what is left of what it gave, for the list on their home page.

use app::backend::{OwnRequest, RequestedAccess};
use domain::{
    change::{Operation, State},
    engine::Item,
    grant::Term,
    ids::{Assignment, GrantId, Principal},
};

use crate::{
    service::{Service, names},
    store::{StoreConnection, StoreError, change::ChangeSummary, engine},
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

    /// Returns what is left of the access that a change gave, by its access windows; none if it gave none, or is not verified.
    pub(super) async fn lasting(
        &self,
        conn: &mut StoreConnection,
        change: &ChangeSummary<'_>,
    ) -> Result<Option<RequestedAccess>, StoreError> {
        if change.state() != State::Verified || change.differs() {
            return Ok(None);
        }
        let Some(row) = engine::change(conn, change.id()).await? else {
            return Ok(None);
        };
        let grants = row.items.iter().filter_map(|item| match &item.item {
            Item::Open { grant, .. } => Some(grant),
            _ => None,
        });
        let grants: Vec<&GrantId> = grants.collect();
        if grants.is_empty() {
            return Ok(None);
        }
        let windows = engine::windows_of(conn, &grants).await?;
        let open = windows.values().filter(|row| row.over.is_none());
        let open = open.filter(|row| row.window.valid(self.now));
        let ends: Vec<_> = open.map(|row| row.window.stops()).collect();
        Ok(Some(if ends.contains(&None) {
            RequestedAccess::Standing
        } else {
            match ends.into_iter().flatten().max() {
                Some(end) => RequestedAccess::Until(end),
                None => RequestedAccess::Ended,
            }
        }))
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

//! A change with an item that this version does not understand, because a newer version of Leastwise requested it or
//! because somebody altered it: shown, and withdrawn by its requester. Nobody decides on it and it never starts here,
//! because nobody knows what it does. What of it was started before is carried out as it was planned.

use app::backend::{
    ITEMS_PER_PAGE, LedgerMismatchView, LiveChange, LiveProgress, MismatchConsequence, Page,
    UnreadableChangeView, UnreadableConsequence, UnreadableItem,
};
use domain::{
    change::{Operation, State, StoredItem},
    ledger::projection::{ChangeMismatch, Lifecycle},
};

use super::{descriptions, person_names::PersonNames, timeline};
use crate::{
    service::{Service, existing},
    store::{StoreError, change::UnreadableRow, ledger},
};

/// Explains why nobody can decide on such a change.
pub(super) fn undecidable(altered: Option<ChangeMismatch>) -> String {
    altered.map_or_else(
        || {
            "A newer version of Leastwise requested this change: this version does not understand all of it, so nobody \
             can decide on it here. Nothing was recorded."
                .to_owned()
        },
        descriptions::altered,
    )
}

/// Returns the state of such a change for live pages.
pub(super) fn live(row: &UnreadableRow) -> LiveChange {
    let state = row.change.state;
    LiveChange {
        key: format!("{}.{}", state.as_str(), row.version),
        progress: LiveProgress::State(state),
    }
}

impl Service {
    /// Returns a page of the items of such a change.
    pub(super) async fn unreadable_page(
        &self,
        row: &UnreadableRow,
        page: usize,
    ) -> Result<Page<UnreadableItem>, StoreError> {
        let read_model = self.app_state.read_model();
        let (snapshot, items) = (&read_model.snapshot, &row.change.items);
        let number = existing(page, items.len(), ITEMS_PER_PAGE);
        let shown = items.iter().skip((number - 1) * ITEMS_PER_PAGE);
        let shown = shown.take(ITEMS_PER_PAGE);
        let known: Vec<Operation> = shown.clone().filter_map(StoredItem::read).collect();
        let mut conn = self.connection().await?;
        let mut people = PersonNames::new(snapshot);
        let named = people.of_items(&mut conn, &known).await?;
        let item = |item: &StoredItem| match item.read() {
            Some(known) => UnreadableItem::Known(descriptions::operation(snapshot, &named, &known)),
            None => UnreadableItem::NotUnderstood(item.document.clone()),
        };
        Ok(Page {
            rows: shown.map(item).collect(),
            number,
            total: items.len(),
            size: ITEMS_PER_PAGE,
        })
    }

    /// Returns such a change for its page.
    pub(super) async fn unreadable_view(
        &self,
        row: &UnreadableRow,
    ) -> Result<UnreadableChangeView, StoreError> {
        let read_model = self.app_state.read_model();
        let (snapshot, change) = (&read_model.snapshot, &row.change);
        let mut people = PersonNames::new(snapshot);
        let total = change.items.len();
        let items = self.unreadable_page(row, 1).await?.rows;
        let entries = ledger::of_change(&self.app_state.store, &change.id).await?;
        let mut conn = self.connection().await?;
        let withdraw = self
            .may_withdraw(&change.requester, change.state)
            .map(|_| ());
        Ok(UnreadableChangeView {
            id: change.id.clone(),
            requester: people.name(&mut conn, &change.requester).await?,
            submitted: change.submitted,
            state: change.state,
            justification: change.justification.clone(),
            ticket: change.ticket.clone(),
            cause: row.cause(),
            consequence: consequence(row),
            items,
            total,
            unknown: total - change.understood().count(),
            timeline: timeline::rows(&entries, None, snapshot),
            withdraw,
            live_key: live(row).key,
            mismatch: row.differs().then(|| LedgerMismatchView {
                content: row.altered,
                row: row.misstated.clone(),
                decisions: Vec::new(),
                consequence: MismatchConsequence::Unreadable(consequence(row)),
            }),
        })
    }
}

/// Returns what follows for the change. Never claims that a change was stopped that has started.
fn consequence(row: &UnreadableRow) -> UnreadableConsequence {
    match (row.change.state, row.lifecycle) {
        (state, _) if state.is_terminal() => UnreadableConsequence::Over,
        (_, Lifecycle::Ended) => UnreadableConsequence::Over,
        (State::Applying, _) | (_, Lifecycle::Started) => UnreadableConsequence::Started,
        _ => UnreadableConsequence::NeverStarts,
    }
}

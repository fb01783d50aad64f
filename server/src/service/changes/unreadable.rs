//! A change with an item that this version does not understand, because a newer version of Leastwise requested it: shown,
//! and withdrawn by its requester. Nothing else is ever done with it, because nobody knows what it does.

use app::backend::{LedgerMismatchView, UnreadableChangeView, UnreadableItem, state_words};
use domain::{
    change::{Operation, State, StoredItem},
    ledger::projection::{ChangeMismatch, Lifecycle},
};

use super::{
    descriptions, mismatch, person_names::PersonNames, timeline, withdraw::WithdrawObstacle,
};
use crate::{
    service::Service,
    store::{StoreError, change::UnreadableRow, ledger},
};

/// The number of items that its page shows.
const SHOWN: usize = 50;

/// Returns the title of such a change.
pub(super) fn title(items: usize) -> String {
    match items {
        1 => "A change of a newer version of Leastwise".to_owned(),
        items => format!("A change of {items} items by a newer version of Leastwise"),
    }
}

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

/// Returns the key and the text of such a change for live pages.
pub(super) fn live(row: &UnreadableRow) -> (String, String) {
    let state = row.change.state;
    let key = format!("{}.{}", state.as_str(), row.version);
    (key, state_words(state).to_owned())
}

impl Service {
    /// Returns such a change for its page.
    pub(super) async fn unreadable_view(
        &self,
        row: &UnreadableRow,
    ) -> Result<UnreadableChangeView, StoreError> {
        let read_model = self.app_state.read_model();
        let (snapshot, change) = (&read_model.snapshot, &row.change);
        let mut people = PersonNames::new(&self.app_state.store, snapshot);
        let total = change.items.len();
        let shown = change.items.iter().take(SHOWN);
        let known: Vec<Operation> = shown.clone().filter_map(StoredItem::read).collect();
        let named = people.of_items(&known).await?;
        let item = |item: &StoredItem| match item.read() {
            Some(known) => UnreadableItem::Known(descriptions::operation(snapshot, &named, &known)),
            None => UnreadableItem::Newer(item.document.clone()),
        };
        let entries = ledger::of_change(&self.app_state.store, &change.id).await?;
        let withdraw = self
            .may_withdraw(&change.requester, change.withdraw())
            .map(|_| ())
            .map_err(WithdrawObstacle::reason);
        let (live_key, live_words) = live(row);
        Ok(UnreadableChangeView {
            id: change.id.clone(),
            title: title(total),
            requester: people.name(&change.requester).await?,
            submitted: change.submitted,
            state: change.state,
            justification: change.justification.clone(),
            ticket: change.ticket.clone(),
            cause: row.cause(),
            explanation: explanation(row),
            items: shown.map(item).collect(),
            total,
            timeline: timeline::rows(&entries, None, snapshot),
            withdraw,
            live_key,
            live_words,
            mismatch: row.altered.map(|altered| LedgerMismatchView {
                differences: vec![mismatch::content(altered)],
                consequence: consequence(row).to_owned(),
            }),
        })
    }
}

/// Says how much of the change is understood, and what follows.
fn explanation(row: &UnreadableRow) -> String {
    let total = row.change.items.len();
    let unknown = total - row.change.understood().count();
    let what = match (unknown, total) {
        (_, 1) => "its item is of a kind or version that this version does not know".to_owned(),
        (1, total) => format!(
            "one of its {total} items is of a kind or version that this version does not know"
        ),
        (unknown, total) => format!(
            "{unknown} of its {total} items are of a kind or version that this version does not know"
        ),
    };
    format!(
        "A newer version of Leastwise requested this change: {what}. {}",
        consequence(row)
    )
}

/// Says what follows for the change. Never claims that a change was stopped that has started.
fn consequence(row: &UnreadableRow) -> &'static str {
    match (row.change.state, row.lifecycle) {
        (state, _) if state.is_terminal() => "The change is over.",
        (_, Lifecycle::Ended) => "The change is over.",
        (State::Applying, _) | (_, Lifecycle::Started) => {
            "It had started before. What was started is still carried out, as far as it is understood."
        }
        _ => "Nobody can decide on it here and it does not start. Its requester can withdraw it.",
    }
}

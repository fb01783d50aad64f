//! Records which policies are in force, in the database and in the ledger.
//!
//! Policies are in force with the read model that was evaluated by them (`publication::put_in_force`), so that no page shows
//! a finding of other policies. Recording them never waits for a page and is repeated until it succeeds.

use domain::policies::Rules;

use super::{
    app_state::AppState,
    journal::{EntryActor, EntryBuilder},
};
use crate::store::{self, StoreError, Tx};

/// Records the policies. Returns the entry of the ledger, which the caller appends in this transaction; none if they were
/// in force before.
pub async fn activation(
    app_state: &AppState,
    tx: &mut Tx,
    rules: &Rules,
) -> Result<Option<EntryBuilder>, StoreError> {
    let now = app_state.clock.now();
    let is_new = store::rules::activate(tx, rules.version(), &rules.texts(), now).await?;
    let entry = || {
        let journal = &app_state.journal;
        journal.rules_activated(&EntryActor::leastwise(), rules.version())
    };
    Ok(is_new.then(entry))
}

/// Records the policies with their entry of the ledger, unless they are in force.
pub(super) async fn record(app_state: &AppState, rules: &Rules) -> Result<(), StoreError> {
    let mut tx = app_state.store.write().await?;
    let Some(entry) = activation(app_state, &mut tx, rules).await? else {
        return Ok(());
    };
    app_state.journal.append(&mut tx, entry).await?;
    tx.commit().await
}

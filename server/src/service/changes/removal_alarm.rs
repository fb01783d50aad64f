//! Alarms about removals: for a change whose verdict contains a policy on removals, at its submission or at any later
//! evaluation, and for temporary oversight access that reaches its end.
//!
//! Raised in the transaction of their cause. An alarm holds and delays nothing.

use std::sync::atomic::Ordering;

use domain::{ids::ChangeId, policies::is_alarm_hit, time::Timestamp, verdict::Hit};

use crate::{
    service::{
        app_state::AppState,
        journal::{EntryActor, EntryBuilder},
    },
    store::{
        StoreError, Tx,
        change::{self, StoredChange},
    },
};

/// Marks a stored change whose verdict contains a policy on removals. Returns the entry of the alarm, which the caller
/// appends in this transaction; none if there is nothing to report, or it was reported before.
pub async fn raise_removal_alarm(
    app_state: &AppState,
    tx: &mut Tx,
    who: &EntryActor,
    stored: &StoredChange,
    now: Timestamp,
) -> Result<Option<EntryBuilder>, StoreError> {
    let rules = app_state.rules();
    let hits = stored.change.verdict.hits.iter();
    let hits: Vec<&Hit> = hits.filter(|hit| is_alarm_hit(&rules, hit)).collect();
    if hits.is_empty() || !change::mark_alarm(tx, &stored.change.id).await? {
        return Ok(None);
    }
    let people = stored.effect.lost.people();
    let journal = &app_state.journal;
    Ok(Some(journal.change_alarm(
        who,
        &stored.change,
        &hits,
        people,
        now,
    )))
}

impl AppState {
    /// Counts an alarm whose ledger entry is stored.
    pub fn count_removal_alarm(&self, change: &ChangeId) {
        tracing::warn!(%change, "an alarm about a removal was raised");
        self.removal_alarms.fetch_add(1, Ordering::Relaxed);
    }
}

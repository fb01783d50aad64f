//! Expires changes that were not decided in time, or were approved and could not start in time. Each change has a separate
//! transaction, so that one that is being decided does not delay the others. `jobs` runs it when something is due.

use domain::{ids::ChangeId, time::Timestamp};

use crate::{
    service::app_state::AppState,
    store::{
        StoreError,
        change::{self, FoundChange},
    },
};

/// Whether [`expire_due`] would expire a change. Writes nothing.
pub async fn is_due(app_state: &AppState, now: Timestamp) -> Result<bool, StoreError> {
    let mut conn = app_state.store.connection().await?;
    for id in change::undecided_until(&mut conn, now).await? {
        // An approved change that still may start is past the time of its decision, too.
        let found = change::find(&mut conn, &id).await?;
        let known = found.and_then(FoundChange::known);
        if known.is_some_and(|stored| stored.change.expire(now).is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Expires every change whose time is over and returns their ids.
pub async fn expire_due(app_state: &AppState, now: Timestamp) -> Result<Vec<ChangeId>, StoreError> {
    let mut conn = app_state.store.connection().await?;
    let due = change::undecided_until(&mut conn, now).await?;
    drop(conn);
    let mut expired = Vec::new();
    for id in due {
        let mut tx = app_state.store.write().await?;
        let Some(stored) = change::lock(&mut tx, &id)
            .await?
            .and_then(FoundChange::known)
        else {
            continue;
        };
        // It may have been decided since it was found, or may still start.
        let Some(state) = stored.change.expire(now) else {
            continue;
        };
        change::set_state(&mut tx, &id, stored.version, state, None, now).await?;
        let entry = app_state.journal.change_expired(&id);
        app_state.journal.append(&mut tx, entry).await?;
        tx.commit().await?;
        app_state.announce(&id, state);
        expired.push(id);
    }
    Ok(expired)
}

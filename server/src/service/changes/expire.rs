//! Expires changes that were not decided in time, or were approved and could not start in time. Called by a loop. Each
//! change has a separate transaction, so that one that is being decided does not delay the others.

use domain::{change::State, ids::ChangeId, time::Timestamp};

use crate::{
    service::core::Core,
    store::{StoreError, change},
};

/// Expires every change whose time is over and returns their ids.
pub async fn expire_due(core: &Core, now: Timestamp) -> Result<Vec<ChangeId>, StoreError> {
    let mut conn = core.store.read().acquire().await?;
    let waiting = change::in_states(&mut conn, &[State::Waiting, State::Approved]).await?;
    drop(conn);
    let mut expired = Vec::new();
    for due in waiting
        .into_iter()
        .filter(|stored| stored.change.expire(now).is_some())
    {
        let id = due.change.id;
        let mut tx = core.store.write().await?;
        let Some(stored) = change::lock(&mut tx, &id).await? else {
            continue;
        };
        // It may have been decided since it was read.
        let Some(state) = stored.change.expire(now) else {
            continue;
        };
        change::set_state(&mut tx, &stored, state, None, now).await?;
        let entry = core.journal.change_expired(&id);
        core.journal.append(&mut tx, entry).await?;
        tx.commit().await?;
        core.announce(&id, state);
        expired.push(id);
    }
    Ok(expired)
}

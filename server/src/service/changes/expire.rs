//! Ends what nobody decided in time, and what was approved and could not begin. Called by a loop; each change is a transaction of its own, so
//! that one that is being decided at this instant holds up no other.

use domain::{change::State, ids::ChangeId, time::Timestamp};

use crate::{
    service::core::Core,
    store::{StoreError, change},
};

/// Expires every change whose time is over; answers which.
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
        // Somebody may have decided since it was read.
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

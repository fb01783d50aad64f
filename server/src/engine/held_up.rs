//! What holds up a change that may be delayed, whatever AWS holds: the alarm about identities, and people who could not be
//! read or were not clear.
//!
//! Asked before AWS is read for the start of a change, so that changes that wait for somebody do not read the same again
//! and again. Lets nothing start: the start checks everything once more, under the lock of the change. Never holds up a
//! removal.

use std::collections::BTreeSet;

use domain::identity::{IdentityAlarm, LinkStatus};

use super::{
    approver_status::{ApproverStatus, UserPool},
    pending_starts::StartDependency,
    start::{
        NoVerdict, RequestSignIn, StartReads, approvals_now, of_requester, read_people,
        rests_on_people,
    },
};
use crate::{
    service::{app_state::AppState, changes::identity_alarm::is_stopped},
    store::{StoreConnection, StoreError, change::StoredChange, identity},
};

/// Fails if a change cannot start yet. For the alarm, only the ledger is read; people are read if the change already waits
/// for them.
pub(super) async fn held_up(
    app_state: &AppState,
    pool: &dyn UserPool,
    stored: &StoredChange,
) -> Result<(), NoVerdict> {
    if !stored.change.may_be_delayed() || !rests_on_people(stored) || stored.altered.is_some() {
        return Ok(());
    }
    let mut conn = app_state.store.connection().await?;
    let alarm = identity::alarm(&mut conn).await?;
    if let Some(alarm) = &alarm {
        if is_stopped(&app_state.read_model().snapshot, stored, &stored.effect) {
            return Err(NoVerdict::Stopped);
        }
        let recorded = recorded_in(&mut conn, stored, alarm).await?;
        people_hold_up(app_state, &mut conn, stored, Some(alarm), &recorded).await?;
    }
    let waiting = app_state
        .waiting
        .of(&stored.change.id)
        .map(|waiting| waiting.awaited);
    if matches!(
        waiting,
        Some(StartDependency::Pool | StartDependency::PeopleUnclear)
    ) {
        drop(conn);
        let people = read_people(app_state, pool, stored).await?;
        conn = app_state.store.connection().await?;
        people_hold_up(app_state, &mut conn, stored, alarm.as_ref(), &people).await?;
    }
    Ok(())
}

async fn people_hold_up(
    app_state: &AppState,
    conn: &mut StoreConnection,
    stored: &StoredChange,
    alarm: Option<&IdentityAlarm>,
    people: &StartReads,
) -> Result<(), NoVerdict> {
    of_requester(conn, stored, alarm, people).await?;
    approvals_now(
        app_state,
        conn,
        &mut stored.clone(),
        &stored.effect,
        alarm,
        people,
    )
    .await?;
    Ok(())
}

/// Returns what the ledger records about the people of a change since the alarm was raised.
async fn recorded_in(
    conn: &mut StoreConnection,
    stored: &StoredChange,
    alarm: &IdentityAlarm,
) -> Result<StartReads, StoreError> {
    let (mut confirmed, mut differing) = (BTreeSet::new(), BTreeSet::new());
    for given in stored.change.in_force() {
        let record = identity::record(conn, &given.approver).await?;
        let people = match alarm.difference_of(&record) {
            Some(_) => &mut differing,
            None => &mut confirmed,
        };
        people.insert(given.approver.clone());
    }
    let requester = identity::record(conn, &stored.change.requester).await?;
    let difference = alarm.difference_of(&requester).cloned();
    Ok(StartReads {
        approvers: ApproverStatus::Read {
            confirmed,
            differing,
            unclear: BTreeSet::new(),
        },
        requester: Some(difference.map_or(LinkStatus::Valid, LinkStatus::Differs)),
        request: RequestSignIn::OfRequester,
    })
}

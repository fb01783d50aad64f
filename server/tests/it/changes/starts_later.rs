//! Changes that start at an instant at the earliest. No form sets it yet; what is stored and proven has its place.

use domain::{
    change::{DECIDE_WITHIN, START_WITHIN, State, StoredItem},
    engine::{Plan, StartVerdict},
    ids::ChangeId,
    time::{Duration, Timestamp},
};
use server::engine::expire;

use super::{
    items::{request, store_from, verify},
    support::{Org, grant},
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    when_a_change_starts_at_the_earliest_is_stored_recorded_and_proven,
    a_change_expires_after_the_time_at_which_it_may_start,
    the_verdict_at_a_later_start_is_that_of_then,
}

/// Stores an approved grant that starts at an instant at the earliest.
async fn approved(org: &Org, not_before: Option<Timestamp>) -> ChangeId {
    let like = org
        .ask("ann", &grant("eve", "viewer", "web-dev", "60"))
        .await;
    let operations = org.stored(&like).await.change.proposal.operations;
    let items = StoredItem::of_all(&operations);
    store_from(org, &like, &items, State::Approved, not_before).await
}

async fn when_a_change_starts_at_the_earliest_is_stored_recorded_and_proven(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let at = org.clock.now() + Duration::days(3);
    let id = approved(&org, Some(at)).await;
    let stored = org.stored(&id).await;
    assert_eq!(stored.change.proposal.not_before, Some(at));
    assert_eq!(stored.altered, None);
    let (_, leaf) = request(&org, &id).await;
    assert_eq!(leaf["data"]["not_before"], at.rfc3339());
    let proposal = &stored.change.proposal;
    let taken_up = Plan::new(
        id.clone(),
        &proposal.operations,
        proposal.not_before,
        server::clock::grant_id,
        |_| Duration::hours(1),
    );
    assert_eq!(taken_up.not_before, Some(at));
    let (code, told) = verify(&org).await;
    assert_eq!(code, 0, "{told}");
    // Whoever moves it in the row is found.
    let (from, to) = (at.0, at.0 - 1);
    org.by_hand(format!(
        "update change set proposal = replace(proposal, '{from}', '{to}') where id = '{id}'"
    ))
    .await;
    assert!(org.found(&id).await.altered().is_some());
    let plain = approved(&org, None).await;
    let (_, leaf) = request(&org, &plain).await;
    assert_eq!(leaf["data"].get("not_before"), None);
}

async fn a_change_expires_after_the_time_at_which_it_may_start(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let asked = org.clock.now();
    let at = asked + Duration::days(3);
    let (later, plain) = (approved(&org, Some(at)).await, approved(&org, None).await);
    let expired = async |now| {
        let all = expire::expire_due(&org.app_state, now).await.unwrap();
        (all.contains(&plain), all.contains(&later))
    };
    assert_eq!(expired(at).await, (true, false));
    let last = at + START_WITHIN;
    assert_eq!(expired(last - Duration(1)).await, (false, false));
    assert_eq!(expired(last).await, (false, true));
    assert_eq!(org.state(&later).await, State::Expired);
}

async fn the_verdict_at_a_later_start_is_that_of_then(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let at = org.clock.now() + Duration::days(3);
    let (later, plain) = (approved(&org, Some(at)).await, approved(&org, None).await);
    org.clock.advance(DECIDE_WITHIN);
    org.clock.advance(START_WITHIN);
    org.publish(org.parts());
    let too_late = |verdict: &StartVerdict| matches!(verdict, StartVerdict::Refused(_));
    assert!(
        too_late(&org.fresh(&plain).await),
        "its approvals are too old"
    );
    org.clock.advance(at.since(org.clock.now()));
    org.publish(org.parts());
    assert_eq!(org.fresh(&later).await, StartVerdict::StillAllowed);
    // The account does not exist any more at that time.
    let mut parts = org.parts();
    parts.accounts.remove(&super::support::account("web-dev"));
    org.publish(parts);
    let then = org.fresh(&later).await;
    assert_ne!(then, StartVerdict::StillAllowed, "{then:?}");
    org.publish(org.parts());
    org.clock.advance(START_WITHIN);
    org.publish(org.parts());
    assert!(too_late(&org.fresh(&later).await));
}

//! A change whose row differs from the ledger's record of the request or the shown effect grants nothing.

use app::backend::WithdrawalPort as _;
use domain::{
    approval::Decision,
    change::{DECIDE_WITHIN, START_WITHIN, State},
    engine::{Commit, DomainEvent, StartVerdict},
    ids::ChangeId,
    ledger::{Hash, tree},
    time::Duration,
};
use server::{engine::commit, store::engine};

use super::support::{Org, assign, conflict, grant, person_id, remove, subject};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_change_that_nobody_asked_for_starts_nothing,
    a_change_that_holds_something_else_than_was_asked_for_starts_nothing,
    a_change_whose_effect_was_edited_takes_no_approval,
    a_removal_whose_effect_was_edited_is_still_carried_out,
    a_change_that_was_carried_out_does_not_start_again,
    approvals_cannot_be_kept_for_later_than_their_time,
    a_refusal_whose_row_was_taken_out_still_stops_the_change,
    what_was_taken_back_is_not_sent_back,
    a_row_that_cannot_be_read_stops_neither_the_engine_nor_other_changes,
    an_entry_beyond_the_head_of_the_ledger_proves_nothing,
}

/// A change in production PCI, which needs two approvals.
async fn waiting(org: &Org) -> ChangeId {
    org.ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await
}

/// A change that is allowed without approval.
async fn asked(org: &Org) -> ChangeId {
    org.ask("ann", &grant("eve", "viewer", "web-dev", "60"))
        .await
}

fn refused(fresh: &StartVerdict, why: &str) -> bool {
    matches!(fresh, StartVerdict::Refused(reason) if reason.contains(why))
}

async fn a_change_that_nobody_asked_for_starts_nothing(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let real = asked(&org).await;
    assert_eq!(org.fresh(&real).await, StartVerdict::StillAllowed);
    let forged = ChangeId::parse("0190c0de-0000-7000-8000-00000000dead").unwrap();
    org.by_hand(format!(
        "insert into change (id, requester, proposal, submitted_at, decide_by, verdict, effect, effect_hash, \
         gaining, state, version, updated_at, form_key, mfa) select '{forged}', requester, proposal, \
         submitted_at, decide_by, verdict, effect, effect_hash, gaining, 'approved', 1, updated_at, 'k', mfa \
         from change where id = '{real}'"
    ))
    .await;
    assert!(refused(
        &org.fresh(&forged).await,
        "not requested through Leastwise"
    ));
}

async fn a_change_that_holds_something_else_than_was_asked_for_starts_nothing(
    engine: DatabaseEngine,
) {
    for (forged, why) in [
        (
            "proposal = replace(proposal, '{', '{\"operations\":[],')",
            "differs from the request",
        ),
        (
            "proposal = replace(proposal, 'OPS-4711', 'OPS-1')",
            "differs from the request",
        ),
        (
            "submitted_at = submitted_at + 1",
            "differs from the request",
        ),
        (
            "effect = replace(effect, '3600000', '60000')",
            "differs from the one that was shown",
        ),
        ("effect_hash = 'e'", "differs from the one that was shown"),
    ] {
        let org = Org::on(engine).await;
        let id = asked(&org).await;
        org.by_hand(format!("update change set {forged} where id = '{id}'"))
            .await;
        let fresh = org.fresh(&id).await;
        assert!(refused(&fresh, why), "{forged}: {fresh:?}");
    }
}

async fn a_change_whose_effect_was_edited_takes_no_approval(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    org.by_hand(format!(
        "update change set effect = replace(effect, '3600000', '60000') where id = '{id}'"
    ))
    .await;
    let told = conflict(org.approve("bob", &id).await);
    assert!(
        told.contains("differs from the one that was shown"),
        "{told}"
    );
    assert!(org.stored(&id).await.change.approvals.is_empty());
}

async fn a_removal_whose_effect_was_edited_is_still_carried_out(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut parts = org.parts();
    assign(&mut parts, "eve", "viewer", "web-dev", org.clock.now());
    org.publish(parts);
    let id = org.ask("ann", &remove("eve", "viewer", "web-dev")).await;
    org.by_hand(format!(
        "update change set effect = replace(effect, '\"standing\"', '{{\"for\":60000}}') where id = '{id}'"
    ))
    .await;
    assert_eq!(org.fresh(&id).await, StartVerdict::StillAllowed);
}

async fn a_change_that_was_carried_out_does_not_start_again(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = asked(&org).await;
    org.set_state(&id, State::Verified).await;
    org.by_hand(format!(
        "update change set state = 'approved' where id = '{id}'"
    ))
    .await;
    assert!(refused(
        &org.fresh(&id).await,
        "carried out or ended before"
    ));
}

async fn approvals_cannot_be_kept_for_later_than_their_time(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = asked(&org).await;
    org.by_hand(format!(
        "update change set decide_by = decide_by + 999999999 where id = '{id}'"
    ))
    .await;
    let last = Duration(DECIDE_WITHIN.0 + START_WITHIN.0);
    org.clock.advance(Duration(last.0 - 1_000));
    org.publish(org.parts());
    assert_eq!(org.fresh(&id).await, StartVerdict::StillAllowed);
    org.clock.advance(Duration::seconds(1));
    assert!(refused(&org.fresh(&id).await, "is over"));
}

async fn a_refusal_whose_row_was_taken_out_still_stops_the_change(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    org.decide("bob", &id, Decision::Decline).await.unwrap();
    assert_eq!(org.state(&id).await, State::Declined);
    org.without_triggers("approval").await;
    org.by_hand(format!("delete from approval where change_id = '{id}'"))
        .await;
    org.by_hand(format!(
        "update change set state = 'waiting' where id = '{id}'"
    ))
    .await;
    for name in ["cas", "dan"] {
        // The response does not matter, but the decision must not count.
        let _ = org.approve(name, &id).await;
    }
    assert_ne!(org.state(&id).await, State::Approved);
}

async fn what_was_taken_back_is_not_sent_back(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = asked(&org).await;
    org.as_("ann").await.withdraw(&id).await.unwrap();
    for event in [
        DomainEvent::SentBack { change: id.clone() },
        DomainEvent::Failed {
            change: id.clone(),
            reason: "Policies now block this change.".into(),
        },
    ] {
        let late = Commit {
            number: 1,
            generation: org.generation().await,
            writes: Vec::new(),
            events: vec![event],
        };
        commit::store(&org.app_state, late).await.unwrap();
        assert_eq!(org.state(&id).await, State::Withdrawn);
    }
    assert_eq!(
        org.entries(&id).await,
        ["change.submitted", "change.withdrawn"]
    );
}

async fn a_row_that_cannot_be_read_stops_neither_the_engine_nor_other_changes(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let (broken, whole) = (waiting(&org).await, asked(&org).await);
    org.by_hand("insert into engine_key (id, document) values ('x', '{')".into())
        .await;
    org.by_hand(format!(
        "update change set proposal = '{{' where id = '{broken}'"
    ))
    .await;
    let mut tx = org.app_state.store.write().await.unwrap();
    engine::restore(&mut tx, org.clock.now()).await.unwrap();
    drop(tx);
    assert_eq!(org.fresh(&whole).await, StartVerdict::StillAllowed);
}

async fn an_entry_beyond_the_head_of_the_ledger_proves_nothing(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    org.approve("bob", &id).await.unwrap();
    let read = org.app_state.store.read();
    let (seq, leaf): (i64, String) =
        sqlx::query_as("select seq, leaf from ledger_entry where type = 'change.approved'")
            .fetch_one(read)
            .await
            .unwrap();
    let far = 1_000_000_000;
    let as_cas = [
        (format!("\"seq\":{seq}"), format!("\"seq\":{far}")),
        (person_id("bob").to_string(), person_id("cas").to_string()),
        (subject("bob").sub, subject("cas").sub),
    ];
    let forged = as_cas
        .iter()
        .fold(leaf, |leaf, (from, to)| leaf.replace(from, to));
    let (index, hash) = (
        tree::leaf_index(far).unwrap(),
        Hash::leaf(forged.as_bytes()).hex(),
    );
    org.by_hand(format!(
        "insert into ledger_entry (seq, type, occurred_at, outcome, change_id, leaf, leaf_hash) \
         select {far}, type, occurred_at, outcome, change_id, '{forged}', leaf_hash from ledger_entry where seq = {seq}"
    ))
    .await;
    org.by_hand(format!(
        "insert into ledger_hash (idx, hash) values ({index}, '{hash}')"
    ))
    .await;
    let (effect, approver) = (org.stored(&id).await.change.effect.0, person_id("cas"));
    org.by_hand(format!(
        "insert into approval (change_id, approver, decision, reason, effect_hash, at, round) \
         values ('{id}', '{approver}', 'approve', 'looks right', '{effect}', 1, 0)"
    ))
    .await;
    assert_eq!(org.stored(&id).await.change.approvals.len(), 1);
}

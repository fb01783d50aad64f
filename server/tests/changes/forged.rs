//! A change's row that is not what was asked for and shown, by the ledger, gives nothing.

use domain::{change::State, engine::Fresh, ids::ChangeId};

use crate::support::{Org, assign, conflict, grant, remove};

/// On production PCI, which takes two.
async fn waiting(org: &Org) -> ChangeId {
    org.ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await
}

/// Asked for and allowed outright: nobody has to approve it.
async fn asked(org: &Org) -> ChangeId {
    org.ask("ann", &grant("eve", "viewer", "web-dev", "60"))
        .await
}

fn refused(fresh: &Fresh, why: &str) -> bool {
    matches!(fresh, Fresh::Refused(reason) if reason.contains(why))
}

#[tokio::test]
async fn a_change_that_nobody_asked_for_starts_nothing() {
    let org = Org::new().await;
    let real = asked(&org).await;
    assert_eq!(org.fresh(&real).await, Fresh::StillAllowed);
    let forged = ChangeId::parse("0190c0de-0000-7000-8000-00000000dead").unwrap();
    org.by_hand(format!(
        "insert into change (id, requester, proposal, submitted_at, decide_by, verdict, effect, effect_hash, \
         gaining, state, version, updated_at, form_key, mfa) select '{forged}', requester, proposal, \
         submitted_at, decide_by, verdict, effect, effect_hash, gaining, 'approved', 1, updated_at, 'k', mfa \
         from change where id = '{real}'"
    ))
    .await;
    assert!(refused(&org.fresh(&forged).await, "nobody asked for it"));
}

#[tokio::test]
async fn a_change_that_holds_something_else_than_was_asked_for_starts_nothing() {
    for (forged, why) in [
        (
            "proposal = replace(proposal, '3600000', '7200000')",
            "not what was asked for",
        ),
        (
            "proposal = replace(proposal, 'OPS-4711', 'OPS-1')",
            "not what was asked for",
        ),
        ("submitted_at = submitted_at + 1", "not what was asked for"),
        (
            "effect = replace(effect, '3600000', '60000')",
            "not the one that was shown",
        ),
        ("effect_hash = 'e'", "not the one that was shown"),
    ] {
        let org = Org::new().await;
        let id = asked(&org).await;
        org.by_hand(format!("update change set {forged} where id = '{id}'"))
            .await;
        let fresh = org.fresh(&id).await;
        assert!(refused(&fresh, why), "{forged}: {fresh:?}");
    }
}

#[tokio::test]
async fn a_change_whose_effect_was_edited_takes_no_approval() {
    let org = Org::new().await;
    let id = waiting(&org).await;
    org.by_hand(format!(
        "update change set effect = replace(effect, '3600000', '60000') where id = '{id}'"
    ))
    .await;
    let told = conflict(org.approve("bob", &id).await);
    assert!(told.contains("not the one that was shown"), "{told}");
    assert!(org.stored(&id).await.change.approvals.is_empty());
}

#[tokio::test]
async fn a_removal_whose_effect_was_edited_is_still_carried_out() {
    let org = Org::new().await;
    let mut parts = org.parts();
    assign(&mut parts, "eve", "viewer", "web-dev", org.clock.now());
    org.publish(parts);
    let id = org.ask("ann", &remove("eve", "viewer", "web-dev")).await;
    org.by_hand(format!(
        "update change set effect = replace(effect, '\"standing\"', '{{\"for\":60000}}') where id = '{id}'"
    ))
    .await;
    assert_eq!(org.fresh(&id).await, Fresh::StillAllowed);
}

#[tokio::test]
async fn a_change_that_was_carried_out_does_not_start_again() {
    let org = Org::new().await;
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

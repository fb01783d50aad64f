//! Two harmless steps must not add up to a harmful one, in any order and however fast.

use app::backend::{ChangesPort as _, NewChangePort as _};
use domain::{change::State, engine::StartVerdict, time::Duration};

use super::support::{Org, affected, assign, grant, group, join, user};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    who_is_put_into_a_group_whose_assignment_is_approved_and_not_carried_out_needs_approval_too,
    an_empty_group_on_production_pci_needs_approval_though_nobody_gains_today,
    who_is_put_into_a_group_that_was_assigned_since_the_last_read_needs_approval_too,
    a_group_that_is_filled_after_its_assignment_was_asked_for_voids_what_was_approved,
    whichever_of_two_approved_steps_starts_second_is_judged_with_the_first,
    a_set_that_was_edited_after_the_approvals_starts_nothing,
    joining_a_group_that_opens_production_pci_already_needs_approval,
    a_group_with_harmless_access_is_joined_with_an_approval_in_either_order_of_the_two_steps,
}

async fn an_empty_group_on_production_pci_needs_approval_though_nobody_gains_today(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("empty", "viewer", "cards-prod", "standing"))
        .await;
    let stored = org.stored(&id).await;
    assert_eq!(
        (stored.change.state, stored.change.verdict.approvals),
        (State::Waiting, 2)
    );
    let powerful = org
        .ask("ann", &grant("empty", "admin", "cards-prod", "standing"))
        .await;
    assert_eq!(org.state(&powerful).await, State::Refused);
}

async fn who_is_put_into_a_group_whose_assignment_is_approved_and_not_carried_out_needs_approval_too(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let first = org
        .ask("ann", &grant("empty", "viewer", "cards-prod", "standing"))
        .await;
    for approver in ["bob", "cas"] {
        org.approve(approver, &first).await.unwrap();
    }
    let second = org.ask("ann", &join("fay", "empty")).await;
    let stored = org.stored(&second).await;
    assert_eq!(
        (stored.change.state, stored.change.verdict.approvals),
        (State::Waiting, 2)
    );
    assert!(stored.gaining.contains(&super::support::person_id("fay")));
}

async fn who_is_put_into_a_group_that_was_assigned_since_the_last_read_needs_approval_too(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let first = org
        .ask("ann", &grant("empty", "viewer", "cards-prod", "standing"))
        .await;
    for approver in ["bob", "cas"] {
        org.approve(approver, &first).await.unwrap();
    }
    // Carried out, but not yet seen by a crawl.
    org.set_state(&first, State::Verified).await;
    let new = org
        .as_("ann")
        .await
        .new_change(&join("fay", "empty"))
        .await
        .unwrap();
    assert_eq!(new.preview.unwrap().verdict.approvals, 2);
    // Seen by a crawl, and then removed in AWS: nothing is gained any more.
    org.clock.advance(Duration::minutes(10));
    let parts = org.parts();
    org.publish(parts);
    let new = org
        .as_("ann")
        .await
        .new_change(&join("fay", "empty"))
        .await
        .unwrap();
    let preview = new.preview.unwrap();
    assert!(preview.gained.is_empty());
    assert_eq!(
        preview.verdict.approvals, 1,
        "for joining a group without access"
    );
}

async fn a_group_that_is_filled_after_its_assignment_was_asked_for_voids_what_was_approved(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let first = org
        .ask("ann", &grant("empty", "viewer", "cards-prod", "standing"))
        .await;
    let second = org.ask("ann", &join("fay", "empty")).await;
    // The group gives no access yet, so one approval is enough.
    org.approve("cas", &second).await.unwrap();
    assert_eq!(org.state(&second).await, State::Approved);
    // Fay would gain access now, which the approvers of the empty group never saw.
    let told = super::support::conflict(org.approve("bob", &first).await);
    assert!(told.contains("void"), "{told}");
    let gained = org
        .as_("bob")
        .await
        .change(&first)
        .await
        .unwrap()
        .preview
        .gained;
    assert!(gained.iter().any(|row| affected(row) == "FAY"));
}

async fn whichever_of_two_approved_steps_starts_second_is_judged_with_the_first(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let first = org
        .ask("ann", &grant("empty", "viewer", "cards-prod", "standing"))
        .await;
    for approver in ["bob", "cas"] {
        org.approve(approver, &first).await.unwrap();
    }
    // Drift: a user is added to the group in AWS after the approvals.
    let mut parts = org.parts();
    parts
        .members
        .get_mut(&group("empty"))
        .unwrap()
        .insert(user("fay"));
    org.publish(parts);
    assert_eq!(org.fresh(&first).await, StartVerdict::EffectGrew);
}

async fn a_set_that_was_edited_after_the_approvals_starts_nothing(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    for approver in ["bob", "cas"] {
        org.approve(approver, &id).await.unwrap();
    }
    let mut parts = org.parts();
    let admin = parts.sets[&super::support::set("admin")].clone();
    let viewer = parts.sets.get_mut(&super::support::set("viewer")).unwrap();
    (viewer.content, viewer.hash, viewer.analysis) = (admin.content, admin.hash, admin.analysis);
    org.publish(parts);
    let fresh = org.fresh(&id).await;
    assert!(matches!(fresh, StartVerdict::Refused(_)), "{fresh:?}");
}

async fn joining_a_group_that_opens_production_pci_already_needs_approval(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut parts = org.parts();
    assign(&mut parts, "empty", "viewer", "cards-prod", org.clock.now());
    org.publish(parts);
    let id = org.ask("ann", &join("fay", "empty")).await;
    assert_eq!(org.state(&id).await, State::Waiting);
}

/// What else the group is used for is not known: Leastwise does not read assignments of applications.
async fn a_group_with_harmless_access_is_joined_with_an_approval_in_either_order_of_the_two_steps(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let harmless = grant("empty", "viewer", "web-dev", "standing");
    // The assignment first, once approved and once carried out.
    let first = org.ask("ann", &harmless).await;
    assert_eq!(org.state(&first).await, State::Approved);
    let second = org.ask("ann", &join("fay", "empty")).await;
    let stored = org.stored(&second).await.change;
    assert_eq!(
        (stored.state, stored.verdict.approvals),
        (State::Waiting, 1)
    );
    let mut parts = org.parts();
    assign(&mut parts, "empty", "viewer", "web-dev", org.clock.now());
    org.publish(parts);
    let third = org.ask("ann", &join("fay", "empty")).await;
    assert_eq!(org.state(&third).await, State::Waiting);

    // The membership first.
    let org = Org::on(engine).await;
    let first = org.ask("ann", &join("fay", "empty")).await;
    assert_eq!(org.state(&first).await, State::Waiting);
    let second = org.ask("ann", &harmless).await;
    assert_eq!(org.state(&second).await, State::Approved);
    // The approver of the membership is shown what the group gives by now.
    super::support::conflict(org.approve("cas", &first).await);
    assert_eq!(org.stored(&first).await.change.verdict.approvals, 1);
    org.approve("cas", &first).await.unwrap();
    assert_eq!(org.state(&first).await, State::Approved);
}

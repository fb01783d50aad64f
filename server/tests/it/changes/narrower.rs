//! An approval covers the effect that its approver saw and everything narrower; whatever was added since then needs an
//! approval of its own.

use app::backend::ChangesPort as _;
use domain::{
    change::State,
    engine::{Commit, DomainEvent, StartVerdict},
};
use server::engine::commit;

use super::support::{Org, conflict, grant, group, set, user};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_change_starts_when_somebody_has_left_the_group_since_its_approvals,
    an_approval_counts_when_somebody_has_left_the_group_since_the_request,
    somebody_who_leaves_while_somebody_else_joins_voids_the_approvals,
    a_narrower_effect_on_another_content_of_the_set_voids_the_approvals,
}

async fn requested(org: &Org) -> domain::ids::ChangeId {
    org.ask("ann", &grant("operators", "viewer", "cards-prod", "60"))
        .await
}

fn without_eve(org: &Org) -> domain::snapshot::Parts {
    let mut parts = org.parts();
    let members = parts.members.get_mut(&group("operators")).unwrap();
    assert!(members.remove(&user("eve")));
    parts
}

async fn a_change_starts_when_somebody_has_left_the_group_since_its_approvals(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = requested(&org).await;
    for approver in ["cas", "dan"] {
        org.approve(approver, &id).await.unwrap();
    }
    org.publish(without_eve(&org));
    let fresh = org.fresh(&id).await;
    let StartVerdict::AllowedNarrower(effect) = fresh else {
        panic!("{fresh:?}");
    };
    let stored = org.stored(&id).await;
    assert_ne!(effect, stored.change.effect);
    assert!(stored.altered.is_none(), "the approved effect stays");

    let begins = Commit {
        number: 1,
        generation: org.generation().await,
        writes: Vec::new(),
        events: vec![
            DomainEvent::Narrowed {
                change: id.clone(),
                effect,
            },
            DomainEvent::Applying {
                change: id.clone(),
                plans: None,
            },
        ],
    };
    commit::store(&org.app_state, begins).await.unwrap();
    let entries = org.entries(&id).await;
    assert_eq!(entries[3..], ["change.narrowed", "change.started"]);
    let timeline = org.as_("ann").await.change(&id).await.unwrap().timeline;
    assert!(
        timeline
            .iter()
            .any(|row| row.what == "Starts with less than what was approved"),
        "{timeline:?}"
    );
}

async fn an_approval_counts_when_somebody_has_left_the_group_since_the_request(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = requested(&org).await;
    org.approve("cas", &id).await.unwrap();
    org.publish(without_eve(&org));
    org.approve("dan", &id).await.unwrap();
    assert_eq!(org.state(&id).await, State::Approved);
    assert_eq!(
        org.entries(&id).await,
        ["change.submitted", "change.approved", "change.approved"]
    );
}

async fn somebody_who_leaves_while_somebody_else_joins_voids_the_approvals(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = requested(&org).await;
    org.approve("cas", &id).await.unwrap();
    let mut parts = without_eve(&org);
    let members = parts.members.get_mut(&group("operators")).unwrap();
    members.insert(user("fay"));
    org.publish(parts);
    let told = conflict(org.approve("dan", &id).await);
    assert!(told.contains("void"), "{told}");
}

async fn a_narrower_effect_on_another_content_of_the_set_voids_the_approvals(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = requested(&org).await;
    for approver in ["cas", "dan"] {
        org.approve(approver, &id).await.unwrap();
    }
    let mut parts = without_eve(&org);
    let viewer = parts.sets.get_mut(&set("viewer")).unwrap();
    let billing = "arn:aws:iam::aws:policy/job-function/Billing";
    viewer.content.managed.insert(billing.into());
    viewer.hash = viewer.content.hash();
    org.publish(parts);
    assert_eq!(org.fresh(&id).await, StartVerdict::EffectGrew);
}

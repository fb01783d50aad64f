//! Removals that need a second person: of oversight access, and of the access of many people. Every other removal stays
//! a matter of one person, and nothing holds up the engine.

use std::sync::atomic::Ordering;

use app::backend::{ChangesPort as _, HomePort as _, ListQuery, WITH_ALARM};
use domain::{
    change::State, directory::Origin, engine::StartVerdict, snapshot::Parts, time::Duration,
};
use server::service::changes::fresh_verdict;

use super::support::{Org, PoolSays, assign, group, remove, set, user};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    one_administrator_alone_removes_no_oversight_access,
    one_administrator_alone_does_not_remove_the_access_of_many_people,
    an_alarm_is_on_the_home_page_for_a_week_and_in_the_list_for_ever,
    an_approved_removal_waits_for_nothing_when_it_starts,
    a_small_removal_stays_a_matter_of_one_person,
}

/// The company, whose set `viewer` is named SecurityAudit and given to Eve and to the group `operators`.
fn overseen(org: &Org) -> Parts {
    let mut parts = org.parts();
    parts.sets.get_mut(&set("viewer")).unwrap().name = "SecurityAudit".into();
    let now = org.clock.now();
    assign(&mut parts, "eve", "viewer", "cards-prod", now);
    assign(&mut parts, "operators", "viewer", "web-dev", now);
    assign(&mut parts, "operators", "reader", "web-dev", now);
    parts
}

/// Adds people to the group `operators`.
fn crowd(parts: &mut Parts, people: usize) {
    for n in 0..people {
        let name = format!("crowd-{n}");
        let mut known = parts.users[&user("fay")].clone();
        known.id = user(&name);
        known.user_name.clone_from(&name);
        known.origin = Origin::IdentityCenter;
        parts
            .members
            .get_mut(&group("operators"))
            .unwrap()
            .insert(known.id.clone());
        parts.users.insert(known.id.clone(), known);
    }
}

async fn one_administrator_alone_removes_no_oversight_access(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.publish(overseen(&org));
    for form in [
        remove("eve", "viewer", "cards-prod"),
        remove("operators", "viewer", "web-dev"),
    ] {
        let id = org.ask("ann", &form).await;
        let stored = org.stored(&id).await.change;
        assert_eq!(
            (stored.state, stored.verdict.approvals),
            (State::Waiting, 1),
            "{form:?}"
        );
        assert_eq!(
            org.entries(&id).await,
            ["change.submitted", "change.alarm"],
            "{form:?}"
        );
        org.approve("bob", &id).await.unwrap();
        assert_eq!(org.state(&id).await, State::Approved);
    }
    let alarms = &org.app_state.removal_alarms;
    assert_eq!(alarms.load(Ordering::Relaxed), 2);
}

async fn an_alarm_is_on_the_home_page_for_a_week_and_in_the_list_for_ever(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.publish(overseen(&org));
    let id = org.ask("ann", &remove("eve", "viewer", "cards-prod")).await;
    org.ask("ann", &remove("operators", "reader", "web-dev"))
        .await;
    let alarms = |name| {
        let org = &org;
        async move {
            let home = org.as_(name).await.home().await.unwrap();
            let alarms = home.organisation.map(|organisation| organisation.alarms);
            alarms.map(|rows| rows.into_iter().map(|row| row.id).collect::<Vec<_>>())
        }
    };
    assert_eq!(alarms("bob").await, Some(vec![id.clone()]));
    assert_eq!(alarms("eve").await, None, "a requester sees their own only");
    org.clock.advance(Duration::days(8));
    assert_eq!(alarms("bob").await, Some(Vec::new()));
    let listed = ListQuery {
        only: Some(WITH_ALARM.into()),
        page: 1,
        ..ListQuery::default()
    };
    let listed = org.as_("bob").await.changes(&listed).await.unwrap();
    assert_eq!((listed.total, &listed.rows[0].id), (1, &id));
}

/// The engine asks for a verdict only on what gives access. What it revokes by itself is no change at all.
async fn an_approved_removal_waits_for_nothing_when_it_starts(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.publish(overseen(&org));
    let id = org.ask("ann", &remove("eve", "viewer", "cards-prod")).await;
    org.approve("bob", &id).await.unwrap();
    for pool in [PoolSays::Gone, PoolSays::Nothing] {
        let fresh = fresh_verdict(&org.app_state, &pool, &id).await.unwrap();
        assert_eq!(fresh, StartVerdict::StillAllowed, "{pool:?}");
    }
}

async fn one_administrator_alone_does_not_remove_the_access_of_many_people(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut parts = overseen(&org);
    crowd(&mut parts, 40);
    org.publish(parts);
    let id = org
        .ask("ann", &remove("operators", "reader", "web-dev"))
        .await;
    assert_eq!(org.state(&id).await, State::Waiting);
}

async fn a_small_removal_stays_a_matter_of_one_person(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.publish(overseen(&org));
    let id = org
        .ask("ann", &remove("operators", "reader", "web-dev"))
        .await;
    assert_eq!(org.state(&id).await, State::Approved);
}

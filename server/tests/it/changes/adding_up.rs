//! Removals that add up: one person does not remove the access of many people in several changes either.

use std::sync::atomic::Ordering;

use app::backend::{AlarmOnSubmit, ChangeForm, NewChangePort as _, WithdrawalPort as _};
use domain::{
    authorize::Role, change::State, directory::Origin, engine::StartVerdict, ids::ChangeId,
    snapshot::Parts, time::Duration,
};
use server::engine::start::NoVerdict;

use super::support::{Org, PoolSays, assign, group, join, remove, user};
use crate::{database::DatabaseEngine, starts::fresh_verdict};

crate::engines::on_both_engines! {
    the_third_removal_of_ten_people_waits_and_raises_the_alarm,
    removals_of_different_administrators_do_not_add_up,
    after_an_hour_the_count_starts_anew,
    memberships_add_up_one_by_one,
    people_who_lose_access_to_several_accounts_count_once,
    ones_own_access_is_removed_at_once,
    removals_that_somebody_approved_or_nobody_carries_out_do_not_count,
    what_a_requester_removes_later_holds_up_no_earlier_removal,
    a_removal_that_waited_starts_by_its_approvals_however_long_it_waited,
    one_approval_lets_a_requester_remove_everything_that_a_person_has,
    a_removal_that_waits_only_because_removals_add_up_is_never_refused,
    a_removal_that_waited_and_starts_without_an_approval_counts,
}

/// Teams of ten people each, which the group `operators` contains as well. Each team has `reader` in an account, and the
/// first one in a second account too. `operators` has it in another one.
fn departments(org: &Org) -> Parts {
    let mut parts = org.parts();
    let now = org.clock.now();
    for team in 0..4 {
        let mut known = parts.groups[&group("empty")].clone();
        known.id = group(&team_of(team));
        known.display_name = team_of(team);
        let members = (0..10).map(|n| member(team, n));
        parts.members.insert(
            known.id.clone(),
            members.clone().map(|name| user(&name)).collect(),
        );
        parts.members_as_of.insert(known.id.clone(), now);
        parts.groups.insert(known.id.clone(), known);
        for name in members {
            let mut known = parts.users[&user("fay")].clone();
            known.id = user(&name);
            known.user_name.clone_from(&name);
            known.origin = Origin::IdentityCenter;
            let operators = parts.members.get_mut(&group("operators")).unwrap();
            operators.insert(known.id.clone());
            parts.users.insert(known.id.clone(), known);
        }
        assign_team(&mut parts, team, "web-dev", org);
    }
    assign_team(&mut parts, 0, "web-prod", org);
    assign(&mut parts, "operators", "reader", "cards-staging", now);
    parts
}

fn team_of(number: usize) -> String {
    format!("team-{number}")
}

fn member(team: usize, number: usize) -> String {
    format!("member-{team}-{number}")
}

fn assign_team(parts: &mut Parts, team: usize, at: &str, org: &Org) {
    assign(parts, &team_of(team), "reader", at, org.clock.now());
}

async fn org_with_departments(engine: DatabaseEngine) -> Org {
    let org = Org::on(engine).await;
    org.publish(departments(&org));
    org
}

fn remove_team(number: usize, at: &str) -> ChangeForm {
    remove(&team_of(number), "reader", at)
}

fn leave(name: &str, from: &str) -> ChangeForm {
    ChangeForm {
        kind: "leave".into(),
        who: format!("user:{}", user(name)),
        ..join("fay", from)
    }
}

async fn states(org: &Org, ids: &[ChangeId]) -> Vec<State> {
    let mut states = Vec::new();
    for id in ids {
        states.push(org.state(id).await);
    }
    states
}

async fn the_third_removal_of_ten_people_waits_and_raises_the_alarm(engine: DatabaseEngine) {
    let org = org_with_departments(engine).await;
    let mut ids = Vec::new();
    for team in 0..2 {
        ids.push(org.ask("ann", &remove_team(team, "web-dev")).await);
        org.clock.advance(Duration::minutes(1));
    }
    // What was carried out counts like what is about to be.
    org.set_state(&ids[0], State::Verified).await;
    let third = remove_team(2, "web-dev");
    let new = org.as_("ann").await.new_change(&third).await.unwrap();
    assert_eq!(new.preview.unwrap().alarm, AlarmOnSubmit::Raised);
    ids.push(org.ask("ann", &third).await);
    assert_eq!(
        states(&org, &ids).await,
        [State::Verified, State::Approved, State::Waiting]
    );
    let stored = org.stored(&ids[2]).await.change;
    assert_eq!(stored.verdict.hits[0].rule, "removal-of-many");
    assert_eq!(stored.verdict.approvals, 1);
    assert_eq!(
        org.entries(&ids[2]).await,
        ["change.submitted", "change.alarm"]
    );
    let alarms = &org.app_state.removal_alarms;
    assert_eq!(alarms.load(Ordering::Relaxed), 1);
    let alarm = org.entry(&ids[2], "change.alarm").await;
    let facts = &alarm["data"];
    assert_eq!(facts["people"], 10);
    assert_eq!(facts["people_together"], 30);
    let reason = alarm["reason"].as_str().unwrap();
    assert!(
        reason.ends_with("Together, 30 people lose access."),
        "{reason}"
    );
    org.approve("bob", &ids[2]).await.unwrap();
    assert_eq!(org.fresh(&ids[2]).await, StartVerdict::StillAllowed);
}

async fn removals_of_different_administrators_do_not_add_up(engine: DatabaseEngine) {
    let org = org_with_departments(engine).await;
    org.give("eve", Role::Administrator, org.clock.now()).await;
    let mut ids = Vec::new();
    for (name, team) in [("ann", 0), ("eve", 1), ("ann", 2), ("eve", 3)] {
        ids.push(org.ask(name, &remove_team(team, "web-dev")).await);
    }
    assert_eq!(states(&org, &ids).await, [State::Approved; 4]);
}

async fn after_an_hour_the_count_starts_anew(engine: DatabaseEngine) {
    let org = org_with_departments(engine).await;
    for team in 0..2 {
        org.ask("ann", &remove_team(team, "web-dev")).await;
    }
    org.clock.advance(Duration::minutes(59));
    let waits = org.ask("ann", &remove_team(2, "web-dev")).await;
    org.clock.advance(Duration::minutes(1));
    let starts = org.ask("ann", &remove_team(3, "web-dev")).await;
    assert_eq!(
        states(&org, &[waits, starts]).await,
        [State::Waiting, State::Approved]
    );
}

async fn memberships_add_up_one_by_one(engine: DatabaseEngine) {
    let org = org_with_departments(engine).await;
    for number in 0..20 {
        let form = leave(&member(number / 10, number % 10), "operators");
        let id = org.ask("ann", &form).await;
        assert_eq!(org.state(&id).await, State::Approved, "{number}");
        org.clock.advance(Duration::seconds(1));
    }
    let id = org.ask("ann", &leave(&member(2, 0), "operators")).await;
    assert_eq!(org.state(&id).await, State::Waiting);
    assert_eq!(org.entries(&id).await, ["change.submitted", "change.alarm"]);
    // Somebody who lost a membership already counts no second time.
    let again = leave(&member(0, 0), &team_of(0));
    let id = org.ask("ann", &again).await;
    assert_eq!(org.state(&id).await, State::Approved);
}

async fn people_who_lose_access_to_several_accounts_count_once(engine: DatabaseEngine) {
    let org = org_with_departments(engine).await;
    let mut ids = Vec::new();
    for (team, at) in [(0, "web-dev"), (0, "web-prod"), (1, "web-dev")] {
        ids.push(org.ask("ann", &remove_team(team, at)).await);
    }
    assert_eq!(states(&org, &ids).await, [State::Approved; 3]);
}

async fn ones_own_access_is_removed_at_once(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut parts = departments(&org);
    let operators = parts.members.get_mut(&group("operators")).unwrap();
    operators.insert(user("ann"));
    assign(&mut parts, "ann", "reader", "web-dev", org.clock.now());
    org.publish(parts);
    for team in 0..2 {
        org.ask("ann", &remove_team(team, "web-dev")).await;
    }
    let mut ids = Vec::new();
    for own in [
        leave("ann", "operators"),
        remove("ann", "reader", "web-dev"),
    ] {
        ids.push(org.ask("ann", &own).await);
    }
    assert_eq!(states(&org, &ids).await, [State::Approved; 2]);
}

async fn removals_that_somebody_approved_or_nobody_carries_out_do_not_count(
    engine: DatabaseEngine,
) {
    let org = org_with_departments(engine).await;
    for team in 0..2 {
        let id = org.ask("ann", &remove_team(team, "web-dev")).await;
        org.as_("ann").await.withdraw(&id).await.unwrap();
    }
    let mut ids = Vec::new();
    for team in 0..2 {
        ids.push(org.ask("ann", &remove_team(team, "web-dev")).await);
    }
    let waits = org.ask("ann", &remove_team(2, "web-dev")).await;
    org.approve("bob", &waits).await.unwrap();
    // Twenty people are not more than the limit, and the ten of the approved change are not among them.
    ids.push(org.ask("ann", &remove_team(0, "web-prod")).await);
    assert_eq!(states(&org, &ids).await, [State::Approved; 3]);
}

/// Requests the removal of three teams, a second apart. The last one waits.
async fn removals_of_three_teams(org: &Org) -> Vec<ChangeId> {
    let mut ids = Vec::new();
    for team in 0..3 {
        ids.push(org.ask("ann", &remove_team(team, "web-dev")).await);
        org.clock.advance(Duration::seconds(1));
    }
    assert_eq!(org.state(&ids[2]).await, State::Waiting);
    ids
}

async fn what_a_requester_removes_later_holds_up_no_earlier_removal(engine: DatabaseEngine) {
    let org = org_with_departments(engine).await;
    let ids = removals_of_three_teams(&org).await;
    for id in &ids[..2] {
        assert_eq!(org.fresh(id).await, StartVerdict::StillAllowed);
    }
}

async fn a_removal_that_waited_starts_by_its_approvals_however_long_it_waited(
    engine: DatabaseEngine,
) {
    let org = org_with_departments(engine).await;
    for team in 0..2 {
        org.ask("ann", &remove_team(team, "web-dev")).await;
        org.clock.advance(Duration::minutes(1));
    }
    let id = org.ask("ann", &remove_team(2, "web-dev")).await;
    org.clock.advance(Duration::hours(2));
    org.approve("bob", &id).await.unwrap();
    let unanswered = fresh_verdict(&org.app_state, &PoolSays::Nothing, &id).await;
    assert!(matches!(unanswered, Err(NoVerdict::PeopleNotRead)));
    let gone = fresh_verdict(&org.app_state, &PoolSays::Gone, &id).await;
    assert_eq!(gone.unwrap(), StartVerdict::EffectGrew);
    assert_eq!(org.fresh(&id).await, StartVerdict::StillAllowed);
}

async fn one_approval_lets_a_requester_remove_everything_that_a_person_has(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut parts = departments(&org);
    let (leaver, other) = (member(2, 0), member(2, 1));
    for team in [0, 1, 3] {
        let members = parts.members.get_mut(&group(&team_of(team))).unwrap();
        members.insert(user(&leaver));
    }
    org.publish(parts);
    org.give("eve", Role::Administrator, org.clock.now()).await;
    for number in 0..20 {
        let form = leave(&member(number / 10, number % 10), "operators");
        for name in ["ann", "eve"] {
            org.ask(name, &form).await;
        }
        org.clock.advance(Duration::seconds(1));
    }
    // What somebody else requested and got approved says nothing about the requests of Ann.
    let of_eve = org.ask("eve", &leave(&other, "operators")).await;
    org.approve("bob", &of_eve).await.unwrap();
    let first = org.ask("ann", &leave(&leaver, "operators")).await;
    let early = org.ask("ann", &leave(&leaver, &team_of(2))).await;
    assert_eq!(
        states(&org, &[first.clone(), early]).await,
        [State::Waiting; 2]
    );
    org.approve("bob", &first).await.unwrap();
    org.clock.advance(Duration::minutes(1));
    let mut rest = Vec::new();
    for team in [0, 1, 2, 3] {
        rest.push(org.ask("ann", &leave(&leaver, &team_of(team))).await);
    }
    assert_eq!(states(&org, &rest).await, [State::Approved; 4]);
    for id in &rest {
        assert_eq!(org.entries(id).await, ["change.submitted"]);
        assert_eq!(org.fresh(id).await, StartVerdict::StillAllowed);
    }
    let next = org.ask("ann", &leave(&other, "operators")).await;
    assert_eq!(org.state(&next).await, State::Waiting);
    org.clock.advance(Duration::minutes(60));
    let later = org.ask("ann", &leave(&other, &team_of(2))).await;
    assert_eq!(org.state(&later).await, State::Approved);
}

async fn a_removal_that_waits_only_because_removals_add_up_is_never_refused(
    engine: DatabaseEngine,
) {
    let org = org_with_departments(engine).await;
    for team in 0..2 {
        org.ask("ann", &remove_team(team, "web-dev")).await;
    }
    let form = leave(&member(2, 0), "operators");
    let mut waiting = Vec::new();
    for _ in 0..22 {
        waiting.push(org.ask("ann", &form).await);
    }
    assert_eq!(states(&org, &waiting).await, [State::Waiting; 22]);
    for id in &waiting {
        org.as_("ann").await.withdraw(id).await.unwrap();
    }
    let id = org.ask("ann", &form).await;
    assert_eq!(org.state(&id).await, State::Waiting);
}

async fn a_removal_that_waited_and_starts_without_an_approval_counts(engine: DatabaseEngine) {
    let org = org_with_departments(engine).await;
    let ids = removals_of_three_teams(&org).await;
    for id in &ids[..2] {
        org.as_("ann").await.withdraw(id).await.unwrap();
    }
    // Both teams grow, so the decision is not recorded, and the removal needs no approval any more.
    let mut parts = departments(&org);
    for team in [2, 3] {
        let members = parts.members.get_mut(&group(&team_of(team))).unwrap();
        members.insert(user("fay"));
    }
    org.publish(parts);
    assert!(org.approve("bob", &ids[2]).await.is_err());
    assert_eq!(org.state(&ids[2]).await, State::Approved);
    let next = org.ask("ann", &remove_team(3, "web-dev")).await;
    assert_eq!(org.state(&next).await, State::Waiting);
}

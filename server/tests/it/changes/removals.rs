//! Removals that need a second person: of oversight access, and of the access of many people. They start by approvals
//! that count at that moment. Every other removal stays a matter of one person, and nothing holds it up.

use std::sync::atomic::Ordering;

use app::backend::{
    AlarmOnSubmit, AlarmPhase, ChangesPort as _, HomePort as _, NewChangePort as _,
    WithdrawalPort as _,
};
use app::lists::ListChoice;
use domain::{
    authorize::Role,
    change::State,
    directory::Origin,
    engine::{Commit, DomainEvent, StartVerdict},
    ids::ChangeId,
    policies::{OversightMark, RemovalLimits},
    snapshot::Parts,
    time::Duration,
};
use server::{
    engine::{commit, start::NoVerdict},
    service::app_state::ReadModel,
};

use super::support::{Org, PoolSays, assign, grant, group, person_id, remove, set, user};
use crate::{database::DatabaseEngine, starts::fresh_verdict};

crate::engines::on_both_engines! {
    one_administrator_alone_removes_no_oversight_access,
    one_administrator_alone_does_not_remove_the_access_of_many_people,
    an_alarm_is_on_the_home_page_for_a_week_and_in_the_list_forever,
    a_removal_that_needs_approval_starts_by_approvals_that_count_when_it_starts,
    a_removal_approved_by_hand_does_not_start,
    a_removal_whose_approved_effect_was_altered_does_not_start,
    an_ordinary_removal_starts_whatever_the_directory_and_the_pool_say_of_its_requester,
    a_removal_of_what_became_oversight_goes_back_with_an_alarm,
    withdrawn_removals_do_not_hide_one_that_waits,
    the_rows_of_alarms_are_limited_and_the_rest_is_counted,
    the_preview_of_a_removal_says_that_its_submission_raises_an_alarm,
    a_small_removal_stays_a_matter_of_one_person,
    a_chosen_mark_that_protects_nothing_is_on_the_home_page,
}

/// The company, whose set `viewer` is named SecurityAudit and given to Eve and to the group `operators`.
pub(super) fn overseen(org: &Org) -> Parts {
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

async fn an_alarm_is_on_the_home_page_for_a_week_and_in_the_list_forever(engine: DatabaseEngine) {
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
            alarms.map(|alarms| {
                let rows = alarms.rows.into_iter();
                rows.map(|row| row.newest.id).collect::<Vec<_>>()
            })
        }
    };
    assert_eq!(alarms("bob").await, Some(vec![id.clone()]));
    assert_eq!(alarms("eve").await, None, "a requester sees their own only");
    org.clock.advance(Duration::days(8));
    assert_eq!(alarms("bob").await, Some(Vec::new()));
    assert_eq!(with_alarm(&org).await, [id]);
}

async fn a_removal_that_needs_approval_starts_by_approvals_that_count_when_it_starts(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    org.publish(overseen(&org));
    let id = org.ask("ann", &remove("eve", "viewer", "cards-prod")).await;
    org.approve("bob", &id).await.unwrap();
    let says = |pool: PoolSays| {
        let (org, id) = (&org, &id);
        async move { fresh_verdict(&org.app_state, &pool, id).await }
    };
    for pool in [
        PoolSays::Gone,
        PoolSays::Disabled,
        PoolSays::NoGroup,
        PoolSays::SomebodyElse,
    ] {
        let verdict = says(pool).await.unwrap();
        assert_eq!(verdict, StartVerdict::EffectGrew, "{pool:?}");
    }
    let unanswered = says(PoolSays::Nothing).await;
    assert!(matches!(unanswered, Err(NoVerdict::PeopleNotRead)));
    let verdict = says(PoolSays::Welcome).await.unwrap();
    assert_eq!(verdict, StartVerdict::StillAllowed);
    org.end_role("bob", Role::Approver).await;
    let verdict = says(PoolSays::Welcome).await.unwrap();
    assert_eq!(verdict, StartVerdict::EffectGrew);
}

async fn a_removal_approved_by_hand_does_not_start(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.publish(overseen(&org));
    let id = org.ask("ann", &remove("eve", "viewer", "cards-prod")).await;
    let (effect, approver) = (org.stored(&id).await.change.effect.0, person_id("bob"));
    org.by_hand(format!(
        "insert into approval (change_id, approver, decision, reason, effect_hash, at, round) \
         values ('{id}', '{approver}', 'approve', 'looks right', '{effect}', {}, 0)",
        org.clock.now().0
    ))
    .await;
    org.by_hand(format!(
        "update change set state = 'approved' where id = '{id}'"
    ))
    .await;
    assert_eq!(org.fresh(&id).await, StartVerdict::EffectGrew);
}

async fn a_removal_whose_approved_effect_was_altered_does_not_start(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.publish(overseen(&org));
    let id = org.ask("ann", &remove("eve", "viewer", "cards-prod")).await;
    org.approve("bob", &id).await.unwrap();
    let other = org
        .ask("ann", &remove("operators", "reader", "web-dev"))
        .await;
    for change in [&id, &other] {
        org.by_hand(format!(
            "update change set effect = '{{\"gained\":[],\"lost\":[]}}' where id = '{change}'"
        ))
        .await;
    }
    let fresh = org.fresh(&id).await;
    assert!(matches!(fresh, StartVerdict::Refused(_)), "{fresh:?}");
    // Nobody had to approve the other one, so what its approvers would have seen does not matter.
    assert_eq!(org.fresh(&other).await, StartVerdict::StillAllowed);
}

async fn an_ordinary_removal_starts_whatever_the_directory_and_the_pool_say_of_its_requester(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    org.publish(overseen(&org));
    let id = org
        .ask("ann", &remove("operators", "reader", "web-dev"))
        .await;
    let mut parts = overseen(&org);
    parts.users.remove(&user("ann"));
    org.publish(parts);
    org.end_role("bob", Role::Approver).await;
    for pool in [PoolSays::Gone, PoolSays::Nothing] {
        let fresh = fresh_verdict(&org.app_state, &pool, &id).await.unwrap();
        assert_eq!(fresh, StartVerdict::StillAllowed, "{pool:?}");
    }
}

async fn a_removal_of_what_became_oversight_goes_back_with_an_alarm(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut parts = overseen(&org);
    parts.sets.get_mut(&set("viewer")).unwrap().name = "Viewer".into();
    org.publish(parts);
    let id = org.ask("ann", &remove("eve", "viewer", "cards-prod")).await;
    assert_eq!(org.state(&id).await, State::Approved);
    org.publish(overseen(&org));
    assert_eq!(org.fresh(&id).await, StartVerdict::EffectGrew);
    let back = Commit {
        number: 1,
        generation: org.generation().await,
        writes: Vec::new(),
        events: vec![DomainEvent::SentBack { change: id.clone() }],
    };
    commit::store(&org.app_state, back).await.unwrap();
    assert_eq!(org.state(&id).await, State::Waiting);
    assert_eq!(
        org.entries(&id).await,
        ["change.submitted", "change.sent_back", "change.alarm"]
    );
    assert_eq!(with_alarm(&org).await, std::slice::from_ref(&id));
    org.approve("bob", &id).await.unwrap();
    assert_eq!(org.fresh(&id).await, StartVerdict::StillAllowed);
}

/// Returns the changes in the list of those that raised an alarm.
async fn with_alarm(org: &Org) -> Vec<ChangeId> {
    let listed = ListChoice::only("alarm", "raised");
    let listed = org.as_("bob").await.changes(&listed).await.unwrap();
    listed.rows.into_iter().map(|row| row.id).collect()
}

async fn withdrawn_removals_do_not_hide_one_that_waits(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.publish(overseen(&org));
    let id = org.ask("ann", &remove("eve", "viewer", "cards-prod")).await;
    for _ in 0..12 {
        org.clock.advance(Duration::minutes(1));
        let other = org
            .ask("ann", &remove("operators", "viewer", "web-dev"))
            .await;
        org.as_("ann").await.withdraw(&other).await.unwrap();
    }
    let bob = org.as_("bob").await;
    let alarms = bob.home().await.unwrap().organisation.unwrap().alarms;
    let rows: Vec<_> = alarms
        .rows
        .iter()
        .map(|row| (row.phase, row.count))
        .collect();
    assert_eq!(
        rows,
        [(AlarmPhase::Waiting, 1), (AlarmPhase::NotCarriedOut, 12)]
    );
    assert_eq!((&alarms.rows[0].newest.id, alarms.more), (&id, 0));
    // The row leads to each of them.
    let listed = &alarms.rows[1].each;
    assert_eq!(bob.changes(listed).await.unwrap().total, 13);
    let fay = org.as_("fay").await.changes(listed).await.unwrap();
    assert_eq!(fay.total, 0, "a requester sees their own only");
}

async fn the_rows_of_alarms_are_limited_and_the_rest_is_counted(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.publish(overseen(&org));
    // Three aims of one person cannot fill the page, whatever they do; the state of each is set by hand.
    for (state, aim) in [
        ("waiting", "remove_assignments"),
        ("verified", "remove_assignments"),
        ("declined", "remove_assignments"),
        ("waiting", "remove_memberships"),
        ("verified", "remove_memberships"),
        ("declined", "remove_memberships"),
        ("waiting", "remove_several"),
        ("expired", "remove_several"),
    ] {
        org.clock.advance(Duration::minutes(1));
        let id = org.ask("ann", &remove("eve", "viewer", "cards-prod")).await;
        org.by_hand(format!(
            "update change set state = '{state}' where id = '{id}'"
        ))
        .await;
        org.by_hand(format!(
            "update change_target set value = '{aim}' where change_id = '{id}' and kind = 'aim'"
        ))
        .await;
    }
    let bob = org.as_("bob").await;
    let alarms = bob.home().await.unwrap().organisation.unwrap().alarms;
    let phases: Vec<_> = alarms.rows.iter().map(|row| row.phase).collect();
    assert_eq!(phases[..3], [AlarmPhase::Waiting; 3]);
    assert_eq!(phases[3..5], [AlarmPhase::Approved; 2]);
    assert_eq!((phases.len(), alarms.more), (6, 2));
}

async fn the_preview_of_a_removal_says_that_its_submission_raises_an_alarm(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.publish(overseen(&org));
    for (form, alarm) in [
        (remove("eve", "viewer", "cards-prod"), AlarmOnSubmit::Raised),
        (
            remove("operators", "reader", "web-dev"),
            AlarmOnSubmit::None,
        ),
        (
            grant("fay", "viewer", "cards-prod", "60"),
            AlarmOnSubmit::None,
        ),
    ] {
        let new = org.as_("ann").await.new_change(&form).await.unwrap();
        assert_eq!(new.preview.unwrap().alarm, alarm, "{form:?}");
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

async fn a_chosen_mark_that_protects_nothing_is_on_the_home_page(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let marks = ["SecurityAudit", "Nope"].map(|mark| OversightMark::parse(mark).unwrap());
    let limits = RemovalLimits {
        oversight: marks.to_vec(),
        ..RemovalLimits::default()
    };
    let rules = server::state::rules(limits).unwrap();
    org.app_state.publish(ReadModel::empty(rules.into()));
    org.publish(overseen(&org));
    let idle = |name| {
        let org = &org;
        async move {
            org.as_(name)
                .await
                .home()
                .await
                .unwrap()
                .idle_oversight_marks
        }
    };
    assert_eq!(idle("ann").await, ["Nope"]);
    assert_eq!(
        idle("eve").await,
        [""; 0],
        "a requester sees no configuration"
    );
}

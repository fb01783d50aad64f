//! The alarm that many identities differ at once: it excuses what belongs to it, and nothing else. Whoever is deleted
//! or created again while it is on loses their roles as at any other time, and nothing that differs is left when it ends.

use app::backend::{ChangesPort as _, DecisionInput, DecisionPort as _};
use domain::{
    approval::Decision,
    authorize::Role,
    change::State,
    engine::StartVerdict,
    identity::LinkDifference,
    ids::{ChangeId, UserId},
    time::Duration,
};
use serde_json::json;

use server::{
    engine::{pending_starts::StartDependency, start::NoVerdict},
    service::identities::{self, Differing},
    store::identity,
};

use super::{
    identities::{
        ADMINISTRATOR, APPROVER, CONFIRM_ALL, Recorded, confirm_as, form, on_the_host, suspension,
        waiting,
    },
    sandbox_server::Company,
};
use crate::{starts::fresh_verdict, wait};

crate::engines::on_both_engines! {
    &Recorded:
    a_user_deleted_days_after_the_alarm_is_suspended,
    a_user_created_again_days_after_the_alarm_is_suspended_and_confirmed_by_name_only,
    a_check_between_two_crawls_suspends_in_spite_of_the_alarm,
    a_user_that_leaves_no_other_is_suspended_together_with_the_alarm,
    a_listing_that_lacks_everybody_suspends_nobody,
    a_suspension_just_before_counts_for_the_alarm_though_nobody_can_be_read_again,
    an_identity_that_was_confirmed_just_before_counts_no_longer,
    what_cannot_be_confirmed_is_suspended_when_the_alarm_ends,
    a_change_of_a_requester_who_is_deleted_in_the_alarm_does_not_wait_for_its_end,
    a_change_states_what_it_waits_for_in_the_alarm,
    a_change_waits_for_an_approver_of_the_alarm_and_not_for_one_who_is_deleted,
    what_the_alarm_holds_up_reads_nothing_and_starts_once_it_ends,
    a_link_that_was_deleted_by_hand_suspends,
    rows_that_were_edited_alike_hide_no_altered_link_from_the_host,
}

/// The people whose users are created again in the alarm.
const PEOPLE: [&str; 2] = ["kwame.boateng", "amara.nwosu"];

/// Creates the users of two people again, which is more than a fifth of the linked identities. Returns the new users.
async fn alarmed(company: &Company) -> [UserId; 2] {
    let users = [
        company.recreate(PEOPLE[0]).await,
        company.recreate(PEOPLE[1]).await,
    ];
    company.sync().await;
    assert!(company.app_state.identity_summary().alarm.is_some());
    users
}

async fn nobody_of_the_alarm_is_suspended(company: &Company) {
    for name in PEOPLE {
        assert_eq!(suspension(company, name).await, None, "{name}");
    }
    assert_eq!(company.entries("identity.alarm_raised").await.len(), 1);
}

async fn a_user_deleted_days_after_the_alarm_is_suspended(company: &Company) {
    alarmed(company).await;
    company.app_state.clock.advance(Duration::days(2));
    company.sync().await;
    nobody_of_the_alarm_is_suspended(company).await;
    company.delete_user(&company.user(APPROVER)).await;
    company.sync().await;
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::Deleted)
    );
    nobody_of_the_alarm_is_suspended(company).await;
}

async fn a_user_created_again_days_after_the_alarm_is_suspended_and_confirmed_by_name_only(
    company: &Company,
) {
    alarmed(company).await;
    company.app_state.clock.advance(Duration::days(2));
    let new = company.recreate(APPROVER).await;
    company.sync().await;
    let difference = Some(LinkDifference::Recreated(new.clone()));
    assert_eq!(suspension(company, APPROVER).await, difference);
    nobody_of_the_alarm_is_suspended(company).await;
    let mine = company.identity_of(APPROVER).await;
    let (code, out) = on_the_host(company, &CONFIRM_ALL).await;
    assert_eq!(code, 1, "{out}");
    assert!(out.contains(mine.as_str()), "{out}");
    assert_eq!(suspension(company, APPROVER).await, difference, "{out}");
    nobody_of_the_alarm_is_suspended(company).await;
    let line = confirm_as(&mine, &new);
    assert_eq!(on_the_host(company, &line).await.0, 0);
    assert_eq!(on_the_host(company, &["list"]).await.0, 0);
}

async fn a_check_between_two_crawls_suspends_in_spite_of_the_alarm(company: &Company) {
    // The alarm stops no decision about it, so the approver's user is read.
    let id = outside_pci(company).await;
    alarmed(company).await;
    company.app_state.clock.advance(Duration::hours(2));
    let new = company.recreate(APPROVER).await;
    assert!(company.decide(APPROVER, &id).await.is_err());
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::Recreated(new))
    );
}

async fn a_user_that_leaves_no_other_is_suspended_together_with_the_alarm(company: &Company) {
    let gone = company.user(APPROVER);
    for name in PEOPLE {
        company.recreate(name).await;
    }
    company.delete_user(&gone).await;
    company.sync().await;
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::Deleted)
    );
    nobody_of_the_alarm_is_suspended(company).await;
}

async fn a_listing_that_lacks_everybody_suspends_nobody(company: &Company) {
    let review = async || identities::review(&company.app_state, &[]).await.unwrap();
    assert_eq!(
        review().await.differing,
        Differing::default(),
        "the users are read again, and exist"
    );
    company
        .faults(json!([{ "operation": "DescribeUser", "kind": "access_denied" }]))
        .await;
    let review = review().await;
    assert_eq!(review.differing.proven, []);
    assert_eq!(review.differing.unproven, 4);
    let mut tx = company.app_state.store.write().await.unwrap();
    let entries = identities::keep(&company.app_state, &mut tx, &review).await;
    let journal = &company.app_state.journal;
    journal
        .append_many(&mut tx, entries.unwrap())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    nobody_of_the_alarm_is_suspended(company).await;
    assert!(company.entries("identity.suspended").await.is_empty());
    company.faults(json!([])).await;
}

async fn a_suspension_just_before_counts_for_the_alarm_though_nobody_can_be_read_again(
    company: &Company,
) {
    company.recreate(PEOPLE[0]).await;
    company.sync().await;
    assert_eq!(company.entries("identity.suspended").await.len(), 1);
    company.recreate(PEOPLE[1]).await;
    company
        .faults(json!([{ "operation": "DescribeUser", "kind": "access_denied" }]))
        .await;
    company.sync().await;
    assert!(company.app_state.identity_summary().alarm.is_some());
    assert_eq!(suspension(company, PEOPLE[1]).await, None);
    company.faults(json!([])).await;
}

async fn an_identity_that_was_confirmed_just_before_counts_no_longer(company: &Company) {
    let new = company.recreate(APPROVER).await;
    company.sync().await;
    let mine = company.identity_of(APPROVER).await;
    let line = confirm_as(&mine, &new);
    assert_eq!(on_the_host(company, &line).await.0, 0);
    company.app_state.clock.advance(Duration::minutes(2));
    // The second one would be one too many together with the one that was confirmed.
    company.recreate(PEOPLE[0]).await;
    company.sync().await;
    assert!(suspension(company, PEOPLE[0]).await.is_some());
    assert_eq!(company.entries("identity.alarm_raised").await.len(), 0);
    company.recreate(PEOPLE[1]).await;
    company.sync().await;
    let alarm = company.app_state.identity_summary().alarm.unwrap();
    assert_eq!(alarm.differing, 2);
}

async fn what_cannot_be_confirmed_is_suspended_when_the_alarm_ends(company: &Company) {
    let [first, _] = alarmed(company).await;
    let left = company.identity_of(PEOPLE[0]).await;
    company
        .provision(json!({
            "id": first.as_str(), "user_name": PEOPLE[0], "given_name": "New", "family_name": PEOPLE[0],
            "external_ids": company.external_ids(&first), "enabled": false,
        }))
        .await;
    let (code, out) = on_the_host(company, &CONFIRM_ALL).await;
    assert_eq!(code, 1, "{out}");
    assert!(
        out.contains(&format!("Suspend identity {left} (Kwame Boateng):")),
        "the command says so: {out}"
    );
    assert_eq!(
        suspension(company, PEOPLE[0]).await,
        Some(LinkDifference::Recreated(first))
    );
    assert_eq!(suspension(company, PEOPLE[1]).await, None);
    assert_eq!(company.entries("identity.alarm_ended").await.len(), 1);
}

/// A change outside production PCI, which the alarm does not stop.
async fn outside_pci(company: &Company) -> ChangeId {
    let user = company.user("marcus.dube");
    let form = form(&user, "ReadOnly", "web-prod", "60", company);
    company.propose(ADMINISTRATOR, &form).await.unwrap()
}

async fn approved_outside_pci(company: &Company) -> ChangeId {
    let id = outside_pci(company).await;
    company.decide(APPROVER, &id).await.unwrap();
    assert_eq!(company.state(&id).await, State::Approved);
    id
}

async fn a_change_of_a_requester_who_is_deleted_in_the_alarm_does_not_wait_for_its_end(
    company: &Company,
) {
    alarmed(company).await;
    let id = approved_outside_pci(company).await;
    company.delete_user(&company.user(ADMINISTRATOR)).await;
    let verdict = fresh_verdict(&company.app_state, &*company.app_state, &id).await;
    let Ok(StartVerdict::Refused(why)) = verdict else {
        panic!("{verdict:?}");
    };
    assert!(why.contains("was deleted"), "{why}");
}

async fn a_change_states_what_it_waits_for_in_the_alarm(company: &Company) {
    alarmed(company).await;
    let outside = approved_outside_pci(company).await;
    company
        .faults(json!([{ "operation": "DescribeUser", "kind": "access_denied" }]))
        .await;
    let _engine = company.engine();
    wait::until("the engine tries to start it", async || {
        company.app_state.waiting.of(&outside).is_some()
    })
    .await;
    let waits = company.app_state.waiting.of(&outside);
    assert_eq!(
        waits.map(|waits| waits.awaited),
        Some(StartDependency::Pool),
        "the alarm does not concern it"
    );
    company.faults(json!([])).await;
    assert_eq!(company.end_of(&outside).await, State::Verified);
}

async fn a_change_waits_for_an_approver_of_the_alarm_and_not_for_one_who_is_deleted(
    company: &Company,
) {
    let [of_alarm, of_deleted] = [outside_pci(company).await, outside_pci(company).await];
    company.decide(PEOPLE[0], &of_alarm).await.unwrap();
    company.decide(APPROVER, &of_deleted).await.unwrap();
    let gone = company.user(APPROVER);
    for name in PEOPLE {
        company.recreate(name).await;
    }
    company.delete_user(&gone).await;
    company.sync().await;
    nobody_of_the_alarm_is_suspended(company).await;
    let fresh = async |id| fresh_verdict(&company.app_state, &*company.app_state, id).await;
    let waits = fresh(&of_alarm).await;
    assert!(
        matches!(waits, Err(NoVerdict::PeopleOfTheAlarm)),
        "{waits:?}"
    );
    assert_eq!(
        fresh(&of_deleted).await.unwrap(),
        StartVerdict::EffectGrew,
        "it needs another approval"
    );
}

async fn what_the_alarm_holds_up_reads_nothing_and_starts_once_it_ends(company: &Company) {
    let in_pci = waiting(company, "marcus.dube").await;
    let outside = outside_pci(company).await;
    company.decide(APPROVER, &in_pci).await.unwrap();
    for id in [&in_pci, &outside] {
        company.decide(PEOPLE[0], id).await.unwrap();
        assert_eq!(company.state(id).await, State::Approved);
    }
    alarmed(company).await;
    let _engine = company.engine();
    let waits = |id| company.app_state.waiting.of(id).map(|waits| waits.awaited);
    company
        .until("both changes wait", async || {
            waits(&in_pci) == Some(StartDependency::IdentityAlarm)
                && waits(&outside) == Some(StartDependency::PeopleOfTheAlarm)
        })
        .await;
    let before = company.calls_since(0).await.len();
    let mut rounds = 0;
    company
        .until("a while has passed", async || {
            rounds += 1;
            rounds > 200
        })
        .await;
    let calls = company.calls_since(0).await;
    let calls: Vec<_> = calls[before..].iter().map(|call| &call.operation).collect();
    assert!(calls.is_empty(), "{calls:?}");
    let (code, out) = on_the_host(company, &CONFIRM_ALL).await;
    assert_eq!(code, 0, "{out}");
    for id in [&in_pci, &outside] {
        assert_eq!(company.end_of(id).await, State::Verified);
    }
}

async fn a_link_that_was_deleted_by_hand_suspends(company: &Company) {
    let id = waiting(company, "marcus.dube").await;
    let (mine, user) = (company.identity_of(APPROVER).await, company.user(APPROVER));
    let service = company.signed_in(APPROVER, Role::Approver).await;
    let statement = format!("update person set user_id = null where id = '{mine}'");
    company.database.by_hand(&statement).await.unwrap();
    let input = DecisionInput {
        decision: Decision::Approve,
        reason: "looks right to me".into(),
        effect: service.change(&id).await.unwrap().preview.effect.0,
    };
    assert!(service.decide(&id, input).await.is_err());
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::LinkAltered)
    );
    // Restored for the verification at the end of the test.
    let statement = format!("update person set user_id = '{user}' where id = '{mine}'");
    company.database.by_hand(&statement).await.unwrap();
}

async fn rows_that_were_edited_alike_hide_no_altered_link_from_the_host(company: &Company) {
    let (mine, user) = (company.identity_of(APPROVER).await, company.user(APPROVER));
    let other = company
        .provision(json!({
            "user_name": "clean.slate", "given_name": "Clean", "family_name": "Slate",
            "external_ids": [], "enabled": true,
        }))
        .await;
    let link = |user: &UserId| format!("update person set user_id = '{user}' where id = '{mine}'");
    company.database.by_hand(&link(&other)).await.unwrap();
    let app_state = &company.app_state;
    let mut tx = app_state.store.write().await.unwrap();
    let record = identity::record(tx.conn(), &mine).await.unwrap();
    let now = app_state.clock.now();
    identity::keep(&mut tx, &mine, &other, &record.users[&user], now)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let (code, out) = on_the_host(company, &["list"]).await;
    assert_eq!(code, 1, "{out}");
    let command = format!("leastwise identity confirm {mine} --user USER --reason TEXT");
    assert!(out.contains(&command), "{out}");
    // Restored for the verification at the end of the test.
    company.database.by_hand(&link(&user)).await.unwrap();
    let added = format!("delete from identity_user where user_id = '{other}'");
    company.database.by_hand(&added).await.unwrap();
}

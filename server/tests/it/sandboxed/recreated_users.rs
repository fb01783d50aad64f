//! Directory users that are deleted and created again with the same external id: nobody decides about their own new
//! user, and nobody loses a role because a read failed.

use app::backend::{ChangesPort as _, DecisionObstacle, Denied};
use domain::{
    authorize::Role, change::State, engine::StartVerdict, identity::LinkDifference, ids::UserId,
};
use serde_json::json;
use server::engine::start::NoVerdict;

use super::{
    identities::{
        ADMINISTRATOR, APPROVER, CONFIRM_ALL, Recorded, confirm_as, form, on_the_host,
        restore_rows, suspension, waiting,
    },
    sandbox_server::{Company, remove},
};
use crate::starts::fresh_verdict;

crate::engines::on_both_engines! {
    &Recorded:
    an_approver_does_not_approve_access_of_her_own_new_user,
    an_administrator_does_not_grant_standing_access_to_his_own_new_user,
    a_new_user_that_the_crawl_has_not_seen_yet_stops_the_decision,
    a_disabled_approver_decides_nothing_and_her_earlier_approval_does_not_count,
    a_change_of_a_requester_whose_user_is_gone_does_not_start,
    an_external_id_that_another_user_gets_suspends_the_identity,
    what_cannot_be_read_stops_the_decision_and_suspends_nobody,
    a_suspension_counts_by_the_ledger_whatever_the_rows_say,
    a_user_that_was_renamed_by_hand_to_another_is_no_link,
    a_removal_is_carried_out_although_its_requester_is_suspended,
    the_host_confirms_the_new_user_and_the_identity_acts_again,
    several_identities_without_a_user_are_listed_by_reason_and_none_is_confirmed,
    a_directory_that_is_provisioned_again_is_one_alarm_and_suspends_nobody,
}

async fn an_approver_does_not_approve_access_of_her_own_new_user(company: &Company) {
    let mine = company.identity_of(APPROVER).await;
    let new = company.recreate(APPROVER).await;
    company.sync().await;
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::Recreated(new.clone()))
    );
    let form = form(&new, "SupportMetrics", "cards-prod", "60", company);
    let id = company.propose(ADMINISTRATOR, &form).await.unwrap();
    assert!(
        company.stored(&id).await.gaining.contains(&mine),
        "the new user counts as the approver"
    );
    let answer = company.decide(APPROVER, &id).await;
    assert!(matches!(answer, Err(Denied::Forbidden(_))), "{answer:?}");
    assert!(company.stored(&id).await.change.approvals.is_empty());

    // Confirmed on the host, she is the new user and acts again, but never on her own access.
    let told = confirm_as(&mine, &new);
    assert_eq!(on_the_host(company, &told).await.0, 0);
    let answer = company.decide(APPROVER, &id).await;
    assert!(matches!(answer, Err(Denied::Forbidden(_))), "{answer:?}");
    assert!(company.stored(&id).await.change.approvals.is_empty());
}

async fn an_administrator_does_not_grant_standing_access_to_his_own_new_user(company: &Company) {
    let new = company.recreate(ADMINISTRATOR).await;
    company.sync().await;
    assert!(suspension(company, ADMINISTRATOR).await.is_some());
    // A request that began before the suspension was known.
    let form = form(
        &new,
        "AdministratorAccess",
        "analytics-dev",
        "standing",
        company,
    );
    if let Ok(id) = company.propose(ADMINISTRATOR, &form).await {
        let verdict = fresh_verdict(&company.app_state, &*company.app_state, &id).await;
        assert!(
            matches!(
                verdict.unwrap(),
                StartVerdict::NoLongerWanted | StartVerdict::Refused(_)
            ),
            "it needs the approval of somebody else, and never starts"
        );
    }
}

async fn a_new_user_that_the_crawl_has_not_seen_yet_stops_the_decision(company: &Company) {
    let id = waiting(company, "marcus.dube").await;
    let new = company.recreate(APPROVER).await;
    let answer = company.decide(APPROVER, &id).await;
    assert!(matches!(answer, Err(Denied::Forbidden(_))), "{answer:?}");
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::Recreated(new)),
        "the read before the decision suspends as the crawl does"
    );
}

/// Writes the user of a person again, with another status.
async fn set_enabled(company: &Company, name: &str, enabled: bool) {
    let user = company.user(name);
    company
        .provision(json!({
            "id": user.as_str(), "user_name": name, "given_name": "As", "family_name": "before",
            "external_ids": company.external_ids(&user), "enabled": enabled,
        }))
        .await;
}

async fn a_disabled_approver_decides_nothing_and_her_earlier_approval_does_not_count(
    company: &Company,
) {
    let id = waiting(company, "marcus.dube").await;
    company.decide(APPROVER, &id).await.unwrap();
    company.decide("kwame.boateng", &id).await.unwrap();
    assert_eq!(company.state(&id).await, State::Approved);
    set_enabled(company, APPROVER, false).await;
    let verdict = fresh_verdict(&company.app_state, &*company.app_state, &id).await;
    assert_eq!(
        verdict.unwrap(),
        StartVerdict::EffectGrew,
        "one approval is missing"
    );
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::Disabled)
    );

    // Enabled again, she stays suspended until somebody confirms it.
    set_enabled(company, APPROVER, true).await;
    let other = waiting(company, "hannah.cole").await;
    let answer = company.decide(APPROVER, &other).await;
    assert!(matches!(answer, Err(Denied::Forbidden(_))), "{answer:?}");
    let mine = company.identity_of(APPROVER).await;
    let (code, out) = on_the_host(
        company,
        &["confirm", mine.as_str(), "--reason", "back from leave"],
    )
    .await;
    assert_eq!(code, 0, "{out}");
    company.decide(APPROVER, &other).await.unwrap();
}

async fn a_change_of_a_requester_whose_user_is_gone_does_not_start(company: &Company) {
    let id = waiting(company, "marcus.dube").await;
    company.decide(APPROVER, &id).await.unwrap();
    company.decide("kwame.boateng", &id).await.unwrap();
    company.delete_user(&company.user(ADMINISTRATOR)).await;
    let verdict = fresh_verdict(&company.app_state, &*company.app_state, &id)
        .await
        .unwrap();
    let StartVerdict::Refused(why) = verdict else {
        panic!("{verdict:?}");
    };
    assert!(why.contains("was deleted"), "{why}");
}

async fn an_external_id_that_another_user_gets_suspends_the_identity(company: &Company) {
    let external_ids = company.external_ids(&company.user(APPROVER));
    let other = company
        .provision(json!({
            "user_name": "somebody.else", "given_name": "Somebody", "family_name": "Else",
            "external_ids": external_ids, "enabled": true,
        }))
        .await;
    company.sync().await;
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::Reissued(other.clone()))
    );
    let mine = company.identity_of(APPROVER).await;
    let read_model = company.app_state.read_model();
    assert_eq!(
        read_model.snapshot.person(&other),
        Some(&mine),
        "no identity of its own"
    );
    // The user alone cannot be confirmed while another one has its external id.
    let (code, out) = on_the_host(
        company,
        &["confirm", mine.as_str(), "--reason", "seen in person"],
    )
    .await;
    assert_eq!(code, 1, "{out}");
    assert!(out.contains(other.as_str()), "{out}");
    let unrelated = company.user("hannah.cole");
    let line = confirm_as(&mine, &unrelated);
    let (code, out) = on_the_host(company, &line).await;
    assert_eq!(code, 1, "{out}");
    assert!(suspension(company, APPROVER).await.is_some());
}

async fn what_cannot_be_read_stops_the_decision_and_suspends_nobody(company: &Company) {
    let id = waiting(company, "marcus.dube").await;
    let agreed = waiting(company, "hannah.cole").await;
    company.decide(APPROVER, &agreed).await.unwrap();
    company.decide("kwame.boateng", &agreed).await.unwrap();
    company
        .faults(json!([
            { "operation": "DescribeUser", "kind": "access_denied" },
            { "operation": "ListUsers", "kind": "access_denied" },
        ]))
        .await;
    let answer = company.decide(APPROVER, &id).await;
    let Err(Denied::Invalid(errors)) = answer else {
        panic!("{answer:?}");
    };
    assert!(
        errors[0].message.contains("could not be read"),
        "{errors:?}"
    );
    let verdict = fresh_verdict(&company.app_state, &*company.app_state, &agreed).await;
    assert!(
        matches!(verdict, Err(NoVerdict::PeopleNotRead)),
        "it waits: {verdict:?}"
    );
    assert!(!company.sync().await.complete);
    assert_eq!(suspension(company, APPROVER).await, None);
    company.faults(json!([])).await;
    company.decide(APPROVER, &id).await.unwrap();
}

async fn a_suspension_counts_by_the_ledger_whatever_the_rows_say(company: &Company) {
    let id = waiting(company, "marcus.dube").await;
    company.recreate(APPROVER).await;
    company.sync().await;
    assert!(suspension(company, APPROVER).await.is_some());
    let mine = company.identity_of(APPROVER).await;
    let statement = format!("delete from identity_user where person_id = '{mine}'");
    assert!(company.database.by_hand(&statement).await.unwrap() > 0);
    company.sync().await;
    assert!(suspension(company, APPROVER).await.is_some());
    assert!(company.decide(APPROVER, &id).await.is_err());
    // Without the rows, the ledger still knows the new user as her.
    let new = company.user(APPROVER);
    let form = form(&new, "SupportMetrics", "cards-prod", "60", company);
    let own = company.propose(ADMINISTRATOR, &form).await.unwrap();
    let line = confirm_as(&mine, &new);
    assert_eq!(on_the_host(company, &line).await.0, 0);
    assert!(company.decide(APPROVER, &own).await.is_err());
    company.decide(APPROVER, &id).await.unwrap();
    // Restored for the verification at the end of the test.
    restore_rows(company, &mine).await;
}

async fn a_user_that_was_renamed_by_hand_to_another_is_no_link(company: &Company) {
    let id = waiting(company, "marcus.dube").await;
    let (mine, old) = (company.identity_of(APPROVER).await, company.user(APPROVER));
    let other = company
        .provision(json!({
            "user_name": "clean.slate", "given_name": "Clean", "family_name": "Slate",
            "external_ids": [], "enabled": true,
        }))
        .await;
    let link = |user: &UserId| format!("update person set user_id = '{user}' where id = '{mine}'");
    company.database.by_hand(&link(&other)).await.unwrap();
    company.sync().await;
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::LinkAltered)
    );
    assert!(company.decide(APPROVER, &id).await.is_err());
    company.database.by_hand(&link(&old)).await.unwrap();
}

async fn a_removal_is_carried_out_although_its_requester_is_suspended(company: &Company) {
    let what = company.of_group("support-desk", "SupportMetrics", "web-prod");
    let form = remove("support-desk", "SupportMetrics", "web-prod");
    let id = company.propose(ADMINISTRATOR, &form).await.unwrap();
    company.recreate(ADMINISTRATOR).await;
    company.sync().await;
    assert!(suspension(company, ADMINISTRATOR).await.is_some());
    let _engine = company.engine();
    assert_eq!(company.end_of(&id).await, State::Verified);
    assert!(!company.holds(&what).await);
}

async fn the_host_confirms_the_new_user_and_the_identity_acts_again(company: &Company) {
    assert_eq!(on_the_host(company, &["list"]).await.0, 0);
    let id = waiting(company, "marcus.dube").await;
    let new = company.recreate(APPROVER).await;
    company.sync().await;
    let mine = company.identity_of(APPROVER).await;
    let (code, out) = on_the_host(company, &["list"]).await;
    assert_eq!(code, 1, "{out}");
    for word in [mine.as_str(), new.as_str(), "created again"] {
        assert!(out.contains(word), "{out}");
    }
    let command =
        format!("to do       leastwise identity confirm {mine} --user {new} --reason TEXT");
    for line in [
        "1 identity: The Identity Center user of this identity was deleted and created again as another user.",
        &*format!("  identity    {mine} (Ines Carvalho)\n"),
        &*format!("  other user  {new} (New {APPROVER})\n"),
        &*command,
        "Next: ",
    ] {
        assert!(out.contains(line), "{line}: {out}");
    }
    assert_eq!(
        out.matches("created again").count(),
        1,
        "the reason is given once: {out}"
    );
    let stranger = company
        .provision(json!({
            "user_name": "clean.slate", "given_name": "Clean", "family_name": "Slate",
            "external_ids": [], "enabled": true,
        }))
        .await;
    let line = [
        "confirm",
        mine.as_str(),
        "--user",
        stranger.as_str(),
        "--reason",
        "new laptop",
    ];
    let (code, out) = on_the_host(company, &line).await;
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("Give the user the old external id"), "{out}");
    let (code, out) = on_the_host(company, &["list", "--json"]).await;
    let listed: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 1);
    assert_eq!(listed["identities"][0]["name"], "Ines Carvalho");
    assert_eq!(
        listed["identities"][0]["other_name"],
        format!("New {APPROVER}")
    );
    assert_eq!(
        listed["identities"][0]["suspended_because"],
        "user_recreated"
    );
    assert_eq!(listed["identities"][0]["other_user"], new.as_str());
    // The new user must be named.
    let (code, out) = on_the_host(
        company,
        &["confirm", mine.as_str(), "--reason", "seen in person"],
    )
    .await;
    assert_eq!(code, 1, "{out}");
    let line = confirm_as(&mine, &new);
    assert_eq!(on_the_host(company, &line).await.0, 0);
    assert_eq!(suspension(company, APPROVER).await, None);
    let known = company.known(APPROVER).await;
    assert_eq!(
        (known.person, known.user),
        (mine, Some(new)),
        "the same identity, another user"
    );
    company.decide(APPROVER, &id).await.unwrap();
    company.sync().await;
    assert_eq!(on_the_host(company, &["list"]).await.0, 0);
    let told = company.entries("identity.confirmed").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["data"]["by"], "command_line");
}

async fn several_identities_without_a_user_are_listed_by_reason_and_none_is_confirmed(
    company: &Company,
) {
    company.delete_user(&company.user("kwame.boateng")).await;
    company.sync().await;
    let (_, out) = on_the_host(company, &["list"]).await;
    assert!(
        out.contains("(Kwame Boateng)"),
        "the last known name: {out}"
    );
    assert!(out.contains("give it the same external id"), "{out}");
    assert!(out.contains("Next: nothing can be confirmed now"), "{out}");
    let (code, out) = on_the_host(company, &["confirm", "--all", "--reason", "moved"]).await;
    assert_eq!(code, 1, "{out}");
    assert!(
        out.contains("There is nothing to confirm by --all. Suspended already"),
        "{out}"
    );
    assert!(company.entries("identity.confirmed").await.is_empty());
}

async fn a_directory_that_is_provisioned_again_is_one_alarm_and_suspends_nobody(company: &Company) {
    let id = waiting(company, "marcus.dube").await;
    let outside_pci = {
        let user = company.user("marcus.dube");
        let form = form(&user, "ReadOnly", "web-prod", "60", company);
        company.propose(ADMINISTRATOR, &form).await.unwrap()
    };
    let agreed = waiting(company, "hannah.cole").await;
    company.decide(APPROVER, &agreed).await.unwrap();
    company.decide("kwame.boateng", &agreed).await.unwrap();
    let at_the_start = || fresh_verdict(&company.app_state, &*company.app_state, &agreed);
    assert_eq!(at_the_start().await.unwrap(), StartVerdict::StillAllowed);
    let people = ["kwame.boateng", "amara.nwosu"];
    for name in people {
        company.recreate(name).await;
    }
    company.sync().await;
    company.sync().await;
    assert_eq!(
        company.entries("identity.alarm_raised").await.len(),
        1,
        "recorded once"
    );
    assert!(company.entries("identity.suspended").await.is_empty());
    assert!(company.app_state.identity_summary().alarm.is_some());
    for name in people {
        assert_eq!(suspension(company, name).await, None);
        assert!(
            company.decide(name, &outside_pci).await.is_err(),
            "the user differs"
        );
    }
    let answer = company.decide(APPROVER, &id).await;
    let Err(Denied::Invalid(errors)) = answer else {
        panic!("{answer:?}");
    };
    assert!(errors[0].message.contains("are stopped"), "{errors:?}");
    company.decide(APPROVER, &outside_pci).await.unwrap();
    let page = company.signed_in(APPROVER, Role::Approver).await;
    let shown = page.change(&id).await.unwrap().decide;
    assert!(matches!(shown, Err(DecisionObstacle::IdentityAlarm)));
    let verdict = at_the_start().await;
    assert!(
        matches!(verdict, Err(NoVerdict::Stopped)),
        "it waits: {verdict:?}"
    );

    let (code, out) = on_the_host(company, &["confirm", "--all", "--reason", "moved"]).await;
    assert_eq!(code, 1, "{out}");
    for name in people {
        assert!(
            out.contains(company.identity_of(name).await.as_str()),
            "{out}"
        );
    }
    assert!(
        company.decide(APPROVER, &id).await.is_err(),
        "nothing was written"
    );
    let (code, out) = on_the_host(company, &CONFIRM_ALL).await;
    assert_eq!(code, 0, "{out}");
    company.decide(APPROVER, &id).await.unwrap();
    company.decide("kwame.boateng", &id).await.unwrap();
    assert_eq!(at_the_start().await.unwrap(), StartVerdict::StillAllowed);
    company.sync().await;
    assert!(company.app_state.identity_summary().alarm.is_none());
    assert_eq!(on_the_host(company, &["list"]).await.0, 0);
}

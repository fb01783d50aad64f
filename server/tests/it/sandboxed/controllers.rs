//! Changes about the identities of people who decide or administer, and who may still request and agree to them.

use app::backend::{
    AgainstApproval, AlarmOnSubmit, ChangeForm, ChangesPort as _, DecisionInput, DecisionObstacle,
    DecisionPort as _, Denied, NewChangePort as _,
};
use domain::{
    approval::Decision, authorize::Role, change::State, engine::StartVerdict, ids::ChangeId,
    verdict::Outcome,
};
use serde_json::json;
use server::{
    service::journal::EntryActor,
    store::{agreed_link, person},
};

use super::{
    agreements::{
        EverybodyApproves, SECOND, THIRD, agreed, another_sign_in, is_given_back, is_one_of, joins,
        link, ordinary, settled, signs_in,
    },
    identities::{ADMINISTRATOR, APPROVER, waiting},
    sandbox_server::Company,
};
use crate::starts::fresh_verdict;

crate::engines::on_both_engines! {
    &Company:
    the_link_of_an_approver_is_ended_by_two_others_with_an_alarm,
    whose_link_is_to_end_may_decline_and_not_approve,
    links_that_end_one_by_one_leave_two_approvers_who_can_act,
    what_is_no_access_does_not_start_once_its_requester_is_no_administrator,
    an_end_of_a_link_is_decided_and_starts_during_the_alarm,
    a_request_of_a_sign_in_that_was_given_back_does_not_start,
    a_claim_of_two_users_has_evidence_for_each_and_its_refusal_is_withdrawn,
    a_key_of_the_user_whose_link_ended_blocks_a_link_to_another,
    a_key_of_the_present_user_blocks_a_direct_link_to_another,
}

async fn rules_against(company: &Company, id: &ChangeId) -> Vec<String> {
    let hits = company.stored(id).await.change.verdict.hits.into_iter();
    hits.filter(|hit| hit.remedy.is_none())
        .map(|hit| hit.rule)
        .collect()
}

async fn the_link_of_an_approver_is_ended_by_two_others_with_an_alarm(company: &Company) {
    company.sync().await;
    let third = company.identity_of(THIRD).await;
    let form = ChangeForm::unlink(&third);
    let service = company.signed_in(ADMINISTRATOR, Role::Administrator).await;
    let preview = service.new_change(&form).await.unwrap().preview.unwrap();
    assert_eq!(preview.alarm, AlarmOnSubmit::Raised);
    let id = company.propose(ADMINISTRATOR, &form).await.unwrap();
    let stored = company.stored(&id).await;
    assert_eq!(stored.change.verdict.approvals, 2);
    assert_eq!(company.entries("change.alarm").await.len(), 1);
    company.decide(APPROVER, &id).await.unwrap();
    assert_eq!(company.state(&id).await, State::Waiting);
    company.decide(SECOND, &id).await.unwrap();
    let _engine = company.engine();
    assert_eq!(company.end_of(&id).await, State::Verified);
    // Nobody is alarmed about somebody who decides nothing, and one other person agrees.
    let ordinary = ordinary(company).await;
    let id = company
        .propose(ADMINISTRATOR, &ChangeForm::unlink(&ordinary))
        .await
        .unwrap();
    assert_eq!(company.stored(&id).await.change.verdict.approvals, 1);
    assert_eq!(company.entries("change.alarm").await.len(), 1);
}

async fn whose_link_is_to_end_may_decline_and_not_approve(company: &Company) {
    company.sync().await;
    let third = company.identity_of(THIRD).await;
    let id = company
        .propose(ADMINISTRATOR, &ChangeForm::unlink(&third))
        .await
        .unwrap();
    let service = company.signed_in(THIRD, Role::Approver).await;
    let view = service.change(&id).await.unwrap();
    assert!(
        matches!(view.decide, Err(DecisionObstacle::MayDeclineOnly(_))),
        "{:?}",
        view.decide
    );
    let approved = company.decide(THIRD, &id).await;
    assert!(
        matches!(approved, Err(Denied::Forbidden(_))),
        "{approved:?}"
    );
    let declines = DecisionInput {
        decision: Decision::Decline,
        reason: "this is my own identity".into(),
        effect: view.preview.effect.0,
    };
    service.decide(&id, declines).await.unwrap();
    assert_eq!(company.state(&id).await, State::Declined);
    let stored = company.stored(&id).await;
    assert!(
        stored.altered_decisions.is_empty(),
        "the ledger has the same"
    );
    // Whoever gains access declines nothing.
    let gains = waiting(company, APPROVER).await;
    let service = company.signed_in(APPROVER, Role::Approver).await;
    let view = service.change(&gains).await.unwrap();
    assert!(matches!(view.decide, Err(DecisionObstacle::Viewer(_))));
}

async fn links_that_end_one_by_one_leave_two_approvers_who_can_act(company: &Company) {
    company.sync().await;
    let (second, third) = (
        company.identity_of(SECOND).await,
        company.identity_of(THIRD).await,
    );
    let first = agreed(company, &ChangeForm::unlink(&third), &[APPROVER, SECOND]).await;
    // It counts as soon as it is approved.
    let id = company
        .propose(ADMINISTRATOR, &ChangeForm::unlink(&second))
        .await
        .unwrap();
    assert_eq!(
        rules_against(company, &id).await,
        ["system.too-few-controllers"]
    );
    let engine = company.engine();
    assert_eq!(company.end_of(&first).await, State::Verified);
    drop(engine);
    for person in [&second, &company.identity_of(APPROVER).await] {
        let id = company
            .propose(ADMINISTRATOR, &ChangeForm::unlink(person))
            .await
            .unwrap();
        let verdict = company.stored(&id).await.change.verdict;
        assert_eq!(verdict.outcome, Outcome::Refused);
        let words = verdict.hits.iter().find(|hit| hit.remedy.is_none());
        let words = &words.unwrap().reason;
        assert!(words.contains("two other approvers"), "{words}");
    }
}

async fn what_is_no_access_does_not_start_once_its_requester_is_no_administrator(
    company: &Company,
) {
    company.sync().await;
    let ordinary = ordinary(company).await;
    let waits = company
        .propose(ADMINISTRATOR, &ChangeForm::unlink(&ordinary))
        .await
        .unwrap();
    let approved = agreed(company, &ChangeForm::unlink(&ordinary), &[APPROVER]).await;
    let person = company.identity_of(ADMINISTRATOR).await;
    let (app_state, now) = (&company.app_state, company.app_state.clock.now());
    let mut tx = app_state.store.write().await.unwrap();
    let held = person::end_role(&mut tx, &person, Role::Administrator, now).await;
    assert!(held.unwrap());
    let who = EntryActor::leastwise();
    let entry = app_state
        .journal
        .role_ended(&who, &person, Role::Administrator, now);
    app_state.journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();

    let service = company.signed_in(APPROVER, Role::Approver).await;
    let view = service.change(&waits).await.unwrap();
    assert!(
        matches!(view.against.as_slice(), [AgainstApproval::Passing(why)] if why.contains("administrators")),
        "{:?}",
        view.against
    );
    let Err(Denied::Conflict(why)) = company.decide(APPROVER, &waits).await else {
        panic!("it was approved");
    };
    assert!(why.contains("cannot be approved now"), "{why}");
    let verdict = fresh_verdict(app_state, &EverybodyApproves, &approved).await;
    let Ok(StartVerdict::Refused(why)) = verdict else {
        panic!("{verdict:?}");
    };
    assert!(why.contains("Only administrators"), "{why}");
}

async fn an_end_of_a_link_is_decided_and_starts_during_the_alarm(company: &Company) {
    company.sync().await;
    let ordinary = ordinary(company).await;
    let before = agreed(company, &ChangeForm::unlink(&ordinary), &[APPROVER]).await;
    let grant = waiting(company, "marcus.dube").await;
    for name in [SECOND, THIRD] {
        company.recreate(name).await;
    }
    company.sync().await;
    assert!(company.app_state.identity_summary().alarm.is_some());
    let stopped = company.decide(APPROVER, &grant).await;
    assert!(matches!(stopped, Err(Denied::Invalid(_))), "{stopped:?}");
    let during = company
        .propose(ADMINISTRATOR, &ChangeForm::unlink(&ordinary))
        .await
        .unwrap();
    company.decide(APPROVER, &during).await.unwrap();
    let start = |id| fresh_verdict(&company.app_state, &EverybodyApproves, id);
    let verdict = start(&before).await;
    assert!(
        matches!(verdict, Ok(StartVerdict::StillAllowed)),
        "{verdict:?}"
    );
}

async fn a_request_of_a_sign_in_that_was_given_back_does_not_start(company: &Company) {
    company.sync().await;
    let user = company.user(ADMINISTRATOR);
    let mine = company.identity_of(ADMINISTRATOR).await;
    let keys = another_sign_in("another-administrator", &user);
    let claimant = signs_in(company, &keys).await;
    assert!(claimant.claimed.is_some());
    joins(company, &claimant.person, &keys, &mine).await;
    let ordinary = ordinary(company).await;
    let service = company
        .signed_in_as(&keys.subject, Role::Administrator)
        .await;
    let id = company
        .propose_as(&service, &ChangeForm::unlink(&ordinary))
        .await
        .unwrap();
    company.decide(APPROVER, &id).await.unwrap();
    let start = || fresh_verdict(&company.app_state, &EverybodyApproves, &id);
    let joined = start().await;
    assert!(
        matches!(joined, Ok(StartVerdict::StillAllowed)),
        "{joined:?}"
    );
    is_given_back(company, &claimant.person, &user).await;
    let back = start().await;
    let Ok(StartVerdict::Refused(why)) = back else {
        panic!("{back:?}");
    };
    assert!(why.contains("sign-in that does not belong"), "{why}");
}

async fn a_claim_of_two_users_has_evidence_for_each_and_its_refusal_is_withdrawn(
    company: &Company,
) {
    company.sync().await;
    let [one, two] = [APPROVER, SECOND].map(|name| company.user(name));
    let keys = [
        another_sign_in("one-sign-in", &one),
        another_sign_in("two-sign-in", &two),
    ];
    let claimant = signs_in(company, &keys[0]).await;
    signs_in(company, &keys[1]).await;
    // Both sign-ins are of one identity, which claims two users.
    is_one_of(company, &keys[1].subject, &claimant.person).await;
    let form = ChangeForm::refuse_claim(&claimant.person);
    let service = company.signed_in(ADMINISTRATOR, Role::Administrator).await;
    let preview = service.new_change(&form).await.unwrap().preview.unwrap();
    let judged: Vec<_> = preview
        .evidence
        .iter()
        .map(|one| one.user.as_ref())
        .collect();
    let judged: Vec<_> = judged.into_iter().flatten().map(|user| &user.id).collect();
    let mut claimed = vec![&one, &two];
    claimed.sort();
    assert_eq!(judged, claimed);
    assert_eq!(
        preview.others[0].properties.len(),
        2,
        "{:?}",
        preview.others
    );

    // Both claimed users are those of approvers, who may not approve it.
    let id = company.propose(ADMINISTRATOR, &form).await.unwrap();
    let refused = company.decide(SECOND, &id).await;
    assert!(matches!(refused, Err(Denied::Forbidden(_))), "{refused:?}");
    let mut tx = company.app_state.store.write().await.unwrap();
    let entry = company.app_state.journal.identity_claim_refused(
        &claimant.person,
        &[one.clone(), two.clone()],
        &domain::identity::Agreement {
            change: id,
            at: company.app_state.clock.now(),
        },
    );
    agreed_link::settle_claims(&mut tx, &claimant.person)
        .await
        .unwrap();
    let journal = &company.app_state.journal;
    journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(signs_in(company, &keys[0]).await.claimed, None);

    // The two claimed users decide nothing about it, so the third approver and the host's second one do.
    let withdrawal = ChangeForm::withdraw_refusal(&claimant.person, [&one, &two]);
    let preview = service.new_change(&withdrawal).await.unwrap().preview;
    let preview = preview.unwrap();
    assert_eq!(preview.evidence.len(), 2);
    assert_eq!(preview.verdict.approvals, 2);
}

async fn a_key_of_the_user_whose_link_ended_blocks_a_link_to_another(company: &Company) {
    let user = company
        .provision(json!({
            "user_name": "a.stranger", "given_name": "New", "family_name": "Stranger",
            "external_ids": [{ "issuer": "https://acme.okta.com", "id": "00u1stranger" }], "enabled": true,
        }))
        .await;
    company.sync().await;
    let keys = another_sign_in("a-stranger", &user);
    let known = signs_in(company, &keys).await;
    assert_eq!(known.user.as_ref(), Some(&user), "linked by its key");
    company.sync().await;
    settled(company, &ChangeForm::unlink(&known.person), &[APPROVER]).await;
    let other = company.user("marcus.dube");
    let id = company
        .propose(ADMINISTRATOR, &link(&known.person, &other))
        .await
        .unwrap();
    let against = rules_against(company, &id).await;
    assert_eq!(against, ["system.key-of-another-user"]);
    // Its own user again is no contradiction.
    let id = company
        .propose(ADMINISTRATOR, &link(&known.person, &user))
        .await
        .unwrap();
    assert_eq!(rules_against(company, &id).await, [""; 0]);
}

async fn a_key_of_the_present_user_blocks_a_direct_link_to_another(company: &Company) {
    company.sync().await;
    let ordinary = ordinary(company).await;
    company.sync().await;
    let form = link(&ordinary, &company.user("hannah.cole"));
    let id = company.propose(ADMINISTRATOR, &form).await.unwrap();
    let against = rules_against(company, &id).await;
    assert_eq!(against, ["system.key-of-another-user"]);
}

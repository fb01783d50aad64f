//! Links of identities that people agree to: an unlinked sign-in, a claim, a suspended identity, and the end of a link.

use app::backend::{
    AgainstApproval, ChangeForm, ChangesPort as _, Denied, IdentitiesPort as _, IdentityStatus,
    KeyFinding, NewChangePort as _, WithdrawalPort as _,
};
use app::lists::ListChoice;
use domain::{
    authorize::Role,
    change::State,
    directory::ExternalId,
    engine::StartVerdict,
    identity::{LinkDifference, LinkStatus},
    ids::{PersonId, UserId},
    person::link::LinkKeys,
    time::Timestamp,
    verdict::Outcome,
};
use serde_json::json;
use server::{
    service::identities,
    store::{identity, person},
};

use super::{
    agreements::{
        EverybodyApproves, SECOND, THIRD, agreed, another_sign_in, carried_out, is_given_back,
        joins, link, listed, of_subject, settled, signs_in,
    },
    identities::{ADMINISTRATOR, APPROVER, suspension, waiting},
    sandbox_server::{Company, subject},
};
use crate::starts::fresh_verdict;

crate::engines::on_both_engines! {
    &Company:
    an_unlinked_sign_in_is_linked_by_two_other_people_and_stays_linked,
    an_ended_link_stays_ended_for_sign_ins_and_crawls_until_people_link_it_again,
    a_row_of_an_ended_link_has_no_effect_without_an_entry,
    roles_of_an_ended_link_have_no_effect_and_its_approval_does_not_count,
    a_claim_is_settled_by_joining_the_identity_and_given_back_by_the_end,
    a_refused_claim_is_not_made_again,
    a_user_seen_with_an_external_id_of_somebody_else_is_linked_to_its_own_sign_in,
    a_suspended_identity_acts_again_after_an_agreed_link,
    nobody_proposes_a_link_of_their_own_or_to_their_own_user,
    the_holder_of_the_user_does_not_approve_the_link,
    a_user_that_disappears_before_the_second_approval_ends_the_approvals,
    a_key_that_leads_to_another_user_blocks_the_link_and_suspends_it_later,
    keys_that_contradicted_the_directory_when_people_agreed_are_no_doubt_until_they_change,
    an_identity_that_somebody_else_links_meanwhile_is_not_linked_twice,
}

const STRANGER: &str = "noor.elamin";
const PROVIDER: &str = "https://acme.okta.com";

/// The keys of a sign-in that has only its subject.
fn keys(name: &str) -> LinkKeys {
    LinkKeys::of_subject(subject(name))
}

/// The keys of a sign-in through the identity provider.
fn federated(name: &str, id: &str) -> LinkKeys {
    LinkKeys {
        identity: Some(ExternalId {
            issuer: PROVIDER.into(),
            id: id.into(),
        }),
        ..keys(name)
    }
}

/// Creates a user with an identity at the provider.
async fn provision(company: &Company, name: &str, id: &str) -> UserId {
    company
        .provision(json!({
            "user_name": name, "given_name": "New", "family_name": name,
            "external_ids": [{ "issuer": PROVIDER, "id": id }], "enabled": true,
        }))
        .await
}

async fn status_of(company: &Company, person: &PersonId) -> Option<LinkStatus> {
    identities::check(&company.app_state, person).await.unwrap()
}

/// A stranger who has signed in, and a user of the directory without a sign-in.
async fn stranger(company: &Company) -> (PersonId, UserId) {
    let user = provision(company, "a.stranger", "00u1stranger").await;
    company.sync().await;
    let known = signs_in(company, &keys(STRANGER)).await;
    assert_eq!(known.user, None);
    (known.person, user)
}

async fn an_unlinked_sign_in_is_linked_by_two_other_people_and_stays_linked(company: &Company) {
    let (person, user) = stranger(company).await;
    assert_eq!(listed(company, "unlinked").await.len(), 1);
    let id = company
        .propose(ADMINISTRATOR, &link(&person, &user))
        .await
        .unwrap();
    let stored = company.stored(&id).await;
    assert_eq!(stored.change.verdict.outcome, Outcome::NeedsApproval);
    assert_eq!(stored.change.verdict.approvals, 2);
    company.decide(APPROVER, &id).await.unwrap();
    assert_eq!(
        company.state(&id).await,
        State::Waiting,
        "one is not enough"
    );
    assert_eq!(of_subject(company, &subject(STRANGER)).await.user, None);
    company.decide(SECOND, &id).await.unwrap();
    assert_eq!(carried_out(company, &id).await, State::Verified);

    assert_eq!(company.entries("identity.link_agreed").await.len(), 1);
    let auditor = company.signed_in(ADMINISTRATOR, Role::Administrator).await;
    let title = auditor.change(&id).await.unwrap().row.title.to_string();
    assert!(title.starts_with("Link a.stranger to "), "{title}");
    company.sync().await;
    let known = signs_in(company, &keys(STRANGER)).await;
    assert_eq!((&known.person, known.user.as_ref()), (&person, Some(&user)));
    assert_eq!(status_of(company, &person).await, Some(LinkStatus::Valid));
    assert_eq!(
        listed(company, "by-hand").await,
        [IdentityStatus::LinkedByHand]
    );
    assert!(listed(company, "unlinked").await.is_empty());
}

async fn an_ended_link_stays_ended_for_sign_ins_and_crawls_until_people_link_it_again(
    company: &Company,
) {
    let user = provision(company, "a.stranger", "00u1stranger").await;
    company.sync().await;
    let stated = federated(STRANGER, "00u1stranger");
    let known = signs_in(company, &stated).await;
    assert_eq!(known.user.as_ref(), Some(&user), "linked by its key");
    company.sync().await;
    settled(company, &ChangeForm::unlink(&known.person), &[APPROVER]).await;

    for _ in 0..2 {
        assert_eq!(signs_in(company, &stated).await.user, None);
        company.sync().await;
        assert_eq!(of_subject(company, &stated.subject).await.user, None);
    }
    assert_eq!(listed(company, "unlinked").await, [IdentityStatus::Ended]);
    let read_model = company.app_state.read_model();
    assert_eq!(
        read_model.snapshot.person(&user),
        Some(&known.person),
        "the user counts as the same human"
    );

    settled(company, &link(&known.person, &user), &[APPROVER, SECOND]).await;
    assert_eq!(signs_in(company, &stated).await.user, Some(user));
}

async fn a_row_of_an_ended_link_has_no_effect_without_an_entry(company: &Company) {
    company.sync().await;
    let person = company.identity_of(THIRD).await;
    let user = company.user(THIRD);
    settled(company, &ChangeForm::unlink(&person), &[APPROVER, SECOND]).await;
    let forged = format!("update person set user_id = '{user}' where id = '{person}'");
    company.database.by_hand(&forged).await.unwrap();
    assert_eq!(
        status_of(company, &person).await,
        Some(LinkStatus::Differs(LinkDifference::LinkAltered))
    );
    company.sync().await;
    let mut conn = company.app_state.store.connection().await.unwrap();
    let record = identity::record(&mut conn, &person).await.unwrap();
    drop(conn);
    assert_eq!(record.current, None, "no crawl records the forged link");
    let back = format!("update person set user_id = null where id = '{person}'");
    company.database.by_hand(&back).await.unwrap();
}

async fn roles_of_an_ended_link_have_no_effect_and_its_approval_does_not_count(company: &Company) {
    company.sync().await;
    let waiting = waiting(company, "marcus.dube").await;
    company.decide(THIRD, &waiting).await.unwrap();
    company.decide(APPROVER, &waiting).await.unwrap();
    assert_eq!(company.state(&waiting).await, State::Approved);
    let person = company.identity_of(THIRD).await;
    let end = agreed(company, &ChangeForm::unlink(&person), &[APPROVER, SECOND]).await;
    // Only the end is carried out: without the crawl, nothing else starts here.
    assert_eq!(carried_out(company, &end).await, State::Verified);
    let roles = person::roles_of(
        &mut company.app_state.store.connection().await.unwrap(),
        &person,
    )
    .await
    .unwrap();
    assert!(roles.is_empty(), "{roles:?}");
    assert_ne!(company.state(&waiting).await, State::Verified);
    let verdict = fresh_verdict(&company.app_state, &*company.app_state, &waiting).await;
    assert!(
        !matches!(verdict, Ok(StartVerdict::StillAllowed)),
        "{verdict:?}"
    );
}

async fn a_claim_is_settled_by_joining_the_identity_and_given_back_by_the_end(company: &Company) {
    provision(company, "ines.twin", "00u1twin").await;
    company.sync().await;
    let user = company.user(APPROVER);
    let mine = company.identity_of(APPROVER).await;
    let second = another_sign_in("another-sign-in", &user);
    let claimant = signs_in(company, &second).await;
    assert_eq!(claimant.user, None);
    assert!(claimant.claimed.is_some());
    assert!(matches!(
        listed(company, "claims").await.as_slice(),
        [IdentityStatus::Claims(_)]
    ));

    // The holder of the user is barred.
    let form = link(&claimant.person, &user);
    let id = company.propose(ADMINISTRATOR, &form).await.unwrap();
    let refused = company.decide(APPROVER, &id).await;
    assert!(matches!(refused, Err(Denied::Forbidden(_))), "{refused:?}");
    company.decide(SECOND, &id).await.unwrap();
    company.decide(THIRD, &id).await.unwrap();
    assert_eq!(carried_out(company, &id).await, State::Verified);
    let joined = of_subject(company, &second.subject).await;
    assert_eq!((&joined.person, joined.user.as_ref()), (&mine, Some(&user)));
    assert_eq!(status_of(company, &mine).await, Some(LinkStatus::Valid));
    assert!(listed(company, "claims").await.is_empty());

    // What the joined sign-in approves counts as long as it is joined.
    company.sync().await;
    let approved = waiting(company, "marcus.dube").await;
    let service = company.signed_in_as(&second.subject, Role::Approver).await;
    company.decide_as(&service, &approved).await.unwrap();
    company.decide(THIRD, &approved).await.unwrap();
    assert_eq!(company.state(&approved).await, State::Approved);
    let verdict = || fresh_verdict(&company.app_state, &EverybodyApproves, &approved);
    let before = verdict().await;
    assert!(
        matches!(before, Ok(StartVerdict::StillAllowed)),
        "{before:?}"
    );
    is_given_back(company, &claimant.person, &user).await;
    let after = verdict().await;
    assert!(
        !matches!(after, Ok(StartVerdict::StillAllowed)),
        "{after:?}"
    );
    joins(company, &claimant.person, &second, &mine).await;

    settled(
        company,
        &ChangeForm::unlink(&claimant.person),
        &[SECOND, THIRD],
    )
    .await;
    let back = of_subject(company, &second.subject).await;
    assert_eq!((back.person, back.user), (claimant.person.clone(), None));
    assert_eq!(company.known(APPROVER).await.user, Some(user));
    assert_eq!(
        signs_in(company, &second).await.claimed,
        None,
        "it stays ended"
    );
}

async fn a_refused_claim_is_not_made_again(company: &Company) {
    company.sync().await;
    let second = another_sign_in("another-sign-in", &company.user(APPROVER));
    let claimant = signs_in(company, &second).await;
    let form = ChangeForm::refuse_claim(&claimant.person);
    settled(company, &form, &[SECOND, THIRD]).await;
    assert_eq!(company.entries("identity.claim_refused").await.len(), 1);
    assert_eq!(signs_in(company, &second).await.claimed, None);
    company.sync().await;
    assert!(listed(company, "claims").await.is_empty());
    let mut conn = company.app_state.store.connection().await.unwrap();
    let claims = person::claims(&mut conn).await.unwrap();
    assert!(claims.0.is_empty(), "{claims:?}");
}

async fn a_user_seen_with_an_external_id_of_somebody_else_is_linked_to_its_own_sign_in(
    company: &Company,
) {
    company.sync().await;
    // The stranger's user has an external id of the approver for a moment.
    let user = company
        .provision(json!({
            "user_name": "a.stranger", "given_name": "New", "family_name": "Stranger",
            "external_ids": company.external_ids(&company.user(APPROVER)), "enabled": true,
        }))
        .await;
    company.sync().await;
    company
        .provision(json!({
            "id": user.as_str(), "user_name": "a.stranger", "given_name": "New", "family_name": "Stranger",
            "external_ids": [{ "issuer": PROVIDER, "id": "00u1stranger" }], "enabled": true,
        }))
        .await;
    company.sync().await;
    let stated = federated(STRANGER, "00u1stranger");
    let claimant = signs_in(company, &stated).await;
    assert!(claimant.claimed.is_some(), "{claimant:?}");
    settled(company, &link(&claimant.person, &user), &[SECOND, THIRD]).await;
    let known = signs_in(company, &stated).await;
    assert_eq!(
        (known.person, known.user),
        (claimant.person.clone(), Some(user))
    );
    company.sync().await;
    assert_eq!(
        status_of(company, &claimant.person).await,
        Some(LinkStatus::Valid)
    );
}

async fn a_suspended_identity_acts_again_after_an_agreed_link(company: &Company) {
    company.sync().await;
    let new = company.recreate(APPROVER).await;
    company.sync().await;
    assert!(suspension(company, APPROVER).await.is_some());
    let mine = company.identity_of(APPROVER).await;
    assert!(matches!(
        listed(company, "suspended").await.as_slice(),
        [IdentityStatus::Suspended { other: Some(_), .. }]
    ));
    settled(company, &link(&mine, &new), &[SECOND, THIRD]).await;
    assert_eq!(suspension(company, APPROVER).await, None);
    assert_eq!(company.known(APPROVER).await.user, Some(new));
    assert_eq!(company.app_state.identity_summary().suspended, 0);
    let mut conn = company.app_state.store.connection().await.unwrap();
    let counted = identity::suspended_since(&mut conn, Timestamp::default(), 10).await;
    assert_eq!(counted.unwrap(), 0, "it counts towards no alarm");
    drop(conn);
    let other = waiting(company, "marcus.dube").await;
    company.decide(APPROVER, &other).await.unwrap();
}

async fn nobody_proposes_a_link_of_their_own_or_to_their_own_user(company: &Company) {
    let (person, _) = stranger(company).await;
    let own = company.identity_of(ADMINISTRATOR).await;
    for form in [
        ChangeForm::unlink(&own),
        link(&own, &company.user("marcus.dube")),
        link(&person, &company.user(ADMINISTRATOR)),
    ] {
        let id = company.propose(ADMINISTRATOR, &form).await.unwrap();
        let verdict = company.stored(&id).await.change.verdict;
        assert_eq!(verdict.outcome, Outcome::Refused, "{form:?}");
        assert!(
            verdict
                .hits
                .iter()
                .any(|hit| hit.rule == "system.own-identity"),
            "{verdict:?}"
        );
    }
    // A requester proposes nothing about identities, and learns nothing.
    let service = company.as_("marcus.dube").await;
    let new = service.new_change(&ChangeForm::unlink(&own)).await.unwrap();
    assert!(new.preview.is_none());
    assert!(service.identities(&ListChoice::default()).await.is_err());
}

async fn the_holder_of_the_user_does_not_approve_the_link(company: &Company) {
    let (person, _) = stranger(company).await;
    let form = link(&person, &company.user(APPROVER));
    let id = company.propose(ADMINISTRATOR, &form).await.unwrap();
    let refused = company.decide(APPROVER, &id).await;
    assert!(matches!(refused, Err(Denied::Forbidden(_))), "{refused:?}");
    company.decide(SECOND, &id).await.unwrap();
    assert_eq!(
        company.state(&id).await,
        State::Waiting,
        "one accomplice is not enough"
    );
}

async fn a_user_that_disappears_before_the_second_approval_ends_the_approvals(company: &Company) {
    let (person, user) = stranger(company).await;
    let id = company
        .propose(ADMINISTRATOR, &link(&person, &user))
        .await
        .unwrap();
    company.decide(APPROVER, &id).await.unwrap();
    company.delete_user(&user).await;
    company.sync().await;
    let service = company.signed_in(SECOND, Role::Approver).await;
    let view = service.change(&id).await.unwrap();
    assert!(
        matches!(view.against.as_slice(), [AgainstApproval::Passing(why)] if why.contains("contains no user")),
        "{:?}",
        view.against
    );
    let refused = company.decide(SECOND, &id).await;
    assert!(
        matches!(&refused, Err(Denied::Conflict(why)) if why.contains("cannot be approved now")),
        "{refused:?}"
    );
    assert_eq!(company.state(&id).await, State::Waiting);
    let requester = company.signed_in(ADMINISTRATOR, Role::Administrator).await;
    requester.withdraw(&id).await.unwrap();
    assert_eq!(company.state(&id).await, State::Withdrawn);
}

async fn a_key_that_leads_to_another_user_blocks_the_link_and_suspends_it_later(company: &Company) {
    let (_, user) = stranger(company).await;
    let stated = federated("somebody.else", "00u1other");
    let person = signs_in(company, &stated).await.person;
    settled(company, &link(&person, &user), &[APPROVER, SECOND]).await;
    let other = provision(company, "somebody.else", "00u1other").await;
    company.sync().await;
    let mut conn = company.app_state.store.connection().await.unwrap();
    let record = identity::record(&mut conn, &person).await.unwrap();
    drop(conn);
    assert_eq!(
        record.suspended.map(|suspension| suspension.difference),
        Some(LinkDifference::Reissued(other))
    );
    let third = company.user("marcus.dube");
    let id = company
        .propose(ADMINISTRATOR, &link(&person, &third))
        .await
        .unwrap();
    let verdict = company.stored(&id).await.change.verdict;
    assert_eq!(verdict.outcome, Outcome::Refused);
    assert!(
        verdict
            .hits
            .iter()
            .any(|hit| hit.rule == "system.key-of-another-user"),
        "{verdict:?}"
    );
}

async fn keys_that_contradicted_the_directory_when_people_agreed_are_no_doubt_until_they_change(
    company: &Company,
) {
    let (_, user) = stranger(company).await;
    // The directory knows the user under another id of the provider.
    let stated = federated("somebody.else", "00u1unknown");
    let person = signs_in(company, &stated).await.person;
    let service = company.signed_in(ADMINISTRATOR, Role::Administrator).await;
    let preview = service
        .new_change(&link(&person, &user))
        .await
        .unwrap()
        .preview;
    let evidence = preview.unwrap().evidence.remove(0);
    assert_eq!(evidence.others, Vec::<String>::new(), "a crawl created it");
    let findings: Vec<_> = evidence.sign_ins[0]
        .keys
        .iter()
        .map(|key| key.finding)
        .collect();
    assert_eq!(findings, [KeyFinding::Neither, KeyFinding::Against]);
    settled(company, &link(&person, &user), &[APPROVER, SECOND]).await;
    assert_eq!(status_of(company, &person).await, Some(LinkStatus::Valid));
    signs_in(company, &federated("somebody.else", "00u1changed")).await;
    assert!(matches!(
        status_of(company, &person).await,
        Some(LinkStatus::Unclear(_))
    ));
}

async fn an_identity_that_somebody_else_links_meanwhile_is_not_linked_twice(company: &Company) {
    let (person, user) = stranger(company).await;
    let first = agreed(company, &link(&person, &user), &[APPROVER, SECOND]).await;
    let other = company.user("marcus.dube");
    let second = agreed(company, &link(&person, &other), &[APPROVER, SECOND]).await;
    let _engine = company.engine();
    let ended = (company.end_of(&first).await, company.end_of(&second).await);
    let verified = [&ended.0, &ended.1]
        .into_iter()
        .filter(|end| **end == State::Verified);
    assert_eq!(verified.count(), 1, "{ended:?}");
    let linked = of_subject(company, &subject(STRANGER)).await.user.unwrap();
    assert_eq!(linked == user, ended.0 == State::Verified);
    assert_eq!(company.entries("identity.link_agreed").await.len(), 1);
}

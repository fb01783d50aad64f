//! The link keys of every sign-in count when an identity is compared with the directory: the identity at a provider, and
//! the attribute of the user pool.

use app::backend::Denied;
use domain::{
    directory::ExternalId,
    engine::StartVerdict,
    identity::LinkDifference,
    ids::UserId,
    person::{
        Subject,
        link::{LinkKeys, UnusableKey, link_identity},
    },
};
use serde_json::json;
use server::{
    clock,
    engine::start::NoVerdict,
    service::identities,
    store::person::{self, ResolvedPerson, SignInClaims},
};

use super::{
    identities::{
        APPROVER, CONFIRM_ALL, Recorded, confirm_as, on_the_host, restore_rows, suspension, waiting,
    },
    sandbox_server::{Company, subject},
    site::configuration,
};
use crate::starts::fresh_verdict;

crate::engines::on_both_engines! {
    &Recorded:
    a_provider_identity_that_another_user_gets_stops_the_decision,
    a_crawl_finds_the_new_user_by_the_provider_identity,
    an_attribute_that_names_another_user_suspends_if_that_user_exists,
    no_identity_of_many_moves_to_a_user_that_only_an_attribute_names,
    an_attribute_that_names_nobody_stops_the_decision_and_suspends_nobody,
    keys_that_cannot_be_read_in_the_directory_suspend_nobody,
    a_sign_in_with_keys_that_contradict_the_directory_decides_nothing,
    a_sign_in_that_leads_to_another_user_suspends_the_identity,
    a_person_whom_the_last_crawl_does_not_contain_stays_linked_and_decides,
    a_second_sign_in_of_a_suspended_identity_is_a_claim,
    a_crawl_records_the_claim_of_a_sign_in_that_leads_to_an_earlier_user,
    a_second_sign_in_is_a_claim_although_the_index_was_emptied,
    a_role_of_the_configuration_makes_no_identity_of_the_new_user_of_a_suspended_one,
}

const PROVIDER: &str = "https://acme.okta.com";
const AT_PROVIDER: &str = "00u1ines";

fn keys(of: Subject) -> LinkKeys {
    LinkKeys::of_subject(of)
}

/// The keys of a sign-in through the identity provider.
fn federated(of: Subject, id: &str) -> LinkKeys {
    LinkKeys {
        identity: Some(ExternalId {
            issuer: PROVIDER.into(),
            id: id.into(),
        }),
        ..keys(of)
    }
}

/// Signs in as the web server does: resolves the person, and checks the identity afterwards.
async fn signs_in(company: &Company, keys: &LinkKeys) -> ResolvedPerson {
    let app_state = &company.app_state;
    let read_model = app_state.read_model();
    let introduction = SignInClaims {
        keys,
        name: "",
        username: Some(&keys.subject.sub),
        link: &link_identity(keys, read_model.snapshot.parts().users.values()),
        new_id: clock::person_id(),
        at: app_state.clock.now(),
    };
    let mut tx = app_state.store.write().await.unwrap();
    let known = person::resolve_at_sign_in(&mut tx, &introduction)
        .await
        .unwrap();
    let journal = &app_state.journal;
    let linking = journal.linking(&keys.subject, &known, app_state.clock.now());
    journal.append_many(&mut tx, linking).await.unwrap();
    tx.commit().await.unwrap();
    identities::check(app_state, &known.person).await.unwrap();
    known
}

/// Creates a user whom the identity provider has provisioned.
async fn provision(company: &Company, name: &str, id: &str) -> UserId {
    let external_ids = json!([{ "issuer": PROVIDER, "id": id }]);
    company
        .provision(json!({
            "user_name": name, "given_name": "New", "family_name": name,
            "external_ids": external_ids, "enabled": true,
        }))
        .await
}

/// Writes the user of the approver again, with these external ids.
async fn rewrite(company: &Company, external_ids: serde_json::Value) {
    let user = company.user(APPROVER);
    company
        .provision(json!({
            "id": user.as_str(), "user_name": APPROVER, "given_name": "As", "family_name": "before",
            "external_ids": external_ids, "enabled": true,
        }))
        .await;
}

async fn a_provider_identity_that_another_user_gets_stops_the_decision(company: &Company) {
    signs_in(company, &federated(subject(APPROVER), AT_PROVIDER)).await;
    let id = waiting(company, "marcus.dube").await;
    let other = provision(company, "somebody.else", AT_PROVIDER).await;
    let answer = company.decide(APPROVER, &id).await;
    assert!(matches!(answer, Err(Denied::Forbidden(_))), "{answer:?}");
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::Reissued(other))
    );
}

async fn a_crawl_finds_the_new_user_by_the_provider_identity(company: &Company) {
    signs_in(company, &federated(subject(APPROVER), AT_PROVIDER)).await;
    let mine = company.identity_of(APPROVER).await;
    company.delete_user(&company.user(APPROVER)).await;
    let new = provision(company, "ines.again", AT_PROVIDER).await;
    company.sync().await;
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::Recreated(new.clone()))
    );
    let read_model = company.app_state.read_model();
    assert_eq!(
        read_model.snapshot.person(&new),
        Some(&mine),
        "the same human"
    );
    let line = confirm_as(&mine, &new);
    let (code, out) = on_the_host(company, &line).await;
    assert_eq!(code, 0, "{out}");
    assert_eq!(company.known(APPROVER).await.user, Some(new));
}

async fn an_attribute_that_names_another_user_suspends_if_that_user_exists(company: &Company) {
    let other = company.user("hannah.cole");
    let read_model = company.app_state.read_model();
    let colleague = read_model.snapshot.person(&other).unwrap().clone();
    let named = LinkKeys {
        attribute: Some(other.clone()),
        ..keys(subject(APPROVER))
    };
    signs_in(company, &named).await;
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::Reissued(other))
    );
    company.sync().await;
    let read_model = company.app_state.read_model();
    assert_eq!(
        read_model.snapshot.person(&company.user("hannah.cole")),
        Some(&colleague),
        "the identity of the colleague stays hers"
    );
    let (code, out) = on_the_host(company, &["list"]).await;
    assert_eq!(code, 1, "{out}");
    let mine = company.identity_of(APPROVER).await;
    let line = ["confirm", mine.as_str(), "--reason", "seen in person"];
    assert_eq!(on_the_host(company, &line).await.0, 1, "it still differs");
    // The attribute is corrected in the user pool, and she signs in again.
    signs_in(company, &keys(subject(APPROVER))).await;
    let (code, out) = on_the_host(company, &line).await;
    assert_eq!(code, 0, "{out}");
    let id = waiting(company, "marcus.dube").await;
    company.decide(APPROVER, &id).await.unwrap();
}

async fn no_identity_of_many_moves_to_a_user_that_only_an_attribute_names(company: &Company) {
    let wrong = [
        ("kwame.boateng", "hannah.cole"),
        ("amara.nwosu", "marcus.dube"),
    ];
    for (name, colleague) in wrong {
        let named = LinkKeys {
            attribute: Some(company.user(colleague)),
            ..keys(subject(name))
        };
        signs_in(company, &named).await;
    }
    assert_eq!(company.entries("identity.alarm_raised").await.len(), 1);
    let (code, out) = on_the_host(company, &CONFIRM_ALL).await;
    assert_eq!(code, 1, "{out}");
    for (name, _) in wrong {
        let known = company.known(name).await;
        assert_eq!(known.user, Some(company.user(name)), "{out}");
        assert!(out.contains(known.person.as_str()), "{out}");
    }
}

async fn an_attribute_that_names_nobody_stops_the_decision_and_suspends_nobody(company: &Company) {
    let nobody = UserId::parse("00000000-0000-4000-8000-00000000dead").unwrap();
    let named = LinkKeys {
        attribute: Some(nobody),
        ..keys(subject(APPROVER))
    };
    signs_in(company, &named).await;
    refuses_as_unclear(company).await;
}

/// Checks that the approver decides nothing, without being suspended, until a sign-in is clear again.
async fn refuses_as_unclear(company: &Company) {
    let id = waiting(company, "marcus.dube").await;
    let answer = company.decide(APPROVER, &id).await;
    let Err(Denied::Invalid(errors)) = answer else {
        panic!("{answer:?}");
    };
    assert!(errors[0].message.contains("not clear"), "{errors:?}");
    company.sync().await;
    assert_eq!(suspension(company, APPROVER).await, None);
    assert!(company.stored(&id).await.change.approvals.is_empty());
    let (code, out) = on_the_host(company, &["list"]).await;
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("not clear"), "{out}");
}

async fn keys_that_cannot_be_read_in_the_directory_suspend_nobody(company: &Company) {
    let id = waiting(company, "marcus.dube").await;
    let other = provision(company, "somebody.else", AT_PROVIDER).await;
    company
        .faults(json!([{ "operation": "GetUserId", "kind": "access_denied" }]))
        .await;
    signs_in(company, &federated(subject(APPROVER), AT_PROVIDER)).await;
    assert!(company.decide(APPROVER, &id).await.is_err());
    assert_eq!(suspension(company, APPROVER).await, None);
    company.sync().await;
    assert_eq!(
        suspension(company, APPROVER).await,
        None,
        "the listing alone suspends nobody"
    );
    company.faults(json!([])).await;
    company.sync().await;
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::Reissued(other))
    );
}

async fn a_sign_in_with_keys_that_contradict_the_directory_decides_nothing(company: &Company) {
    rewrite(company, json!([{ "issuer": PROVIDER, "id": AT_PROVIDER }])).await;
    // The directory knows her user under another id of the same provider.
    signs_in(company, &federated(subject(APPROVER), "00u9nobody")).await;
    refuses_as_unclear(company).await;
    let unread = LinkKeys {
        unusable: Some(UnusableKey::UnreadAttribute),
        ..federated(subject(APPROVER), AT_PROVIDER)
    };
    signs_in(company, &unread).await;
    refuses_as_unclear(company).await;

    signs_in(company, &federated(subject(APPROVER), AT_PROVIDER)).await;
    let id = waiting(company, "hannah.cole").await;
    company.decide(APPROVER, &id).await.unwrap();
    company.decide("kwame.boateng", &id).await.unwrap();
    // An unclear sign-in after the decision: the change waits.
    signs_in(company, &unread).await;
    let verdict = || fresh_verdict(&company.app_state, &*company.app_state, &id);
    assert!(matches!(verdict().await, Err(NoVerdict::PeopleUnclear)));
    signs_in(company, &federated(subject(APPROVER), AT_PROVIDER)).await;
    assert_eq!(verdict().await.unwrap(), StartVerdict::StillAllowed);
}

async fn a_sign_in_that_leads_to_another_user_suspends_the_identity(company: &Company) {
    let other = provision(company, "somebody.else", AT_PROVIDER).await;
    let known = signs_in(company, &federated(subject(APPROVER), AT_PROVIDER)).await;
    assert_eq!(
        known.user,
        Some(company.user(APPROVER)),
        "the link is not replaced"
    );
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::Reissued(other))
    );
}

async fn a_person_whom_the_last_crawl_does_not_contain_stays_linked_and_decides(company: &Company) {
    // No user of the directory has any of her keys.
    let known = signs_in(company, &federated(subject(APPROVER), AT_PROVIDER)).await;
    assert_eq!(known.user, Some(company.user(APPROVER)));
    let id = waiting(company, "marcus.dube").await;
    company.decide(APPROVER, &id).await.unwrap();
    company.sync().await;
    assert_eq!(suspension(company, APPROVER).await, None);
}

/// The sign-in of a new account in the user pool.
fn new_sign_in() -> Subject {
    Subject {
        sub: "a-new-account-of-ines".into(),
        ..subject(APPROVER)
    }
}

/// Deletes the approver's user and creates a new one, which a crawl sees.
async fn recreated(company: &Company) -> UserId {
    let mut ids = company.external_ids(&company.user(APPROVER));
    let at_provider = json!({ "issuer": PROVIDER, "id": AT_PROVIDER });
    ids.as_array_mut().unwrap().push(at_provider);
    company.delete_user(&company.user(APPROVER)).await;
    let new = company
        .provision(json!({
            "user_name": APPROVER, "given_name": "Ines", "family_name": "Carvalho",
            "external_ids": ids, "enabled": true,
        }))
        .await;
    company.sync().await;
    assert!(suspension(company, APPROVER).await.is_some());
    new
}

async fn a_second_sign_in_of_a_suspended_identity_is_a_claim(company: &Company) {
    let mine = company.identity_of(APPROVER).await;
    let new = recreated(company).await;
    let second = signs_in(company, &federated(new_sign_in(), AT_PROVIDER)).await;
    assert_eq!(second.user, None, "no new identity");
    let claim = second.claimed.unwrap();
    assert_eq!((claim.user, &claim.held_by), (new.clone(), &mine));
    let mut conn = company.app_state.store.connection().await.unwrap();
    let claims = person::claims(&mut conn).await.unwrap();
    drop(conn);
    assert!(claims.doubles_of(&mine).contains(&second.person));
    let again = signs_in(company, &federated(new_sign_in(), AT_PROVIDER)).await;
    assert_eq!((again.user, again.claimed), (None, None), "recorded once");
    company.sync().await;
    let read_model = company.app_state.read_model();
    assert_eq!(read_model.snapshot.person(&new), Some(&mine));
}

async fn a_crawl_records_the_claim_of_a_sign_in_that_leads_to_an_earlier_user(company: &Company) {
    let mine = company.identity_of(APPROVER).await;
    // The new account signs in before any crawl has seen the new user.
    let second = signs_in(company, &federated(new_sign_in(), AT_PROVIDER)).await;
    assert_eq!(second.user, None);
    recreated(company).await;
    let claimed = company.entries("subject.claimed").await;
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    assert_eq!(claimed[0]["target"]["id"], mine.as_str());
    company.sync().await;
    assert_eq!(company.entries("subject.claimed").await.len(), 1);
    let known = person::person_of(&company.app_state.store, &new_sign_in()).await;
    assert_eq!(known.unwrap().unwrap().user, None);
}

async fn a_second_sign_in_is_a_claim_although_the_index_was_emptied(company: &Company) {
    let mine = company.identity_of(APPROVER).await;
    recreated(company).await;
    let statement = format!("delete from identity_user where person_id = '{mine}'");
    assert!(company.database.by_hand(&statement).await.unwrap() > 0);
    let second = signs_in(company, &federated(new_sign_in(), AT_PROVIDER)).await;
    assert_eq!(second.user, None, "the ledger records whose user it was");
    assert_eq!(second.claimed.unwrap().held_by, mine);
    restore_rows(company, &mine).await;
}

async fn a_role_of_the_configuration_makes_no_identity_of_the_new_user_of_a_suspended_one(
    company: &Company,
) {
    let mine = company.identity_of(APPROVER).await;
    let (first, second) = (company.user(APPROVER), new_sign_in());
    let mut ids = company.external_ids(&first);
    let of_second = json!({ "issuer": second.iss, "id": second.sub });
    ids.as_array_mut().unwrap().push(of_second);
    company.delete_user(&first).await;
    company
        .provision(json!({
            "user_name": APPROVER, "given_name": "Ines", "family_name": "Carvalho",
            "external_ids": ids, "enabled": true,
        }))
        .await;
    company.sync().await;
    let mut args = configuration(&company.database, &company.aws, "http://localhost:9", 9);
    args.subject_issuer = Some(second.iss.clone());
    args.approvers = vec![second.sub.clone()];
    (args.administrators, args.auditors) = (Vec::new(), Vec::new());
    server::state::first_roles(&company.app_state, &args)
        .await
        .unwrap();
    let known = person::person_of(&company.app_state.store, &second).await;
    assert_eq!(known.unwrap().unwrap().user, None);
    let claimed = company.entries("subject.claimed").await;
    assert_eq!(claimed[0]["target"]["id"], mine.as_str());
}

//! The identity of a sign-in, and its rights.

use std::collections::BTreeSet;

use domain::authorize::Role;
use domain::directory::ExternalId;
use domain::identity::{ExternalIdDigest, IdentityRecord, LinkDifference};
use domain::ids::PersonId;
use domain::person::link::{IdentityLink, LinkMethod, MethodResult, UnusableKey};
use http::StatusCode;
use sandbox::org::pool::Mfa;
use server::service::journal::UserOfIdentity;
use server::service::sign_in::SignInEvent;
use server::store::person::{self, Claim};
use server::store::{identity, identity_link};

use super::support::*;
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    who_is_not_in_the_directory_signs_in_and_only_reads,
    who_the_directory_names_by_issuer_and_subject_acts,
    a_second_sign_in_of_a_user_claims_and_is_linked_to_nobody,
    nobody_is_linked_to_a_user_who_has_a_role_already,
    a_subject_that_two_users_claim_is_linked_to_neither,
    a_directory_that_learns_of_somebody_later_completes_their_person,
    a_late_link_to_a_user_whom_nobody_has_been_yet_moves_the_sign_in_there,
    a_late_link_to_a_user_who_has_a_sign_in_is_a_claim,
    a_directory_that_changes_its_mind_swaps_nobody,
    a_link_is_recorded_at_the_first_sign_in_and_not_again,
    a_link_that_was_altered_by_hand_is_not_recorded,
    a_suspended_identity_has_no_roles_and_gets_them_back_when_it_is_confirmed,
    a_role_needs_the_ledger_and_the_group,
    a_role_is_ensured_once,
    somebody_without_a_group_signs_in,
    a_role_moves_with_the_sign_in_that_is_linked_late,
    a_federated_sign_in_is_linked_by_the_identity_that_the_directory_has,
    an_attribute_of_the_pool_links_and_an_unread_one_does_not,
    an_unclear_identity_links_nobody_and_is_recorded,
    keys_that_lead_elsewhere_are_recorded_and_replace_no_link,
    a_link_is_recorded_with_the_identity_at_the_provider,
    an_identity_at_the_provider_that_found_nobody_is_not_recorded,
    a_name_that_somebody_writes_into_the_pool_is_shown_nowhere_as_theirs,
}

async fn who_is_not_in_the_directory_signs_in_and_only_reads(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let me = server.browser().sign_in("alice").await.whoami().await;
    assert!(me["person"].is_string());
    assert!(me["acts_as"].is_null());
}

async fn who_the_directory_names_by_issuer_and_subject_acts(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let user = server.link("alice", 1);
    let me = server.browser().sign_in("alice").await.whoami().await;
    assert_eq!(me["acts_as"], me["person"]);
    let known = person::person_of(&server.store, &server.subject("alice"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(known.user, Some(user));
}

async fn a_second_sign_in_of_a_user_claims_and_is_linked_to_nobody(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let user = server.link("alice", 1);
    server.link("bob", 1);
    let (alice, bob) = (
        server.browser().sign_in("alice").await.whoami().await,
        server.browser().sign_in("bob").await.whoami().await,
    );
    assert!(alice["acts_as"].is_string());
    assert!(bob["acts_as"].is_null(), "bob is read-only");
    assert_ne!(alice["person"], bob["person"]);
    let alice_is = person::person_of(&server.store, &server.subject("alice"))
        .await
        .unwrap()
        .unwrap()
        .person;
    let claim = SignInEvent::Claimed(Claim {
        user,
        held_by: alice_is.clone(),
    });
    assert_eq!(server.events().iter().filter(|e| **e == claim).count(), 1);
    let mut conn = server.store.connection().await.unwrap();
    let claims = person::claims(&mut conn).await.unwrap();
    drop(conn);
    assert_eq!(claims.0.len(), 1);
    assert_eq!(claims.0[0].1, alice_is);

    // Again: alice is still alice, bob is still linked to no user, and the claim is recorded once.
    let again = server.browser().sign_in("alice").await.whoami().await;
    assert_eq!(again["acts_as"], alice["acts_as"]);
    let again = server.browser().sign_in("bob").await.whoami().await;
    assert_eq!(
        (&again["person"], &again["acts_as"]),
        (&bob["person"], &bob["acts_as"])
    );
    assert_eq!(server.events().iter().filter(|e| **e == claim).count(), 1);
}

async fn nobody_is_linked_to_a_user_who_has_a_role_already(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    server.link("alice", 1);
    server.browser().sign_in("alice").await;
    server.grant("alice", Role::Approver).await;
    // As if the first sign-in had been deleted while the role remained.
    sqlx::query("delete from session")
        .execute(server.store.read())
        .await
        .unwrap();
    sqlx::query("delete from subject")
        .execute(server.store.read())
        .await
        .unwrap();
    server.link("sam", 1);
    let sam = server.browser().sign_in("sam").await.whoami().await;
    assert_eq!(
        (&sam["acts_as"], &sam["roles"]),
        (&serde_json::Value::Null, &serde_json::json!([]))
    );
}

async fn a_subject_that_two_users_claim_is_linked_to_neither(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let claim = IdentityLink::Ambiguous(vec![user_id(1), user_id(2)]);
    server
        .users
        .0
        .lock()
        .unwrap()
        .insert("sub-of-alice".into(), claim);
    assert!(server.browser().sign_in("alice").await.whoami().await["acts_as"].is_null());
}

async fn a_directory_that_learns_of_somebody_later_completes_their_person(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let before = server.browser().sign_in("alice").await.whoami().await;
    server.link("alice", 1);
    let after = server.browser().sign_in("alice").await.whoami().await;
    assert_eq!(before["person"], after["person"]);
    assert_eq!(after["acts_as"], after["person"]);
}

async fn a_late_link_to_a_user_whom_nobody_has_been_yet_moves_the_sign_in_there(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    server.browser().sign_in("bob").await;
    // The directory is read: every user has a person.
    let theirs = server::clock::person_id();
    let mut tx = server.store.write().await.unwrap();
    let fresh = [(user_id(1), theirs.clone())];
    identity_link::ensure_for_users(&mut tx, &fresh, server.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    server.link("bob", 1);
    let bob = server.browser().sign_in("bob").await.whoami().await;
    assert_eq!(bob["acts_as"], theirs.as_str());
}

async fn a_late_link_to_a_user_who_has_a_sign_in_is_a_claim(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    server.browser().sign_in("bob").await;
    server.link("alice", 1);
    server.browser().sign_in("alice").await;
    server.link("bob", 1);
    let bob = server.browser().sign_in("bob").await.whoami().await;
    assert!(
        bob["acts_as"].is_null(),
        "one human never acts with two ids"
    );
    let claimed = |event: &SignInEvent| matches!(event, SignInEvent::Claimed(_));
    assert_eq!(server.events().iter().filter(|e| claimed(e)).count(), 1);
}

async fn a_directory_that_changes_its_mind_swaps_nobody(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let user = server.link("alice", 1);
    server.browser().sign_in("alice").await;
    server.link("alice", 2);
    server.browser().sign_in("alice").await;
    let known = person::person_of(&server.store, &server.subject("alice"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(known.user, Some(user));
}

async fn recorded(server: &Server, name: &str) -> IdentityRecord {
    let person = who(server, name).await;
    let mut conn = server.store.connection().await.unwrap();
    identity::record(&mut conn, &person).await.unwrap()
}

async fn who(server: &Server, name: &str) -> PersonId {
    let subject = server.subject(name);
    let known = person::person_of(&server.store, &subject).await;
    known.unwrap().unwrap().person
}

async fn a_link_is_recorded_at_the_first_sign_in_and_not_again(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let user = server.link("alice", 1);
    server.browser().sign_in("alice").await;
    server.browser().sign_in("alice").await;
    let record = recorded(&server, "alice").await;
    assert_eq!(record.current, Some(user));
    let subject = ExternalIdDigest::of_subject(&server.subject("alice"));
    assert!(record.external_ids().contains(&subject));
    let links = |event: &&SignInEvent| matches!(event, SignInEvent::IdentityLinked(_));
    assert_eq!(server.events().iter().filter(links).count(), 1);
}

async fn a_link_that_was_altered_by_hand_is_not_recorded(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let user = server.link("alice", 1);
    server.browser().sign_in("alice").await;
    sqlx::query("update person set user_id = $1 where user_id = $2")
        .bind(user_id(2).as_str())
        .bind(user.as_str())
        .execute(server.store.read())
        .await
        .unwrap();
    server.browser().sign_in("alice").await;
    assert_eq!(recorded(&server, "alice").await.current, Some(user));
}

async fn a_suspended_identity_has_no_roles_and_gets_them_back_when_it_is_confirmed(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    let user = server.link("alice", 1);
    let mut alice = server.browser();
    alice.sign_in("alice").await;
    server.grant("alice", Role::Administrator).await;
    let person = who(&server, "alice").await;
    let roles = |me: &serde_json::Value| me["roles"].clone();
    assert_eq!(
        roles(&alice.whoami().await),
        serde_json::json!(["administrator"])
    );

    let journal = server.ledger();
    let now = server.clock.now();
    let entry = journal.identity_suspended(&person, &LinkDifference::Deleted, now);
    let mut tx = server.store.write().await.unwrap();
    journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(roles(&alice.whoami().await), serde_json::json!([]));
    assert!(
        person::everyone_with_a_role(&mut server.store.connection().await.unwrap())
            .await
            .unwrap()
            .is_empty()
    );
    // The grant itself is kept, and is not granted a second time.
    server.grant("alice", Role::Administrator).await;

    let confirmed = UserOfIdentity {
        person,
        user,
        external_ids: BTreeSet::new(),
    };
    let entry = journal.identity_confirmed(&confirmed, "seen in person", now);
    let mut tx = server.store.write().await.unwrap();
    journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        roles(&alice.whoami().await),
        serde_json::json!(["administrator"])
    );
}

async fn a_role_needs_the_ledger_and_the_group(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut alice = server.browser();
    alice.sign_in("alice").await;
    assert_eq!(
        alice.whoami().await["roles"],
        serde_json::json!([]),
        "the group alone has no effect"
    );
    server.grant("alice", Role::Administrator).await;
    assert_eq!(
        alice.whoami().await["roles"],
        serde_json::json!(["administrator"]),
        "both together have an immediate effect"
    );
    server.grant("alice", Role::Auditor).await;
    assert_eq!(
        alice.whoami().await["roles"],
        serde_json::json!(["administrator"]),
        "the ledger alone has no effect"
    );
    server.end_role("alice", Role::Administrator).await;
    assert_eq!(
        alice.whoami().await["roles"],
        serde_json::json!([]),
        "revoked immediately"
    );
}

async fn a_role_is_ensured_once(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    server.browser().sign_in("alice").await;
    server.grant("alice", Role::Approver).await;
    server.grant("alice", Role::Approver).await;
    let known = person::person_of(&server.store, &server.subject("alice"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        person::roles_of(&mut server.store.connection().await.unwrap(), &known.person)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        person::everyone_with_a_role(&mut server.store.connection().await.unwrap())
            .await
            .unwrap()
            .len(),
        1
    );
}

async fn somebody_without_a_group_signs_in(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    server
        .read_model
        .lock()
        .unwrap()
        .pool
        .users
        .push(user("newcomer", Mfa::None, &[]));
    let answer = server.browser().sign_in_at("/sign-in", "newcomer").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

async fn a_role_moves_with_the_sign_in_that_is_linked_late(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    server.browser().sign_in("alice").await;
    // As the configuration does before the directory contains the subject.
    server.grant("alice", Role::Administrator).await;
    let unlinked = person::person_of(&server.store, &server.subject("alice"))
        .await
        .unwrap()
        .unwrap()
        .person;
    // The directory is read: every user has a person.
    let theirs = server::clock::person_id();
    let mut tx = server.store.write().await.unwrap();
    let fresh = [(user_id(1), theirs.clone())];
    identity_link::ensure_for_users(&mut tx, &fresh, server.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let before = person::everyone_with_a_role(&mut server.store.connection().await.unwrap())
        .await
        .unwrap();
    let since = before[0].1.granted_at;
    server.link("alice", 1);
    server.wait(domain::time::Duration::minutes(1));
    let me = server.browser().sign_in("alice").await.whoami().await;
    assert_eq!(me["acts_as"], theirs.as_str());
    assert_eq!(me["roles"], serde_json::json!(["administrator"]));
    let held = person::everyone_with_a_role(&mut server.store.connection().await.unwrap())
        .await
        .unwrap();
    assert_eq!(held[0].1.granted_at, since, "the same human held it since");
    let holders: Vec<_> = held.iter().map(|(person, _)| person.clone()).collect();
    assert_eq!(
        holders,
        std::slice::from_ref(&theirs),
        "the old person holds nothing"
    );
    let moved = server.events().into_iter().find_map(|event| match event {
        SignInEvent::Linked(person, link) => Some((person, link.moved)),
        _ => None,
    });
    assert_eq!(
        moved,
        Some((theirs, Some((unlinked, vec![(Role::Administrator, since)]))))
    );
}

/// A server that links users of the provider Okta.
async fn with_okta(engine: DatabaseEngine) -> Server {
    Server::with(engine, |setup| {
        setup.settings.identity_providers = [("Okta".to_owned(), OKTA.to_owned())].into();
    })
    .await
}

const OKTA: &str = "https://acme.okta.com";

async fn a_federated_sign_in_is_linked_by_the_identity_that_the_directory_has(
    engine: DatabaseEngine,
) {
    let server = with_okta(engine).await;
    let dave = server.list(1, "Dave Stone", &[(OKTA, "dave")]);
    server.list(2, "Somebody Else", &[("https://other.okta.com", "dave")]);
    let me = server.browser().sign_in("Okta_dave").await.whoami().await;
    assert_eq!(me["acts_as"], me["person"]);
    assert_eq!(me["name"], "Dave Stone");
    let linked = server.events().into_iter().find_map(|event| match event {
        SignInEvent::Linked(_, link) => Some((link.user, link.by)),
        _ => None,
    });
    assert_eq!(linked, Some((dave, [LinkMethod::Identities].into())));

    // Another provider of the same pool is not configured.
    server.change("Okta_dave", |user| {
        "Entra_dave".clone_into(&mut user.username);
    });
    server.change("Entra_dave", |user| {
        "sub-of-another".clone_into(&mut user.sub);
    });
    let other = server.browser().sign_in("Entra_dave").await.whoami().await;
    assert!(other["acts_as"].is_null());
}

async fn an_attribute_of_the_pool_links_and_an_unread_one_does_not(engine: DatabaseEngine) {
    let server = Server::with(engine, |setup| {
        setup.settings.identity_attribute = Some("custom:identity_store_id".into());
    })
    .await;
    let user = server.list(1, "Alice Ward", &[]);
    server.change("alice", |alice| {
        alice.identity_store_user_id = Some(user.to_string());
    });
    *server.pool.says.lock().unwrap() = Says::Nothing;
    let unread = server.browser().sign_in("alice").await.whoami().await;
    assert!(unread["acts_as"].is_null());
    let why = SignInEvent::NotLinked(IdentityLink::Unusable(UnusableKey::UnreadAttribute));
    assert!(server.events().contains(&why));
    *server.pool.says.lock().unwrap() = Says::Status;
    let me = server.browser().sign_in("alice").await.whoami().await;
    assert_eq!(
        (&me["acts_as"], &me["name"]),
        (&me["person"], &"Alice Ward".into())
    );
    assert_eq!(me["person"], unread["person"]);

    server.change("bob", |bob| {
        bob.identity_store_user_id = Some("alice@x.example".into());
    });
    let bob = server.browser().sign_in("bob").await.whoami().await;
    assert!(bob["acts_as"].is_null());
    let why = SignInEvent::NotLinked(IdentityLink::Unusable(UnusableKey::MalformedAttribute));
    assert!(server.events().contains(&why));
}

async fn an_unclear_identity_links_nobody_and_is_recorded(engine: DatabaseEngine) {
    let server = with_okta(engine).await;
    // The directory says one thing by subject and another by the identity provider.
    let subject = server.subject("Okta_dave");
    server.list(1, "Dave Stone", &[(OKTA, "dave")]);
    server.list(2, "Dave Stone", &[(&subject.iss, &subject.sub)]);
    let me = server.browser().sign_in("Okta_dave").await.whoami().await;
    assert!(me["acts_as"].is_null());
    let result = |method, n| MethodResult {
        method,
        user: Some(user_id(n)),
    };
    let link = IdentityLink::Contradictory(vec![
        result(LinkMethod::Subject, 2),
        result(LinkMethod::Identities, 1),
    ]);
    assert!(server.events().contains(&SignInEvent::NotLinked(link)));

    // An e-mail address can be reassigned.
    let server = with_okta(engine).await;
    server.list(1, "Dave Stone", &[(OKTA, "dave@payments.example")]);
    server.change("Okta_dave", |dave| {
        "Okta_dave@payments.example".clone_into(&mut dave.username);
    });
    let me = server
        .browser()
        .sign_in("Okta_dave@payments.example")
        .await
        .whoami()
        .await;
    assert!(me["acts_as"].is_null());
    let why = SignInEvent::NotLinked(IdentityLink::Unusable(UnusableKey::EmailAsIdentity));
    assert!(server.events().contains(&why));
}

async fn keys_that_lead_elsewhere_are_recorded_and_replace_no_link(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let user = server.link("alice", 1);
    server.browser().sign_in("alice").await;
    let recorded = async || {
        let sql = "select leaf from ledger_entry where type = 'subject.unclear'";
        server.dump(sql).await
    };
    // Nothing leads elsewhere, and a crawl that does not contain her proves nothing.
    let subject = server.subject("alice");
    let says = |link: IdentityLink| {
        let mut links = server.users.0.lock().unwrap();
        links.insert(subject.sub.clone(), link);
    };
    says(IdentityLink::Unknown);
    let me = server.browser().sign_in("alice").await.whoami().await;
    assert_eq!(me["acts_as"], me["person"]);
    assert_eq!(recorded().await, "");
    for (link, why) in [
        (
            IdentityLink::Linked(user_id(2), [LinkMethod::Identities].into()),
            "lead to another directory user",
        ),
        (
            IdentityLink::Ambiguous(vec![user_id(1), user_id(2)]),
            "several directory users",
        ),
        (
            IdentityLink::Contradictory(vec![MethodResult {
                method: LinkMethod::Subject,
                user: Some(user_id(1)),
            }]),
            "lead to different directory users",
        ),
        (
            IdentityLink::Unusable(UnusableKey::UnreadAttribute),
            "could not be read",
        ),
    ] {
        says(link);
        server.browser().sign_in("alice").await;
        let known = person::person_of(&server.store, &subject).await;
        assert_eq!(known.unwrap().unwrap().user, Some(user.clone()));
        assert!(recorded().await.contains(why), "{why}");
    }
}

async fn a_link_is_recorded_with_the_identity_at_the_provider(engine: DatabaseEngine) {
    let server = with_okta(engine).await;
    server.list(1, "Dave Stone", &[(OKTA, "dave")]);
    server.browser().sign_in("Okta_dave").await;
    let record = recorded(&server, "Okta_dave").await;
    let at_okta = ExternalIdDigest::of(&ExternalId {
        issuer: OKTA.into(),
        id: "dave".into(),
    });
    assert!(record.external_ids().contains(&at_okta));
}

async fn an_identity_at_the_provider_that_found_nobody_is_not_recorded(engine: DatabaseEngine) {
    let server = Server::with(engine, |setup| {
        setup.settings.identity_providers = [("Okta".to_owned(), OKTA.to_owned())].into();
        setup.settings.identity_attribute = Some("custom:identity_store_id".into());
    })
    .await;
    let dave = server.list(1, "Dave Stone", &[]);
    server.change("Okta_dave", |user| {
        user.identity_store_user_id = Some(dave.to_string());
    });
    let me = server.browser().sign_in("Okta_dave").await.whoami().await;
    assert_eq!(me["acts_as"], me["person"], "the attribute links");
    let record = recorded(&server, "Okta_dave").await;
    let stated = ExternalIdDigest::of(&ExternalId {
        issuer: OKTA.into(),
        id: "dave".into(),
    });
    assert!(!record.external_ids().contains(&stated));
}

async fn a_name_that_somebody_writes_into_the_pool_is_shown_nowhere_as_theirs(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    let subject = server.subject("alice");
    server.list(1, "Alice Ward", &[(&subject.iss, &subject.sub)]);
    for name in ["alice", "bob"] {
        server.change(name, |user| "Ines Carvalho".clone_into(&mut user.name));
    }
    let me = server.browser().sign_in("alice").await.whoami().await;
    assert_eq!(
        (&me["name"], &me["self_reported"]),
        (&"Alice Ward".into(), &"Ines Carvalho".into())
    );
    let unlinked = server.browser().sign_in("bob").await.whoami().await;
    assert_eq!(unlinked["name"], "bob (no directory user)");
}

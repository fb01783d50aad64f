//! The identity of a sign-in, and its rights.

use std::collections::BTreeSet;

use domain::authorize::Role;
use domain::identity::{ExternalIdDigest, IdentityRecord, LinkDifference};
use domain::ids::PersonId;
use domain::person::IdentityLink;
use http::StatusCode;
use sandbox::org::pool::Mfa;
use server::http::ports::SignInEvent;
use server::service::journal::UserOfIdentity;
use server::store::person::{self, Claim};
use server::store::{identity, identity_link};

use super::support::*;
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    who_is_not_in_the_directory_signs_in_and_only_reads,
    who_the_directory_names_by_issuer_and_subject_acts,
    a_second_sign_in_of_a_user_claims_and_is_joined_to_nobody,
    nobody_joins_a_user_who_has_a_role_already,
    a_subject_that_two_users_claim_is_joined_to_neither,
    a_directory_that_learns_of_somebody_later_completes_their_person,
    a_late_join_to_a_user_whom_nobody_has_been_yet_moves_the_sign_in_there,
    a_late_join_to_a_user_who_has_a_sign_in_is_a_claim,
    a_directory_that_changes_its_mind_swaps_nobody,
    a_link_is_recorded_at_the_first_sign_in_and_not_again,
    a_link_that_was_altered_by_hand_is_not_recorded,
    a_suspended_identity_has_no_roles_and_gets_them_back_when_it_is_confirmed,
    a_role_needs_the_ledger_and_the_group,
    a_role_is_ensured_once,
    somebody_without_a_group_signs_in,
}

async fn who_is_not_in_the_directory_signs_in_and_only_reads(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let me = server.browser().sign_in("alice").await.whoami().await;
    assert!(me["person"].is_string());
    assert!(me["acts_as"].is_null());
}

async fn who_the_directory_names_by_issuer_and_subject_acts(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let user = server.join("alice", 1);
    let me = server.browser().sign_in("alice").await.whoami().await;
    assert_eq!(me["acts_as"], me["person"]);
    let known = person::person_of(&server.store, &server.subject("alice"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(known.user, Some(user));
}

async fn a_second_sign_in_of_a_user_claims_and_is_joined_to_nobody(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let user = server.join("alice", 1);
    server.join("bob", 1);
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
    let mut conn = server.store.read().acquire().await.unwrap();
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

async fn nobody_joins_a_user_who_has_a_role_already(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    server.join("alice", 1);
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
    server.join("sam", 1);
    let sam = server.browser().sign_in("sam").await.whoami().await;
    assert_eq!(
        (&sam["acts_as"], &sam["roles"]),
        (&serde_json::Value::Null, &serde_json::json!([]))
    );
}

async fn a_subject_that_two_users_claim_is_joined_to_neither(engine: DatabaseEngine) {
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
    server.join("alice", 1);
    let after = server.browser().sign_in("alice").await.whoami().await;
    assert_eq!(before["person"], after["person"]);
    assert_eq!(after["acts_as"], after["person"]);
}

async fn a_late_join_to_a_user_whom_nobody_has_been_yet_moves_the_sign_in_there(
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
    server.join("bob", 1);
    let bob = server.browser().sign_in("bob").await.whoami().await;
    assert_eq!(bob["acts_as"], theirs.as_str());
}

async fn a_late_join_to_a_user_who_has_a_sign_in_is_a_claim(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    server.browser().sign_in("bob").await;
    server.join("alice", 1);
    server.browser().sign_in("alice").await;
    server.join("bob", 1);
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
    let user = server.join("alice", 1);
    server.browser().sign_in("alice").await;
    server.join("alice", 2);
    server.browser().sign_in("alice").await;
    let known = person::person_of(&server.store, &server.subject("alice"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(known.user, Some(user));
}

async fn recorded(server: &Server, name: &str) -> IdentityRecord {
    let person = who(server, name).await;
    let mut conn = server.store.read().acquire().await.unwrap();
    identity::record(&mut conn, &person).await.unwrap()
}

async fn who(server: &Server, name: &str) -> PersonId {
    let subject = server.subject(name);
    let known = person::person_of(&server.store, &subject).await;
    known.unwrap().unwrap().person
}

async fn a_link_is_recorded_at_the_first_sign_in_and_not_again(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let user = server.join("alice", 1);
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
    let user = server.join("alice", 1);
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
    let user = server.join("alice", 1);
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
        person::everyone_with_a_role(&server.store)
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
    let known = person::person_of(&server.store, &server.subject("alice"))
        .await
        .unwrap()
        .unwrap();
    let mut tx = server.store.write().await.unwrap();
    assert!(
        person::end_role(
            &mut tx,
            &known.person,
            Role::Administrator,
            server.clock.now()
        )
        .await
        .unwrap()
    );
    tx.commit().await.unwrap();
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
        person::roles_of(&server.store, &known.person)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        person::everyone_with_a_role(&server.store)
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

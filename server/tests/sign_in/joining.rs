//! Which human a sign-in is, and what they may do.

use domain::authorize::Role;
use domain::person::Join;
use http::StatusCode;
use sandbox::org::pool::Mfa;
use server::store::person;

use crate::support::*;

#[tokio::test]
async fn who_is_not_in_the_directory_signs_in_and_only_reads() {
    let server = Server::start().await;
    let me = server.browser().sign_in("alice").await.whoami().await;
    assert!(me["person"].is_string());
    assert!(me["acts_as"].is_null());
}

#[tokio::test]
async fn who_the_directory_names_by_issuer_and_subject_acts() {
    let server = Server::start().await;
    let user = server.join("alice", 1);
    let me = server.browser().sign_in("alice").await.whoami().await;
    assert_eq!(me["acts_as"], me["person"]);
    let known = person::person_of(&server.store, &server.subject("alice"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(known.user, Some(user));
}

#[tokio::test]
async fn two_sign_ins_of_one_user_are_one_person() {
    let server = Server::start().await;
    server.join("alice", 1);
    server.join("bob", 1);
    let (alice, bob) = (
        server.browser().sign_in("alice").await.whoami().await,
        server.browser().sign_in("bob").await.whoami().await,
    );
    assert_eq!(alice["acts_as"], bob["acts_as"]);
    assert!(alice["acts_as"].is_string());
    let people = person::all(&server.store).await.unwrap();
    assert_eq!(people.len(), 1);
    assert_eq!(people[0].subjects.len(), 2);
}

#[tokio::test]
async fn a_subject_that_two_users_claim_is_joined_to_neither() {
    let server = Server::start().await;
    let claim = Join::Ambiguous(vec![user_id(1), user_id(2)]);
    server
        .users
        .0
        .lock()
        .unwrap()
        .insert("sub-of-alice".into(), claim);
    assert!(server.browser().sign_in("alice").await.whoami().await["acts_as"].is_null());
}

#[tokio::test]
async fn a_directory_that_learns_of_somebody_later_completes_their_person() {
    let server = Server::start().await;
    let before = server.browser().sign_in("alice").await.whoami().await;
    server.join("alice", 1);
    let after = server.browser().sign_in("alice").await.whoami().await;
    assert_eq!(before["person"], after["person"]);
    assert_eq!(after["acts_as"], after["person"]);
}

#[tokio::test]
async fn a_late_join_to_a_user_who_has_a_person_moves_the_sign_in_there() {
    let server = Server::start().await;
    server.browser().sign_in("bob").await;
    server.join("alice", 1);
    let alice = server.browser().sign_in("alice").await.whoami().await;
    server.join("bob", 1);
    let bob = server.browser().sign_in("bob").await.whoami().await;
    assert_eq!(
        bob["acts_as"], alice["acts_as"],
        "one human never has two ids to act by"
    );
}

#[tokio::test]
async fn a_directory_that_changes_its_mind_swaps_nobody() {
    let server = Server::start().await;
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

#[tokio::test]
async fn a_role_needs_the_ledger_and_the_group() {
    let server = Server::start().await;
    let mut alice = server.browser();
    alice.sign_in("alice").await;
    assert_eq!(
        alice.whoami().await["roles"],
        serde_json::json!([]),
        "the group alone gives nothing"
    );
    server.grant("alice", Role::Administrator).await;
    assert_eq!(
        alice.whoami().await["roles"],
        serde_json::json!(["administrator"]),
        "at once, both together"
    );
    server.grant("alice", Role::Auditor).await;
    assert_eq!(
        alice.whoami().await["roles"],
        serde_json::json!(["administrator"]),
        "the ledger alone gives nothing"
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
        "taken away at once"
    );
}

#[tokio::test]
async fn a_role_is_ensured_once() {
    let server = Server::start().await;
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

#[tokio::test]
async fn somebody_without_a_group_signs_in() {
    let server = Server::start().await;
    server
        .world
        .lock()
        .unwrap()
        .pool
        .users
        .push(user("newcomer", Mfa::None, &[]));
    let answer = server.browser().sign_in_at("/sign-in", "newcomer").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

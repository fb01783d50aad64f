//! A writer of the database can neither create a session nor extend or strengthen one.

use domain::{authorize::Role, time::Duration};
use http::StatusCode;
use server::{
    http::secret::digest,
    store::{identity, person},
};

use super::support::*;
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_session_put_in_for_somebody_else_is_none,
    a_session_with_a_cookie_of_somebody_elses_is_none,
    a_session_that_was_made_stronger_longer_or_anothers_is_none,
    a_session_that_ended_and_is_opened_again_by_hand_is_over,
    a_date_that_has_not_come_keeps_no_session_alive,
    a_sign_in_that_a_row_moves_to_somebody_else_stays_that_of_its_person,
    a_sign_in_that_a_row_invents_is_nobody,
    a_sign_in_whose_row_was_deleted_is_the_same_person,
    rows_that_were_deleted_make_nobody_the_first_sign_in_of_a_user,
    a_user_that_a_row_gives_to_an_unlinked_sign_in_is_not_theirs,
    a_claim_that_was_deleted_counts_all_the_same,
    a_role_of_a_sign_in_that_a_row_invents_is_kept_by_nobody,
}

async fn by_hand(server: &Server, statement: String) {
    let changed = server.database.by_hand(&statement).await.unwrap();
    assert!(changed > 0, "the statement changed nothing");
}

/// Returns whether a cookie leads to a page and not to the sign-in.
async fn welcome(browser: &mut Browser<'_>) -> bool {
    browser.get("/palette.json").await.status == StatusCode::OK
}

async fn a_session_put_in_for_somebody_else_is_none(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut alice = server.browser();
    alice.sign_in("alice").await;
    let cookie = made_up();
    by_hand(
        &server,
        format!(
            "insert into session (token_hash, id, iss, sub, document, started_at, last_used, asked_at, \
             checked_at, ends_at) select '{}', 'a-name-of-its-own', iss, sub, document, started_at, last_used, \
             asked_at, checked_at, ends_at from session",
            digest(&cookie)
        ),
    )
    .await;
    let mut forger = server.browser();
    forger.cookies.insert("__Host-session".into(), cookie);
    assert!(!welcome(&mut forger).await);
    assert!(welcome(&mut alice).await, "her session is unchanged");
}

async fn a_session_with_a_cookie_of_somebody_elses_is_none(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    server.browser().sign_in("alice").await;
    let cookie = made_up();
    let hash = digest(&cookie);
    by_hand(&server, format!("update session set token_hash = '{hash}'")).await;
    let mut forger = server.browser();
    forger.cookies.insert("__Host-session".into(), cookie);
    assert!(!welcome(&mut forger).await);
}

async fn a_session_that_was_made_stronger_longer_or_anothers_is_none(engine: DatabaseEngine) {
    for forged in [
        "document = replace(document, '\"proven\"', '\"not_proven\"')",
        "document = replace(document, '\"alice\"', '\"bob\"')",
        "ends_at = ends_at + 1",
        "started_at = started_at + 1",
        "sub = 'sub-of-bob'",
    ] {
        let server = Server::on(engine).await;
        server.browser().sign_in("bob").await;
        by_hand(&server, "delete from session".into()).await;
        let mut alice = server.browser();
        alice.sign_in("alice").await;
        assert!(welcome(&mut alice).await);
        by_hand(&server, format!("update session set {forged}")).await;
        assert!(!welcome(&mut alice).await, "{forged}");
    }
}

async fn a_session_that_ended_and_is_opened_again_by_hand_is_over(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut alice = server.browser();
    alice.sign_in("alice").await;
    let cookie = alice.session();
    alice.post("/do/sign-out", &[]).await;
    by_hand(
        &server,
        "update session set ended_at = null, ended_why = null where ended_at is not null".into(),
    )
    .await;
    alice.cookies.insert("__Host-session".into(), cookie);
    assert!(!welcome(&mut alice).await);
}

async fn a_date_that_has_not_come_keeps_no_session_alive(engine: DatabaseEngine) {
    let far = START.0 + Duration::days(30).0;
    let server = Server::on(engine).await;
    let mut alice = server.browser();
    alice.sign_in("alice").await;
    by_hand(&server, format!("update session set last_used = {far}")).await;
    assert!(
        !welcome(&mut alice).await,
        "idle, whatever the row contains"
    );

    let mut alice = server.browser();
    alice.sign_in("alice").await;
    server.change("alice", |alice| alice.enabled = false);
    by_hand(
        &server,
        format!("update session set asked_at = {far}, checked_at = {far}"),
    )
    .await;
    assert!(
        !welcome(&mut alice).await,
        "the pool is queried immediately"
    );
}

async fn a_sign_in_that_a_row_moves_to_somebody_else_stays_that_of_its_person(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    server.browser().sign_in("alice").await;
    server.grant("alice", Role::Administrator).await;
    let mut bob = server.browser();
    let before = bob.sign_in("bob").await.whoami().await;
    by_hand(
        &server,
        "update subject set person_id = (select person_id from subject where sub = 'sub-of-alice') \
         where sub = 'sub-of-bob'"
            .into(),
    )
    .await;
    assert_eq!(bob.whoami().await["person"], before["person"]);
    // The next sign-in is the one that the row would have moved.
    let after = server.browser().sign_in("bob").await.whoami().await;
    assert_eq!(after["person"], before["person"]);
    assert_eq!(after["roles"], serde_json::json!([]));
}

async fn a_sign_in_that_a_row_invents_is_nobody(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let alice = server.browser().sign_in("alice").await.whoami().await;
    server.grant("alice", Role::Administrator).await;
    by_hand(
        &server,
        "insert into subject (iss, sub, person_id, name, first_seen) \
         select iss, 'sub-of-bob', person_id, name, first_seen from subject where sub = 'sub-of-alice'"
            .into(),
    )
    .await;
    let bob = server.browser().sign_in("bob").await.whoami().await;
    assert_ne!(bob["person"], alice["person"]);
    assert_eq!(bob["roles"], serde_json::json!([]));
    let again = server.browser().sign_in("alice").await.whoami().await;
    assert_eq!(again["person"], alice["person"]);
}

async fn a_sign_in_whose_row_was_deleted_is_the_same_person(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let before = server.browser().sign_in("alice").await.whoami().await;
    by_hand(&server, "delete from subject".into()).await;
    let after = server.browser().sign_in("alice").await.whoami().await;
    assert_eq!(after["person"], before["person"]);
}

async fn rows_that_were_deleted_make_nobody_the_first_sign_in_of_a_user(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    server.link("alice", 1);
    let alice = server.browser().sign_in("alice").await.whoami().await;
    server.grant("alice", Role::Approver).await;
    for statement in [
        "delete from role_grant",
        "delete from identity_user",
        "delete from session",
        "delete from subject",
    ] {
        by_hand(&server, statement.into()).await;
    }
    server.link("sam", 1);
    let sam = server.browser().sign_in("sam").await.whoami().await;
    assert_ne!(sam["person"], alice["person"]);
    assert!(sam["acts_as"].is_null());
    // Nor does the user of another row.
    by_hand(
        &server,
        "update person set user_id = null where user_id is not null".into(),
    )
    .await;
    let sam = server.browser().sign_in("sam").await.whoami().await;
    assert!(sam["acts_as"].is_null());
}

async fn a_user_that_a_row_gives_to_an_unlinked_sign_in_is_not_theirs(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let bob = server.browser().sign_in("bob").await.whoami().await;
    by_hand(
        &server,
        format!(
            "update person set user_id = '{}' where id = {}",
            user_id(1),
            bob["person"].to_string().replace('"', "'")
        ),
    )
    .await;
    let again = server.browser().sign_in("bob").await.whoami().await;
    assert_eq!(again["person"], bob["person"]);
    assert!(again["acts_as"].is_null());
    let known = person::person_of(&server.store, &server.subject("bob")).await;
    let person = known.unwrap().unwrap().person;
    let mut conn = server.store.connection().await.unwrap();
    let record = identity::record(&mut conn, &person).await.unwrap();
    assert_eq!(record.user(), None, "no sign-in records the row");
}

async fn a_claim_that_was_deleted_counts_all_the_same(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    server.link("alice", 1);
    server.browser().sign_in("alice").await;
    server.link("bob", 1);
    server.browser().sign_in("bob").await;
    by_hand(
        &server,
        "update subject set claims = null where claims is not null".into(),
    )
    .await;
    let person = async |name: &str| {
        let known = person::person_of(&server.store, &server.subject(name)).await;
        known.unwrap().unwrap().person
    };
    let (bob, alice) = (person("bob").await, person("alice").await);
    let mut conn = server.store.connection().await.unwrap();
    let claims = person::claims(&mut conn).await.unwrap();
    assert!(claims.0.contains(&(bob, alice)));
}

async fn a_role_of_a_sign_in_that_a_row_invents_is_kept_by_nobody(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    server.browser().sign_in("alice").await;
    server.grant("alice", Role::Administrator).await;
    by_hand(
        &server,
        "insert into subject (iss, sub, person_id, name, first_seen, seen_groups) \
         select iss, 'another', person_id, name, first_seen, seen_groups from subject"
            .into(),
    )
    .await;
    server.change("alice", |alice| alice.groups.clear());
    server.browser().sign_in("alice").await;
    let known = person::person_of(&server.store, &server.subject("alice")).await;
    let person = known.unwrap().unwrap().person;
    let mut conn = server.store.connection().await.unwrap();
    assert_eq!(person::roles_of(&mut conn, &person).await.unwrap(), []);
}

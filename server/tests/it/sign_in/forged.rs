//! A writer of the database can neither create a session nor extend or strengthen one.

use domain::time::Duration;
use http::StatusCode;
use server::http::secret::digest;

use super::support::*;
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_session_put_in_for_somebody_else_is_none,
    a_session_with_a_cookie_of_somebody_elses_is_none,
    a_session_that_was_made_stronger_longer_or_anothers_is_none,
    a_session_that_ended_and_is_opened_again_by_hand_is_over,
    a_date_that_has_not_come_keeps_no_session_alive,
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

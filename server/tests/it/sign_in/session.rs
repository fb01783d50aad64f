//! S11 to S16: sessions, and how form input is kept when one ends.

use axum::body::Body;
use domain::authorize::Role;
use domain::identity::Agreement;
use domain::time::Duration;
use http::{Method, StatusCode};
use server::http::session::still_signed;
use server::service::journal::UserOfIdentity;
use server::service::sign_in::SignInEvent;
use server::store::person;
use server::store::session::{self as rows, Ending};

use super::support::*;
use crate::{database::DatabaseEngine, wait::until};

crate::engines::on_both_engines! {
    s11_the_cookie_is_a_host_cookie_of_this_site_only,
    s12_the_database_does_not_hold_what_the_browser_holds,
    s13_a_planted_cookie_never_becomes_a_session_and_the_old_one_dies,
    s14_signing_out_ends_the_row_clears_the_browser_and_goes_to_cognito,
    s14_signing_out_revokes_the_refresh_token,
    s15_a_session_ends_after_fifteen_idle_minutes,
    s15_a_session_ends_after_eight_hours_however_busy,
    s15_the_eight_hours_count_from_when_cognito_saw_the_person,
    s15_a_stream_does_not_keep_a_session_alive,
    s16_somebody_disabled_is_out_within_a_minute,
    s16_a_sign_out_everywhere_shows_in_the_refresh_token_alone,
    s16_a_group_taken_away_takes_the_role_within_a_minute,
    who_signs_in_without_a_group_they_had_has_lost_its_role,
    a_sign_in_that_leaves_a_group_ends_no_role_while_another_one_of_its_person_is_in_it,
    a_role_lost_with_its_group_does_not_come_back_however_long_its_holder_stayed_away,
    a_role_that_another_process_ended_does_not_count_in_the_next_request,
    s16_an_administrator_ends_sessions_at_once,
    s16_a_stream_learns_that_its_session_has_ended,
    s16_cognito_is_asked_at_most_every_thirty_seconds_however_many_ask,
    s16_a_rotated_refresh_token_is_kept,
    s16_without_an_answer_nothing_is_changed_after_a_minute_and_nothing_read_after_five,
    an_expired_session_on_a_form_keeps_the_text_and_gives_it_back,
    the_reason_of_a_decision_comes_back_with_the_decision_that_it_was_for,
    a_draft_is_given_to_its_writer_only_and_for_a_day,
    a_draft_is_given_to_the_page_with_its_form_only,
    a_form_from_nobody_is_not_written_down_and_the_page_says_so,
    an_action_that_keeps_nothing_leads_back_to_its_page_and_stores_nothing,
    a_body_that_is_no_form_of_ours_is_not_kept,
    one_writer_keeps_twenty_drafts_at_most,
    a_form_without_an_entry_leads_back_to_its_own_page_but_never_to_another_site,
    sign_in_is_written_down_with_who_from_where_and_how,
}

async fn s11_the_cookie_is_a_host_cookie_of_this_site_only(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let answer = server.browser().sign_in_at("/sign-in", "alice").await;
    let cookie = answer
        .set_cookies()
        .into_iter()
        .find(|set| set.starts_with("__Host-session="))
        .unwrap()
        .to_owned();
    let (value, attributes) = cookie.split_once(';').unwrap();
    assert_eq!(value.len(), "__Host-session=".len() + 43);
    assert_eq!(attributes, " Path=/; Secure; HttpOnly; SameSite=Lax");
}

async fn s12_the_database_does_not_hold_what_the_browser_holds(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    let session = browser.session();
    let stored = server.dump("select token_hash from session").await;
    assert!(!stored.contains(&session));
    assert_eq!(stored.len(), 64);
    browser.cookies.insert("__Host-session".into(), stored);
    assert_eq!(
        browser.get("/").await.status,
        StatusCode::SEE_OTHER,
        "the stored value is not the cookie"
    );
    browser.cookies.insert("__Host-session".into(), made_up());
    assert_eq!(
        browser.get("/palette.json").await.status,
        StatusCode::SEE_OTHER
    );
}

async fn s13_a_planted_cookie_never_becomes_a_session_and_the_old_one_dies(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    let planted = made_up();
    browser
        .cookies
        .insert("__Host-session".into(), planted.clone());
    browser.sign_in("alice").await;
    let first = browser.session();
    assert_ne!(first, planted);
    browser.sign_in_at("/sign-in?fresh=1", "alice").await;
    let second = browser.session();
    assert_ne!(first, second);
    assert!(
        server
            .events()
            .contains(&SignInEvent::Ended(Ending::Replaced))
    );
    for dead in [planted, first] {
        browser.cookies.insert("__Host-session".into(), dead);
        assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
    }
    browser.cookies.insert("__Host-session".into(), second);
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
}

async fn s14_signing_out_ends_the_row_clears_the_browser_and_goes_to_cognito(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    let session = browser.session();
    let answer = browser.post("/do/sign-out", &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let target = url::Url::parse(answer.location()).unwrap();
    assert!(
        answer
            .location()
            .starts_with(&format!("{}/logout?", server.cognito))
    );
    let query: Vec<_> = target.query_pairs().into_owned().collect();
    let expected = [
        ("client_id", "leastwise-client"),
        ("logout_uri", "http://localhost:3000/signed-out"),
    ];
    assert_eq!(
        query,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert_eq!(
        answer.header("clear-site-data"),
        "\"cache\", \"cookies\", \"storage\""
    );
    assert!(!browser.cookies.contains_key("__Host-session"));
    browser.cookies.insert("__Host-session".into(), session);
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
    assert!(
        server
            .events()
            .contains(&SignInEvent::Ended(Ending::SignedOut))
    );
    let cognito = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let gone = cognito.get(answer.location()).send().await.unwrap();
    assert_eq!(
        gone.headers()["location"],
        "http://localhost:3000/signed-out"
    );
    let goodbye = browser.get("/signed-out").await;
    assert_eq!(
        (goodbye.status, goodbye.header("cache-control")),
        (StatusCode::OK, "no-store")
    );
    assert_eq!(
        browser.get("/do/sign-out").await.status,
        StatusCode::METHOD_NOT_ALLOWED,
        "a link cannot sign anyone out"
    );
}

async fn s14_signing_out_revokes_the_refresh_token(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    browser.post("/do/sign-out", &[]).await;
    until("Cognito receives the revocation", async || {
        server.hits("revoke").await == 1
    })
    .await;
}

async fn s15_a_session_ends_after_fifteen_idle_minutes(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    server.wait(Duration::seconds(14 * 60 + 59));
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    server.wait(Duration::minutes(15));
    let late = browser.get("/accounts?pci=in").await;
    assert_eq!(
        (late.status, late.location()),
        (
            StatusCode::SEE_OTHER,
            "/sign-in?return_to=%2Faccounts%3Fpci%3Din"
        )
    );
    assert!(server.events().contains(&SignInEvent::Ended(Ending::Idle)));
}

async fn s15_a_session_ends_after_eight_hours_however_busy(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    let seen = server
        .wait_using(Duration::minutes(470), &mut browser)
        .await;
    assert!(seen.iter().all(|status| *status == StatusCode::OK));
    server.wait(Duration::minutes(10));
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
    assert!(
        server
            .events()
            .contains(&SignInEvent::Ended(Ending::Absolute))
    );
}

async fn s15_the_eight_hours_count_from_when_cognito_saw_the_person(engine: DatabaseEngine) {
    let server = Server::with(engine, |setup| {
        setup.settings.absolute = Duration::minutes(60);
    })
    .await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    server.wait(Duration::minutes(50));
    browser.sign_in("alice").await;
    server.wait(Duration::minutes(9));
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    server.wait(Duration::minutes(1));
    assert_eq!(
        browser.get("/").await.status,
        StatusCode::SEE_OTHER,
        "the sign-in at Cognito is an hour old"
    );
}

async fn s15_a_stream_does_not_keep_a_session_alive(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    for _ in 0..3 {
        server.wait(Duration::minutes(4));
        assert_eq!(browser.get("/events/changes").await.status, StatusCode::OK);
    }
    server.wait(Duration::minutes(3));
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
}

async fn s16_somebody_disabled_is_out_within_a_minute(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    server.change("alice", |alice| alice.enabled = false);
    server.wait(Duration::seconds(59));
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
    assert!(
        server
            .events()
            .contains(&SignInEvent::Ended(Ending::Revoked))
    );
    server.change("alice", |alice| alice.enabled = true);
    assert_eq!(
        browser.get("/").await.status,
        StatusCode::SEE_OTHER,
        "and the session stays ended"
    );
}

async fn s16_a_sign_out_everywhere_shows_in_the_refresh_token_alone(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    server.wait(Duration::seconds(1));
    let now = server.clock.now().0;
    server.change("alice", |alice| alice.signed_out_at_ms = Some(now));
    server.wait(Duration::seconds(58));
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
}

async fn a_role_that_another_process_ended_does_not_count_in_the_next_request(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    server.grant("alice", Role::Administrator).await;
    let roles = async |browser: &mut Browser<'_>| browser.whoami().await["roles"].clone();
    assert_eq!(
        roles(&mut browser).await,
        serde_json::json!(["administrator"])
    );
    // Nothing tells this process.
    let other = server.database.open_again().await;
    let ended = server.end_role_by(&other, "alice", Role::Administrator);
    ended.await;
    assert_eq!(roles(&mut browser).await, serde_json::json!([]));
}

async fn s16_a_group_taken_away_takes_the_role_within_a_minute(engine: DatabaseEngine) {
    for says in [Says::Status, Says::Groups] {
        let server = Server::on(engine).await;
        *server.pool.says.lock().unwrap() = says;
        let mut browser = server.browser();
        browser.sign_in("alice").await;
        server.grant("alice", Role::Administrator).await;
        assert_eq!(
            browser.whoami().await["roles"],
            serde_json::json!(["administrator"])
        );
        server.change("alice", |alice| alice.groups.clear());
        server.wait(Duration::seconds(59));
        assert_eq!(
            browser.whoami().await["roles"],
            serde_json::json!([]),
            "{says:?}"
        );
        ended_with_the_group(&server, "alice", Role::Administrator).await;
    }
}

/// Checks that the role has ended, is recorded as ended, and does not return with the group.
async fn ended_with_the_group(server: &Server, name: &str, role: Role) {
    let known = person::person_of(&server.store, &server.subject(name))
        .await
        .unwrap()
        .unwrap();
    let ended = SignInEvent::RoleEnded(known.person.clone(), role);
    assert_eq!(server.events().iter().filter(|e| **e == ended).count(), 1);
    let held = person::roles_of(&mut server.store.connection().await.unwrap(), &known.person)
        .await
        .unwrap();
    assert_eq!(held, []);
}

async fn who_signs_in_without_a_group_they_had_has_lost_its_role(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    server.browser().sign_in("alice").await;
    server.grant("alice", Role::Administrator).await;
    server.grant("alice", Role::Auditor).await;
    server.change("alice", |alice| alice.groups.clear());
    server.browser().sign_in("alice").await;
    let known = person::person_of(&server.store, &server.subject("alice"))
        .await
        .unwrap()
        .unwrap();
    let held = person::roles_of(&mut server.store.connection().await.unwrap(), &known.person)
        .await
        .unwrap();
    let held: Vec<Role> = held.into_iter().map(|grant| grant.role).collect();
    assert_eq!(
        held,
        [Role::Auditor],
        "the role whose group they were never in"
    );
    let ended = SignInEvent::RoleEnded(known.person, Role::Administrator);
    assert!(server.events().contains(&ended));
}

async fn a_sign_in_that_leaves_a_group_ends_no_role_while_another_one_of_its_person_is_in_it(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    server.browser().sign_in("alice").await;
    server.grant("alice", Role::Administrator).await;
    let known = person::person_of(&server.store, &server.subject("alice"))
        .await
        .unwrap()
        .unwrap();
    // Another sign-in of the same person, last seen in the same groups.
    let other = domain::person::Subject {
        sub: "another".into(),
        ..server.subject("alice")
    };
    let journal = server.ledger();
    let mut tx = server.store.write().await.unwrap();
    let assigned = journal.subject_assigned(&other, &known.person);
    journal.append(&mut tx, assigned).await.unwrap();
    sqlx::query(
        "insert into subject (iss, sub, person_id, name, first_seen, seen_groups) \
         select iss, 'another', person_id, name, first_seen, seen_groups from subject where person_id = $1",
    )
    .bind(known.person.as_str())
    .execute(tx.conn())
    .await
    .unwrap();
    tx.commit().await.unwrap();
    server.change("alice", |alice| alice.groups.clear());
    server.browser().sign_in("alice").await;
    let held = async || {
        let held =
            person::roles_of(&mut server.store.connection().await.unwrap(), &known.person).await;
        held.unwrap().len()
    };
    assert_eq!(held().await, 1, "the other sign-in is in the group");
    let mut tx = server.store.write().await.unwrap();
    let none = std::collections::BTreeSet::new();
    person::see_groups(&mut tx, &other, &none).await.unwrap();
    // A sign-in that joined the person, and is in the group, keeps no role.
    let groups = [Role::Administrator.group().to_owned()].into();
    person::see_groups(&mut tx, &other, &groups).await.unwrap();
    let came_from = server::clock::person_id();
    let linked = UserOfIdentity {
        person: came_from.clone(),
        user: user_id(1),
        external_ids: std::collections::BTreeSet::new(),
    };
    let agreement = Agreement {
        change: server::clock::change_id(),
        at: server.clock.now(),
    };
    let none = std::collections::BTreeSet::new();
    let joined = Some(&known.person);
    let entries = vec![
        journal.subject_assigned(&other, &came_from),
        journal.identity_link_agreed(&linked, &none, joined, &agreement),
    ];
    journal.append_many(&mut tx, entries).await.unwrap();
    tx.commit().await.unwrap();
    // No own sign-in of the person is in the group any more: the next time that one of them leaves it ends the role.
    server.change("alice", |alice| {
        alice.groups = vec![Role::Administrator.group().to_owned()];
    });
    server.browser().sign_in("alice").await;
    server.change("alice", |alice| alice.groups.clear());
    server.browser().sign_in("alice").await;
    assert_eq!(held().await, 0);
}

async fn a_role_lost_with_its_group_does_not_come_back_however_long_its_holder_stayed_away(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    server.browser().sign_in("alice").await;
    server.grant("alice", Role::Administrator).await;
    let mut groups = Vec::new();
    server.change("alice", |alice| groups = std::mem::take(&mut alice.groups));
    server.wait(Duration::days(9));
    // The session that had the group is deleted.
    let mut tx = server.store.write().await.unwrap();
    rows::forget_old(&mut tx, server.clock.now()).await.unwrap();
    let count = sqlx::query_as("select count(*) from session");
    let (left,): (i64,) = count.fetch_one(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(left, 0);
    server.browser().sign_in("alice").await;
    ended_with_the_group(&server, "alice", Role::Administrator).await;
    server.change("alice", |alice| alice.groups = groups);
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    assert_eq!(browser.whoami().await["roles"], serde_json::json!([]));
}

async fn s16_an_administrator_ends_sessions_at_once(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    let mut tx = server.store.write().await.unwrap();
    let ended = rows::end_all_of(
        &mut tx,
        &server.subject("alice"),
        Ending::Administrator,
        server.clock.now(),
    )
    .await;
    tx.commit().await.unwrap();
    assert_eq!(ended.unwrap(), 1);
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
}

async fn s16_a_stream_learns_that_its_session_has_ended(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    let signed = signed_of(&server, &browser).await;
    assert!(still_signed(&server.state, &signed).await);
    server.change("alice", |alice| alice.enabled = false);
    server.wait(Duration::seconds(45));
    assert!(!still_signed(&server.state, &signed).await);
}

/// Returns the signed-in person as an action sees them.
async fn signed_of(server: &Server, browser: &Browser<'_>) -> server::http::session::SignedIn {
    use axum::extract::{Request, State};
    use tower::ServiceExt as _;
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let sender = std::sync::Arc::new(std::sync::Mutex::new(Some(sender)));
    let app = axum::Router::new()
        .route(
            "/",
            axum::routing::get(
                move |State(()): State<()>,
                      signed: server::http::session::SignedIn,
                      _request: Request| async move {
                    sender.lock().unwrap().take().unwrap().send(signed).unwrap();
                },
            ),
        )
        .layer(axum::middleware::from_fn_with_state(
            server.state.clone(),
            server::http::session::require,
        ));
    let cookie = format!("__Host-session={}", browser.session());
    let request = http::Request::get("/")
        .header("cookie", cookie)
        .body(axum::body::Body::empty())
        .unwrap();
    app.oneshot(request).await.unwrap();
    receiver.await.unwrap()
}

async fn s16_cognito_is_asked_at_most_every_thirty_seconds_however_many_ask(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    let before = server.hits("token").await;
    server.wait(Duration::seconds(30));
    let mut tabs: Vec<Browser<'_>> = (0..8).map(|_| server.browser()).collect();
    for tab in &mut tabs {
        tab.cookies = browser.cookies.clone();
    }
    let answers = futures::future::join_all(tabs.iter_mut().map(|tab| tab.get("/"))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    assert_eq!(server.hits("token").await - before, 1);
}

async fn s16_a_rotated_refresh_token_is_kept(engine: DatabaseEngine) {
    let server = Server::with(engine, |setup| {
        setup.cognito.refresh_rotation = sandbox::cognito::RefreshRotation::On { grace_ms: 0 };
    })
    .await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    for _ in 0..3 {
        server.wait(Duration::minutes(1));
        assert_eq!(browser.get("/").await.status, StatusCode::OK);
    }
}

async fn s16_without_an_answer_nothing_is_changed_after_a_minute_and_nothing_read_after_five(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    server
        .misbehave(Some(sandbox::cognito::Misbehave::BadSignature))
        .await;
    *server.pool.says.lock().unwrap() = Says::Nothing;
    server.wait(Duration::seconds(59));
    assert_eq!(browser.post(SUBMIT, &[]).await.location(), "/changes/0");
    server.wait(Duration::seconds(60));
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    assert_eq!(
        browser.post(SUBMIT, &[]).await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    server.wait(Duration::minutes(4));
    assert_eq!(
        browser.get("/").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    server.misbehave(None).await;
    server.wait(Duration::seconds(30));
    assert_eq!(
        browser.post(SUBMIT, &[]).await.location(),
        "/changes/0",
        "the session had not ended"
    );
}

async fn an_expired_session_on_a_form_keeps_the_text_and_gives_it_back(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    server.wait(Duration::minutes(20));
    let form = [
        ("kind", "grant"),
        ("who", "user:7 & more"),
        ("justification", "Incident 4711\n\"now\" & <later>"),
        ("ticket", "OPS-1"),
        ("effect", "a-hash"),
        ("form_key", "a-key"),
        ("secret", "x"),
    ];
    let answer = browser.post(SUBMIT, &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let back = "/sign-in?return_to=%2Fchanges%2Fnew%3Fkind%3Dgrant%26who%3Duser%3A7%2520%2526%2520more%26draft%3D";
    assert!(answer.location().starts_with(back), "{}", answer.location());
    let sign_in = answer.location().to_owned();
    let back = browser.sign_in_at(&sign_in, "alice").await;
    let page = browser.get(back.location()).await;
    assert_eq!(
        page.body,
        r#"Some([("justification", "Incident 4711\n\"now\" & <later>"), ("ticket", "OPS-1")])"#,
        "only the text that was typed"
    );
    let kept = server.dump("select fields from draft").await;
    for never in ["a-hash", "a-key", "secret"] {
        assert!(!kept.contains(never), "{kept}");
    }
}

async fn the_reason_of_a_decision_comes_back_with_the_decision_that_it_was_for(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    for decision in ["approve", "decline"] {
        server.wait(Duration::minutes(20));
        let form = [
            ("decision", decision),
            ("reason", "Needed for <4711>"),
            ("effect", "a-hash"),
        ];
        let sign_in = browser.post(DECIDE, &form).await.location().to_owned();
        let back = browser.sign_in_at(&sign_in, "alice").await;
        let page = back.location();
        assert!(page.starts_with(&format!("{RECORD}?draft=")), "{page}");
        assert_eq!(
            browser.get(page).await.body,
            format!(r#"Some([("decision", "{decision}"), ("reason", "Needed for <4711>")])"#),
        );
    }
}

async fn a_draft_is_given_to_its_writer_only_and_for_a_day(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut alice = server.browser();
    alice.sign_in("alice").await;
    server.wait(Duration::minutes(20));
    let answer = alice
        .post(DECIDE, &[("decision", "approve"), ("reason", "fine")])
        .await;
    let sign_in = answer.location().to_owned();
    let mut bob = server.browser();
    let theirs = bob.sign_in_at(&sign_in, "bob").await;
    let draft = theirs.location().to_owned();
    assert!(draft.starts_with(&format!("{RECORD}?draft=")), "{draft}");
    assert_eq!(bob.get(&draft).await.body, "None");
    alice.sign_in("alice").await;
    assert!(alice.get(&draft).await.body.contains("fine"));
    server.wait(Duration::days(1));
    alice.sign_in_at("/sign-in", "alice").await;
    assert_eq!(alice.get(&draft).await.body, "None");
}

async fn a_draft_is_given_to_the_page_with_its_form_only(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut alice = server.browser();
    alice.sign_in("alice").await;
    server.wait(Duration::minutes(20));
    let form = [("decision", "approve"), ("reason", "fine")];
    let sign_in = alice.post(DECIDE, &form).await.location().to_owned();
    let back = alice.sign_in_at(&sign_in, "alice").await;
    let (page, draft) = back.location().split_once('?').unwrap();
    assert_eq!(page, RECORD);
    let other = RECORD.replace("0a", "0b");
    for elsewhere in [other.as_str(), "/changes/new"] {
        let answer = alice.get(&format!("{elsewhere}?{draft}")).await;
        assert_eq!(answer.body, "None", "{elsewhere}");
    }
    let answer = alice.get(&format!("{page}?{draft}")).await;
    assert!(answer.body.contains("fine"));
}

async fn a_form_from_nobody_is_not_written_down_and_the_page_says_so(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    for (action, back) in [(SUBMIT, "/changes/new"), (DECIDE, RECORD)] {
        let form = [("justification", "spam"), ("reason", "spam")];
        let answer = server.browser().post(action, &form).await;
        let back = back.replace('/', "%2F");
        let told = format!("/sign-in?return_to={back}%3Fdraft%3Dnone");
        assert_eq!(answer.location(), told);
    }
    assert_eq!(server.dump("select fields from draft").await, "");
}

async fn an_action_that_keeps_nothing_leads_back_to_its_page_and_stores_nothing(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    server.wait(Duration::minutes(20));
    let answer = browser
        .post(WITHDRAW, &[("reason", "a change of plan")])
        .await;
    let page = RECORD.replace('/', "%2F");
    assert_eq!(answer.location(), format!("/sign-in?return_to={page}"));
    assert_eq!(server.dump("select fields from draft").await, "");
}

async fn a_body_that_is_no_form_of_ours_is_not_kept(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    server.wait(Duration::minutes(20));
    let twice = "decision=approve&reason=one&reason=two";
    for (kind, body) in [
        ("application/x-www-form-urlencoded", twice),
        ("text/plain", "decision=approve&reason=one"),
    ] {
        let request = request(Method::POST, DECIDE)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", kind)
            .body(Body::from(body))
            .unwrap();
        assert_eq!(browser.send(request).await.location(), "/sign-in", "{kind}");
    }
    assert_eq!(server.dump("select fields from draft").await, "");
}

async fn one_writer_keeps_twenty_drafts_at_most(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    let jar = browser.cookies.clone();
    server.wait(Duration::minutes(20));
    for number in 0..25 {
        browser.cookies = jar.clone();
        browser
            .post(SUBMIT, &[("justification", &number.to_string())])
            .await;
        server.wait(Duration::seconds(1));
    }
    let kept = server.dump("select fields from draft").await;
    assert_eq!(kept.lines().count(), 20);
    assert!(kept.contains("\"24\"") && !kept.contains("\"4\""));
}

async fn a_form_without_an_entry_leads_back_to_its_own_page_but_never_to_another_site(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    for (referer, expected) in [
        (
            "http://localhost:3000/people/7?tab=x",
            "/sign-in?return_to=%2Fpeople%2F7%3Ftab%3Dx",
        ),
        ("https://evil.example/people/7", "/sign-in"),
        ("not a url", "/sign-in"),
    ] {
        let request = request(http::Method::POST, "/do/panic")
            .header("sec-fetch-site", "same-origin")
            .header("referer", referer)
            .body(axum::body::Body::empty())
            .unwrap();
        assert_eq!(
            raw(&server, request).await.location(),
            expected,
            "s23: {referer}"
        );
    }
}

async fn sign_in_is_written_down_with_who_from_where_and_how(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    server.browser().sign_in("alice").await;
    let entries = server.journal.0.lock().unwrap().clone();
    let entry = &entries[0];
    assert!(matches!(
        entry.event,
        SignInEvent::SignedIn {
            mfa: domain::approval::Mfa::Proven,
            linked: false,
            ..
        }
    ));
    assert_eq!(entry.subject, Some(server.subject("alice")));
    assert_eq!(entry.client_ip, Some("127.0.0.1".parse().unwrap()));
    assert!(entry.person.is_some() && entry.session.is_some() && entry.request.len() == 36);
}

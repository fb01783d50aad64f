//! `/oauth2/authorize`: which requests are granted and which are rejected.

use axum::body::Body;
use http::{Request, StatusCode};

use super::support::*;

#[tokio::test]
async fn nothing_is_sent_to_an_address_or_for_a_client_that_is_not_registered() {
    let mut cognito = Cognito::start();
    for change in [
        ("client_id", None),
        ("client_id", Some("stranger")),
        ("redirect_uri", None),
        ("redirect_uri", Some("http://localhost:3000/auth/callback/")),
        (
            "redirect_uri",
            Some("http://localhost:3000/auth/callback?next=x"),
        ),
        ("redirect_uri", Some("https://evil.example/")),
    ] {
        let refused = cognito.authorize(&[change]).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{change:?}");
        assert!(
            !refused.headers.contains_key(http::header::LOCATION),
            "{change:?}"
        );
    }
}

#[tokio::test]
async fn a_bad_request_goes_back_to_the_client_with_error_and_state() {
    let mut cognito = Cognito::start();
    for (name, value, error) in [
        ("response_type", None, "invalid_request"),
        ("response_type", Some("token"), "unauthorized_client"),
        (
            "response_type",
            Some("id_token"),
            "unsupported_response_type",
        ),
        ("scope", Some("made.up/scope"), "invalid_scope"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
        ("code_challenge_method", None, "invalid_request"),
        ("code_challenge", None, "invalid_request"),
        ("code_challenge", Some("short"), "invalid_request"),
        ("prompt", Some("none login"), "invalid_request"),
        ("prompt", Some("sometimes"), "invalid_request"),
        ("max_age", Some("-1"), "invalid_request"),
        ("max_age", Some("soon"), "invalid_request"),
    ] {
        let refused = cognito.authorize(&[(name, value)]).await;
        assert_eq!(refused.error(), error, "{name}={value:?}");
        assert_eq!(refused.query()["state"], "the-state");
        assert!(!refused.query().contains_key("code"));
    }
    assert_eq!(
        cognito
            .authorize(&[("state", Some(r#"{"to":"x"}"#))])
            .await
            .error(),
        "invalid_request"
    );
}

#[tokio::test]
async fn a_parameter_given_twice_is_shown_and_not_sent() {
    let mut cognito = Cognito::start();
    let uri = format!(
        "{}&redirect_uri=https%3A%2F%2Fevil.example",
        authorize_uri(&[])
    );
    assert_eq!(cognito.get(&uri).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn it_answers_get_only() {
    let request = Request::post(authorize_uri(&[]))
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        Cognito::start().send(request).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn a_session_gives_a_code_at_once_for_one_hour() {
    let mut cognito = Cognito::start();
    cognito.sign_in("alice", &[]).await;
    cognito.wait(3599);
    assert!(cognito.authorize(&[]).await.query().contains_key("code"));
    cognito.wait(1);
    assert!(
        cognito
            .authorize(&[])
            .await
            .location()
            .starts_with("/login")
    );
}

#[tokio::test]
async fn prompt_none_never_shows_a_page() {
    let mut cognito = Cognito::start();
    let silent = [("prompt", Some("none"))];
    let refused = cognito.authorize(&silent).await;
    assert_eq!(
        (refused.error().as_str(), refused.query()["state"].as_str()),
        ("login_required", "the-state")
    );
    cognito.sign_in("alice", &[]).await;
    assert!(
        cognito
            .authorize(&silent)
            .await
            .query()
            .contains_key("code")
    );
}

#[tokio::test]
async fn prompt_login_asks_again_and_leaves_the_old_session_alone() {
    let mut cognito = Cognito::start();
    cognito.sign_in("alice", &[]).await;
    let old = cognito.cookie.clone();
    cognito.wait(600);
    let tokens = cognito.tokens("alice", &[("prompt", Some("login"))]).await;
    let auth_time = cognito.verified(&tokens["id_token"]).await["auth_time"].as_i64();
    assert_eq!(auth_time, Some(START_MS / 1000 + 600));
    assert_ne!(cognito.cookie, old);
    cognito.cookie = old;
    assert!(cognito.authorize(&[]).await.query().contains_key("code"));
}

#[tokio::test]
async fn max_age_forces_a_new_sign_in_only_when_the_last_is_older() {
    let mut cognito = Cognito::start();
    cognito.sign_in("alice", &[]).await;
    cognito.wait(300);
    let age = |seconds| [("max_age", Some(seconds))];
    assert!(
        cognito
            .authorize(&age("300"))
            .await
            .query()
            .contains_key("code")
    );
    assert!(
        cognito
            .authorize(&age("299"))
            .await
            .location()
            .starts_with("/login")
    );
    assert!(
        cognito
            .authorize(&age("0"))
            .await
            .location()
            .starts_with("/login")
    );
    let silent = [("max_age", Some("299")), ("prompt", Some("none"))];
    assert_eq!(cognito.authorize(&silent).await.error(), "login_required");
}

#[tokio::test]
async fn max_age_zero_asks_again_even_in_the_same_second() {
    let mut cognito = Cognito::start();
    cognito.sign_in("alice", &[]).await;
    assert!(
        cognito
            .authorize(&[("max_age", Some("0"))])
            .await
            .location()
            .starts_with("/login")
    );
}

#[tokio::test]
async fn the_session_of_a_disabled_person_gives_no_code() {
    let mut cognito = Cognito::start();
    cognito.sign_in("alice", &[]).await;
    cognito.change("alice", |alice| alice.enabled = false);
    assert_eq!(
        cognito.authorize(&[("prompt", Some("none"))]).await.error(),
        "login_required"
    );
}

#[tokio::test]
async fn the_hint_stands_in_the_field() {
    let mut cognito = Cognito::start();
    let page = cognito
        .authorize(&[("login_hint", Some("sam@payments.example"))])
        .await
        .location();
    assert!(
        cognito
            .get(&page)
            .await
            .body
            .contains(r#"name="username" value="sam@payments.example""#)
    );
}

//! The differences between Cognito and other providers: discovery, userInfo, revocation, sign-out.

use axum::body::Body;
use http::{Request, StatusCode, header};
use serde_json::json;

use super::support::*;

#[tokio::test]
async fn discovery_splits_issuer_and_domain_and_names_no_sign_out_address() {
    let mut cognito =
        Cognito::start_with(|config| config.domain_url = "http://auth.localhost:3002".to_owned());
    let document = cognito
        .get(&format!("/{POOL}/.well-known/openid-configuration"))
        .await
        .json();
    assert_eq!(document["issuer"], format!("http://localhost:3002/{POOL}"));
    assert_eq!(
        document["jwks_uri"],
        format!("http://localhost:3002/{POOL}/.well-known/jwks.json")
    );
    assert_eq!(
        document["authorization_endpoint"],
        "http://auth.localhost:3002/oauth2/authorize"
    );
    assert_eq!(
        document["token_endpoint"],
        "http://auth.localhost:3002/oauth2/token"
    );
    assert_eq!(
        document["userinfo_endpoint"],
        "http://auth.localhost:3002/oauth2/userInfo"
    );
    assert_eq!(
        document["id_token_signing_alg_values_supported"],
        json!(["RS256"])
    );
    assert!(document.get("end_session_endpoint").is_none());
}

#[tokio::test]
async fn a_pool_of_the_updated_form_writes_the_new_issuer_into_document_and_tokens() {
    let mut cognito =
        Cognito::start_with(|config| *config = config.clone().with_updated_issuer(3002));
    let document = cognito
        .get(&format!("/{POOL}/.well-known/openid-configuration"))
        .await
        .json();
    let updated = format!("http://127.0.0.1:3002/{POOL}");
    assert_eq!(document["issuer"], updated);
    assert_eq!(
        document["token_endpoint"],
        "http://localhost:3002/oauth2/token"
    );
    let tokens = cognito.tokens("bob", &[]).await;
    assert_eq!(cognito.verified(&tokens["id_token"]).await["iss"], updated);
    assert_eq!(
        cognito.user_info(&tokens["access_token"]).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn another_pool_has_neither_document_nor_keys() {
    let mut cognito = Cognito::start();
    for document in ["openid-configuration", "jwks.json"] {
        let answer = cognito
            .get(&format!("/eu-central-1_Other/.well-known/{document}"))
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{document}");
    }
}

#[tokio::test]
async fn user_info_writes_booleans_as_strings_and_no_groups() {
    let mut cognito = Cognito::start();
    let tokens = cognito.tokens("alice", &[]).await;
    let expected = json!({
        "sub": "sub-of-alice",
        "username": "alice",
        "email": "alice@payments.example",
        "email_verified": "true",
        "name": "alice <Tester>",
    });
    assert_eq!(
        cognito.user_info(&tokens["access_token"]).await.json(),
        expected
    );
}

#[tokio::test]
async fn user_info_gives_what_the_scopes_cover_and_needs_openid() {
    let mut cognito = Cognito::start();
    let tokens = cognito.tokens("alice", &[("scope", Some("openid"))]).await;
    let found = cognito.user_info(&tokens["access_token"]).await.json();
    assert_eq!(found, json!({ "sub": "sub-of-alice", "username": "alice" }));

    let tokens = cognito
        .tokens(
            "alice",
            &[("scope", Some("email")), ("prompt", Some("login"))],
        )
        .await;
    let refused = cognito.user_info(&tokens["access_token"]).await;
    assert_eq!(
        (refused.status, refused.error().as_str()),
        (StatusCode::UNAUTHORIZED, "invalid_token")
    );
    assert!(refused.headers.contains_key(header::WWW_AUTHENTICATE));
}

#[tokio::test]
async fn user_info_of_a_federated_person_holds_identities_as_a_string() {
    let mut cognito = Cognito::start();
    let tokens = cognito.tokens("Okta_dave", &[]).await;
    let found = cognito.user_info(&tokens["access_token"]).await.json();
    assert!(
        found["identities"]
            .as_str()
            .unwrap()
            .contains(r#""providerName":"Okta""#)
    );
}

#[tokio::test]
async fn user_info_refuses_what_is_not_a_living_access_token() {
    let mut cognito = Cognito::start();
    let tokens = cognito.tokens("alice", &[]).await;
    let id_token = cognito.user_info(&tokens["id_token"]).await;
    assert_eq!(id_token.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        id_token.json()["error_description"],
        "Access token is invalid."
    );
    assert_eq!(
        cognito.user_info(&json!("a.b.c")).await.status,
        StatusCode::UNAUTHORIZED
    );
    let bare = Request::get("/oauth2/userInfo")
        .body(Body::empty())
        .unwrap();
    assert_eq!(cognito.send(bare).await.status, StatusCode::UNAUTHORIZED);
    cognito.wait(3600);
    assert_eq!(
        cognito.user_info(&tokens["access_token"]).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_revocation_ends_the_whole_family_and_no_other() {
    let mut cognito = Cognito::start();
    let kept = cognito.tokens("alice", &[]).await;
    let ended = cognito.tokens("alice", &[("prompt", Some("login"))]).await;
    let refresh = ended["refresh_token"].as_str().unwrap();
    assert_eq!(
        cognito
            .post_as_client("/oauth2/revoke", &[("token", refresh)])
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(
        cognito.refresh(&ended["refresh_token"]).await.error(),
        "invalid_grant"
    );
    assert_eq!(
        cognito.user_info(&ended["access_token"]).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        cognito.refresh(&kept["refresh_token"]).await.status,
        StatusCode::OK
    );
    assert_eq!(
        cognito.user_info(&kept["access_token"]).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn revocation_knows_its_clients_and_refresh_tokens_only() {
    let mut cognito = Cognito::start();
    let tokens = cognito.tokens("alice", &[]).await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(
        cognito
            .post("/oauth2/revoke", &[("token", refresh)])
            .await
            .error(),
        "invalid_client"
    );
    let other = [
        ("token", refresh),
        ("client_id", OTHER_CLIENT),
        ("client_secret", SECRET),
    ];
    assert_eq!(
        cognito.post("/oauth2/revoke", &other).await.error(),
        "unauthorized_client"
    );
    let wrong_kind = cognito
        .post_as_client("/oauth2/revoke", &[("token", access)])
        .await;
    assert_eq!(wrong_kind.error(), "unsupported_token_type");
    assert_eq!(
        cognito.post_as_client("/oauth2/revoke", &[]).await.error(),
        "invalid_request"
    );
    assert_eq!(
        cognito
            .post_as_client("/oauth2/revoke", &[("token", "unknown")])
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(
        cognito.refresh(&tokens["refresh_token"]).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn signing_out_forgets_the_browser_and_goes_to_the_registered_address() {
    let mut cognito = Cognito::start();
    let tokens = cognito.tokens("alice", &[]).await;
    let session = cognito.cookie.clone();
    let uri = format!(
        "/logout?{}",
        encode(&[("client_id", CLIENT), ("logout_uri", GOODBYE)])
    );
    assert_eq!(cognito.get(&uri).await.location(), GOODBYE);
    assert!(cognito.cookie.is_none());
    cognito.cookie = session;
    let silent = cognito.authorize(&[("prompt", Some("none"))]).await;
    assert_eq!(
        silent.error(),
        "login_required",
        "a cookie that was kept is not accepted"
    );
    assert_eq!(
        cognito.refresh(&tokens["refresh_token"]).await.status,
        StatusCode::OK,
        "tokens stay valid"
    );
}

#[tokio::test]
async fn the_other_form_of_sign_out_comes_back_to_the_sign_in_page() {
    let mut cognito = Cognito::start();
    cognito.sign_in("alice", &[]).await;
    let uri = authorize_uri(&[]).replace("/oauth2/authorize", "/logout");
    let login = cognito.get(&uri).await.location();
    assert!(login.starts_with("/login?client_id="), "{login}");
    assert!(
        cognito
            .get(&login)
            .await
            .location()
            .starts_with("/login?signin=")
    );
}

#[tokio::test]
async fn sign_out_never_leaves_for_an_address_that_is_not_registered() {
    let mut cognito = Cognito::start();
    cognito.sign_in("alice", &[]).await;
    for query in [
        vec![
            ("client_id", CLIENT),
            ("logout_uri", "https://evil.example/"),
        ],
        vec![("client_id", CLIENT), ("logout_uri", CALLBACK)],
        vec![("client_id", CLIENT), ("redirect_uri", GOODBYE)],
        vec![("client_id", CLIENT), ("post_logout_redirect_uri", GOODBYE)],
        vec![("client_id", CLIENT)],
        vec![("logout_uri", GOODBYE)],
        vec![("client_id", "stranger"), ("logout_uri", GOODBYE)],
    ] {
        let refused = cognito.get(&format!("/logout?{}", encode(&query))).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{query:?}");
    }
    assert!(
        cognito.authorize(&[]).await.query().contains_key("code"),
        "still signed in"
    );
}

#[tokio::test]
async fn a_global_sign_out_leaves_the_browser_session_alone() {
    let mut cognito = Cognito::start();
    cognito.sign_in("alice", &[]).await;
    cognito.wait(5);
    let now = cognito.clock.now_ms();
    cognito.change("alice", |alice| alice.signed_out_at_ms = Some(now));
    cognito.wait(5);
    let code = cognito.authorize(&[("prompt", Some("none"))]).await.query()["code"].clone();
    let tokens = cognito.redeem(&code).await.json();
    let claims = cognito.verified(&tokens["id_token"]).await;
    assert_eq!(
        claims["auth_time"],
        START_MS / 1000,
        "it does not count as a new sign-in"
    );
}

#[tokio::test]
async fn the_cookie_is_for_the_server_alone() {
    let mut cognito = Cognito::start();
    let back = cognito.sign_in("bob", &[]).await;
    let cookie = back.headers[header::SET_COOKIE].to_str().unwrap();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=3600"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
}

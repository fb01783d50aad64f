//! Injected faults: each one is present, and is the only one.

use axum::body::Body;
use http::{Request, StatusCode, header};
use sandbox::cognito::Misbehave;
use serde_json::{Value, json};

use super::support::*;

async fn set(cognito: &mut Cognito, fault: Value) -> Reply {
    let request =
        Request::post("/_sandbox/misbehave").header(header::CONTENT_TYPE, "application/json");
    cognito
        .send(
            request
                .body(Body::from(json!({ "misbehave": fault }).to_string()))
                .unwrap(),
        )
        .await
}

/// Returns the ID token issued under a fault, and the token response.
async fn spoilt(cognito: &mut Cognito, fault: &str) -> (String, Value) {
    assert_eq!(set(cognito, json!(fault)).await.status, StatusCode::OK);
    let tokens = cognito.tokens("alice", &[("prompt", Some("login"))]).await;
    (tokens["id_token"].as_str().unwrap().to_owned(), tokens)
}

#[tokio::test]
async fn faults_in_the_claims_are_signed_rightly() {
    let mut cognito = Cognito::start();
    let now = START_MS / 1000;
    for (fault, claim, expected) in [
        ("wrong_issuer", "iss", json!("https://issuer.example/pool")),
        ("wrong_audience", "aud", json!("another-client")),
        (
            "several_audiences",
            "aud",
            json!([CLIENT, "another-client"]),
        ),
        ("wrong_authorized_party", "azp", json!("another-client")),
        ("wrong_nonce", "nonce", json!("another-nonce")),
        ("missing_nonce", "nonce", Value::Null),
        ("expired", "exp", json!(now - 600)),
        ("missing_expiry", "exp", Value::Null),
        ("missing_issued_at", "iat", Value::Null),
        ("issued_in_the_future", "iat", json!(now + 3600)),
        ("missing_subject", "sub", Value::Null),
        ("missing_at_hash", "at_hash", Value::Null),
        ("wrong_at_hash", "at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("missing_token_use", "token_use", Value::Null),
        ("wrong_token_use", "token_use", json!("access")),
        ("old_auth_time", "auth_time", json!(now - 86_400)),
        ("missing_auth_time", "auth_time", Value::Null),
    ] {
        let (token, _) = spoilt(&mut cognito, fault).await;
        assert_eq!(
            cognito.verified(&json!(token)).await[claim],
            expected,
            "{fault}"
        );
    }
}

#[tokio::test]
async fn an_access_token_can_stand_where_the_id_token_should() {
    let (token, tokens) = spoilt(&mut Cognito::start(), "access_token_as_id_token").await;
    assert_eq!(tokens["access_token"], token);
}

#[tokio::test]
async fn faults_in_the_signature_leave_the_claims_right() {
    let mut cognito = Cognito::start();
    let jwks = cognito
        .get(&format!("/{POOL}/.well-known/jwks.json"))
        .await
        .json();
    for (fault, alg) in [
        ("alg_none", "none"),
        ("hs256_with_public_key", "HS256"),
        ("bad_signature", "RS256"),
        ("unknown_kid", "RS256"),
        ("missing_kid", "RS256"),
    ] {
        let (token, _) = spoilt(&mut cognito, fault).await;
        assert_eq!(part(&token, 0)["alg"], alg, "{fault}");
        assert_eq!(part(&token, 1)["nonce"], "the-nonce", "{fault}");
        assert_eq!(part(&token, 1)["aud"], CLIENT, "{fault}");
        assert!(!signature_is_right(&token, &jwks), "{fault}");
    }
}

#[tokio::test]
async fn an_unknown_kid_is_new_each_time_over_a_signature_that_is_right() {
    let mut cognito = Cognito::start();
    let (one, _) = spoilt(&mut cognito, "unknown_kid").await;
    let (two, _) = spoilt(&mut cognito, "unknown_kid").await;
    assert_ne!(part(&one, 0)["kid"], part(&two, 0)["kid"]);
    let jwks = cognito
        .get(&format!("/{POOL}/.well-known/jwks.json"))
        .await
        .json();
    assert!(
        jwks["keys"]
            .as_array()
            .unwrap()
            .iter()
            .any(|key| verifies(&one, key))
    );
    let (nameless, _) = spoilt(&mut cognito, "missing_kid").await;
    assert!(part(&nameless, 0).get("kid").is_none());
    assert!(
        jwks["keys"]
            .as_array()
            .unwrap()
            .iter()
            .any(|key| verifies(&nameless, key))
    );
}

#[tokio::test]
async fn an_embedded_key_fits_its_own_token_and_is_not_published() {
    let mut cognito = Cognito::start();
    let (token, _) = spoilt(&mut cognito, "embedded_key").await;
    assert!(verifies(&token, &part(&token, 0)["jwk"]));
    let jwks = cognito
        .get(&format!("/{POOL}/.well-known/jwks.json"))
        .await
        .json();
    assert!(
        !jwks["keys"]
            .as_array()
            .unwrap()
            .iter()
            .any(|key| verifies(&token, key))
    );
}

#[tokio::test]
async fn discovery_keys_and_callback_can_lie_too() {
    let mut cognito = Cognito::start();
    set(&mut cognito, json!("discovery_of_another_issuer")).await;
    let document = cognito
        .get(&format!("/{POOL}/.well-known/openid-configuration"))
        .await
        .json();
    assert_eq!(document["issuer"], "https://issuer.example/pool");

    set(&mut cognito, json!("jwks_elsewhere")).await;
    let keys = cognito.get(&format!("/{POOL}/.well-known/jwks.json")).await;
    assert_eq!(keys.location(), "/_sandbox/elsewhere");

    set(&mut cognito, json!("callback_of_another_issuer")).await;
    assert_eq!(
        cognito.sign_in("bob", &[]).await.query()["iss"],
        "https://issuer.example/pool"
    );

    set(&mut cognito, json!("unknown_code")).await;
    let code = cognito.authorize(&[]).await.query()["code"].clone();
    assert_eq!(cognito.redeem(&code).await.error(), "invalid_grant");
}

#[tokio::test]
async fn it_behaves_again_when_told_so() {
    let mut cognito = Cognito::start_with(|config| config.misbehave = Some(Misbehave::WrongIssuer));
    let state = cognito.get("/_sandbox/misbehave").await.json();
    assert_eq!(state["misbehave"], "wrong_issuer");
    assert_eq!(
        state["faults"].as_array().unwrap().len(),
        Misbehave::ALL.len()
    );
    assert_eq!(
        set(&mut cognito, Value::Null).await.json(),
        json!({ "misbehave": null })
    );
    let tokens = cognito.tokens("alice", &[]).await;
    let claims = cognito.verified(&tokens["id_token"]).await;
    assert_eq!(claims["iss"], format!("http://localhost:3002/{POOL}"));
}

#[tokio::test]
async fn an_unknown_fault_and_a_form_of_another_site_change_nothing() {
    let mut cognito = Cognito::start();
    assert!(
        set(&mut cognito, json!("burn_everything"))
            .await
            .status
            .is_client_error()
    );
    let cross_site =
        Request::post("/_sandbox/misbehave").header(header::CONTENT_TYPE, "text/plain");
    let body = Body::from(r#"{"misbehave":"alg_none"}"#);
    let refused = cognito.send(cross_site.body(body).unwrap()).await;
    assert_eq!(refused.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(
        cognito.get("/_sandbox/misbehave").await.json()["misbehave"],
        Value::Null
    );
}

#[tokio::test]
async fn every_request_is_counted_by_the_end_of_its_path() {
    let mut cognito = Cognito::start();
    cognito.tokens("bob", &[]).await;
    cognito.get(&format!("/{POOL}/.well-known/jwks.json")).await;
    cognito.get(&format!("/{POOL}/.well-known/jwks.json")).await;
    let hits = cognito.get("/_sandbox/hits").await.json();
    assert_eq!(
        (&hits["jwks"], &hits["token"], &hits["login"]),
        (&json!(2), &json!(1), &json!(2))
    );
    assert!(hits.get("elsewhere").is_none());
}

//! The token endpoint: who gets tokens, and their claims.

use std::collections::BTreeSet;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Request, StatusCode, header};
use sandbox::cognito::{AuthenticationContext, RefreshRotation};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::support::*;

#[tokio::test]
async fn the_id_token_says_who_when_and_how() {
    let mut cognito = Cognito::start();
    let tokens = cognito.tokens("alice", &[]).await;
    let claims = cognito.verified(&tokens["id_token"]).await;
    let now = START_MS / 1000;
    for (name, expected) in [
        ("sub", json!("sub-of-alice")),
        ("aud", json!(CLIENT)),
        ("iss", json!(format!("http://localhost:3002/{POOL}"))),
        ("exp", json!(now + 3600)),
        ("iat", json!(now)),
        ("auth_time", json!(now)),
        ("token_use", json!("id")),
        ("cognito:username", json!("alice")),
        ("cognito:groups", json!(["administrators", "approvers"])),
        ("nonce", json!("the-nonce")),
        ("email", json!("alice@payments.example")),
        ("email_verified", json!(true)),
        ("name", json!("alice <Tester>")),
        ("acr", json!("urn:cognito:loa:4")),
        ("amr", json!(["pwd", "otp", "mfa"])),
    ] {
        assert_eq!(claims[name], expected, "{name}");
    }
    assert!(claims["origin_jti"].is_string() && claims["jti"].is_string());
    assert!(claims.get("identities").is_none() && claims.get("client_id").is_none());
    let half = &Sha256::digest(tokens["access_token"].as_str().unwrap())[..16];
    assert_eq!(claims["at_hash"], URL_SAFE_NO_PAD.encode(half));
    let header = part(tokens["id_token"].as_str().unwrap(), 0);
    // Compared as a set: the order depends on a serde_json feature that any crate in the build may enable.
    let names: BTreeSet<&str> = header
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(names, BTreeSet::from(["alg", "kid"]));
}

#[tokio::test]
async fn the_access_token_names_a_client_and_no_audience() {
    let mut cognito = Cognito::start();
    let tokens = cognito
        .tokens("alice", &[("scope", Some("openid made.up/scope"))])
        .await;
    let claims = cognito.verified(&tokens["access_token"]).await;
    assert_eq!(claims["client_id"], CLIENT);
    assert_eq!(claims["token_use"], "access");
    assert_eq!(claims["scope"], "openid", "an unknown scope is ignored");
    assert_eq!(claims["username"], "alice");
    assert_eq!(
        claims["cognito:groups"],
        json!(["administrators", "approvers"])
    );
    for absent in ["aud", "nonce", "email", "cognito:username"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
    assert_eq!(
        (&tokens["token_type"], &tokens["expires_in"]),
        (&json!("Bearer"), &json!(3600))
    );
}

#[tokio::test]
async fn each_kind_of_sign_in_has_its_own_evidence() {
    for (username, amr, acr) in [
        ("bob", json!(["pwd"]), json!("urn:cognito:loa:1")),
        (
            "sam",
            json!(["pwd", "sms", "mfa"]),
            json!("urn:cognito:loa:3"),
        ),
        ("pat", json!(["swk"]), json!("urn:cognito:loa:3")),
        ("Okta_dave", json!(["fed"]), Value::Null),
    ] {
        let mut cognito = Cognito::start();
        let tokens = cognito.tokens(username, &[]).await;
        let claims = cognito.verified(&tokens["id_token"]).await;
        assert_eq!((&claims["amr"], &claims["acr"]), (&amr, &acr), "{username}");
    }
}

#[tokio::test]
async fn a_pool_where_the_roll_out_has_not_come_writes_neither_acr_nor_amr() {
    let mut cognito =
        Cognito::start_with(|config| config.authentication_context = AuthenticationContext::Absent);
    let tokens = cognito.tokens("alice", &[]).await;
    let claims = cognito.verified(&tokens["id_token"]).await;
    assert!(claims.get("acr").is_none() && claims.get("amr").is_none());
}

#[tokio::test]
async fn a_federated_person_carries_their_identity_and_a_person_without_groups_no_claim() {
    let mut cognito = Cognito::start();
    let tokens = cognito.tokens("Okta_dave", &[]).await;
    let claims = cognito.verified(&tokens["id_token"]).await;
    assert_eq!(claims["identities"][0]["providerName"], "Okta");
    assert_eq!(claims["identities"][0]["userId"], "dave");
    let tokens = Cognito::start().tokens("bob", &[]).await;
    assert!(
        part(tokens["id_token"].as_str().unwrap(), 1)
            .get("cognito:groups")
            .is_none()
    );
}

#[tokio::test]
async fn without_the_openid_scope_there_is_no_id_token() {
    let tokens = Cognito::start()
        .tokens("bob", &[("scope", Some("email"))])
        .await;
    assert!(tokens.get("id_token").is_none() && tokens.get("access_token").is_some());
}

#[tokio::test]
async fn a_code_works_once() {
    let mut cognito = Cognito::start();
    let code = cognito.sign_in("bob", &[]).await.query()["code"].clone();
    assert_eq!(cognito.redeem(&code).await.status, StatusCode::OK);
    assert_eq!(cognito.redeem(&code).await.error(), "invalid_grant");
}

#[tokio::test]
async fn a_code_lives_five_minutes() {
    let mut cognito = Cognito::start();
    let code = cognito.sign_in("bob", &[]).await.query()["code"].clone();
    cognito.wait(300);
    assert_eq!(cognito.redeem(&code).await.error(), "invalid_grant");
}

#[tokio::test]
async fn a_code_is_bound_to_verifier_and_address_and_burns_when_they_are_wrong() {
    for (field, value) in [
        (
            "code_verifier",
            "another-verifier-of-at-least-forty-three-chars",
        ),
        ("code_verifier", ""),
        ("redirect_uri", "http://localhost:3000/other"),
    ] {
        let mut cognito = Cognito::start();
        let code = cognito.sign_in("bob", &[]).await.query()["code"].clone();
        let fields =
            redemption(&code).map(|(name, kept)| (name, if name == field { value } else { kept }));
        let refused = cognito.post_as_client("/oauth2/token", &fields).await;
        assert_eq!(refused.error(), "invalid_grant", "{field}={value}");
        assert_eq!(
            cognito.redeem(&code).await.error(),
            "invalid_grant",
            "{field}={value}"
        );
    }
}

#[tokio::test]
async fn a_verifier_for_a_code_without_challenge_is_refused() {
    let mut cognito = Cognito::start();
    let without = [("code_challenge", None), ("code_challenge_method", None)];
    let code = cognito.sign_in("bob", &without).await.query()["code"].clone();
    assert_eq!(cognito.redeem(&code).await.error(), "invalid_grant");

    let code = cognito
        .sign_in("bob", &[without[0], without[1], ("prompt", Some("login"))])
        .await
        .query()["code"]
        .clone();
    let fields = &redemption(&code)[..3];
    assert_eq!(
        cognito.post_as_client("/oauth2/token", fields).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn another_client_cannot_use_a_code_nor_a_refresh_token() {
    let mut cognito = Cognito::start();
    let other = [("client_id", OTHER_CLIENT), ("client_secret", SECRET)];
    let refresh = cognito.tokens("bob", &[]).await["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let code = cognito.authorize(&[]).await.query()["code"].clone();
    let stolen = [redemption(&code).as_slice(), &other].concat();
    assert_eq!(
        cognito.post("/oauth2/token", &stolen).await.error(),
        "invalid_grant"
    );
    let stolen = [
        &[("grant_type", "refresh_token"), ("refresh_token", &refresh)],
        other.as_slice(),
    ]
    .concat();
    assert_eq!(
        cognito.post("/oauth2/token", &stolen).await.error(),
        "invalid_grant"
    );
}

#[tokio::test]
async fn the_secret_is_enforced_in_either_place_and_a_refused_client_burns_no_code() {
    let mut cognito = Cognito::start();
    let code = cognito.sign_in("bob", &[]).await.query()["code"].clone();
    for client in [
        vec![("client_id", CLIENT)],
        vec![("client_id", CLIENT), ("client_secret", "wrong")],
        vec![("client_id", "stranger"), ("client_secret", SECRET)],
        vec![],
    ] {
        let fields = [redemption(&code).as_slice(), &client].concat();
        let refused = cognito.post("/oauth2/token", &fields).await;
        assert_eq!(
            (refused.status, refused.error().as_str()),
            (StatusCode::BAD_REQUEST, "invalid_client")
        );
    }
    let posted = [
        redemption(&code).as_slice(),
        &[("client_id", CLIENT), ("client_secret", SECRET)],
    ]
    .concat();
    let answer = cognito.post("/oauth2/token", &posted).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn malformed_requests_are_named() {
    let mut cognito = Cognito::start();
    for (fields, error) in [
        (vec![], "invalid_request"),
        (vec![("grant_type", "password")], "unsupported_grant_type"),
        (
            vec![("grant_type", "authorization_code")],
            "invalid_request",
        ),
        (
            vec![("grant_type", "authorization_code"), ("code", "x")],
            "invalid_request",
        ),
        (vec![("grant_type", "refresh_token")], "invalid_request"),
        (
            vec![("grant_type", "refresh_token"), ("refresh_token", "x")],
            "invalid_grant",
        ),
        (
            vec![
                ("grant_type", "refresh_token"),
                ("grant_type", "refresh_token"),
            ],
            "invalid_request",
        ),
    ] {
        assert_eq!(
            cognito
                .post_as_client("/oauth2/token", &fields)
                .await
                .error(),
            error,
            "{fields:?}"
        );
    }
    let json = Request::post("/oauth2/token").header(header::CONTENT_TYPE, "application/json");
    assert_eq!(
        cognito
            .send(json.body(Body::from("{}")).unwrap())
            .await
            .error(),
        "invalid_request"
    );
}

#[tokio::test]
async fn a_refresh_keeps_the_time_and_way_of_signing_in_and_reads_the_groups_again() {
    let mut cognito = Cognito::start();
    let first = cognito.tokens("alice", &[]).await;
    let before = cognito.verified(&first["id_token"]).await;
    cognito.wait(1800);
    cognito.change("alice", |alice| alice.groups = vec!["approvers".to_owned()]);
    let second = cognito.refresh(&first["refresh_token"]).await.json();
    let after = cognito.verified(&second["id_token"]).await;
    for same in ["auth_time", "acr", "amr", "origin_jti", "sub"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert_eq!(after["iat"], START_MS / 1000 + 1800);
    assert_eq!(after["cognito:groups"], json!(["approvers"]));
    assert!(after.get("nonce").is_none());
    assert!(
        second.get("refresh_token").is_none(),
        "not rotated unless the client asks for it"
    );
    assert_eq!(
        cognito.refresh(&first["refresh_token"]).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_rotated_refresh_token_works_through_its_grace_and_no_longer() {
    let mut cognito = Cognito::start_with(|config| {
        config.refresh_rotation = RefreshRotation::On { grace_ms: 10_000 };
    });
    let first = cognito.tokens("alice", &[]).await;
    let second = cognito.refresh(&first["refresh_token"]).await.json();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    cognito.wait(9);
    assert_eq!(
        cognito.refresh(&first["refresh_token"]).await.status,
        StatusCode::OK
    );
    cognito.wait(1);
    assert_eq!(
        cognito.refresh(&first["refresh_token"]).await.error(),
        "invalid_grant"
    );
    assert_eq!(
        cognito.refresh(&second["refresh_token"]).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn rotation_does_not_prolong_a_sign_in() {
    let mut cognito = Cognito::start_with(|config| {
        config.refresh_rotation = RefreshRotation::On { grace_ms: 0 };
        config.refresh_lifetime_ms = 3_600_000;
    });
    let first = cognito.tokens("alice", &[]).await;
    cognito.wait(3599);
    let second = cognito.refresh(&first["refresh_token"]).await.json();
    cognito.wait(1);
    assert_eq!(
        cognito.refresh(&second["refresh_token"]).await.error(),
        "invalid_grant"
    );
}

#[tokio::test]
async fn signing_out_everywhere_or_disabling_ends_the_refresh_tokens() {
    let mut cognito = Cognito::start();
    let tokens = cognito.tokens("alice", &[]).await;
    cognito.wait(5);
    let now = cognito.clock.now_ms();
    cognito.change("alice", |alice| alice.signed_out_at_ms = Some(now));
    assert_eq!(
        cognito.refresh(&tokens["refresh_token"]).await.error(),
        "invalid_grant"
    );
    assert_eq!(
        cognito.user_info(&tokens["access_token"]).await.status,
        StatusCode::UNAUTHORIZED
    );

    cognito.wait(5);
    let tokens = cognito.tokens("alice", &[("prompt", Some("login"))]).await;
    assert_eq!(
        cognito.refresh(&tokens["refresh_token"]).await.status,
        StatusCode::OK
    );
    cognito.change("alice", |alice| alice.enabled = false);
    assert_eq!(
        cognito.refresh(&tokens["refresh_token"]).await.error(),
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_code_of_somebody_disabled_since_gives_nothing() {
    let mut cognito = Cognito::start();
    let code = cognito.sign_in("alice", &[]).await.query()["code"].clone();
    cognito.change("alice", |alice| alice.enabled = false);
    assert_eq!(cognito.redeem(&code).await.error(), "invalid_grant");
}

#[tokio::test]
async fn somebody_made_anew_under_the_same_name_is_another_subject() {
    let mut cognito = Cognito::start();
    let tokens = cognito.tokens("bob", &[]).await;
    cognito.change("bob", |bob| "sub-of-new-bob".clone_into(&mut bob.sub));
    assert_eq!(
        cognito.refresh(&tokens["refresh_token"]).await.error(),
        "invalid_grant"
    );
    assert_eq!(
        cognito.authorize(&[("prompt", Some("none"))]).await.error(),
        "login_required"
    );
}

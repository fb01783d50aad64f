//! S01 to S10: what is sent to Cognito, and which responses are rejected.

use domain::time::Duration;
use http::StatusCode;
use sandbox::cognito::{AuthenticationContext, Misbehave};
use sandbox::org::pool::MfaConfiguration;
use server::clock::Clock;
use server::http::oidc::{AtHash, DiscoveryFailure, Oidc, OidcConfig};
use server::http::secret::Secret;
use server::service::sign_in::SignInEvent;
use url::Url;

use super::support::*;
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    s01_the_request_is_for_a_code_with_pkce_s256_and_the_least_scopes,
    s02_state_nonce_and_verifier_are_long_fresh_and_bound_by_a_host_cookie,
    s02_a_callback_is_good_once,
    s02_a_callback_counts_in_the_browser_that_began_it_only,
    s02_a_sign_in_may_take_ten_minutes,
    s03_s04_no_spoiled_token_begins_a_session,
    s03_the_reason_that_is_written_down_names_the_check,
    s03_at_hash_may_be_absent_only_where_the_configuration_says_so,
    s04_a_flood_of_unknown_key_ids_asks_for_the_keys_once_a_minute,
    s05_a_document_of_another_issuer_is_refused_at_start,
    s05_both_forms_of_a_pools_issuer_are_the_same_people,
    s06_an_address_is_no_identity,
    s06_somebody_made_again_with_the_same_address_is_somebody_else,
    s07_no_token_reaches_the_browser_or_the_database,
    s08_a_redirect_of_the_key_set_is_not_followed,
    s09_after_sign_in_one_lands_on_our_own_pages,
    s10_an_attackers_answer_does_not_replace_a_signed_in_person,
    a_second_factor_is_proven_by_the_token_or_for_native_people_by_the_pool,
    without_token_and_pool_no_second_factor_is_proven,
    a_pool_that_demands_a_factor_proves_only_a_sign_in_that_asked_for_it,
    a_federated_sign_in_proves_a_factor_only_at_a_provider_that_is_configured_to_demand_one,
    a_linked_provider_without_a_second_factor_leaves_the_factor_unproven,
    a_step_up_changes_the_session_and_ends_the_old_one,
    a_name_that_the_token_lacks_comes_from_user_info_with_its_string_booleans,
    s17_who_is_asked_to_prove_it_again_must_have_done_so_now,
    a_new_sign_in_shows_the_name_and_a_different_account_does_not,
    cognitos_own_refusal_is_a_page_and_says_nothing_of_its_text,
    somebody_disabled_between_cognito_and_us_gets_no_session,
}

fn query(url: &str) -> std::collections::BTreeMap<String, String> {
    Url::parse(url)
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect()
}

async fn s01_the_request_is_for_a_code_with_pkce_s256_and_the_least_scopes(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let begun = server.browser().get("/sign-in").await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER);
    let asked = query(begun.location());
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["code_challenge"].len(), 43);
    assert_eq!(asked["redirect_uri"], format!("{BASE}/sign-in/callback"));
    let mut scopes: Vec<&str> = asked["scope"].split(' ').collect();
    scopes.sort_unstable();
    assert_eq!(scopes, ["email", "openid", "profile"]);
    assert!(!asked.contains_key("response_mode") && !asked.contains_key("prompt"));
}

async fn s02_state_nonce_and_verifier_are_long_fresh_and_bound_by_a_host_cookie(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    let (first, second) = (
        server.browser().get("/sign-in").await,
        server.browser().get("/sign-in").await,
    );
    for name in ["state", "nonce", "code_challenge"] {
        let (one, two) = (
            query(first.location())[name].clone(),
            query(second.location())[name].clone(),
        );
        assert_ne!(one, two, "{name}");
        assert_eq!(one.len(), 43, "{name}: 256 bits");
    }
    let cookie = first.set_cookies()[0];
    assert!(cookie.starts_with("__Host-sign-in="));
    for attribute in [
        "Path=/",
        "Secure",
        "HttpOnly",
        "SameSite=Lax",
        "Max-Age=600",
    ] {
        assert!(
            cookie.split("; ").any(|part| part == attribute),
            "{attribute}"
        );
    }
    assert!(!cookie.contains("Domain"));
}

async fn s02_a_callback_is_good_once(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    let callback = browser.until_callback("/sign-in", "alice").await;
    let jar = browser.cookies.clone();
    assert_eq!(browser.get(&callback).await.status, StatusCode::SEE_OTHER);
    let session = browser.session();
    browser.cookies = jar;
    let again = browser.get(&callback).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert!(again.set_cookies().is_empty());
    browser.cookies.insert("__Host-session".into(), session);
    assert_eq!(
        browser.get("/").await.status,
        StatusCode::OK,
        "the first one is still valid"
    );
}

async fn s02_a_callback_counts_in_the_browser_that_began_it_only(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    let callback = browser.until_callback("/sign-in", "alice").await;
    assert_eq!(
        server.browser().get(&callback).await.status,
        StatusCode::BAD_REQUEST,
        "no cookie"
    );
    let mut other = server.browser();
    other.get("/sign-in").await;
    assert_eq!(
        other.get(&callback).await.status,
        StatusCode::BAD_REQUEST,
        "another browser's cookie"
    );
    assert_eq!(
        browser.get(&callback).await.status,
        StatusCode::SEE_OTHER,
        "no other browser could consume it"
    );
}

async fn s02_a_sign_in_may_take_ten_minutes(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    for (minutes, expected) in [(9, StatusCode::SEE_OTHER), (11, StatusCode::BAD_REQUEST)] {
        let mut browser = server.browser();
        let begun = browser.get("/sign-in").await;
        server.wait(Duration::minutes(minutes));
        let callback = browser.at_cognito(begun.location(), "alice").await;
        let answer = browser.get(callback.strip_prefix(BASE).unwrap()).await;
        assert_eq!(answer.status, expected, "{minutes} minutes");
    }
}

/// Returns the status of a sign-in with one fault. The provider generates a foreign key on first use,
/// which can exceed our five seconds and, on a busy machine, the request timeout: then it tries again.
async fn spoiled(server: &Server, fault: Misbehave) -> StatusCode {
    server.misbehave(Some(fault)).await;
    let late = [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE];
    let mut status = late[0];
    for _ in 0..20 {
        let mut browser = server.browser();
        status = browser.sign_in_at("/sign-in", "alice").await.status;
        assert!(!browser.cookies.contains_key("__Host-session"), "{fault:?}");
        if !late.contains(&status) {
            break;
        }
    }
    status
}

async fn s03_s04_no_spoiled_token_begins_a_session(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let harmless = [
        // Not about the token; tested separately.
        Misbehave::DiscoveryOfAnotherIssuer,
        Misbehave::JwksElsewhere,
    ];
    let mut expected = 0;
    for fault in Misbehave::ALL
        .into_iter()
        .filter(|fault| !harmless.contains(fault))
    {
        assert_eq!(
            spoiled(&server, fault).await,
            StatusCode::BAD_REQUEST,
            "{fault:?}"
        );
        expected += 1;
    }
    let events = server.events();
    assert_eq!(events.len(), expected);
    assert!(
        events
            .iter()
            .all(|event| matches!(event, SignInEvent::Refused(_)))
    );
    server.misbehave(None).await;
    server.browser().sign_in("alice").await;
}

async fn s03_the_reason_that_is_written_down_names_the_check(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    for (fault, reason) in [
        (Misbehave::WrongIssuer, "issuer"),
        (Misbehave::WrongAudience, "audience"),
        (Misbehave::SeveralAudiences, "audience"),
        (Misbehave::WrongAuthorizedParty, "azp"),
        (Misbehave::WrongNonce, "nonce"),
        (Misbehave::MissingNonce, "nonce"),
        (Misbehave::Expired, "expired"),
        (Misbehave::IssuedInTheFuture, "iat"),
        (Misbehave::MissingTokenUse, "token_use"),
        (Misbehave::WrongTokenUse, "token_use"),
        (Misbehave::MissingAtHash, "at_hash"),
        (Misbehave::WrongAtHash, "at_hash"),
        (Misbehave::MissingAuthTime, "auth_time"),
        (Misbehave::OldAuthTime, "not_fresh"),
        (Misbehave::AlgNone, "algorithm"),
        (Misbehave::Hs256WithPublicKey, "algorithm"),
        (Misbehave::BadSignature, "signature"),
        (Misbehave::UnknownKid, "signature"),
        (Misbehave::MissingKid, "signature"),
        (Misbehave::EmbeddedKey, "signature"),
        (Misbehave::CallbackOfAnotherIssuer, "issuer_of_answer"),
        (Misbehave::UnknownCode, "code"),
    ] {
        server.misbehave(Some(fault)).await;
        server.browser().sign_in_at("/sign-in", "alice").await;
        assert_eq!(
            server.events().last(),
            Some(&SignInEvent::Refused(reason)),
            "{fault:?}"
        );
    }
}

async fn s03_at_hash_may_be_absent_only_where_the_configuration_says_so(engine: DatabaseEngine) {
    let server = Server::with(engine, |setup| setup.oidc.at_hash = AtHash::WhenPresent).await;
    server.misbehave(Some(Misbehave::MissingAtHash)).await;
    server.browser().sign_in("alice").await;
    server.misbehave(Some(Misbehave::WrongAtHash)).await;
    assert_eq!(
        server
            .browser()
            .sign_in_at("/sign-in", "alice")
            .await
            .status,
        StatusCode::BAD_REQUEST
    );
}

async fn s04_a_flood_of_unknown_key_ids_asks_for_the_keys_once_a_minute(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let at_start = server.hits("jwks").await;
    server.misbehave(Some(Misbehave::UnknownKid)).await;
    for minute in 1..=2 {
        server.wait(Duration::minutes(1));
        for _ in 0..5 {
            let answer = server.browser().sign_in_at("/sign-in", "bob").await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        }
        assert_eq!(server.hits("jwks").await - at_start, minute);
    }
}

async fn s05_a_document_of_another_issuer_is_refused_at_start(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let issuer = server.subject("alice").iss;
    let config = OidcConfig::new(
        &issuer,
        "leastwise-client",
        Secret::new("x"),
        &BASE.parse().unwrap(),
    );
    server
        .misbehave(Some(Misbehave::DiscoveryOfAnotherIssuer))
        .await;
    let refused = Oidc::discover_patiently(config.clone(), &server.clock, 3).await;
    assert!(matches!(refused, Err(DiscoveryFailure::Refused(_))));
    server.misbehave(None).await;
    assert!(Oidc::discover(config, &server.clock).await.is_ok());
}

async fn s05_both_forms_of_a_pools_issuer_are_the_same_people(engine: DatabaseEngine) {
    let server = Server::with(engine, |setup| {
        let port: u16 = setup
            .cognito
            .issuer_url
            .rsplit(':')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        setup.cognito = setup.cognito.clone().with_updated_issuer(port);
        // Configured in the old form; the user pool's tokens and discovery document use the new one.
        setup.oidc.accepted_issuers = vec![format!(
            "{}/eu-central-1_LeastWise",
            setup.cognito.issuer_url
        )];
    })
    .await;
    let person = server.browser().sign_in("alice").await.whoami().await["person"].clone();
    let known = server::store::person::person_of(&server.store, &server.subject("alice"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(person, known.person.as_str());
}

#[tokio::test]
async fn s05_a_form_of_the_issuer_that_is_not_configured_is_refused() {
    let port = crate::ports::unused();
    let base = BASE.parse().unwrap();
    let config = OidcConfig::new(
        &format!("http://localhost:{port}/pool"),
        "c",
        Secret::new("s"),
        &base,
    );
    let unreachable = Oidc::discover(config, &Clock::manual(START)).await;
    assert!(
        matches!(unreachable, Err(DiscoveryFailure::Unreachable(_))),
        "no response: a retry may succeed"
    );
}

async fn s06_an_address_is_no_identity(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    server.browser().sign_in("alice").await;
    server
        .grant("alice", domain::authorize::Role::Administrator)
        .await;
    let before = server.browser().sign_in("bob").await.whoami().await;
    server.change("bob", |bob| {
        "alice@payments.example".clone_into(&mut bob.email);
    });
    let after = server.browser().sign_in("bob").await.whoami().await;
    assert_eq!(
        (&after["person"], &after["roles"]),
        (&before["person"], &serde_json::json!([]))
    );
}

async fn s06_somebody_made_again_with_the_same_address_is_somebody_else(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let before = server.browser().sign_in("alice").await.whoami().await;
    server
        .grant("alice", domain::authorize::Role::Administrator)
        .await;
    server.change("alice", |alice| "sub-of-another".clone_into(&mut alice.sub));
    let after = server.browser().sign_in("alice").await.whoami().await;
    assert_eq!(before["email"], after["email"]);
    assert_ne!(before["person"], after["person"]);
    assert_eq!(after["roles"], serde_json::json!([]));
}

async fn s07_no_token_reaches_the_browser_or_the_database(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    browser.whoami().await;
    server.wait(Duration::minutes(1));
    browser.whoami().await;
    browser.post("/do/sign-out", &[]).await;
    assert!(!browser.seen.join("\n").contains("eyJ"));
    let rows = server
        .dump("select document from session union all select refresh from session")
        .await;
    assert!(!rows.contains("eyJ"));
}

async fn s08_a_redirect_of_the_key_set_is_not_followed(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    server.misbehave(Some(Misbehave::JwksElsewhere)).await;
    let config = OidcConfig::new(
        &server.subject("alice").iss,
        "leastwise-client",
        Secret::new("x"),
        &BASE.parse().unwrap(),
    );
    assert!(matches!(
        Oidc::discover(config, &server.clock).await,
        Err(DiscoveryFailure::Refused(_))
    ));
    assert_eq!(server.hits("elsewhere").await, 0);
}

/// A provider whose discovery document names `endpoint` on another host, or is too long.
async fn odd_provider(document: impl Fn(&str) -> String) -> OidcConfig {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let body = document(&origin);
    let json = || [(http::header::CONTENT_TYPE, "application/json")];
    let app = axum::Router::new()
        .route(
            "/pool/.well-known/openid-configuration",
            axum::routing::get(move || async move { (json(), body) }),
        )
        .route(
            "/pool/.well-known/jwks.json",
            axum::routing::get(move || async move { (json(), r#"{"keys":[]}"#) }),
        );
    tokio::spawn(async move { axum::serve(listener, app).await });
    OidcConfig::new(
        &format!("{origin}/pool"),
        "c",
        Secret::new("s"),
        &BASE.parse().unwrap(),
    )
}

fn document(origin: &str, endpoint: &str, value: &str) -> String {
    let mut document = serde_json::json!({
        "issuer": format!("{origin}/pool"),
        "authorization_endpoint": format!("{origin}/oauth2/authorize"),
        "token_endpoint": format!("{origin}/oauth2/token"),
        "userinfo_endpoint": format!("{origin}/oauth2/userInfo"),
        "jwks_uri": format!("{origin}/pool/.well-known/jwks.json"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    document[endpoint] = value.into();
    document.to_string()
}

#[tokio::test]
async fn s08_only_the_pools_own_hosts_are_ever_asked() {
    for endpoint in ["token_endpoint", "userinfo_endpoint", "jwks_uri"] {
        let config = odd_provider(|origin| {
            document(origin, endpoint, "http://169.254.169.254/latest/meta-data")
        })
        .await;
        let refused = Oidc::discover(config, &Clock::manual(START)).await;
        assert!(
            matches!(refused, Err(DiscoveryFailure::Refused(_))),
            "{endpoint}"
        );
    }
    let config = odd_provider(|origin| document(origin, "extra", "harmless")).await;
    assert!(Oidc::discover(config, &Clock::manual(START)).await.is_ok());
}

#[tokio::test]
async fn s08_an_answer_of_more_than_a_mebibyte_is_cut_off() {
    let config = odd_provider(|origin| document(origin, "padding", &"x".repeat(1024 * 1024))).await;
    assert!(matches!(
        Oidc::discover(config, &Clock::manual(START)).await,
        Err(DiscoveryFailure::Refused(_))
    ));
}

async fn s09_after_sign_in_one_lands_on_our_own_pages(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    for (asked, landed) in [
        ("/accounts%3Fpci%3Din", "/accounts?pci=in"),
        ("//evil.example", "/"),
        ("https%3A%2F%2Fevil.example", "/"),
        ("%2F%5Cevil.example", "/"),
    ] {
        let answer = server
            .browser()
            .sign_in_at(&format!("/sign-in?return_to={asked}"), "bob")
            .await;
        assert_eq!(answer.location(), landed, "{asked}");
    }
}

async fn s10_an_attackers_answer_does_not_replace_a_signed_in_person(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut victim = server.browser();
    victim.sign_in("alice").await;
    let before = victim.session();
    let injected = server.browser().until_callback("/sign-in", "bob").await;
    assert_eq!(victim.get(&injected).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(victim.session(), before);
    assert_eq!(victim.whoami().await["self_reported"], "alice <Tester>");
}

async fn a_second_factor_is_proven_by_the_token_or_for_native_people_by_the_pool(
    engine: DatabaseEngine,
) {
    use AuthenticationContext::{Absent, Written};
    use MfaConfiguration::{On, Optional};
    for (context, pool, username, expected) in [
        (Written, Optional, "alice", "proven"),
        (Written, Optional, "sam", "proven"),
        (Written, Optional, "pat", "proven"),
        (Written, Optional, "bob", "not_proven"),
        (Written, On, "Okta_dave", "not_proven"),
        // Enrolled is not the same as used.
        (Absent, Optional, "alice", "not_proven"),
        (Absent, Optional, "bob", "not_proven"),
        (Absent, On, "alice", "proven"),
        (Absent, On, "Okta_dave", "not_proven"),
    ] {
        let server = Server::with(engine, |setup| {
            setup.cognito.authentication_context = context;
            setup.mfa = pool;
        })
        .await;
        let me = server.browser().sign_in(username).await.whoami().await;
        assert_eq!(me["mfa"], expected, "{username}, {context:?}, {pool:?}");
    }
}

async fn without_token_and_pool_no_second_factor_is_proven(engine: DatabaseEngine) {
    let server = Server::with(engine, |setup| {
        setup.cognito.authentication_context = AuthenticationContext::Absent;
    })
    .await;
    *server.pool.says.lock().unwrap() = Says::Nothing;
    assert_eq!(
        server.browser().sign_in("alice").await.whoami().await["mfa"],
        "not_proven"
    );
}

async fn a_pool_that_demands_a_factor_proves_only_a_sign_in_that_asked_for_it(
    engine: DatabaseEngine,
) {
    let server = Server::with(engine, |setup| {
        setup.cognito.authentication_context = AuthenticationContext::Absent;
    })
    .await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    server.wait(Duration::minutes(20));
    // The setting is newer than the authentication that Cognito reuses.
    server.read_model.lock().unwrap().pool.mfa = MfaConfiguration::On;
    browser.cookies.clear();
    let reused = browser.sign_in("alice").await.whoami().await;
    assert_eq!(reused["mfa"], "not_proven");
    browser.sign_in_at("/sign-in?fresh=1", "alice").await;
    assert_eq!(browser.whoami().await["mfa"], "proven");
}

async fn a_federated_sign_in_proves_a_factor_only_at_a_provider_that_is_configured_to_demand_one(
    engine: DatabaseEngine,
) {
    use AuthenticationContext::{Absent, Written};
    for (context, provider, expected) in [
        (Written, "Okta", "proven"),
        (Absent, "Okta", "proven"),
        (Written, "okta", "not_proven"),
        (Absent, "Entra", "not_proven"),
    ] {
        let server = Server::with(engine, |setup| {
            setup.cognito.authentication_context = context;
            setup.settings.mfa_providers = [provider.to_owned()].into();
        })
        .await;
        let me = server.browser().sign_in("Okta_dave").await.whoami().await;
        assert_eq!(me["mfa"], expected, "{provider}, {context:?}");
    }
}

async fn a_linked_provider_without_a_second_factor_leaves_the_factor_unproven(
    engine: DatabaseEngine,
) {
    for (linked, expected) in [
        (None, "proven"),
        (Some("Entra"), "proven"),
        (Some("Google"), "not_proven"),
        (Some(""), "not_proven"),
    ] {
        let server = Server::with(engine, |setup| {
            setup.settings.mfa_providers = ["Okta", "Entra"].map(str::to_owned).into();
        })
        .await;
        server.change("Okta_dave", |dave| {
            dave.linked_providers = linked.into_iter().map(str::to_owned).collect();
        });
        let me = server.browser().sign_in("Okta_dave").await.whoami().await;
        assert_eq!(me["mfa"], expected, "{linked:?}");
    }
}

async fn a_step_up_changes_the_session_and_ends_the_old_one(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    let before = browser.sign_in("alice").await.whoami().await;
    let old = browser.session();
    browser.sign_in_at("/sign-in?fresh=1", "alice").await;
    let after = browser.whoami().await;
    assert_ne!(before["session"], after["session"]);
    assert_eq!(before["person"], after["person"]);
    let mut stolen = server.browser();
    stolen.cookies.insert("__Host-session".into(), old);
    assert_eq!(stolen.get("/").await.status, StatusCode::SEE_OTHER);
}

async fn a_name_that_the_token_lacks_comes_from_user_info_with_its_string_booleans(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    server.change("alice", |alice| alice.name.clear());
    let me = server.browser().sign_in("alice").await.whoami().await;
    assert_eq!(
        me["self_reported"], "alice@payments.example",
        "userInfo contains no name either"
    );
    assert_eq!(server.hits("userInfo").await, 1);
}

async fn s17_who_is_asked_to_prove_it_again_must_have_done_so_now(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    server.wait(Duration::minutes(5));
    let begun = browser.get("/sign-in?fresh=1").await;
    assert_eq!(query(begun.location())["prompt"], "login");
    // A browser that removes the parameter continues the old session at Cognito.
    let asked_anew = "&max_age=0&prompt=login";
    assert!(
        begun.location().ends_with(asked_anew),
        "{}",
        begun.location()
    );
    let without = begun.location().replace(asked_anew, "");
    let callback = browser.at_cognito(&without, "alice").await;
    let refused = browser.get(callback.strip_prefix(BASE).unwrap()).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        server.events().last(),
        Some(&SignInEvent::Refused("not_fresh"))
    );
    let again = browser
        .sign_in_at("/sign-in?fresh=1&return_to=/changes/1", "alice")
        .await;
    assert_eq!(again.location(), "/changes/1");
}

async fn cognitos_own_refusal_is_a_page_and_says_nothing_of_its_text(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    let begun = browser.get("/sign-in").await;
    let state = query(begun.location())["state"].clone();
    let answer = browser
        .get(&format!(
            "/sign-in/callback?error=access_denied&error_description=%3Cb%3Epwned&state={state}"
        ))
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(!answer.body.contains("pwned") && answer.body.contains("Sign in again"));
    let twice = browser.get("/sign-in/callback?code=a&code=b&state=c").await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
}

async fn somebody_disabled_between_cognito_and_us_gets_no_session(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    let callback = browser.until_callback("/sign-in", "alice").await;
    server.change("alice", |alice| alice.enabled = false);
    assert_eq!(browser.get(&callback).await.status, StatusCode::BAD_REQUEST);
    assert!(!browser.cookies.contains_key("__Host-session"));
}

async fn a_new_sign_in_shows_the_name_and_a_different_account_does_not(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    let hint = async |browser: &mut Browser<'_>, path: &str| {
        let begun = browser.get(path).await;
        query(begun.location()).get("login_hint").cloned()
    };
    assert_eq!(hint(&mut browser, "/sign-in").await, None);
    browser.sign_in("alice").await;
    assert_eq!(
        hint(&mut browser, "/sign-in?fresh=1").await.as_deref(),
        Some("alice")
    );
    let other = "/sign-in?fresh=1&account=other";
    assert_eq!(hint(&mut browser, other).await, None);
}

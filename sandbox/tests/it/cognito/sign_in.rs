//! The sign-in pages, as used by people and programs.

use http::{StatusCode, header};
use sandbox::org::pool::{Mfa, MfaConfiguration};

use super::support::*;

#[tokio::test]
async fn a_person_with_mfa_goes_through_both_steps_and_comes_back_with_code_and_state() {
    let mut cognito = Cognito::start();
    let back = cognito.sign_in("alice", &[]).await.query();
    assert_eq!(back["state"], "the-state");
    assert!(back["code"].len() >= 22);
    assert!(!back.contains_key("iss"));
}

#[tokio::test]
async fn the_e_mail_address_works_as_the_username_in_any_case() {
    let mut cognito = Cognito::start();
    let back = cognito.sign_in("Alice@Payments.Example", &[]).await;
    assert!(back.query().contains_key("code"));
}

#[tokio::test]
async fn a_person_is_picked_by_a_button_of_the_page() {
    let mut cognito = Cognito::start();
    let page = cognito.authorize(&[]).await.location();
    let shown = cognito.get(&page).await.body;
    assert!(shown.contains(r#"<button name="person" value="bob">"#));
    assert_eq!(
        shown.matches(r#"name="username""#).count(),
        1,
        "the page has one username field, for programs"
    );
    let id = page.rsplit('=').next().unwrap();
    let back = cognito
        .post("/login", &[("signin", id), ("person", "bob")])
        .await;
    assert!(back.query().contains_key("code"));
}

#[tokio::test]
async fn people_without_mfa_and_federated_people_skip_the_second_step() {
    for username in ["bob", "Okta_dave"] {
        let (_, answer) = Cognito::start().identify(username, &[]).await;
        assert!(answer.query().contains_key("code"), "{username}");
    }
}

#[tokio::test]
async fn a_pool_that_demands_mfa_turns_away_who_has_none_but_not_federated_people() {
    let mut cognito = Cognito::start();
    cognito.sandbox.lock().unwrap().pool.mfa = MfaConfiguration::On;
    let (_, refused) = cognito.identify("bob", &[]).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let (_, federated) = cognito.identify("Okta_dave", &[]).await;
    assert!(federated.query().contains_key("code"));
}

#[tokio::test]
async fn unknown_and_disabled_people_are_refused_and_get_no_session() {
    let mut cognito = Cognito::start();
    for username in ["nobody", "carol"] {
        let (_, refused) = cognito.identify(username, &[]).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{username}");
        assert!(refused.body.contains(r#"role="alert""#));
        assert!(cognito.cookie.is_none());
    }
}

#[tokio::test]
async fn a_wrong_code_is_refused_and_the_right_one_still_works() {
    let mut cognito = Cognito::start();
    let (id, page) = cognito.identify("alice", &[]).await;
    let right = page.shown_code();
    let wrong = if right == "000000" {
        "000001"
    } else {
        "000000"
    };
    let refused = cognito
        .post("/login", &[("signin", &id), ("code", wrong)])
        .await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(refused.body.contains("Invalid code."));
    let back = cognito
        .post("/login", &[("signin", &id), ("code", &right)])
        .await;
    assert!(back.query().contains_key("code"));
}

#[tokio::test]
async fn five_wrong_codes_end_the_sign_in() {
    let mut cognito = Cognito::start();
    let (id, page) = cognito.identify("alice", &[]).await;
    let right = page.shown_code();
    let wrong = if right == "000000" {
        "000001"
    } else {
        "000000"
    };
    for _ in 0..5 {
        cognito
            .post("/login", &[("signin", &id), ("code", wrong)])
            .await;
    }
    let late = cognito
        .post("/login", &[("signin", &id), ("code", &right)])
        .await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_code_without_a_name_before_it_is_refused() {
    let mut cognito = Cognito::start();
    let page = cognito.authorize(&[]).await.location();
    let id = page.rsplit('=').next().unwrap();
    let refused = cognito
        .post("/login", &[("signin", id), ("code", "123456")])
        .await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn somebody_disabled_between_the_steps_does_not_get_in() {
    let mut cognito = Cognito::start();
    let (id, page) = cognito.identify("alice", &[]).await;
    cognito.change("alice", |alice| alice.enabled = false);
    let refused = cognito
        .post("/login", &[("signin", &id), ("code", &page.shown_code())])
        .await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_sign_in_page_is_good_once_and_for_fifteen_minutes() {
    let mut cognito = Cognito::start();
    let (id, _) = cognito.identify("bob", &[]).await;
    let again = cognito
        .post("/login", &[("signin", &id), ("username", "bob")])
        .await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);

    let page = cognito
        .authorize(&[("prompt", Some("login"))])
        .await
        .location();
    cognito.wait(15 * 60);
    assert_eq!(cognito.get(&page).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn names_and_hints_are_escaped_and_the_page_runs_no_script() {
    let mut cognito = Cognito::start();
    let page = cognito
        .authorize(&[("login_hint", Some(r#""><script>x"#))])
        .await
        .location();
    let shown = cognito.get(&page).await;
    assert!(shown.body.contains("alice &lt;Tester&gt;"));
    assert!(shown.body.contains("&quot;&gt;&lt;script&gt;x"));
    assert!(!shown.body.contains("<script"));
    let policy = shown.headers[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
}

#[tokio::test]
async fn login_takes_the_parameters_of_authorize_and_always_shows_the_page() {
    let mut cognito = Cognito::start();
    cognito.sign_in("bob", &[]).await;
    let direct = authorize_uri(&[]).replace("/oauth2/authorize", "/login");
    assert!(
        cognito
            .get(&direct)
            .await
            .location()
            .starts_with("/login?signin=")
    );
}

#[tokio::test]
async fn the_factor_counts_that_the_person_has_when_they_answer() {
    let mut cognito = Cognito::start();
    let (id, page) = cognito.identify("alice", &[]).await;
    cognito.change("alice", |alice| alice.mfa = Mfa::None);
    let back = cognito
        .post("/login", &[("signin", &id), ("code", &page.shown_code())])
        .await
        .query();
    let tokens = cognito.redeem(&back["code"]).await.json();
    assert_eq!(
        cognito.verified(&tokens["id_token"]).await["acr"],
        "urn:cognito:loa:1"
    );
}

//! S18 to S25, S41, S42: the headers of every response, and what is rejected before anything is read.

use axum::body::Body;
use http::{Method, StatusCode};
use sqlx::Connection as _;

use super::support::*;
use crate::{database::DatabaseEngine, wait::until};

crate::engines::on_both_engines! {
    s18_every_answer_has_a_policy_and_none_allows_inline_script,
    s18_the_pages_policy_allows_the_cognito_domain_as_a_form_target_only,
    s18_what_the_browser_stopped_can_be_reported,
    s19_every_answer_tells_the_browser_what_to_refuse,
    s20_no_action_is_taken_for_another_site,
    s21_no_action_can_be_asked_for_by_a_link,
    s22_data_is_not_given_to_other_sites,
    data_for_nobody_is_a_401_and_not_a_page,
    s24_nothing_but_assets_is_stored,
    s25_no_other_origin_may_read_anything,
    s41_a_panic_is_a_page_with_the_request_id_and_the_server_lives,
    s41_a_database_that_is_gone_is_a_page_too,
    s41_an_id_that_a_client_sends_is_not_taken,
    s42_only_get_head_and_post_are_known,
    s42_no_answer_says_what_it_is_made_of,
    a_bare_error_is_a_page_for_who_reads_pages,
    what_cannot_be_read_is_a_page_of_ours_whoever_asks,
    a_database_that_another_process_has_locked_is_unavailable_and_not_ready,
}

/// One response of each kind.
async fn answers(server: &Server) -> Vec<(String, Reply)> {
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    let mut answers = Vec::new();
    for path in [
        "/",
        "/changes/new",
        "/palette.json",
        "/nowhere",
        "/panic",
        "/sign-in",
        "/sign-in/callback",
        "/signed-out",
        "/healthz",
        "/readyz",
        "/metrics",
        "/assets/none.js",
    ] {
        answers.push((path.to_owned(), browser.get(path).await));
    }
    answers.push(("POST cross-site".into(), {
        let request = request(Method::POST, DECIDE).header("sec-fetch-site", "cross-site");
        raw(server, request.body(Body::empty()).unwrap()).await
    }));
    answers.push(("not signed in".into(), server.browser().get("/").await));
    answers
}

async fn s18_every_answer_has_a_policy_and_none_allows_inline_script(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    for (what, answer) in answers(&server).await {
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none';"),
            "{what}: {policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"),
            "{what}"
        );
        assert!(!policy.contains("unsafe-inline"), "{what}");
    }
}

async fn s18_the_pages_policy_allows_the_cognito_domain_as_a_form_target_only(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    let policy = server.state.csp().html("n0nce");
    let policy = policy.to_str().unwrap();
    assert!(
        policy.contains(&format!("form-action 'self' {};", server.cognito)),
        "{policy}"
    );
}

async fn s18_what_the_browser_stopped_can_be_reported(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let report = request(Method::POST, "/csp-report")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/csp-report")
        .body(Body::from("{\"csp-report\":{}}"))
        .unwrap();
    assert_eq!(raw(&server, report).await.status, StatusCode::NO_CONTENT);
}

async fn s19_every_answer_tells_the_browser_what_to_refuse(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    for (what, answer) in answers(&server).await {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{what}");
        }
        assert!(
            answer.header("permissions-policy").contains("camera=()"),
            "{what}"
        );
        assert_eq!(
            answer.header("strict-transport-security"),
            "",
            "{what}: the URL is http"
        );
    }
    let secure = Server::with(engine, |setup| {
        setup.settings.public_base = "https://leastwise.example/".parse().unwrap();
    })
    .await;
    let answer = secure.browser().get("/healthz").await;
    assert!(
        answer
            .header("strict-transport-security")
            .starts_with("max-age=63072000")
    );
}

async fn s20_no_action_is_taken_for_another_site(engine: DatabaseEngine) {
    let server = Server::with(engine, |setup| {
        setup.settings.limits.changes = quota(1_000, 1);
    })
    .await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    for path in [
        SUBMIT,
        DECIDE,
        "/do/sign-out",
        "/do/unknown",
        "/csp-report",
        "/",
    ] {
        for content_type in [
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain",
            "application/json",
        ] {
            for (site, origin) in [
                (Some("cross-site"), Some("https://evil.example")),
                (Some("same-site"), Some("https://other.localhost")),
                (Some("none"), None),
                (None, Some("https://evil.example")),
                (None, Some("null")),
                (None, None),
            ] {
                let mut request = request(Method::POST, path).header("content-type", content_type);
                if let Some(site) = site {
                    request = request.header("sec-fetch-site", site);
                }
                if let Some(origin) = origin {
                    request = request.header("origin", origin);
                }
                let answer = browser.send(request.body(Body::empty()).unwrap()).await;
                assert_eq!(
                    answer.status,
                    StatusCode::FORBIDDEN,
                    "{path} {content_type} {site:?} {origin:?}"
                );
            }
        }
    }
    assert_eq!(
        browser.post(DECIDE, &[]).await.status,
        StatusCode::SEE_OTHER,
        "a page of Leastwise may"
    );
    assert_eq!(
        browser.get("/").await.status,
        StatusCode::OK,
        "and no one was signed out"
    );
}

async fn s21_no_action_can_be_asked_for_by_a_link(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    for path in [SUBMIT, DECIDE, "/do/sign-out", "/csp-report"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

async fn s22_data_is_not_given_to_other_sites(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    for path in ["/palette.json", "/events/changes", "/reports/access.csv"] {
        let request = request(Method::GET, path)
            .header("sec-fetch-site", "cross-site")
            .body(Body::empty())
            .unwrap();
        assert_eq!(
            browser.send(request).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
}

async fn data_for_nobody_is_a_401_and_not_a_page(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    for path in ["/palette.json", "/events/changes"] {
        let request = request(Method::GET, path)
            .header("sec-fetch-mode", "cors")
            .body(Body::empty())
            .unwrap();
        assert_eq!(
            raw(&server, request).await.status,
            StatusCode::UNAUTHORIZED,
            "{path}"
        );
    }
}

async fn s24_nothing_but_assets_is_stored(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    for (what, answer) in answers(&server).await {
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    }
}

async fn s25_no_other_origin_may_read_anything(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let preflight = request(Method::OPTIONS, "/palette.json")
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "GET")
        .body(Body::empty())
        .unwrap();
    let answer = raw(&server, preflight).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(
        !answer
            .headers
            .keys()
            .any(|name| name.as_str().starts_with("access-control-"))
    );
}

async fn s41_a_panic_is_a_page_with_the_request_id_and_the_server_lives(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    let gets = browser.get("/panic").await;
    let posts = browser.post("/do/panic", &[]).await;
    for answer in [gets, posts] {
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(answer.header("content-type").starts_with("text/html"));
        let id = answer.header("x-request-id");
        assert!(id.len() == 36 && answer.body.contains(id));
        for secret in ["secret", "/srv", ".rs", "select"] {
            assert!(!answer.body.contains(secret), "{secret}");
        }
    }
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
}

async fn s41_a_database_that_is_gone_is_a_page_too(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    server.store.close().await;
    for path in ["/", "/sign-in?fresh=1"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.header("retry-after"), "5", "{path}");
        assert!(
            !answer.body.to_lowercase().contains("pool") && !answer.body.contains("sql"),
            "{path}"
        );
    }
    assert_eq!(
        browser.get("/readyz").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(browser.get("/healthz").await.status, StatusCode::OK);
}

async fn s41_an_id_that_a_client_sends_is_not_taken(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let request = request(Method::GET, "/healthz")
        .header("x-request-id", "forged")
        .body(Body::empty())
        .unwrap();
    assert_ne!(raw(&server, request).await.header("x-request-id"), "forged");
}

async fn s42_only_get_head_and_post_are_known(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    for method in [
        "TRACE", "OPTIONS", "PUT", "DELETE", "PATCH", "CONNECT", "PROPFIND",
    ] {
        for path in ["/", DECIDE, "/sign-in", "/healthz"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = raw(
                &server,
                request(method.clone(), path).body(Body::empty()).unwrap(),
            )
            .await;
            assert_eq!(
                answer.status,
                StatusCode::METHOD_NOT_ALLOWED,
                "{method} {path}"
            );
        }
    }
}

async fn s42_no_answer_says_what_it_is_made_of(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    for (what, answer) in answers(&server).await {
        assert_eq!(
            (answer.header("server"), answer.header("x-powered-by")),
            ("", ""),
            "{what}"
        );
        for word in ["axum", "hyper", "leptos", "sqlx", env!("CARGO_PKG_VERSION")] {
            assert!(!answer.body.contains(word), "{what} says {word}");
        }
    }
}

async fn a_bare_error_is_a_page_for_who_reads_pages(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    let page = browser.get("/nowhere").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(
        page.body.contains("Page not found") && page.body.contains(page.header("x-request-id"))
    );
    let program = request(Method::GET, "/nowhere")
        .header("accept", "application/json")
        .body(Body::empty())
        .unwrap();
    assert_eq!(browser.send(program).await.body, "");
}

async fn what_cannot_be_read_is_a_page_of_ours_whoever_asks(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    let long = format!("/?q={}", "x".repeat(9_000));
    let cookie = "x".repeat(25_000);
    let get = |path: &str| request(Method::GET, path);
    let bare = |builder: http::request::Builder| builder.body(Body::empty()).unwrap();
    for (what, request, status) in [
        ("path", bare(get("/changes/%ff")), StatusCode::BAD_REQUEST),
        (
            "public path",
            bare(get("/assets/%c3%28")),
            StatusCode::BAD_REQUEST,
        ),
        (
            "NUL in the path",
            bare(get("/changes/a%00b")),
            StatusCode::BAD_REQUEST,
        ),
        ("query", bare(get("/?q=%ff")), StatusCode::BAD_REQUEST),
        (
            "NUL in the query",
            bare(get("/?q=%00")),
            StatusCode::BAD_REQUEST,
        ),
        (
            "host",
            bare(get("/").header("host", "a b")),
            StatusCode::BAD_REQUEST,
        ),
        (
            "two hosts",
            bare(get("/").header("host", "a").header("host", "b")),
            StatusCode::BAD_REQUEST,
        ),
        ("long address", bare(get(&long)), StatusCode::URI_TOO_LONG),
        (
            "large header",
            bare(get("/").header("x-large", &cookie)),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        ),
        (
            "method",
            bare(request(Method::from_bytes(b"BREW").unwrap(), "/")),
            StatusCode::METHOD_NOT_ALLOWED,
        ),
    ] {
        let answer = browser.send(request).await;
        assert_eq!(answer.status, status, "{what}");
        assert!(
            answer.header("content-type").starts_with("text/html"),
            "{what}"
        );
        let id = answer.header("x-request-id");
        assert!(
            !id.is_empty() && answer.body.contains(id),
            "{what}: {}",
            answer.body
        );
    }
}

async fn a_database_that_another_process_has_locked_is_unavailable_and_not_ready(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    assert_eq!(browser.get("/readyz").await.status, StatusCode::OK);
    let mut other = sqlx::AnyConnection::connect(&server.database.url)
        .await
        .unwrap();
    let lock: &[&str] = match engine {
        DatabaseEngine::Sqlite => &["begin immediate"],
        DatabaseEngine::Postgres => &["begin", "lock table ledger_head in access exclusive mode"],
    };
    for statement in lock {
        sqlx::query(*statement).execute(&mut other).await.unwrap();
    }
    until("the server is not ready", async || {
        browser.get("/readyz").await.status == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    assert_eq!(browser.get("/healthz").await.status, StatusCode::OK);
    if engine == DatabaseEngine::Sqlite {
        let answer = browser.get("/sign-in").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.header("retry-after"), "5");
        // On a busy machine the time limit of a request ends before the wait for the lock.
        let told = ["The database is not available", "This took too long"];
        assert!(told.iter().any(|title| answer.body.contains(title)));
    }
    sqlx::query("rollback").execute(&mut other).await.unwrap();
    until("the server is ready again", async || {
        browser.get("/readyz").await.status == StatusCode::OK
    })
    .await;
    assert_eq!(browser.get("/sign-in").await.status, StatusCode::SEE_OTHER);
}

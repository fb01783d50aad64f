//! S40 and S43: the limits on requests.

use std::net::SocketAddr;
use std::time::Duration as StdDuration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use domain::time::Duration;
use http::{Method, StatusCode};
use server::http::connections::ConnectionLimits;
use server::http::secret::Secret;
use server::http::serve::serve;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::support::*;
use crate::{database::DatabaseEngine, wait::until};

crate::engines::on_both_engines! {
    s40_a_form_of_more_than_256_kib_is_refused_as_a_page,
    s40_a_long_form_whose_length_is_not_announced_is_refused_too_and_kept_for_nobody,
    s40_more_at_once_than_there_is_room_for_is_turned_away,
    s40_forms_that_never_end_hold_up_nobody_but_who_sends_them,
    s40_clients_that_dribble_their_headers_are_cut_off_and_hold_nobody_up,
    s43_a_made_up_forwarding_header_changes_nothing,
    s43_behind_a_trusted_proxy_the_right_most_untrusted_hop_counts,
    s43_a_session_has_its_own_limit_and_changes_a_tighter_one,
    s43_sign_ins_are_limited_by_address_and_the_answer_says_when_to_come_back,
    metrics_are_for_this_machine_or_who_brings_the_token,
    health_and_readiness_answer_without_a_session,
    health_and_readiness_answer_an_address_that_is_over_its_limit,
}

fn from(peer: &str, forwarded: &str) -> http::Request<Body> {
    let mut request = request(Method::GET, "/signed-out")
        .header("x-forwarded-for", forwarded)
        .body(Body::empty())
        .unwrap();
    request
        .extensions_mut()
        .insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
    request
}

fn random_address(seed: u32) -> String {
    let [a, b, c, d] = seed.wrapping_mul(2_654_435_761).to_be_bytes();
    format!("{a}.{b}.{c}.{d}")
}

async fn s40_a_form_of_more_than_256_kib_is_refused_as_a_page(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    let long = "x".repeat(257 * 1024);
    let answer = browser.post(SUBMIT, &[("justification", &long)]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.body.contains("Form too large"));
    let fits = "x".repeat(100 * 1024);
    assert_eq!(
        browser
            .post(SUBMIT, &[("justification", &fits)])
            .await
            .status,
        StatusCode::SEE_OTHER
    );
}

async fn s40_a_long_form_whose_length_is_not_announced_is_refused_too_and_kept_for_nobody(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    server.wait(Duration::minutes(20));
    let chunks = futures::stream::iter((0..300).map(|_| Ok::<_, std::io::Error>("x".repeat(1024))));
    let request = request(Method::POST, SUBMIT)
        .header("sec-fetch-site", "same-origin")
        .body(Body::from_stream(chunks))
        .unwrap();
    assert_eq!(
        browser.send(request).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(server.dump("select fields from draft").await, "");
}

async fn s40_more_at_once_than_there_is_room_for_is_turned_away(engine: DatabaseEngine) {
    let server = Server::with(engine, |setup| setup.settings.limits.at_once = 0).await;
    let answer = server.browser().get("/sign-in").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.body.contains("busy"));
    // A health check that is rejected would make the supervisor restart the process.
    for watched in ["/healthz", "/readyz"] {
        assert_eq!(
            server.browser().get(watched).await.status,
            StatusCode::OK,
            "{watched}"
        );
    }
}

async fn s40_forms_that_never_end_hold_up_nobody_but_who_sends_them(engine: DatabaseEngine) {
    let server = Server::with(engine, |setup| setup.settings.limits.at_once = 4).await;
    let never = futures::stream::pending::<Result<String, std::io::Error>>();
    let held = request(Method::POST, SUBMIT)
        .header("sec-fetch-site", "same-origin")
        .body(Body::from_stream(never))
        .unwrap();
    let mut slow = server.browser();
    let (mut other, mut watch) = (server.browser(), server.browser());
    tokio::select! {
        // The endless request is polled first and takes its slot before another one asks for it.
        biased;
        answer = slow.send(held) => panic!("answered with {}", answer.status),
        () = async {
            until("another request is rejected", async || {
                other.get("/sign-in").await.status == StatusCode::SERVICE_UNAVAILABLE
            })
            .await;
            assert_eq!(watch.get("/healthz").await.status, StatusCode::OK);
        } => {}
    }
}

async fn s40_clients_that_dribble_their_headers_are_cut_off_and_hold_nobody_up(
    engine: DatabaseEngine,
) {
    let server = Server::on(engine).await;
    let mut settings = server.state.settings().clone();
    settings.limits.connections = ConnectionLimits {
        first_request: StdDuration::from_millis(300),
        ..ConnectionLimits::default()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let router = server.router.clone();
    let running = tokio::spawn(async move {
        serve(listener, router, &settings, async {
            let _ = stopped.await;
        })
        .await;
    });
    let mut slow = Vec::new();
    for _ in 0..19 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            .await
            .unwrap();
        slow.push(stream);
    }
    let url = format!("http://{address}/healthz");
    assert_eq!(
        reqwest::get(&url).await.unwrap().status(),
        200,
        "one more connection is accepted"
    );
    for mut stream in slow {
        let mut rest = Vec::new();
        let ended =
            tokio::time::timeout(StdDuration::from_secs(10), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "the server closes the connection");
        assert!(!String::from_utf8_lossy(&rest).contains("200"));
    }
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 200);
    stop.send(()).unwrap();
    tokio::time::timeout(StdDuration::from_secs(15), running)
        .await
        .expect("the server stops on request")
        .unwrap();
}

async fn s43_a_made_up_forwarding_header_changes_nothing(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    let mut statuses = Vec::new();
    for seed in 0..1_000 {
        statuses.push(
            raw(&server, from("203.0.113.9", &random_address(seed)))
                .await
                .status,
        );
    }
    let answered = statuses
        .iter()
        .filter(|status| **status == StatusCode::OK)
        .count();
    assert_eq!(answered, 600, "the burst, because the clock does not move");
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS));
    let other = raw(&server, from("203.0.113.10", "")).await;
    assert_eq!(
        other.status,
        StatusCode::OK,
        "other clients are not limited"
    );
    server.wait(Duration::seconds(1));
    assert_eq!(
        raw(&server, from("203.0.113.9", "")).await.status,
        StatusCode::OK,
        "and the limit ends"
    );
}

async fn s43_behind_a_trusted_proxy_the_right_most_untrusted_hop_counts(engine: DatabaseEngine) {
    let server = Server::with(engine, |setup| {
        setup.settings.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    })
    .await;
    let mut last = StatusCode::OK;
    for seed in 0..1_000 {
        let forwarded = format!("{}, 203.0.113.9, 10.1.1.1", random_address(seed));
        last = raw(&server, from("10.0.0.1", &forwarded)).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        raw(&server, from("10.0.0.1", "203.0.113.10, 10.1.1.1"))
            .await
            .status,
        StatusCode::OK
    );
}

async fn s43_a_session_has_its_own_limit_and_changes_a_tighter_one(engine: DatabaseEngine) {
    let server = Server::with(engine, |setup| {
        setup.settings.limits.changes = quota(3, 1);
        setup.settings.limits.per_session = quota(20, 1);
    })
    .await;
    let mut browser = server.browser();
    browser.sign_in("alice").await;
    let mut posts = Vec::new();
    for _ in 0..4 {
        posts.push(browser.post(DECIDE, &[]).await.status);
    }
    assert_eq!(
        posts[2..],
        [StatusCode::SEE_OTHER, StatusCode::TOO_MANY_REQUESTS]
    );
    let mut gets = Vec::new();
    for _ in 0..20 {
        gets.push(browser.get("/").await.status);
    }
    assert_eq!(gets.last(), Some(&StatusCode::TOO_MANY_REQUESTS));
    let mut other = server.browser();
    other.sign_in("bob").await;
    assert_eq!(other.get("/").await.status, StatusCode::OK);
}

async fn s43_sign_ins_are_limited_by_address_and_the_answer_says_when_to_come_back(
    engine: DatabaseEngine,
) {
    let server = Server::with(engine, |setup| {
        setup.settings.limits.sign_ins = quota(5, 10);
    })
    .await;
    let mut browser = server.browser();
    for _ in 0..5 {
        assert_eq!(browser.get("/sign-in").await.status, StatusCode::SEE_OTHER);
    }
    let answer = browser.get("/sign-in").await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (StatusCode::TOO_MANY_REQUESTS, "10")
    );
}

async fn metrics_are_for_this_machine_or_who_brings_the_token(engine: DatabaseEngine) {
    let server = Server::with(engine, |setup| {
        setup.settings.metrics_token = Some(Secret::new("t0ken"));
    })
    .await;
    let ask = |peer: &str, header: Option<(&str, &str)>| {
        let mut builder = request(Method::GET, "/metrics");
        if let Some((name, value)) = header {
            builder = builder.header(name, value);
        }
        let mut request = builder.body(Body::empty()).unwrap();
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        request
    };
    for (peer, header, expected) in [
        ("127.0.0.1", None, StatusCode::OK),
        ("::1", None, StatusCode::OK),
        ("203.0.113.9", None, StatusCode::NOT_FOUND),
        (
            "203.0.113.9",
            Some(("authorization", "Bearer t0ken")),
            StatusCode::OK,
        ),
        (
            "203.0.113.9",
            Some(("authorization", "Bearer wrong")),
            StatusCode::NOT_FOUND,
        ),
        (
            "127.0.0.1",
            Some(("host", "localhost:3000")),
            StatusCode::OK,
        ),
        ("::1", Some(("host", "[::1]:3000")), StatusCode::OK),
        (
            "127.0.0.1",
            Some(("x-prometheus-scrape-timeout-seconds", "10")),
            StatusCode::OK,
        ),
        (
            "127.0.0.1",
            Some(("host", "leastwise.example")),
            StatusCode::NOT_FOUND,
        ),
    ] {
        assert_eq!(
            raw(&server, ask(peer, header)).await.status,
            expected,
            "{peer} {header:?}"
        );
    }
    for forwarding in [
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "x-envoy-external-address",
        "x-amzn-trace-id",
        "x-any-other-proxy",
    ] {
        let answer = raw(&server, ask("127.0.0.1", Some((forwarding, "203.0.113.9")))).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{forwarding}");
    }
}

async fn health_and_readiness_answer_without_a_session(engine: DatabaseEngine) {
    let server = Server::on(engine).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(
            server.browser().get(path).await.status,
            StatusCode::OK,
            "{path}"
        );
    }
}

async fn health_and_readiness_answer_an_address_that_is_over_its_limit(engine: DatabaseEngine) {
    let server = Server::with(engine, |setup| {
        setup.settings.limits.per_address = quota(2, 1);
    })
    .await;
    let mut browser = server.browser();
    for _ in 0..3 {
        browser.get("/signed-out").await;
    }
    let over = browser.get("/signed-out").await.status;
    assert_eq!(over, StatusCode::TOO_MANY_REQUESTS);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(browser.get(path).await.status, StatusCode::OK, "{path}");
    }
}

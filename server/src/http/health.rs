//! Endpoints for monitoring. They reveal only yes or no to untrusted clients.

use std::{fmt::Write as _, net::IpAddr};

use axum::{
    Extension,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, StatusCode, header, uri::Authority};

use super::{
    error::{HttpError, Verbatim},
    limits::ClientIp,
    state::HttpState,
};

/// `GET /healthz`: the process responds.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Delays private requests until the stored state is loaded. Before that, pages would show an empty organization, and
/// changes would be evaluated against it. This takes a moment, and the time limit of handlers includes it.
pub(super) async fn wait_until_restored(
    State(state): State<HttpState>,
    request: Request,
    next: Next,
) -> Response {
    state.ports.readiness.restored().await;
    next.run(request).await
}

/// `GET /readyz`: the database can be written to and the first crawl is complete. What is missing is listed only for this
/// machine and for requests with the metrics token.
pub async fn readyz(State(state): State<HttpState>, request: Request) -> Response {
    let mut missing = state.ports.readiness.missing().await;
    if let Err(error) = state.store.check().await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the database cannot be written to"
        );
        missing.push("the database cannot be written to".into());
    }
    if missing.is_empty() {
        return "ready\n".into_response();
    }
    let said = if is_trusted(&state, &request) {
        missing.join("\n")
    } else {
        "not ready".into()
    };
    (
        StatusCode::SERVICE_UNAVAILABLE,
        Extension(Verbatim),
        said + "\n",
    )
        .into_response()
}

/// `GET /metrics`: Prometheus text, for this machine or with the token.
pub async fn metrics(State(state): State<HttpState>, request: Request) -> Response {
    if !is_trusted(&state, &request) {
        return HttpError::NotFound.into_response();
    }
    let mut text = state.ports.readiness.metrics().await;
    let limits = &state.settings.limits;
    writeln!(
        text,
        "# TYPE leastwise_http_in_flight gauge\nleastwise_http_in_flight {}",
        limits
            .at_once
            .saturating_sub(state.room.available_permits())
    )
    .expect("writing to a string cannot fail");
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        text,
    )
        .into_response()
}

fn is_trusted(state: &HttpState, request: &Request) -> bool {
    let bearer = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if let (Some(token), Some(given)) = (&state.settings.metrics_token, bearer) {
        return token.matches(given);
    }
    let local = request
        .extensions()
        .get::<ClientIp>()
        .is_some_and(|ip| ip.0.is_loopback());
    local && is_direct(request.headers())
}

/// Returns whether a program of this machine sent the request itself. A local proxy that is not configured as trusted
/// would otherwise make every client appear local. Proxies are known by many headers, so an unknown header counts as
/// one of them, and so does a host name other than this machine's.
fn is_direct(headers: &HeaderMap) -> bool {
    let is_own = |name: &HeaderName| {
        let name = name.as_str();
        OWN_HEADERS.contains(&name) || name.starts_with("sec-") || name.starts_with("accept")
    };
    let names_this_machine = headers.get(header::HOST).is_none_or(|host| {
        let host = host
            .to_str()
            .ok()
            .and_then(|host| host.parse::<Authority>().ok());
        host.is_some_and(|host| is_this_machine(host.host()))
    });
    headers.keys().all(is_own) && names_this_machine
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The headers that a browser, `curl` or Prometheus writes, beside `Accept…` and `Sec-…`.
const OWN_HEADERS: [&str; 14] = [
    "authorization",
    "cache-control",
    "connection",
    "content-length",
    "cookie",
    "dnt",
    "host",
    "pragma",
    "priority",
    "referer",
    "te",
    "upgrade-insecure-requests",
    "user-agent",
    "x-prometheus-scrape-timeout-seconds",
];

//! Endpoints for monitoring. They reveal only yes or no to untrusted clients.

use std::fmt::Write as _;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, header};

use super::{error::HttpError, limits::ClientIp, state::HttpState};

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

/// `GET /readyz`: the database responds and the first crawl is complete. What is missing is listed only for this
/// machine and for requests with the metrics token.
pub async fn readyz(State(state): State<HttpState>, request: Request) -> Response {
    let mut missing = state.ports.readiness.missing().await;
    if let Err(error) = state.store.answers().await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the database does not respond"
        );
        missing.push("database".into());
    }
    if missing.is_empty() {
        return "ready\n".into_response();
    }
    let said = if is_trusted(&state, &request) {
        missing.join("\n")
    } else {
        "not ready".into()
    };
    (StatusCode::SERVICE_UNAVAILABLE, said + "\n").into_response()
}

/// `GET /metrics`: Prometheus text, for this machine or with the token.
pub async fn metrics(State(state): State<HttpState>, request: Request) -> Response {
    if !is_trusted(&state, &request) {
        return HttpError::NotFound.into_response();
    }
    let mut text = state.ports.readiness.metrics();
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
    // A local proxy that is not configured as trusted would make every client appear local.
    let forwarded = ["x-forwarded-for", "forwarded"]
        .iter()
        .any(|name| request.headers().contains_key(*name));
    let local = request
        .extensions()
        .get::<ClientIp>()
        .is_some_and(|ip| ip.0.is_loopback());
    local && !forwarded
}

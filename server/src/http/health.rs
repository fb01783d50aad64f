//! For machines that watch this one. Nothing here tells a stranger more than yes or no.

use std::fmt::Write as _;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, header};

use super::{error::HttpError, limits::ClientIp, state::HttpState};

/// `GET /healthz`: the process answers.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Nothing private is answered before what was known is there: a page would show an empty organisation, and
/// a change would be judged by one. It is a moment; the limit of all handlers holds here, too.
pub(super) async fn begun(
    State(state): State<HttpState>,
    request: Request,
    next: Next,
) -> Response {
    state.ports.readiness.begun().await;
    next.run(request).await
}

/// `GET /readyz`: the database answers and the first crawl is done. What is missing is named to
/// this machine and to who brings the metrics token.
pub async fn readyz(State(state): State<HttpState>, request: Request) -> Response {
    let mut missing = state.ports.readiness.missing().await;
    if let Err(error) = state.store.answers().await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the database does not answer"
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
    .expect("a string takes what is written to it");
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
    // A proxy on this machine that is not configured as one would make everybody look local.
    let forwarded = ["x-forwarded-for", "forwarded"]
        .iter()
        .any(|name| request.headers().contains_key(*name));
    let local = request
        .extensions()
        .get::<ClientIp>()
        .is_some_and(|ip| ip.0.is_loopback());
    local && !forwarded
}

//! All routes, and the order of the layers.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
use http::StatusCode;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    limit::RequestBodyLimitLayer,
    timeout::{RequestBodyDeadlineLayer, TimeoutLayer},
};

use super::{
    assets, error, headers, health, limits, origin, request_id, session, sign_in, sign_out,
    state::HttpState, target,
};

/// The routes of the caller. They require a session, and their requests carry a [`session::SignedIn`].
pub struct Routes {
    /// Leptos pages, with the page for unknown paths as fallback, and the data that pages read.
    pub pages: Router,
    /// Writes, under `/do/`. No fallback.
    pub actions: Router,
}

/// Returns the router of the server.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the router owns its state, which callers no longer need"
)]
pub fn router(state: HttpState, routes: Routes) -> Router {
    let private = routes
        .pages
        .merge(routes.actions)
        .layer(from_fn_with_state(
            state.clone(),
            health::wait_until_restored,
        ))
        .layer(from_fn_with_state(state.clone(), session::require));
    let public = Router::new()
        .route(sign_in::PATH, get(sign_in::begin))
        .route(sign_in::CALLBACK_PATH, get(sign_in::finish))
        .route(sign_out::PATH, post(sign_out::sign_out))
        .route(sign_out::SIGNED_OUT_PATH, get(sign_out::goodbye))
        .route(headers::REPORT_PATH, post(report))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/assets/{name}", get(assets::serve))
        .with_state(state.clone());
    layered(public.merge(private), &state)
}

/// Adds the layers. The last layer in the code handles a request first. From the outside in:
///
/// 1. the request id, because all layers below log or show it;
/// 2. headers, so that every response has them;
/// 3. compression of pages and error pages;
/// 4. pages for bare errors, so that the refusals below are pages;
/// 5. panics, so that a broken layer or handler is a 500 and not a closed connection;
/// 6. concurrency, then rates: refusing is cheapest before anything is read;
/// 7. addresses and headers that cannot be read;
/// 8. origin and methods, before any content of a foreign form is read;
/// 9. time and size limits of the rest; then the routes, with the session before private routes.
fn layered(routes: Router, state: &HttpState) -> Router {
    let limits = &state.settings.limits;
    routes
        .layer(RequestBodyLimitLayer::new(limits.body))
        .layer(RequestBodyDeadlineLayer::new(limits.body_time))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            limits.handler,
        ))
        .layer(from_fn_with_state(state.clone(), origin::layer))
        .layer(from_fn(target::layer))
        .layer(from_fn_with_state(state.clone(), limits::rates))
        .layer(from_fn_with_state(state.clone(), limits::at_once))
        .layer(CatchPanicLayer::custom(error::AfterPanic))
        .layer(from_fn(error::dress))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state.clone(), headers::layer))
        .layer(from_fn(request_id::layer))
}

/// Logs a violation of the content security policy, truncated because it is external text.
async fn report(State(_): State<HttpState>, body: Bytes) -> StatusCode {
    let report: String = String::from_utf8_lossy(&body).chars().take(2_000).collect();
    tracing::warn!(report, "a page violated its content security policy");
    StatusCode::NO_CONTENT
}

//! Every route, and the layers in their order.

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
    state::HttpState,
};

/// What the caller brings. All of it needs a session; requests carry a [`session::Signed`].
pub struct Routes {
    /// Leptos pages, with the page for what is not found as their fallback; and data that pages read.
    pub pages: Router,
    /// What changes something, under `/do/`. No fallback.
    pub actions: Router,
}

/// Everything the server answers.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the router owns its state; a caller has no more use for it"
)]
pub fn router(state: HttpState, routes: Routes) -> Router {
    let private = routes
        .pages
        .merge(routes.actions)
        .layer(from_fn_with_state(state.clone(), health::begun))
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

/// The last layer here is the first that a request meets. From the outside in:
///
/// 1. the request id, because everything below writes it down or shows it;
/// 2. headers, so that no answer leaves without them, whoever made it;
/// 3. compression, of pages and error pages alike;
/// 4. dressing of bare errors, so that the refusals below are pages;
/// 5. panics, so that a broken layer or handler is a 500 and not a closed connection;
/// 6. room, then rates: refusing is cheapest before anything is read;
/// 7. origin and methods: nothing of a foreign form is looked at;
/// 8. time and size of what remains; then the routes, and the session before private ones.
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
        .layer(from_fn_with_state(state.clone(), limits::rates))
        .layer(from_fn_with_state(state.clone(), limits::at_once))
        .layer(CatchPanicLayer::custom(error::AfterPanic))
        .layer(from_fn(error::dress))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state.clone(), headers::layer))
        .layer(from_fn(request_id::layer))
}

/// What the browser stopped. Cut short: it is text from outside.
async fn report(State(_): State<HttpState>, body: Bytes) -> StatusCode {
    let report: String = String::from_utf8_lossy(&body).chars().take(2_000).collect();
    tracing::warn!(report, "a page broke its content security policy");
    StatusCode::NO_CONTENT
}

//! The endpoints under `/_sandbox`, with which tests inject faults and read counts. They must never be reachable by a
//! form on another site, hence JSON only, which a browser does not send across origins without a preflight request.

use std::sync::Arc;

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Provider;
use super::misbehave::Misbehave;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    misbehave: Option<Misbehave>,
}

/// Sets the active fault: `{"misbehave": "wrong_issuer"}`, or null for none. Returns the active fault.
pub(super) async fn set_misbehave(
    State(provider): State<Arc<Provider>>,
    Json(wanted): Json<Wanted>,
) -> Json<Wanted> {
    provider.set_misbehave(wanted.misbehave);
    Json(wanted)
}

/// Returns the active fault and all available faults.
pub(super) async fn get_misbehave(State(provider): State<Arc<Provider>>) -> Json<Value> {
    Json(json!({ "misbehave": provider.misbehaves(), "faults": Misbehave::ALL }))
}

/// Returns request counts by the last path segment, such as `{"jwks": 2, "token": 1}`. Paths without requests are
/// absent.
pub(super) async fn hits(State(provider): State<Arc<Provider>>) -> Json<Value> {
    Json(json!(provider.hits().clone()))
}

/// The redirect target of the JWKS URI under [`Misbehave::JwksElsewhere`]. Returns the valid keys.
pub(super) async fn elsewhere(State(provider): State<Arc<Provider>>) -> Json<Value> {
    Json(provider.keys.jwks())
}

/// Counts every request that matches a route.
pub(super) async fn count(
    State(provider): State<Arc<Provider>>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let name = path
        .as_str()
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .trim_end_matches(".json");
    *provider.hits().entry(name.to_owned()).or_default() += 1;
    next.run(request).await
}

//! `/_sandbox/...`: what tests set and ask. It must never be reachable by a form on another site, hence JSON only,
//! which a browser does not send across origins without asking first.

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

/// `{"misbehave": "wrong_issuer"}`, or null to behave again. Answers with what is in force.
pub(super) async fn set_misbehave(
    State(provider): State<Arc<Provider>>,
    Json(wanted): Json<Wanted>,
) -> Json<Wanted> {
    provider.set_misbehave(wanted.misbehave);
    Json(wanted)
}

/// What is in force, and every fault there is.
pub(super) async fn get_misbehave(State(provider): State<Arc<Provider>>) -> Json<Value> {
    Json(json!({ "misbehave": provider.misbehaves(), "faults": Misbehave::ALL }))
}

/// Requests so far by the last part of the path, as `{"jwks": 2, "token": 1}`; a path never asked for is absent.
pub(super) async fn hits(State(provider): State<Arc<Provider>>) -> Json<Value> {
    Json(json!(provider.hits().clone()))
}

/// Where the JWKS address sends a client under [`Misbehave::JwksElsewhere`].
pub(super) async fn elsewhere(State(provider): State<Arc<Provider>>) -> Json<Value> {
    Json(provider.keys.jwks())
}

/// Counts every request that found a route.
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

//! The discovery document and the JWKS. As in Cognito, the discovery document has no `end_session_endpoint`, because
//! `/logout` is not OpenID Connect RP-initiated logout. It must never answer for another pool.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::Provider;
use super::misbehave::Misbehave;

pub(super) async fn openid_configuration(
    State(provider): State<Arc<Provider>>,
    Path(pool_id): Path<String>,
) -> Response {
    if pool_id != provider.pool_id() {
        return no_such_pool(&pool_id);
    }
    Json(document(&provider)).into_response()
}

pub(super) async fn jwks(
    State(provider): State<Arc<Provider>>,
    Path(pool_id): Path<String>,
) -> Response {
    if pool_id != provider.pool_id() {
        return no_such_pool(&pool_id);
    }
    if provider.misbehaves() == Some(Misbehave::JwksElsewhere) {
        // The redirect target returns the valid keys and counts the request, so only a client that refuses to follow
        // fails.
        let elsewhere = HeaderValue::from_static("/_sandbox/elsewhere");
        return (StatusCode::FOUND, [(header::LOCATION, elsewhere)]).into_response();
    }
    Json(provider.keys.jwks()).into_response()
}

fn document(provider: &Provider) -> Value {
    let issuer = provider.issuer();
    let domain = &provider.config.domain_url;
    let claimed = match provider.misbehaves() {
        Some(Misbehave::DiscoveryOfAnotherIssuer) => "https://issuer.example/pool",
        _ => &issuer,
    };
    json!({
        "authorization_endpoint": format!("{domain}/oauth2/authorize"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": claimed,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "response_types_supported": ["code", "token"],
        "revocation_endpoint": format!("{domain}/oauth2/revoke"),
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint": format!("{domain}/oauth2/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "userinfo_endpoint": format!("{domain}/oauth2/userInfo"),
    })
}

fn no_such_pool(pool_id: &str) -> Response {
    let message = format!("User pool {pool_id} does not exist.");
    (StatusCode::NOT_FOUND, Json(json!({ "message": message }))).into_response()
}

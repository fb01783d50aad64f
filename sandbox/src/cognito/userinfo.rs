//! `/oauth2/userInfo`: the attributes of the user whom an access token names. As in Cognito, booleans are strings and
//! groups are absent. It must never accept an ID token, nor an access token whose family was revoked.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::Provider;
use super::claims::seconds;
use super::keys::Claims;
use super::subject::Subject;

pub(super) async fn user_info(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
) -> Response {
    match attributes(&provider, &headers) {
        Ok(attributes) => ([(header::CACHE_CONTROL, "no-store")], Json(attributes)).into_response(),
        Err(description) => refusal(description),
    }
}

fn attributes(provider: &Provider, headers: &HeaderMap) -> Result<Value, &'static str> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or("Access token is missing.")?;
    let claims = provider
        .keys
        .verify(token)
        .ok_or("Access token is invalid.")?;
    let scopes = valid_scopes(provider, &claims).ok_or("Access token is invalid.")?;
    if !scopes.contains(&"openid") {
        return Err("Access token does not contain openid scope");
    }
    let subject = owner(provider, &claims).ok_or("Access token has been revoked.")?;
    let mut found = json!({ "sub": subject.sub, "username": subject.username });
    if scopes.contains(&"email") {
        found["email"] = json!(subject.email);
        found["email_verified"] = json!("true");
    }
    if scopes.contains(&"profile") {
        found["name"] = json!(subject.name);
    }
    if let Some(identities) = &subject.identities {
        // A list in tokens, but here Cognito returns the attribute as stored: JSON inside a string.
        found["identities"] = json!(identities.to_string());
    }
    Ok(found)
}

/// Returns the scopes of an access token of this pool that has not expired.
fn valid_scopes<'a>(provider: &Provider, claims: &'a Claims) -> Option<Vec<&'a str>> {
    let is_ours =
        claims.get("token_use")? == "access" && claims.get("iss")?.as_str()? == provider.issuer();
    let lives = seconds(provider.now_ms()) < claims.get("exp")?.as_i64()?;
    (is_ours && lives)
        .then(|| {
            claims
                .get("scope")
                .and_then(Value::as_str)
                .unwrap_or_default()
        })
        .map(|scope| scope.split(' ').collect())
}

/// Returns the user, unless the token family was revoked or the user was disabled or signed out since.
fn owner(provider: &Provider, claims: &Claims) -> Option<Subject> {
    if provider
        .sessions()
        .is_revoked(claims.get("origin_jti")?.as_str()?)
    {
        return None;
    }
    // `iat` has a resolution of one second. Its last millisecond is assumed, so that a fresh sign-in does not count as
    // signed out.
    let issued_ms = claims.get("iat")?.as_i64()? * 1000 + 999;
    provider
        .subject(claims.get("sub")?.as_str()?)
        .filter(|subject| subject.honours_tokens_of(issued_ms))
}

fn refusal(description: &'static str) -> Response {
    let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{description}\"");
    let body = json!({ "error": "invalid_token", "error_description": description });
    let mut response = (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

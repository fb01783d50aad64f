//! `POST /oauth2/revoke`: revokes a refresh token and all tokens of the same sign-in. It must never reveal whether an
//! unknown token ever existed.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use super::oauth_error::OAuthError;
use super::{Provider, client, token};

pub(super) async fn revoke(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    match end(&provider, &headers, &body) {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => error.into_response(),
    }
}

fn end(provider: &Provider, headers: &HeaderMap, body: &str) -> Result<(), OAuthError> {
    let params = token::form(headers, body)?;
    let clients = provider.clients();
    let client = client::authenticate(&clients, headers, &params)?;
    let token = params.get("token").ok_or(OAuthError::InvalidRequest)?;
    if provider.keys.verify(token).is_some() {
        return Err(OAuthError::UnsupportedTokenType);
    }
    let now_ms = provider.now_ms();
    let mut sessions = provider.sessions();
    let Some(grant) = sessions
        .refresh(token, now_ms)
        .map(|found| found.grant.clone())
    else {
        return Ok(());
    };
    if grant.client_id != client.id {
        return Err(OAuthError::UnauthorizedClient);
    }
    sessions.revoke_family(&grant.origin_jti, now_ms);
    Ok(())
}

//! `POST /oauth2/token`: exchanges a code or a refresh token for tokens. It must never accept a code twice, nor one
//! issued for another client, redirect URI or verifier, and never refresh for a user who was signed out.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::claims::{Issue, seconds};
use super::client::{self, Client};
use super::oauth_error::OAuthError;
use super::params::Params;
use super::sessions::{Grant, Refresh};
use super::{Provider, misbehave};

/// Whether a refresh token is replaced when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshRotation {
    /// The same token stays valid until it expires. The response carries no refresh token.
    Off,
    /// Each use returns a new token. The old token stays valid for a grace period (Cognito allows 0 to 60 seconds).
    On { grace_ms: i64 },
}

/// The result of redeeming a code or a refresh token.
struct Redeemed {
    grant: Grant,
    nonce: Option<String>,
    /// Present if the response carries a refresh token.
    refresh_token: Option<String>,
}

pub(super) async fn token(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    answer(&provider, &headers, &body).unwrap_or_else(IntoResponse::into_response)
}

fn answer(provider: &Provider, headers: &HeaderMap, body: &str) -> Result<Response, OAuthError> {
    let params = form(headers, body)?;
    let clients = provider.clients();
    let client = client::authenticate(&clients, headers, &params)?;
    let redeemed = match params.get("grant_type") {
        Some("authorization_code") => redeem_code(provider, client, &params)?,
        Some("refresh_token") => redeem_refresh(provider, client, &params)?,
        Some(_) => return Err(OAuthError::UnsupportedGrantType),
        None => return Err(OAuthError::InvalidRequest),
    };
    issue(provider, &redeemed)
}

/// Parses a form body. Any other content type is an error.
pub(super) fn form(headers: &HeaderMap, body: &str) -> Result<Params, OAuthError> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = content_type
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(OAuthError::InvalidRequest);
    }
    Params::parse(body).map_err(|_| OAuthError::InvalidRequest)
}

fn redeem_code(
    provider: &Provider,
    client: &Client,
    params: &Params,
) -> Result<Redeemed, OAuthError> {
    let code = params.get("code").ok_or(OAuthError::InvalidRequest)?;
    let redirect_uri = params
        .get("redirect_uri")
        .ok_or(OAuthError::InvalidRequest)?;
    let now_ms = provider.now_ms();
    let code = provider
        .sessions()
        .redeem_code(code, now_ms)
        .ok_or(OAuthError::InvalidGrant)?;
    let verified = verifies(code.challenge.as_deref(), params.get("code_verifier"));
    if code.grant.client_id != client.id || code.redirect_uri != redirect_uri || !verified {
        return Err(OAuthError::InvalidGrant);
    }
    // The token family is issued now, so that a sign-out between code and tokens does not void it.
    let grant = Grant {
        issued_ms: now_ms,
        ..code.grant
    };
    let refresh_token = Some(new_refresh_token(
        provider,
        &grant,
        now_ms + provider.config.refresh_lifetime_ms,
    ));
    Ok(Redeemed {
        grant,
        nonce: code.nonce,
        refresh_token,
    })
}

fn redeem_refresh(
    provider: &Provider,
    client: &Client,
    params: &Params,
) -> Result<Redeemed, OAuthError> {
    let token = params
        .get("refresh_token")
        .ok_or(OAuthError::InvalidRequest)?;
    let now_ms = provider.now_ms();
    let Refresh { grant, expires_ms } = provider
        .sessions()
        .refresh(token, now_ms)
        .cloned()
        .ok_or(OAuthError::InvalidGrant)?;
    if grant.client_id != client.id {
        return Err(OAuthError::InvalidGrant);
    }
    let subject = provider
        .subject(&grant.authentication.sub)
        .ok_or(OAuthError::InvalidGrant)?;
    if !subject.honours_tokens_of(grant.issued_ms) {
        return Err(OAuthError::InvalidGrant);
    }
    let refresh_token = match provider.config.refresh_rotation {
        RefreshRotation::Off => None,
        RefreshRotation::On { grace_ms } => {
            provider
                .sessions()
                .shorten_refresh(token, now_ms + grace_ms);
            // The new token inherits the expiry of the old one: rotation does not extend a sign-in.
            Some(new_refresh_token(provider, &grant, expires_ms))
        }
    };
    Ok(Redeemed {
        grant,
        nonce: None,
        refresh_token,
    })
}

fn new_refresh_token(provider: &Provider, grant: &Grant, expires_ms: i64) -> String {
    let refresh = Refresh {
        grant: grant.clone(),
        expires_ms,
    };
    provider
        .sessions()
        .issue_refresh(refresh, provider.now_ms())
}

/// Verifies PKCE (RFC 7636 4.6). A verifier without a challenge is rejected too, because the challenge may have been
/// removed from the request.
fn verifies(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            let computed = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
            (43..=128).contains(&verifier.len())
                && bool::from(computed.as_bytes().ct_eq(challenge.as_bytes()))
        }
        _ => false,
    }
}

fn issue(provider: &Provider, redeemed: &Redeemed) -> Result<Response, OAuthError> {
    let grant = &redeemed.grant;
    // Read now, not at sign-in: groups are current, and a disabled user gets no tokens.
    let subject = provider
        .subject(&grant.authentication.sub)
        .filter(|subject| subject.enabled)
        .ok_or(OAuthError::InvalidGrant)?;
    let issuer = provider.issuer();
    let issue = Issue {
        issuer: &issuer,
        context: provider.config.authentication_context,
        grant,
        subject: &subject,
        now_ms: provider.now_ms(),
        lifetime_ms: provider.config.token_lifetime_ms,
    };
    let access_token = provider.keys.sign(&issue.access_claims());
    let mut answer = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": seconds(provider.config.token_lifetime_ms),
    });
    if grant.scopes.iter().any(|scope| scope == "openid") {
        let claims = issue.id_claims(&access_token, redeemed.nonce.as_deref());
        let id_token =
            misbehave::sign_id_token(&provider.keys, provider.misbehaves(), claims, &access_token);
        answer["id_token"] = json!(id_token);
    }
    if let Some(refresh_token) = &redeemed.refresh_token {
        answer["refresh_token"] = json!(refresh_token);
    }
    let mut response = Json(answer).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
        .headers_mut()
        .insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    Ok(response)
}

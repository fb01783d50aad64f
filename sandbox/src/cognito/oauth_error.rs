//! The error responses of the token and revocation endpoints. Cognito answers 400 even for a wrong client secret, where
//! RFC 6749 has 401. It must never reveal which check a secret, code or user failed.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// An OAuth error code (RFC 6749 5.2, RFC 7009 2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum OAuthError {
    #[error("the request is malformed")]
    InvalidRequest,
    #[error("the client could not be authenticated")]
    InvalidClient,
    #[error("the grant is unknown, expired, used, or belongs to another client")]
    InvalidGrant,
    #[error("the client is not authorized to do this")]
    UnauthorizedClient,
    #[error("the grant type is not supported")]
    UnsupportedGrantType,
    #[error("only refresh tokens can be revoked")]
    UnsupportedTokenType,
}

impl OAuthError {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedTokenType => "unsupported_token_type",
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let mut response = (
            StatusCode::BAD_REQUEST,
            Json(json!({ "error": self.code() })),
        )
            .into_response();
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

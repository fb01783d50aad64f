//! `GET /oauth2/authorize`: validates the request, then redirects with a code, with an error, or to the sign-in page.
//! It must never send anything, not even an error, to a redirect URI that is not registered for the client.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use url::Url;

use super::misbehave::Misbehave;
use super::request::{AuthorizationRequest, Interaction, Rejection};
use super::sessions::{Authentication, Code, Grant, SignIn, opaque_id, random_uuid};
use super::{Provider, page};

pub(super) async fn authorize(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let request = match AuthorizationRequest::read(&provider.clients(), query.as_deref()) {
        Ok(request) => request,
        Err(rejection) => return rejection.into_response(),
    };
    let now_ms = provider.now_ms();
    let session = super::login::session_id(&headers)
        .and_then(|id| provider.sessions().browser(&id, now_ms).cloned())
        .filter(|authentication| request.is_satisfied_by(authentication, now_ms))
        .filter(|authentication| {
            provider
                .subject(&authentication.sub)
                .is_some_and(|subject| subject.enabled)
        });
    match session {
        Some(authentication) => request.answer_with_code(&provider, authentication),
        None if request.interaction == Interaction::Never => request
            .refuse("login_required", "No user is signed in.")
            .into_response(),
        None => open_sign_in(&provider, request),
    }
}

/// Stores the request and redirects the browser to its sign-in page.
pub(super) fn open_sign_in(provider: &Provider, request: AuthorizationRequest) -> Response {
    let sign_in = SignIn {
        request,
        challenge: None,
        started_ms: provider.now_ms(),
    };
    let id = provider.sessions().start_sign_in(sign_in);
    found(&format!("/login?signin={id}"))
}

impl AuthorizationRequest {
    /// Redirects the browser back to the client with a code for the authenticated person.
    pub(super) fn answer_with_code(
        self,
        provider: &Provider,
        authentication: Authentication,
    ) -> Response {
        let grant = Grant {
            client_id: self.client_id,
            scopes: self.scopes,
            authentication,
            origin_jti: random_uuid(),
            issued_ms: provider.now_ms(),
        };
        let code = provider.sessions().issue_code(Code {
            grant,
            redirect_uri: self.redirect_uri.clone(),
            challenge: self.challenge,
            nonce: self.nonce,
        });
        let code = if provider.misbehaves() == Some(Misbehave::UnknownCode) {
            opaque_id()
        } else {
            code
        };
        let mut answer = vec![("code", code.as_str())];
        if let Some(state) = &self.state {
            answer.push(("state", state));
        }
        if provider.misbehaves() == Some(Misbehave::CallbackOfAnotherIssuer) {
            answer.push(("iss", "https://issuer.example/pool"));
        }
        found(&with_query(&self.redirect_uri, &answer))
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        match self {
            Self::Shown(reason) => page::problem(StatusCode::BAD_REQUEST, reason),
            Self::Sent {
                redirect_uri,
                state,
                error,
                description,
            } => {
                let mut answer = vec![("error_description", description), ("error", error)];
                if let Some(state) = &state {
                    answer.push(("state", state));
                }
                found(&with_query(&redirect_uri, &answer))
            }
        }
    }
}

fn with_query(uri: &str, pairs: &[(&str, &str)]) -> String {
    let mut url = Url::parse(uri).expect("registered URIs are parsed before they are used");
    url.query_pairs_mut().extend_pairs(pairs);
    url.into()
}

/// Redirects with 302, as Cognito does even after a POST.
pub(super) fn found(location: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(location) else {
        return page::problem(
            StatusCode::BAD_REQUEST,
            "The registered redirect URI is not a URL.",
        );
    };
    let no_store = HeaderValue::from_static("no-store");
    (
        StatusCode::FOUND,
        [
            (header::LOCATION, location),
            (header::CACHE_CONTROL, no_store),
        ],
    )
        .into_response()
}

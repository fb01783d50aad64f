//! `GET /oauth2/authorize`: judges the request, then answers with a code, an error, or the way to the sign-in
//! page. It must never send anything, not even an error, to an address that the client did not register.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use url::Url;

use super::client::Client;
use super::misbehave::Misbehave;
use super::params::Params;
use super::sessions::{Authentication, Code, Grant, SignIn, opaque_id};
use super::{Provider, page};

/// A request for a code that may be granted.
#[derive(Clone, Debug)]
pub(super) struct AuthorizationRequest {
    pub(super) client_id: String,
    pub(super) login_hint: Option<String>,
    redirect_uri: String,
    scopes: Vec<String>,
    state: Option<String>,
    nonce: Option<String>,
    challenge: Option<String>,
    interaction: Interaction,
    max_age_ms: Option<i64>,
}

/// What the client said about showing a page (`prompt`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interaction {
    IfNeeded,
    Never,
    Always,
}

/// Why there is no code.
#[derive(Debug)]
pub(super) enum Rejection {
    /// Nobody to send it to: the person reads it.
    Shown(&'static str),
    /// The client's registered address gets it.
    Sent {
        redirect_uri: String,
        state: Option<String>,
        error: &'static str,
        description: &'static str,
    },
}

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
            .refuse("login_required", "Nobody is signed in.")
            .into_response(),
        None => open_sign_in(&provider, request),
    }
}

/// Puts the request aside and sends the browser to the page that belongs to it.
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
    pub(super) fn read(clients: &[Client], query: Option<&str>) -> Result<Self, Rejection> {
        let params = Params::parse(query.unwrap_or_default()).map_err(|_| {
            Rejection::Shown("invalid_request: a parameter was given more than once")
        })?;
        let client = params
            .get("client_id")
            .and_then(|id| clients.iter().find(|client| client.id == id))
            .ok_or(Rejection::Shown(
                "invalid_request: client_id does not exist",
            ))?;
        let redirect_uri = params
            .get("redirect_uri")
            .filter(|uri| client.may_return_to(uri) && Url::parse(uri).is_ok())
            .ok_or(Rejection::Shown(
                "redirect_mismatch: redirect_uri is not registered for this client",
            ))?;
        Self::judge(client, redirect_uri, &params).map_err(|(error, description)| Rejection::Sent {
            redirect_uri: redirect_uri.to_owned(),
            state: params.get("state").map(str::to_owned),
            error,
            description,
        })
    }

    fn judge(
        client: &Client,
        redirect_uri: &str,
        params: &Params,
    ) -> Result<Self, (&'static str, &'static str)> {
        match params.get("response_type") {
            Some("code") => {}
            Some("token") => {
                return Err((
                    "unauthorized_client",
                    "The client may not use the implicit flow.",
                ));
            }
            Some(_) => return Err(("unsupported_response_type", "Only code is supported.")),
            None => return Err(("invalid_request", "response_type is missing.")),
        }
        let scopes = client.grant_scopes(params.get("scope"));
        if scopes.is_empty() {
            return Err(("invalid_scope", "None of the scopes is known."));
        }
        let state = params.get("state");
        if state.is_some_and(|state| state.trim_start().starts_with('{')) {
            return Err(("invalid_request", "state must not be JSON."));
        }
        Ok(Self {
            client_id: client.id.clone(),
            login_hint: params.get("login_hint").map(str::to_owned),
            redirect_uri: redirect_uri.to_owned(),
            scopes,
            state: state.map(str::to_owned),
            nonce: params.get("nonce").map(str::to_owned),
            challenge: challenge(params)?,
            interaction: interaction(params.get("prompt"))?,
            max_age_ms: max_age_ms(params.get("max_age"))?,
        })
    }

    fn is_satisfied_by(&self, authentication: &Authentication, now_ms: i64) -> bool {
        // max_age=0 always asks again, as prompt=login does (OpenID Connect Core 3.1.2.1).
        let recent = self
            .max_age_ms
            .is_none_or(|max_age| max_age > 0 && now_ms - authentication.at_ms <= max_age);
        recent && self.interaction != Interaction::Always
    }

    /// Sends the browser back with a code, once it is settled who sits there.
    pub(super) fn answer_with_code(
        self,
        provider: &Provider,
        authentication: Authentication,
    ) -> Response {
        let grant = Grant {
            client_id: self.client_id,
            scopes: self.scopes,
            authentication,
            origin_jti: uuid::Uuid::new_v4().to_string(),
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

    pub(super) fn refuse(&self, error: &'static str, description: &'static str) -> Rejection {
        Rejection::Sent {
            redirect_uri: self.redirect_uri.clone(),
            state: self.state.clone(),
            error,
            description,
        }
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

/// Only S256: a plain challenge is the verifier itself, for everybody who sees the request.
fn challenge(params: &Params) -> Result<Option<String>, (&'static str, &'static str)> {
    match (
        params.get("code_challenge"),
        params.get("code_challenge_method"),
    ) {
        (None, None) => Ok(None),
        (Some(challenge), Some("S256")) if challenge.len() == 43 => Ok(Some(challenge.to_owned())),
        (Some(_), Some("S256")) => Err(("invalid_request", "code_challenge is not a SHA-256.")),
        _ => Err((
            "invalid_request",
            "code_challenge needs code_challenge_method=S256.",
        )),
    }
}

fn interaction(prompt: Option<&str>) -> Result<Interaction, (&'static str, &'static str)> {
    let asked: Vec<&str> = prompt.unwrap_or_default().split_whitespace().collect();
    match asked.as_slice() {
        [] | ["consent"] => Ok(Interaction::IfNeeded),
        ["none"] => Ok(Interaction::Never),
        several if several.contains(&"none") => {
            Err(("invalid_request", "prompt=none stands alone."))
        }
        several
            if several
                .iter()
                .all(|one| ["login", "select_account", "consent"].contains(one)) =>
        {
            Ok(Interaction::Always)
        }
        _ => Err(("invalid_request", "prompt is not known.")),
    }
}

fn max_age_ms(text: Option<&str>) -> Result<Option<i64>, (&'static str, &'static str)> {
    text.map(|text| text.parse::<u32>().map(|seconds| i64::from(seconds) * 1000))
        .transpose()
        .map_err(|_| ("invalid_request", "max_age is not a number of seconds."))
}

fn with_query(uri: &str, pairs: &[(&str, &str)]) -> String {
    let mut url = Url::parse(uri).expect("registered addresses are parsed before they are used");
    url.query_pairs_mut().extend_pairs(pairs);
    url.into()
}

/// Cognito redirects with 302, after a POST as well.
pub(super) fn found(location: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(location) else {
        return page::problem(
            StatusCode::BAD_REQUEST,
            "The registered address is not a URL.",
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

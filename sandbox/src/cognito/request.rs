//! An authorization request, validated before anything happens. It must never guess what a client meant: what is not
//! understood is rejected, except for the scopes and prompts that Cognito itself ignores.

use url::Url;

use super::client::Client;
use super::params::Params;
use super::sessions::Authentication;

/// A valid authorization request.
#[derive(Clone, Debug)]
pub(super) struct AuthorizationRequest {
    pub(super) client_id: String,
    pub(super) login_hint: Option<String>,
    pub(super) redirect_uri: String,
    pub(super) scopes: Vec<String>,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<String>,
    pub(super) interaction: Interaction,
    max_age_ms: Option<i64>,
}

/// Whether the client wants a page to be shown (`prompt`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interaction {
    IfNeeded,
    Never,
    Always,
}

/// The reason why no code is issued.
#[derive(Debug)]
pub(super) enum Rejection {
    /// Shown to the person, because there is no valid redirect URI.
    Shown(&'static str),
    /// Sent to the client's registered redirect URI.
    Sent {
        redirect_uri: String,
        state: Option<String>,
        error: &'static str,
        description: &'static str,
    },
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
            return Err(("invalid_scope", "No requested scope is known."));
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

    pub(super) fn is_satisfied_by(&self, authentication: &Authentication, now_ms: i64) -> bool {
        // max_age=0 always requires a new sign-in, as prompt=login does (OpenID Connect Core 3.1.2.1).
        let recent = self
            .max_age_ms
            .is_none_or(|max_age| max_age > 0 && now_ms - authentication.at_ms <= max_age);
        recent && self.interaction != Interaction::Always
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

/// Reads the PKCE challenge. Only S256 is accepted: a plain challenge reveals the verifier to anyone who sees the
/// request.
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
            Err(("invalid_request", "prompt=none must be the only value."))
        }
        several
            if several
                .iter()
                .all(|one| ["login", "select_account", "consent"].contains(one)) =>
        {
            Ok(Interaction::Always)
        }
        _ => Err(("invalid_request", "prompt has an unknown value.")),
    }
}

fn max_age_ms(text: Option<&str>) -> Result<Option<i64>, (&'static str, &'static str)> {
    text.map(|text| text.parse::<u32>().map(|seconds| i64::from(seconds) * 1000))
        .transpose()
        .map_err(|_| ("invalid_request", "max_age is not a number of seconds."))
}

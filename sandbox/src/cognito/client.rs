//! App clients: their redirect and sign-out URIs, and client authentication. It must never compare a secret with an
//! early exit, nor match a URI by prefix.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::oauth_error::OAuthError;
use super::params::Params;
use crate::org::pool::PoolClient;

/// A registered app client.
#[derive(Clone)]
pub struct Client {
    pub id: String,
    /// Empty for a public client. Two during Cognito's secret rotation, when either is accepted.
    pub secrets: Vec<String>,
    /// Redirect URIs, compared exactly.
    pub redirect_uris: Vec<String>,
    /// Sign-out URIs that `/logout` may redirect to, compared exactly.
    pub logout_uris: Vec<String>,
    /// The scopes that the client may have. All of them are granted if the request names none.
    pub scopes: Vec<String>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .field("secrets", &self.secrets.len())
            .field("redirect_uris", &self.redirect_uris)
            .field("logout_uris", &self.logout_uris)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Returns the pool's own client, with the scopes `openid email profile`.
    pub(super) fn of_pool(registered: &PoolClient) -> Self {
        Self {
            redirect_uris: registered.callback_urls.clone(),
            logout_uris: registered.logout_urls.clone(),
            ..Self::confidential(&registered.client_id, &registered.client_secret, "", "")
        }
    }

    /// Returns a confidential client with one secret and the scopes `openid email profile`.
    pub fn confidential(id: &str, secret: &str, redirect_uri: &str, logout_uri: &str) -> Self {
        Self {
            id: id.to_owned(),
            secrets: vec![secret.to_owned()],
            redirect_uris: vec![redirect_uri.to_owned()],
            logout_uris: vec![logout_uri.to_owned()],
            scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
        }
    }

    pub(super) fn may_return_to(&self, uri: &str) -> bool {
        self.redirect_uris
            .iter()
            .any(|registered| registered == uri)
    }

    pub(super) fn may_sign_out_to(&self, uri: &str) -> bool {
        self.logout_uris.iter().any(|registered| registered == uri)
    }

    /// Returns the requested scopes that the client may have, in the order of [`Client::scopes`]. Empty if none is
    /// valid.
    pub(super) fn grant_scopes(&self, requested: Option<&str>) -> Vec<String> {
        let Some(requested) = requested else {
            return self.scopes.clone();
        };
        let wanted: Vec<&str> = requested.split_whitespace().collect();
        self.scopes
            .iter()
            .filter(|scope| wanted.contains(&scope.as_str()))
            .cloned()
            .collect()
    }

    fn accepts(&self, secret: Option<&str>) -> bool {
        match secret {
            None => self.secrets.is_empty(),
            // Digests have equal lengths, so timing does not reveal the length of the secret. Every secret is compared,
            // so timing does not reveal which one matched.
            Some(given) => {
                let given = Sha256::digest(given);
                self.secrets.iter().fold(false, |found, secret| {
                    found | bool::from(Sha256::digest(secret).as_slice().ct_eq(given.as_slice()))
                })
            }
        }
    }
}

/// Authenticates the client of a request by `client_secret_basic`, by `client_secret_post` or, for a public client, by
/// its ID alone.
///
/// # Errors
/// `invalid_request` if both methods are used, `invalid_client` for any mismatch.
pub(super) fn authenticate<'a>(
    clients: &'a [Client],
    headers: &HeaderMap,
    params: &Params,
) -> Result<&'a Client, OAuthError> {
    let (id, secret) = match headers.get(header::AUTHORIZATION) {
        Some(value) => {
            if params.get("client_secret").is_some() {
                return Err(OAuthError::InvalidRequest);
            }
            let (id, secret) = value
                .to_str()
                .ok()
                .and_then(basic)
                .ok_or(OAuthError::InvalidClient)?;
            if params.get("client_id").is_some_and(|in_body| in_body != id) {
                return Err(OAuthError::InvalidClient);
            }
            (id, Some(secret))
        }
        None => (
            params
                .get("client_id")
                .ok_or(OAuthError::InvalidClient)?
                .to_owned(),
            params.get("client_secret").map(str::to_owned),
        ),
    };
    clients
        .iter()
        .find(|client| client.id == id)
        .filter(|client| client.accepts(secret.as_deref()))
        .ok_or(OAuthError::InvalidClient)
}

/// Decodes the ID and secret of a Basic header. Both are form-encoded before base64 (RFC 6749 2.3.1).
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

fn form_decoded(text: &str) -> String {
    // Parsed as a single value, so that an unencoded `&` or `=` in a secret is kept.
    let shielded = text.replace('&', "%26");
    url::form_urlencoded::parse(format!("v={shielded}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        Client::confidential(
            "app",
            "s&c=r t",
            "http://localhost:3000/callback",
            "http://localhost:3000/",
        )
    }

    fn with_basic(plain: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let value = format!("Basic {}", STANDARD.encode(plain));
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        headers
    }

    fn code_of(headers: &HeaderMap, body: &str) -> Result<String, &'static str> {
        let clients = [client()];
        authenticate(&clients, headers, &Params::parse(body).unwrap())
            .map(|found| found.id.clone())
            .map_err(OAuthError::code)
    }

    #[test]
    fn a_basic_secret_is_form_decoded_first() {
        assert_eq!(
            code_of(&with_basic("app:s%26c%3Dr+t"), ""),
            Ok("app".to_owned())
        );
    }

    #[test]
    fn a_secret_in_the_body_is_accepted() {
        assert_eq!(
            code_of(&HeaderMap::new(), "client_id=app&client_secret=s%26c%3Dr+t"),
            Ok("app".to_owned())
        );
    }

    #[test]
    fn a_wrong_or_missing_secret_and_an_unknown_client_look_the_same() {
        for body in [
            "client_id=app",
            "client_id=app&client_secret=x",
            "client_id=other&client_secret=x",
            "",
        ] {
            assert_eq!(
                code_of(&HeaderMap::new(), body),
                Err("invalid_client"),
                "{body}"
            );
        }
    }

    #[test]
    fn two_methods_at_once_are_refused() {
        assert_eq!(
            code_of(&with_basic("app:x"), "client_secret=x"),
            Err("invalid_request")
        );
    }

    #[test]
    fn a_basic_header_for_one_client_cannot_speak_for_another() {
        assert_eq!(
            code_of(&with_basic("app:s%26c%3Dr+t"), "client_id=other"),
            Err("invalid_client")
        );
    }

    #[test]
    fn a_public_client_must_not_send_a_secret() {
        let public = Client {
            secrets: vec![],
            ..client()
        };
        assert!(public.accepts(None));
        assert!(!public.accepts(Some("")));
    }

    #[test]
    fn both_secrets_work_while_one_replaces_the_other() {
        let rotating = Client {
            secrets: vec!["old".into(), "new".into()],
            ..client()
        };
        assert!(
            rotating.accepts(Some("old"))
                && rotating.accepts(Some("new"))
                && !rotating.accepts(Some("none"))
        );
    }

    #[test]
    fn unknown_scopes_vanish_and_none_means_all() {
        assert_eq!(
            client().grant_scopes(Some("openid made.up/scope phone")),
            ["openid"]
        );
        assert_eq!(client().grant_scopes(None), ["openid", "email", "profile"]);
        assert!(client().grant_scopes(Some("made.up/scope")).is_empty());
    }

    #[test]
    fn an_address_matches_exactly_or_not_at_all() {
        assert!(client().may_return_to("http://localhost:3000/callback"));
        assert!(!client().may_return_to("http://localhost:3000/callback/"));
        assert!(!client().may_return_to("http://localhost:3000/callback?x=1"));
        assert!(!client().may_sign_out_to("http://localhost:3000"));
    }

    #[test]
    fn debug_output_holds_no_secret() {
        assert!(!format!("{:?}", client()).contains("s&c"));
    }
}

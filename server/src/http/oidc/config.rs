//! The OpenID Connect configuration of the user pool, and its validation.

use url::Url;

use crate::http::secret::Secret;

/// Whether the ID token must contain the hash of the access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtHash {
    /// Required. Cognito always sets it, so a missing hash is suspicious.
    Required,
    /// For providers that omit it in the code flow. A wrong hash is still refused.
    WhenPresent,
}

/// A user pool and the app client of Leastwise in it.
#[derive(Debug, Clone)]
pub struct OidcConfig {
    /// The issuer. The discovery document must name exactly this value.
    pub issuer: String,
    /// Other forms of the same pool's issuer: Cognito has an ORIGINAL and an UPDATED form.
    pub accepted_issuers: Vec<String>,
    /// The issuer that identifies people, whichever form a token carries. Defaults to `issuer`. Must not change when
    /// the pool moves to the UPDATED form.
    pub subject_issuer: Option<String>,
    pub client_id: String,
    pub client_secret: Secret,
    /// Scheme and host of the pool's domain. Defaults to that of the discovery document.
    pub domain_url: Option<Url>,
    /// The redirect URI registered with the app client. Its path is `/sign-in/callback`.
    pub redirect_uri: String,
    /// The logout URI registered with the app client. Its path is `/signed-out`.
    pub logout_uri: String,
    /// A subset of `openid`, `email` and `profile`.
    pub scopes: Vec<String>,
    pub at_hash: AtHash,
    /// The `acr` values that prove a second factor.
    pub mfa_acr: Vec<String>,
}

/// An invalid configuration value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {what}")]
pub struct InvalidOidcConfig {
    /// The name of the field.
    pub field: &'static str,
    /// The problem with its value.
    pub what: &'static str,
}

impl OidcConfig {
    /// Returns a configuration with Cognito's defaults. `public_base` is the public URL of Leastwise.
    pub fn new(issuer: &str, client_id: &str, client_secret: Secret, public_base: &Url) -> Self {
        let at = |path: &str| {
            let mut url = public_base.clone();
            url.set_path(path);
            url.to_string()
        };
        Self {
            issuer: issuer.to_owned(),
            accepted_issuers: Vec::new(),
            subject_issuer: None,
            client_id: client_id.to_owned(),
            client_secret,
            domain_url: None,
            redirect_uri: at(crate::http::sign_in::CALLBACK_PATH),
            logout_uri: at(crate::http::sign_out::SIGNED_OUT_PATH),
            scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
            at_hash: AtHash::Required,
            // 3: a passkey, or a password and a code by SMS or e-mail; 4: a password and TOTP.
            mfa_acr: ["urn:cognito:loa:3", "urn:cognito:loa:4"]
                .map(str::to_owned)
                .to_vec(),
        }
    }

    /// Validates the configuration, and refuses values that cannot be safe.
    pub fn check(&self) -> Result<(), InvalidOidcConfig> {
        let refuse = |field, what| Err(InvalidOidcConfig { field, what });
        for issuer in self.issuers() {
            match Url::parse(issuer) {
                Ok(url) if is_safe(&url) => {}
                _ => return refuse("issuer", "must be an https URL, or http on this machine"),
            }
        }
        if self.domain_url.as_ref().is_some_and(|url| !is_safe(url)) {
            return refuse(
                "domain_url",
                "must be an https URL, or http on this machine",
            );
        }
        let path = |uri: &str| {
            Url::parse(uri)
                .map(|url| url.path().to_owned())
                .unwrap_or_default()
        };
        if path(&self.redirect_uri) != crate::http::sign_in::CALLBACK_PATH {
            return refuse("redirect_uri", "its path must be /sign-in/callback");
        }
        if path(&self.logout_uri) != crate::http::sign_out::SIGNED_OUT_PATH {
            return refuse("logout_uri", "its path must be /signed-out");
        }
        if !self
            .scopes
            .iter()
            .all(|scope| matches!(scope.as_str(), "openid" | "email" | "profile"))
        {
            return refuse("scopes", "only openid, email and profile are needed");
        }
        Ok(())
    }

    /// Returns every accepted form of the issuer, the configured one first.
    pub fn issuers(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.issuer.as_str())
            .chain(self.accepted_issuers.iter().map(String::as_str))
    }

    /// Returns the issuer that identifies people.
    pub fn subject_issuer(&self) -> &str {
        self.subject_issuer.as_deref().unwrap_or(&self.issuer)
    }
}

/// Returns whether the URL is encrypted or stays on this machine.
pub fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.has_host(),
        "http" => is_here(url),
        _ => false,
    }
}

pub(super) fn is_here(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> OidcConfig {
        let base = "https://leastwise.example/".parse().unwrap();
        OidcConfig::new(
            "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_x",
            "c",
            Secret::new("s"),
            &base,
        )
    }

    #[test]
    fn what_follows_from_our_address_passes() {
        assert_eq!(
            config().redirect_uri,
            "https://leastwise.example/sign-in/callback"
        );
        assert_eq!(config().check(), Ok(()));
    }

    #[test]
    fn an_issuer_in_the_clear_and_a_scope_that_we_do_not_need_are_refused() {
        let clear = OidcConfig {
            issuer: "http://issuer.example/".into(),
            ..config()
        };
        assert_eq!(clear.check().unwrap_err().field, "issuer");
        let greedy = OidcConfig {
            scopes: vec!["openid".into(), "aws.cognito.signin.user.admin".into()],
            ..config()
        };
        assert_eq!(greedy.check().unwrap_err().field, "scopes");
    }
}

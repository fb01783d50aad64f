//! What an operator says of the user pool, and what we refuse to start with.

use url::Url;

use crate::http::secret::Secret;

/// Whether the access token's hash must stand in the ID token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtHash {
    /// Cognito writes it, so its absence is suspicious.
    Required,
    /// For providers that leave it out with the code flow. A wrong one is refused all the same.
    WhenPresent,
}

/// A user pool and our app client in it.
#[derive(Debug, Clone)]
pub struct OidcConfig {
    /// The issuer; its discovery document must name exactly this.
    pub issuer: String,
    /// Other spellings of the same pool's issuer: Cognito has an ORIGINAL and an UPDATED form.
    pub accepted_issuers: Vec<String>,
    /// What persons are known by, whichever form a token carries; the issuer if nothing is said.
    /// Keep it for ever when the pool moves to the UPDATED form.
    pub subject_issuer: Option<String>,
    /// Our app client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// Scheme and host of the pool's domain; from the discovery document if nothing is said.
    pub domain_url: Option<Url>,
    /// Registered with the app client; its path is `/sign-in/callback`.
    pub redirect_uri: String,
    /// Registered with the app client; its path is `/signed-out`.
    pub logout_uri: String,
    /// Of `openid`, `email`, `profile`.
    pub scopes: Vec<String>,
    /// See [`AtHash`].
    pub at_hash: AtHash,
    /// The `acr` values that prove a second factor.
    pub mfa_acr: Vec<String>,
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {what}")]
pub struct InvalidOidcConfig {
    /// Which field.
    pub field: &'static str,
    /// What is wrong with it.
    pub what: &'static str,
}

impl OidcConfig {
    /// With everything that Cognito's defaults allow to leave out. `public_base` is our own address.
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
            // 3: a passkey, or password and SMS or e-mail code; 4: password and TOTP.
            mfa_acr: ["urn:cognito:loa:3", "urn:cognito:loa:4"]
                .map(str::to_owned)
                .to_vec(),
        }
    }

    /// Refuses what cannot be safe.
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

    /// Every accepted form of the issuer, ours first.
    pub fn issuers(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.issuer.as_str())
            .chain(self.accepted_issuers.iter().map(String::as_str))
    }

    /// What persons are known by.
    pub fn subject_issuer(&self) -> &str {
        self.subject_issuer.as_deref().unwrap_or(&self.issuer)
    }
}

/// Encrypted, or not leaving this machine.
pub(super) fn is_safe(url: &Url) -> bool {
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

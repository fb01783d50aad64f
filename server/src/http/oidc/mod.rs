//! Sign-in with Amazon Cognito by OpenID Connect: authorization code flow with PKCE S256 only.
//!
//! Tokens stay inside this module, except for the refresh token, which is sealed into the session. They never reach a
//! browser, a log or an error page. Every check that the standard leaves to the client is made here, whether or not the
//! library makes it.

pub mod claims;
pub mod config;
pub mod discover;
pub mod exchange;
pub mod keys;
pub mod outbound;
pub mod verify;

use openidconnect::{
    AuthUrl, AuthorizationCode, Client, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IdToken, IdTokenFields, LoginHint, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, Scope, StandardErrorResponse, StandardTokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType,
        CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse,
        CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use url::Url;

use self::{claims::CognitoClaims, keys::Keys, outbound::Outbound};
pub use self::{
    config::{AtHash, InvalidOidcConfig, OidcConfig},
    discover::DiscoveryFailure,
    exchange::{Refreshed, SignInFailure},
    verify::{Identity, Proof},
};

type Token = IdToken<
    CognitoClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type TokenFields = IdTokenFields<
    CognitoClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type TokenResponse = StandardTokenResponse<TokenFields, CoreTokenType>;
type CognitoClient = Client<
    CognitoClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    TokenResponse,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
    EndpointMaybeSet,
>;

/// A user pool for sign-in.
pub struct Oidc {
    config: OidcConfig,
    client: CognitoClient,
    http: Outbound,
    keys: Keys,
    domain_url: Url,
    revocation_url: Option<String>,
}

/// Whether the person must authenticate again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// Accept a Cognito session of up to an hour.
    IfNeeded,
    /// Always ask (`prompt=login` and `max_age=0`). Cognito may ignore both, as the classic hosted UI does: the sign-in
    /// is then refused because of `auth_time`.
    Always,
}

impl Oidc {
    /// Returns the URL of the pool's domain.
    pub fn domain_url(&self) -> &Url {
        &self.domain_url
    }

    /// Returns the authorization URL that starts a sign-in. `hint` is the name that the sign-in page shows as entered.
    pub fn authorize_url(
        &self,
        state: &str,
        nonce: &str,
        verifier: &str,
        prompt: Prompt,
        hint: Option<&str>,
    ) -> Url {
        let (state, nonce) = (state.to_owned(), nonce.to_owned());
        let verifier = PkceCodeVerifier::new(verifier.to_owned());
        let mut request = self
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        // The library already adds `openid`.
        for scope in self.config.scopes.iter().filter(|scope| *scope != "openid") {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        if prompt == Prompt::Always {
            request = request
                .add_prompt(CoreAuthPrompt::Login)
                .set_max_age(std::time::Duration::ZERO);
        }
        if let Some(hint) = hint {
            request = request.set_login_hint(LoginHint::new(hint.to_owned()));
        }
        request.url().0
    }

    /// Returns Cognito's logout URL. It differs from OpenID Connect: it takes `client_id` and `logout_uri` and no
    /// token.
    pub fn logout_url(&self) -> Url {
        let mut url = self.domain_url.clone();
        url.set_path("/logout");
        url.query_pairs_mut()
            .clear()
            .append_pair("client_id", &self.config.client_id)
            .append_pair("logout_uri", &self.config.logout_uri);
        url
    }

    /// Returns whether an `iss` of the authorization response (RFC 9207) belongs to this pool.
    pub fn accepts_issuer(&self, issuer: &str) -> bool {
        self.config.issuers().any(|accepted| accepted == issuer)
    }
}

/// Defined here so that no other module needs the types of the library.
fn code(text: &str) -> AuthorizationCode {
    AuthorizationCode::new(text.to_owned())
}

fn auth_url(url: &Url) -> Result<AuthUrl, url::ParseError> {
    AuthUrl::new(url.to_string())
}

//! Exchanges codes and refresh tokens for identities at the token endpoint of the pool.

use domain::time::Timestamp;
use http::{HeaderValue, Method, header};
use openidconnect::{
    AccessToken, EmptyAdditionalClaims, OAuth2TokenResponse as _, PkceCodeVerifier, RefreshToken,
    RequestTokenError, StandardErrorResponse, SubjectIdentifier, TokenResponse as _,
    UserInfoClaims,
    core::{CoreErrorResponseType, CoreGenderClaim},
};

use super::{Identity, Oidc, Proof, TokenResponse, code, outbound::OutboundError};
use crate::http::secret::Secret;

/// The reason why a sign-in failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignInFailure {
    /// The response failed a check. The reason is a constant of Leastwise.
    #[error("refused: {0}")]
    Refused(&'static str),
    /// There was no response.
    #[error("the user pool did not respond")]
    Unreachable,
}

/// The result of a refresh.
#[derive(Debug)]
pub enum Refreshed {
    /// The user may still sign in; with the current identity and a rotated refresh token, if any.
    Active(Box<Identity>, Option<Secret>),
    /// The user was signed out globally, disabled or removed, or the token was revoked.
    Ended,
    /// There was no response, or one that proves nothing.
    Unknown,
}

type TokenError = RequestTokenError<OutboundError, StandardErrorResponse<CoreErrorResponseType>>;

impl Oidc {
    /// Redeems a code and verifies the response. The caller seals the refresh token into the session.
    pub async fn sign_in(
        &self,
        given: &str,
        verifier: &str,
        nonce: &str,
        began: Timestamp,
        now: Timestamp,
    ) -> Result<(Identity, Option<Secret>), SignInFailure> {
        let answer: TokenResponse = self
            .client
            .exchange_code(code(given))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()))
            .request_async(&self.http)
            .await
            .map_err(|error| failure(&error))?;
        let token = answer
            .id_token()
            .ok_or(SignInFailure::Refused("no_id_token"))?;
        let mut identity = self
            .verify(
                token,
                answer.access_token(),
                Proof::Nonce(nonce, began),
                now,
            )
            .await
            .map_err(SignInFailure::Refused)?;
        if identity.name.is_none() || identity.email.is_none() {
            self.complete(&mut identity, answer.access_token()).await;
        }
        Ok((
            identity,
            answer
                .refresh_token()
                .map(|token| Secret::new(token.secret())),
        ))
    }

    /// Adds the name and address from userInfo, where Cognito encodes booleans as strings. For display only, so a
    /// failure does not prevent the sign-in.
    async fn complete(&self, identity: &mut Identity, access: &AccessToken) {
        let expected = SubjectIdentifier::new(identity.subject.sub.clone());
        let Ok(request) = self.client.user_info(access.clone(), Some(expected)) else {
            return;
        };
        let claims: Result<UserInfoClaims<EmptyAdditionalClaims, CoreGenderClaim>, _> =
            request.request_async(&self.http).await;
        match claims {
            Ok(claims) => {
                let name = claims
                    .name()
                    .and_then(|name| name.get(None))
                    .map(|name| name.as_str().trim().to_owned());
                identity.name = identity
                    .name
                    .take()
                    .or(name.filter(|name| !name.is_empty()));
                identity.email = identity
                    .email
                    .take()
                    .or(claims.email().map(|email| email.as_str().to_owned()));
            }
            Err(error) => tracing::warn!(%error, "the userInfo response could not be read"),
        }
    }

    /// Checks whether a person may still sign in. The groups of the result are current.
    pub async fn refresh(&self, refresh: &Secret, sub: &str, now: Timestamp) -> Refreshed {
        let answer: Result<TokenResponse, TokenError> = self
            .client
            .exchange_refresh_token(&RefreshToken::new(refresh.expose().to_owned()))
            .request_async(&self.http)
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(RequestTokenError::ServerResponse(said))
                if *said.error() == CoreErrorResponseType::InvalidGrant =>
            {
                return Refreshed::Ended;
            }
            Err(error) => {
                tracing::warn!(
                    error = failure(&error).to_string(),
                    "a session could not be confirmed"
                );
                return Refreshed::Unknown;
            }
        };
        let Some(token) = answer.id_token() else {
            return Refreshed::Unknown;
        };
        match self
            .verify(token, answer.access_token(), Proof::Sub(sub), now)
            .await
        {
            Ok(identity) => {
                let rotated = answer
                    .refresh_token()
                    .map(|token| Secret::new(token.secret()));
                Refreshed::Active(Box::new(identity), rotated)
            }
            Err(reason) => {
                tracing::warn!(reason, "a refreshed token was refused");
                Refreshed::Unknown
            }
        }
    }

    /// Revokes a refresh token, so that it cannot be used after sign-out. Best effort.
    pub async fn revoke(&self, refresh: &Secret) {
        let Some(url) = &self.revocation_url else {
            return;
        };
        let encode =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic = {
            use base64::Engine as _;
            let pair = format!(
                "{}:{}",
                encode(&self.config.client_id),
                encode(self.config.client_secret.expose())
            );
            format!(
                "Basic {}",
                base64::engine::general_purpose::STANDARD.encode(pair)
            )
        };
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(header::AUTHORIZATION, basic)
            .header(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            )
            .body(format!("token={}", encode(refresh.expose())).into_bytes());
        let outcome = match request {
            Ok(request) => self.http.send(request).await.map(|answer| answer.status()),
            Err(error) => Err(error.into()),
        };
        match outcome {
            Ok(status) if status.is_success() => {}
            Ok(status) => tracing::warn!(%status, "a refresh token was not revoked"),
            Err(error) => tracing::warn!(%error, "a refresh token was not revoked"),
        }
    }
}

fn failure(error: &TokenError) -> SignInFailure {
    match error {
        RequestTokenError::ServerResponse(said)
            if *said.error() == CoreErrorResponseType::InvalidGrant =>
        {
            SignInFailure::Refused("code")
        }
        RequestTokenError::ServerResponse(_) => SignInFailure::Refused("client"),
        // A token without `sub`, `iat` or `exp` does not parse.
        RequestTokenError::Parse(..) => SignInFailure::Refused("malformed"),
        RequestTokenError::Request(_) | RequestTokenError::Other(_) => SignInFailure::Unreachable,
    }
}

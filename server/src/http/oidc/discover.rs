//! Discovers the endpoints and keys of a pool once, at startup.
//!
//! The document must name the requested issuer, and every endpoint must be on the hosts of the pool. Control of one
//! host must not allow answering for another.

use std::time::Duration;

use openidconnect::{
    AdditionalProviderMetadata, AuthType, ClientId, ClientSecret, DiscoveryError, IssuerUrl,
    ProviderMetadata, RedirectUrl,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
        CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
        CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
    },
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    CognitoClient, InvalidOidcConfig, Oidc, OidcConfig, auth_url,
    keys::Keys,
    outbound::{Outbound, OutboundError},
};
use crate::clock::Clock;

/// The reason why a pool cannot be used for sign-in.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryFailure {
    #[error("configuration: {0}")]
    Config(#[from] InvalidOidcConfig),
    /// The pool did not respond. A retry may succeed.
    #[error("the user pool did not respond")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The response must not be trusted.
    #[error("the user pool's discovery document is refused: {0}")]
    Refused(String),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Extra {
    revocation_endpoint: Option<String>,
}

impl AdditionalProviderMetadata for Extra {}

type Metadata = ProviderMetadata<
    Extra,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

impl Oidc {
    /// Discovers a pool, with one attempt.
    pub async fn discover(config: OidcConfig, clock: &Clock) -> Result<Self, DiscoveryFailure> {
        config.check()?;
        let issuers: Vec<Url> = config
            .issuers()
            .filter_map(|issuer| Url::parse(issuer).ok())
            .collect();
        let mut http =
            Outbound::new(issuers.iter().chain(&config.domain_url)).map_err(unreachable)?;
        let metadata = metadata(&config, &http).await?;

        let authorize = metadata.authorization_endpoint().url();
        let domain_url = match &config.domain_url {
            Some(url) => url.clone(),
            None => root(authorize),
        };
        http.allow(&domain_url);
        let on_domain = |url: &Url| url.origin() == domain_url.origin();
        if !on_domain(authorize) {
            return Err(refused("authorization_endpoint"));
        }
        let token_url = metadata
            .token_endpoint()
            .filter(|url| on_domain(url.url()))
            .cloned();
        let token_url = token_url.ok_or_else(|| refused("token_endpoint"))?;
        if metadata
            .userinfo_endpoint()
            .is_some_and(|url| !on_domain(url.url()))
        {
            return Err(refused("userinfo_endpoint"));
        }
        if !http.allows(metadata.jwks_uri().url()) {
            return Err(refused("jwks_uri"));
        }

        let auth_url = auth_url(authorize).map_err(|_| refused("authorization_endpoint"))?;
        let redirect =
            RedirectUrl::new(config.redirect_uri.clone()).map_err(|_| InvalidOidcConfig {
                field: "redirect_uri",
                what: "is not a URL",
            })?;
        let keys = Keys::new(
            metadata.jwks_uri().clone(),
            metadata.jwks().clone(),
            clock.now(),
        );
        let revocation_url = metadata
            .additional_metadata()
            .revocation_endpoint
            .clone()
            .filter(|url| Url::parse(url).is_ok_and(|url| on_domain(&url)));
        let client: CognitoClient = openidconnect::Client::from_provider_metadata(
            metadata,
            ClientId::new(config.client_id.clone()),
            Some(ClientSecret::new(config.client_secret.expose().to_owned())),
        )
        .set_auth_uri(auth_url)
        .set_token_uri(token_url)
        .set_redirect_uri(redirect)
        .set_auth_type(AuthType::BasicAuth);
        Ok(Self {
            config,
            client,
            http,
            keys,
            domain_url,
            revocation_url,
        })
    }

    /// Discovers a pool, with retries while it does not respond. A refused document is not retried.
    pub async fn discover_patiently(
        config: OidcConfig,
        clock: &Clock,
        tries: u32,
    ) -> Result<Self, DiscoveryFailure> {
        let mut pause = Duration::from_millis(250);
        for _ in 1..tries {
            match Self::discover(config.clone(), clock).await {
                Err(DiscoveryFailure::Unreachable(error)) => {
                    tracing::warn!(%error, "the user pool did not respond yet");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(10));
                }
                done => return done,
            }
        }
        Self::discover(config, clock).await
    }
}

/// A pool with the UPDATED form may still serve its document at the old address, which then names the new one. Each
/// form is therefore tried, and each document must name the form it was requested by.
async fn metadata(config: &OidcConfig, http: &Outbound) -> Result<Metadata, DiscoveryFailure> {
    let mut last = refused("issuer");
    for issuer in config.issuers() {
        let issuer = IssuerUrl::new(issuer.to_owned())
            .map_err(|error| DiscoveryFailure::Refused(error.to_string()))?;
        match Metadata::discover_async(issuer, http).await {
            Ok(metadata) => return Ok(metadata),
            Err(error) => last = failure(error),
        }
    }
    Err(last)
}

fn failure(error: DiscoveryError<OutboundError>) -> DiscoveryFailure {
    match error {
        DiscoveryError::Request(OutboundError::Request(error)) => {
            unreachable(OutboundError::Request(error))
        }
        DiscoveryError::Response(status, _, _) if status.is_server_error() => {
            DiscoveryFailure::Unreachable(format!("status {status}").into())
        }
        // The body is untrusted and is not part of the message.
        DiscoveryError::Response(status, _, what) => {
            DiscoveryFailure::Refused(format!("status {status}, {what}"))
        }
        error => DiscoveryFailure::Refused(error.to_string()),
    }
}

fn unreachable(error: OutboundError) -> DiscoveryFailure {
    DiscoveryFailure::Unreachable(Box::new(error))
}

fn refused(what: &str) -> DiscoveryFailure {
    DiscoveryFailure::Refused(format!(
        "{what} is missing, or not on the hosts of the pool"
    ))
}

fn root(url: &Url) -> Url {
    let mut root = url.clone();
    root.set_path("/");
    root.set_query(None);
    root
}

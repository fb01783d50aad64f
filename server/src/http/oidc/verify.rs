//! Verifies ID tokens.
//!
//! The library checks the signature, issuer, audience, expiry and nonce. This module checks the rest: the algorithm
//! first, `azp`, `token_use`, `iat`, `auth_time`, `at_hash`, and when keys may be fetched again. Keys inside a token
//! (`jwk`, `jku`, `x5u`) are never read.

use std::{
    collections::BTreeSet,
    time::{Duration as StdDuration, UNIX_EPOCH},
};

use domain::{
    person::{Subject, link::UnusableKey},
    second_factor::TokenEvidence,
    time::{Duration, Timestamp},
};
use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, ClientId, IdTokenClaims,
    IdTokenVerifier, IssuerUrl, Nonce, SignatureVerificationError,
    core::{CoreGenderClaim, CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm},
};

use super::{
    AtHash, Oidc, Token,
    claims::{CognitoClaims, FederatedIdentity, evidence, federated_identity},
};

/// The tolerated clock difference.
const LEEWAY: Duration = Duration::seconds(60);

/// The identity of a verified ID token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The permanent identifier of the person.
    pub subject: Subject,
    /// `cognito:username`, the key for requests to the pool.
    pub username: String,
    /// The display name, if the token has one.
    pub name: Option<String>,
    pub email: Option<String>,
    /// `cognito:groups`.
    pub groups: BTreeSet<String>,
    /// `auth_time`.
    pub authenticated_at: Timestamp,
    /// The evidence of a second factor.
    pub evidence: TokenEvidence,
    /// Whether an external identity provider authenticated the person.
    pub federated: bool,
    /// The user of that provider, or why it is not clear which one it is.
    pub identity: Result<Option<FederatedIdentity>, UnusableKey>,
}

/// The link between a token and the request for it.
#[derive(Debug, Clone, Copy)]
pub enum Proof<'a> {
    /// The nonce and the start time of the sign-in.
    Nonce(&'a str, Timestamp),
    /// A refreshed token has no nonce. It must name the same `sub`.
    Sub(&'a str),
}

impl Oidc {
    /// Runs every check. The reason of a refusal is a constant and may be logged.
    pub(super) async fn verify(
        &self,
        token: &Token,
        access: &AccessToken,
        proof: Proof<'_>,
        now: Timestamp,
    ) -> Result<Identity, &'static str> {
        // Checked first, so that `none` and HMAC with a public key are refused whatever the keys are.
        if token.signing_alg().ok() != Some(&CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256) {
            return Err("algorithm");
        }
        let mut keys = self.keys.current();
        if matches!(
            token.signing_key(&self.verifier(&self.config.issuer, &keys, now)?),
            Err(SignatureVerificationError::NoMatchingKey)
        ) {
            keys = self.keys.again(&self.http, now).await;
        }
        let claims = self.claims(token, &keys, proof, now)?;
        self.check_claims(claims, proof, now)?;
        self.check_at_hash(token, claims, access, &keys, now)?;
        self.identity(claims)
    }

    /// Tries each form of the issuer: the tokens of a pool carry one of them.
    fn claims<'t>(
        &self,
        token: &'t Token,
        keys: &CoreJsonWebKeySet,
        proof: Proof<'_>,
        now: Timestamp,
    ) -> Result<&'t IdTokenClaims<CognitoClaims, CoreGenderClaim>, &'static str> {
        for issuer in self.config.issuers() {
            let verifier = self.verifier(issuer, keys, now)?;
            let found = match proof {
                Proof::Nonce(nonce, _) => token.claims(&verifier, &Nonce::new(nonce.to_owned())),
                Proof::Sub(_) => token.claims(&verifier, |_: Option<&Nonce>| Ok(())),
            };
            match found {
                Err(ClaimsVerificationError::InvalidIssuer(_)) => {}
                Ok(claims) => return Ok(claims),
                Err(error) => return Err(word(&error)),
            }
        }
        Err("issuer")
    }

    fn verifier(
        &self,
        issuer: &str,
        keys: &CoreJsonWebKeySet,
        now: Timestamp,
    ) -> Result<IdTokenVerifier<'static, CoreJsonWebKey>, &'static str> {
        let issuer = IssuerUrl::new(issuer.to_owned()).map_err(|_| "issuer")?;
        // A verifier without the client secret cannot verify HMAC.
        let verifier = IdTokenVerifier::new_public_client(
            ClientId::new(self.config.client_id.clone()),
            issuer,
            keys.clone(),
        );
        let past = u64::try_from((now - LEEWAY).0).unwrap_or_default();
        Ok(verifier
            .set_allowed_algs([CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256])
            .set_time_fn(move || (UNIX_EPOCH + StdDuration::from_millis(past)).into())
            .set_issue_time_verifier_fn(move |iat| {
                if iat.timestamp_millis() <= (now + LEEWAY).0 {
                    Ok(())
                } else {
                    Err("iat".into())
                }
            }))
    }

    fn check_claims(
        &self,
        claims: &IdTokenClaims<CognitoClaims, CoreGenderClaim>,
        proof: Proof<'_>,
        now: Timestamp,
    ) -> Result<(), &'static str> {
        let own = claims.additional_claims();
        if own.token_use.as_deref() != Some("id") {
            return Err("token_use");
        }
        if claims
            .authorized_party()
            .is_some_and(|azp| azp.as_str() != self.config.client_id)
        {
            return Err("azp");
        }
        if claims.subject().as_str().is_empty() {
            return Err("sub");
        }
        let auth_time = claims.auth_time().ok_or("auth_time")?.timestamp_millis();
        if auth_time > (now + LEEWAY).0 {
            return Err("auth_time");
        }
        match proof {
            // A token issued before this sign-in belongs to another one.
            Proof::Nonce(_, began)
                if claims.issue_time().timestamp_millis() < (began - LEEWAY).0 =>
            {
                Err("iat")
            }
            Proof::Sub(sub) if claims.subject().as_str() != sub => Err("sub"),
            _ => Ok(()),
        }
    }

    fn check_at_hash(
        &self,
        token: &Token,
        claims: &IdTokenClaims<CognitoClaims, CoreGenderClaim>,
        access: &AccessToken,
        keys: &CoreJsonWebKeySet,
        now: Timestamp,
    ) -> Result<(), &'static str> {
        let Some(given) = claims.access_token_hash() else {
            return match self.config.at_hash {
                AtHash::Required => Err("at_hash"),
                AtHash::WhenPresent => Ok(()),
            };
        };
        let verifier = self.verifier(&self.config.issuer, keys, now)?;
        let algorithm = token.signing_alg().map_err(|_| "algorithm")?;
        let key = token.signing_key(&verifier).map_err(|_| "signature")?;
        let computed =
            AccessTokenHash::from_token(access, algorithm, key).map_err(|_| "at_hash")?;
        if computed.as_str() == given.as_str() {
            Ok(())
        } else {
            Err("at_hash")
        }
    }

    fn identity(
        &self,
        claims: &IdTokenClaims<CognitoClaims, CoreGenderClaim>,
    ) -> Result<Identity, &'static str> {
        let own = claims.additional_claims();
        let sub = claims.subject().as_str();
        let name = claims
            .name()
            .and_then(|name| name.get(None))
            .map(|name| name.as_str().trim().to_owned());
        let methods: Option<Vec<&str>> = claims
            .auth_method_refs()
            .map(|refs| refs.iter().map(|method| method.as_str()).collect());
        let acr = claims.auth_context_ref().map(|acr| acr.as_str());
        Ok(Identity {
            subject: Subject {
                iss: self.config.subject_issuer().to_owned(),
                sub: sub.to_owned(),
            },
            username: own.username.clone().unwrap_or_else(|| sub.to_owned()),
            name: name.filter(|name| !name.is_empty()),
            email: claims.email().map(|email| email.as_str().to_owned()),
            groups: own.groups.clone(),
            authenticated_at: Timestamp(claims.auth_time().ok_or("auth_time")?.timestamp_millis()),
            evidence: evidence(acr, methods.as_deref(), &self.config.mfa_acr),
            federated: own.federated(),
            identity: federated_identity(own.identities.as_ref()),
        })
    }
}

fn word(error: &ClaimsVerificationError) -> &'static str {
    match error {
        ClaimsVerificationError::Expired(what) if what == "iat" => "iat",
        ClaimsVerificationError::Expired(_) => "expired",
        ClaimsVerificationError::InvalidAudience(_) => "audience",
        ClaimsVerificationError::InvalidIssuer(_) => "issuer",
        ClaimsVerificationError::InvalidNonce(_) => "nonce",
        ClaimsVerificationError::SignatureVerification(_) => "signature",
        _ => "claims",
    }
}

//! Faults that simulate an attacker or a broken pool, one at a time and set at run time, so that a client's checks can
//! be tested over HTTP. No fault may be active unless it is configured.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::keys::{Claims, PoolKeys, signing_input};
use super::sessions::random_uuid;

/// A fault. Everything else stays valid, so that a failing test identifies the missing check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misbehave {
    WrongIssuer,
    WrongAudience,
    /// `aud` lists the client and another client, without `azp`.
    SeveralAudiences,
    /// `azp` names another client.
    WrongAuthorizedParty,
    WrongNonce,
    MissingNonce,
    Expired,
    MissingExpiry,
    MissingIssuedAt,
    /// `iat` is one hour in the future.
    IssuedInTheFuture,
    MissingSubject,
    MissingAtHash,
    WrongAtHash,
    MissingTokenUse,
    /// `token_use` is `access`, in a token that is otherwise an ID token.
    WrongTokenUse,
    /// `auth_time` is one day in the past, although the user has just signed in.
    OldAuthTime,
    MissingAuthTime,
    /// The access token is returned as the ID token.
    AccessTokenAsIdToken,
    /// An unsigned token.
    AlgNone,
    /// Signed with HMAC, with the published public key as the secret.
    Hs256WithPublicKey,
    BadSignature,
    /// A key ID that is new in every token and never published. The signature is valid.
    UnknownKid,
    /// No key ID, although two keys are published.
    MissingKid,
    /// Signed with a foreign key that the token's own header carries.
    EmbeddedKey,
    /// The discovery document names another issuer.
    DiscoveryOfAnotherIssuer,
    /// The JWKS URI redirects.
    JwksElsewhere,
    /// The callback names another issuer (RFC 9207).
    CallbackOfAnotherIssuer,
    /// The callback carries a code that was never issued.
    UnknownCode,
}

impl Misbehave {
    pub const ALL: [Self; 28] = [
        Self::WrongIssuer,
        Self::WrongAudience,
        Self::SeveralAudiences,
        Self::WrongAuthorizedParty,
        Self::WrongNonce,
        Self::MissingNonce,
        Self::Expired,
        Self::MissingExpiry,
        Self::MissingIssuedAt,
        Self::IssuedInTheFuture,
        Self::MissingSubject,
        Self::MissingAtHash,
        Self::WrongAtHash,
        Self::MissingTokenUse,
        Self::WrongTokenUse,
        Self::OldAuthTime,
        Self::MissingAuthTime,
        Self::AccessTokenAsIdToken,
        Self::AlgNone,
        Self::Hs256WithPublicKey,
        Self::BadSignature,
        Self::UnknownKid,
        Self::MissingKid,
        Self::EmbeddedKey,
        Self::DiscoveryOfAnotherIssuer,
        Self::JwksElsewhere,
        Self::CallbackOfAnotherIssuer,
        Self::UnknownCode,
    ];
}

/// Returns the signed ID token, with the fault if one is active.
pub(super) fn sign_id_token(
    keys: &PoolKeys,
    fault: Option<Misbehave>,
    mut claims: Claims,
    access_token: &str,
) -> String {
    if let Some(fault) = fault {
        spoil(&mut claims, fault);
    }
    match fault {
        Some(Misbehave::AccessTokenAsIdToken) => access_token.to_owned(),
        Some(Misbehave::AlgNone) => {
            format!("{}.", signing_input(&json!({ "alg": "none" }), &claims))
        }
        Some(Misbehave::Hs256WithPublicKey) => {
            let mut header = keys.header();
            header["alg"] = json!("HS256");
            let input = signing_input(&header, &claims);
            let tag = hmac_sha256(keys.public_pem().as_bytes(), input.as_bytes());
            format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag))
        }
        Some(Misbehave::BadSignature) => with_a_flipped_bit(&keys.sign(&claims)),
        Some(Misbehave::UnknownKid) => {
            keys.sign_with_header(&json!({ "alg": "RS256", "kid": random_uuid() }), &claims)
        }
        Some(Misbehave::MissingKid) => keys.sign_with_header(&json!({ "alg": "RS256" }), &claims),
        Some(Misbehave::EmbeddedKey) => {
            let stranger = stranger();
            let mut header = stranger.header();
            header["jwk"] = stranger.jwk();
            stranger.sign_with_header(&header, &claims)
        }
        _ => keys.sign(&claims),
    }
}

fn spoil(claims: &mut Claims, fault: Misbehave) {
    let later = |name: &str, seconds: i64| {
        claims
            .get(name)
            .and_then(Value::as_i64)
            .map(|at| json!(at + seconds))
    };
    let (name, value) = match fault {
        Misbehave::WrongIssuer => ("iss", Some(json!("https://issuer.example/pool"))),
        Misbehave::WrongAudience => ("aud", Some(json!("another-client"))),
        Misbehave::SeveralAudiences => ("aud", Some(json!([claims.get("aud"), "another-client"]))),
        Misbehave::WrongAuthorizedParty => ("azp", Some(json!("another-client"))),
        Misbehave::WrongNonce => ("nonce", Some(json!("another-nonce"))),
        Misbehave::MissingNonce => ("nonce", None),
        // Beyond the clock skew that a client may allow, independent of the configured lifetime.
        Misbehave::Expired => ("exp", later("iat", -600)),
        Misbehave::MissingExpiry => ("exp", None),
        Misbehave::MissingIssuedAt => ("iat", None),
        Misbehave::IssuedInTheFuture => ("iat", later("iat", 3600)),
        Misbehave::MissingSubject => ("sub", None),
        Misbehave::MissingAtHash => ("at_hash", None),
        Misbehave::WrongAtHash => ("at_hash", Some(json!(URL_SAFE_NO_PAD.encode([0_u8; 16])))),
        Misbehave::MissingTokenUse => ("token_use", None),
        Misbehave::WrongTokenUse => ("token_use", Some(json!("access"))),
        Misbehave::OldAuthTime => ("auth_time", later("auth_time", -86_400)),
        Misbehave::MissingAuthTime => ("auth_time", None),
        _ => return,
    };
    match value {
        Some(value) => claims.insert(name.to_owned(), value),
        None => claims.remove(name),
    };
}

/// Changes one character of the signature whose bits are all significant. The length stays the same.
fn with_a_flipped_bit(token: &str) -> String {
    let (input, signature) = token
        .rsplit_once('.')
        .expect("a signed token has three parts");
    let (first, rest) = signature.split_at(1);
    format!("{input}.{}{rest}", if first == "A" { "B" } else { "A" })
}

/// Returns a foreign key, generated once and on demand because RSA key generation is slow.
fn stranger() -> &'static PoolKeys {
    static STRANGER: OnceLock<PoolKeys> = OnceLock::new();
    STRANGER.get_or_init(PoolKeys::foreign)
}

/// Computes HMAC-SHA-256 (RFC 2104). Implemented here because only this attack needs it.
fn hmac_sha256(secret: &[u8], message: &[u8]) -> [u8; 32] {
    const BLOCK: usize = 64;
    let mut key = [0_u8; BLOCK];
    if secret.len() > BLOCK {
        key[..32].copy_from_slice(&Sha256::digest(secret));
    } else {
        key[..secret.len()].copy_from_slice(secret);
    }
    let inner = Sha256::new()
        .chain_update(key.map(|byte| byte ^ 0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(key.map(|byte| byte ^ 0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hmac_agrees_with_rfc_4231_for_short_and_long_secrets() {
        assert_eq!(
            hex::encode(hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hex::encode(hmac_sha256(
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First"
            )),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn every_fault_has_a_name_of_its_own_on_the_wire() {
        let mut names: Vec<String> = Misbehave::ALL
            .iter()
            .map(|fault| serde_json::to_string(fault).unwrap())
            .collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), Misbehave::ALL.len());
    }

    #[test]
    fn a_fault_in_the_claims_changes_that_claim_and_no_other() {
        let claims = json!({
            "sub": "s", "iss": "i", "aud": "a", "nonce": "n", "exp": 7200, "iat": 3600, "auth_time": 90_000,
            "at_hash": "h", "token_use": "id",
        });
        let claims = claims.as_object().unwrap();
        for fault in &Misbehave::ALL[..17] {
            let mut spoilt = claims.clone();
            spoil(&mut spoilt, *fault);
            let differing = |one: &Claims, other: &Claims| {
                one.iter()
                    .filter(|(name, value)| other.get(*name) != Some(value))
                    .count()
            };
            let changed = differing(claims, &spoilt).max(differing(&spoilt, claims));
            assert_eq!(changed, 1, "{fault:?}: {spoilt:?}");
        }
    }
}

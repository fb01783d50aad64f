//! The claims of ID tokens and access tokens. It must never put `aud` into an access token, nor `cognito:groups`
//! anywhere but in these two: clients distinguish the tokens by these claims.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::keys::Claims;
use super::sessions::{Grant, random_uuid};
use super::subject::Subject;

/// Whether the pool writes `acr` and `amr`. AWS rolls them out pool by pool, so a client must work without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationContext {
    Written,
    Absent,
}

/// The inputs shared by all tokens of one response.
pub(super) struct Issue<'a> {
    pub(super) issuer: &'a str,
    pub(super) context: AuthenticationContext,
    pub(super) grant: &'a Grant,
    pub(super) subject: &'a Subject,
    pub(super) now_ms: i64,
    pub(super) lifetime_ms: i64,
}

impl Issue<'_> {
    pub(super) fn access_claims(&self) -> Claims {
        let mut claims = self.common("access");
        claims.insert("client_id".into(), json!(self.grant.client_id));
        claims.insert("scope".into(), json!(self.grant.scopes.join(" ")));
        claims.insert("username".into(), json!(self.subject.username));
        claims.insert("version".into(), json!(2));
        claims
    }

    /// Returns the claims of the ID token issued with `access_token`.
    pub(super) fn id_claims(&self, access_token: &str, nonce: Option<&str>) -> Claims {
        let mut claims = self.common("id");
        claims.insert("aud".into(), json!(self.grant.client_id));
        claims.insert("at_hash".into(), json!(at_hash(access_token)));
        claims.insert("cognito:username".into(), json!(self.subject.username));
        claims.insert("email".into(), json!(self.subject.email));
        claims.insert("email_verified".into(), json!(true));
        claims.insert("name".into(), json!(self.subject.name));
        insert_some(&mut claims, "nonce", nonce.map(Value::from));
        insert_some(&mut claims, "identities", self.subject.identities.clone());
        if self.context == AuthenticationContext::Written {
            let factor = self.grant.authentication.factor;
            claims.insert("amr".into(), json!(factor.amr()));
            insert_some(&mut claims, "acr", factor.acr().map(Value::from));
        }
        claims
    }

    fn common(&self, token_use: &str) -> Claims {
        let mut claims = Claims::new();
        claims.insert("sub".into(), json!(self.subject.sub));
        claims.insert("iss".into(), json!(self.issuer));
        claims.insert("token_use".into(), json!(token_use));
        claims.insert("origin_jti".into(), json!(self.grant.origin_jti));
        claims.insert("event_id".into(), json!(random_uuid()));
        claims.insert("jti".into(), json!(random_uuid()));
        claims.insert(
            "auth_time".into(),
            json!(seconds(self.grant.authentication.at_ms)),
        );
        claims.insert("iat".into(), json!(seconds(self.now_ms)));
        claims.insert("exp".into(), json!(seconds(self.now_ms + self.lifetime_ms)));
        // Cognito omits the claim for a user without groups instead of writing an empty list.
        if !self.subject.groups.is_empty() {
            claims.insert("cognito:groups".into(), json!(self.subject.groups));
        }
        claims
    }
}

/// Returns the left half of the access token's SHA-256, base64url-encoded (OpenID Connect Core 3.1.3.6).
pub(super) fn at_hash(access_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(access_token)[..16])
}

fn insert_some(claims: &mut Claims, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        claims.insert(name.to_owned(), value);
    }
}

/// Converts Unix milliseconds to the whole seconds of JWT dates.
pub(super) const fn seconds(unix_ms: i64) -> i64 {
    unix_ms.div_euclid(1000)
}

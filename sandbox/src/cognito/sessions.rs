//! The state kept between requests: sign-ins in progress, browser sessions, codes and refresh tokens, each under an
//! opaque random ID. It must never put state into a page or a cookie instead, and never grow without bound: expired
//! entries are removed when new ones are added.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore as _;
use rand::rngs::OsRng;

use super::request::AuthorizationRequest;
use super::subject::Factor;

/// The lifetime of Cognito's session cookie: one hour, independent of token lifetimes.
pub(super) const SESSION_MS: i64 = 60 * 60 * 1000;
/// The lifetime of an authorization code: five minutes.
pub(super) const CODE_MS: i64 = 5 * 60 * 1000;
/// How long a sign-in page may stay open.
const SIGN_IN_MS: i64 = 15 * 60 * 1000;
/// The maximum lifetime of an access token: one day. Revocations are kept no longer.
const LONGEST_ACCESS_MS: i64 = 24 * 60 * 60 * 1000;

/// An authentication: the subject, the time and the factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authentication {
    pub(super) sub: String,
    /// Unix milliseconds. The `auth_time` of all resulting tokens, including refreshed ones.
    pub(super) at_ms: i64,
    pub(super) factor: Factor,
}

/// A sign-in in progress.
#[derive(Clone, Debug)]
pub(super) struct SignIn {
    pub(super) request: AuthorizationRequest,
    /// Set after the first step: the subject and the code to enter.
    pub(super) challenge: Option<Challenge>,
    pub(super) started_ms: i64,
}

#[derive(Clone, Debug)]
pub(super) struct Challenge {
    pub(super) sub: String,
    pub(super) code: String,
    pub(super) wrong_answers: u8,
}

/// A grant, from the code through every refresh.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) client_id: String,
    pub(super) scopes: Vec<String>,
    pub(super) authentication: Authentication,
    /// Identifies the token family. A revocation revokes the whole family.
    pub(super) origin_jti: String,
    pub(super) issued_ms: i64,
}

#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) grant: Grant,
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<String>,
    pub(super) nonce: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Refresh {
    pub(super) grant: Grant,
    pub(super) expires_ms: i64,
}

/// All sessions, behind one lock that is held only for a lookup.
#[derive(Default)]
pub(super) struct Sessions {
    sign_ins: HashMap<String, SignIn>,
    browsers: HashMap<String, Authentication>,
    codes: HashMap<String, Code>,
    refreshes: HashMap<String, Refresh>,
    /// The revoked origins (`origin_jti`) and the times of revocation.
    revoked: HashMap<String, i64>,
}

impl Sessions {
    pub(super) fn start_sign_in(&mut self, sign_in: SignIn) -> String {
        let now = sign_in.started_ms;
        self.sign_ins
            .retain(|_, kept| now - kept.started_ms < SIGN_IN_MS);
        insert_new(&mut self.sign_ins, sign_in)
    }

    pub(super) fn sign_in(&mut self, id: &str, now_ms: i64) -> Option<&mut SignIn> {
        self.sign_ins
            .get_mut(id)
            .filter(|kept| now_ms - kept.started_ms < SIGN_IN_MS)
    }

    pub(super) fn end_sign_in(&mut self, id: &str) -> Option<SignIn> {
        self.sign_ins.remove(id)
    }

    /// Opens a new session. Signing in again does not end the browser's earlier session.
    pub(super) fn open_browser(&mut self, authentication: Authentication) -> String {
        let now = authentication.at_ms;
        self.browsers
            .retain(|_, kept| now - kept.at_ms < SESSION_MS);
        insert_new(&mut self.browsers, authentication)
    }

    pub(super) fn browser(&self, id: &str, now_ms: i64) -> Option<&Authentication> {
        self.browsers
            .get(id)
            .filter(|kept| now_ms - kept.at_ms < SESSION_MS)
    }

    pub(super) fn close_browser(&mut self, id: &str) {
        self.browsers.remove(id);
    }

    pub(super) fn issue_code(&mut self, code: Code) -> String {
        let now = code.grant.issued_ms;
        self.codes
            .retain(|_, kept| now - kept.grant.issued_ms < CODE_MS);
        insert_new(&mut self.codes, code)
    }

    /// Removes and returns a code. The code is used up even if the rest of the request is invalid, because it may have
    /// been intercepted.
    pub(super) fn redeem_code(&mut self, code: &str, now_ms: i64) -> Option<Code> {
        self.codes
            .remove(code)
            .filter(|kept| now_ms - kept.grant.issued_ms < CODE_MS)
    }

    pub(super) fn issue_refresh(&mut self, refresh: Refresh, now_ms: i64) -> String {
        self.refreshes.retain(|_, kept| now_ms < kept.expires_ms);
        insert_new(&mut self.refreshes, refresh)
    }

    pub(super) fn refresh(&self, token: &str, now_ms: i64) -> Option<&Refresh> {
        let found = self.refreshes.get(token)?;
        (now_ms < found.expires_ms && !self.is_revoked(&found.grant.origin_jti)).then_some(found)
    }

    /// Limits the lifetime of a token to `until_ms`: Cognito's grace period for a client that lost the rotated token.
    pub(super) fn shorten_refresh(&mut self, token: &str, until_ms: i64) {
        if let Some(kept) = self.refreshes.get_mut(token) {
            kept.expires_ms = kept.expires_ms.min(until_ms);
        }
    }

    /// Revokes all tokens of an origin.
    pub(super) fn revoke_family(&mut self, origin_jti: &str, now_ms: i64) {
        self.revoked
            .retain(|_, at_ms| now_ms - *at_ms < LONGEST_ACCESS_MS);
        self.revoked.insert(origin_jti.to_owned(), now_ms);
        self.refreshes
            .retain(|_, kept| kept.grant.origin_jti != origin_jti);
    }

    pub(super) fn is_revoked(&self, origin_jti: &str) -> bool {
        self.revoked.contains_key(origin_jti)
    }
}

/// Returns 256 bits of the operating system's randomness, base64url-encoded.
pub(super) fn opaque_id() -> String {
    let mut bytes = [0_u8; 32];
    OsRng.fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns a version 4 UUID from the operating system's randomness, for claims that Cognito writes as UUIDs.
pub(super) fn random_uuid() -> String {
    let mut bytes = [0_u8; 16];
    OsRng.fill_bytes(&mut bytes);
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}

fn insert_new<T>(map: &mut HashMap<String, T>, value: T) -> String {
    let id = opaque_id();
    map.insert(id.clone(), value);
    id
}
